//! The file of the records that were not written.

use std::fs::File;
use std::io::{self, LineWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::jobs::durable;

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    failed: &'a Failure,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// Why a record was not written.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// Its line in the file that was loaded.
    pub(crate) line: u64,
    /// The status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The server's message, or the SDK's.
    pub(crate) message: String,
    /// The server may have written it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) outcome_unknown: bool,
}

/// The file. It has another name until it is complete.
pub(crate) struct FailedFile {
    path: PathBuf,
    beside: PathBuf,
    out: Option<LineWriter<File>>,
    records: u64,
}

impl FailedFile {
    /// Creates the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn create(path: PathBuf) -> Result<Self, CliError> {
        let beside = durable::beside(&path, ".part");
        let file = File::create(&beside).map_err(|error| {
            failed(&beside, &error).with_help("name another file with --failed")
        })?;
        Ok(Self {
            path,
            beside,
            out: Some(LineWriter::new(file)),
            records: 0,
        })
    }

    /// Adds a record.
    pub(crate) fn record(&mut self, failure: &Failure, record: &RawValue) -> Result<(), CliError> {
        self.line(&Line {
            failed: failure,
            record: Some(record),
            text: None,
        })
    }

    /// Adds text that is no record.
    pub(crate) fn text(&mut self, failure: &Failure, text: &str) -> Result<(), CliError> {
        self.line(&Line {
            failed: failure,
            record: None,
            text: Some(text),
        })
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), CliError> {
        let Some(out) = &mut self.out else {
            return Ok(());
        };
        self.records += 1;
        let written = serde_json::to_vec(line)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                out.write_all(&line)
            });
        written.map_err(|error| failed(&self.beside, &error))
    }

    /// Gives the file its name, if it has records; one of an earlier run gets another name. Returns
    /// the path, and the new path of the earlier one.
    pub(crate) fn finish(mut self) -> Result<(Option<PathBuf>, Option<PathBuf>), CliError> {
        let Some(out) = self.out.take() else {
            return Ok((None, None));
        };
        let file = out
            .into_inner()
            .map_err(|error| failed(&self.beside, error.error()))?;
        file.sync_all()
            .map_err(|error| failed(&self.beside, &error))?;
        let mut earlier = None;
        if self.path.exists() {
            let aside = (1_u32..)
                .map(|number| durable::beside(&self.path, &format!(".{number}")))
                .find(|path| !path.exists())
                .unwrap_or_else(|| durable::beside(&self.path, ".0"));
            durable::rename(&self.path, &aside).map_err(|error| failed(&aside, &error))?;
            earlier = Some(aside);
        }
        if self.records == 0 {
            durable::remove(&self.beside).map_err(|error| failed(&self.beside, &error))?;
            return Ok((None, earlier));
        }
        durable::rename(&self.beside, &self.path).map_err(|error| failed(&self.path, &error))?;
        Ok((Some(self.path.clone()), earlier))
    }
}

impl Drop for FailedFile {
    /// A command that failed before it wrote anything leaves no file.
    fn drop(&mut self) {
        if self.out.is_some() && self.records == 0 {
            let _ = durable::remove(&self.beside);
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::io(format_args!("cannot write `{}`", path.display()), error)
}
