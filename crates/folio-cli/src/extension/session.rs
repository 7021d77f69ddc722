//! What a program of the command line has: the login, the output, interruptions.

use std::fmt::Display;
use std::future::Future;
use std::path::Path;

use folio_sdk::FolioClient;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::CliError;
use crate::global::Format;
use crate::output::field_path::FieldPath;
use crate::output::progress::Progress;
use crate::output::record_writer::RecordWriter;
use crate::tenant_release;

/// One run of a program.
#[derive(Debug)]
pub struct Session<'a>(&'a mut Context);

/// Rows that are written while they arrive, in the format that the user chose.
#[derive(Debug)]
pub struct Rows(RecordWriter);

/// What was written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shown {
    /// The number of rows.
    pub rows: u64,
    /// The columns for which the terminal has no room.
    pub hidden: Vec<String>,
    /// Whether values are shortened to fit the terminal.
    pub has_shortened: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(context: &'a mut Context) -> Self {
        Self(context)
    }

    /// The client of the selected profile, or of the environment. It logs in with its first request.
    ///
    /// # Errors
    /// There is no system or user to connect to.
    pub async fn folio(&mut self) -> Result<FolioClient, CliError> {
        self.0.folio().await
    }

    /// The name of the release that a tenant has. None if the user may not read its modules, or no
    /// release has them.
    ///
    /// # Errors
    /// The request failed for another reason.
    pub async fn release(&self, folio: &FolioClient) -> Result<Option<String>, CliError> {
        self.interruptible(tenant_release::of(folio)).await?
    }

    /// The format of rows: the chosen one; otherwise a table on a terminal, and JSON elsewhere.
    pub fn format(&self) -> Format {
        self.0.results.list_format()
    }

    /// The format that the user chose.
    pub fn chosen_format(&self) -> Option<Format> {
        self.0.results.chosen()
    }

    /// Waits for something that writes nothing on the server. An interruption drops it.
    ///
    /// # Errors
    /// The user interrupted it.
    pub async fn interruptible<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        self.0.interruptible(work).await
    }

    /// Rows with these columns, on stdout or in a file. The file appears when it is complete.
    pub fn rows(&self, columns: &[String], file: Option<&Path>, format: Format) -> Rows {
        let columns = columns.iter().map(FieldPath::new).collect();
        let results = self.0.results.in_file(file.map(Path::to_owned));
        Rows(results.with_format(format).table(columns))
    }

    /// One value that a command made, such as a report.
    ///
    /// # Errors
    /// The results cannot be written.
    pub fn value<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), CliError> {
        self.0.results.value(value)
    }

    /// A line of results.
    ///
    /// # Errors
    /// The results cannot be written.
    pub fn line(&self, text: &str) -> Result<(), CliError> {
        self.0.results.line(text)
    }

    /// A line of information on stderr, unless `--quiet`.
    pub fn note(&self, text: impl Display) {
        self.0.console.note(text);
    }

    /// A line on stderr that is shown with `--quiet`, too.
    pub fn warning(&self, text: impl Display) {
        self.0.console.warning(text);
    }

    /// Progress on stderr, unless `--quiet`.
    pub fn progress(&self, what: &str) -> Progress {
        self.0.console.progress(None, what)
    }
}

impl Rows {
    /// One more row, as a JSON object. Tables and CSV show its members by the names of the columns.
    ///
    /// # Errors
    /// The results cannot be written.
    pub fn write(&mut self, row: &RawValue) -> Result<(), CliError> {
        self.0.raw(row)
    }

    /// Writes what is left. A file gets its name.
    ///
    /// # Errors
    /// The results cannot be written.
    pub fn finish(self) -> Result<Shown, CliError> {
        let (rows, hidden) = self.0.end()?;
        Ok(Shown {
            rows,
            hidden: hidden.columns,
            has_shortened: hidden.has_shortened,
        })
    }
}
