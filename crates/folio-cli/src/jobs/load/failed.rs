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
    /// It holds the lock.
    out: Option<LineWriter<File>>,
    records: u64,
    /// The files of earlier runs, which have other names now.
    earlier: Vec<PathBuf>,
}

impl FailedFile {
    /// Creates the file. What a run has left that was killed gets another name.
    ///
    /// # Errors
    /// It cannot be written; another process writes it.
    pub(crate) fn create(path: PathBuf) -> Result<Self, CliError> {
        let beside = durable::beside(&path, ".part");
        let mut earlier = Vec::new();
        let mut file = lock(&beside)?;
        let length = file.metadata().map(|file| file.len());
        if length.map_err(|error| failed(&beside, &error))? > 0 {
            earlier.push(put_aside(&beside, &path)?);
            file = lock(&beside)?;
        }
        Ok(Self {
            path,
            beside,
            out: Some(LineWriter::new(file)),
            records: 0,
            earlier,
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
        written.map_err(|error| {
            failed(&self.beside, &error).with_help(
                "the file of failed records is not complete: make room, or name another file with --failed, and run the same command again",
            )
        })
    }

    /// Gives the file its name, if it has records; one of an earlier run gets another name. Returns
    /// the path, and the new paths of the earlier ones.
    pub(crate) fn finish(mut self) -> Result<(Option<PathBuf>, Vec<PathBuf>), CliError> {
        let mut earlier = std::mem::take(&mut self.earlier);
        let Some(out) = self.out.take() else {
            return Ok((None, earlier));
        };
        let file = out
            .into_inner()
            .map_err(|error| failed(&self.beside, error.error()))?;
        file.sync_all()
            .map_err(|error| failed(&self.beside, &error))?;
        if self.path.exists() {
            earlier.push(put_aside(&self.path, &self.path)?);
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

fn lock(path: &Path) -> Result<File, CliError> {
    let other = "name another file with --failed";
    let file = durable::lock(path).map_err(|error| failed(path, &error).with_help(other))?;
    file.ok_or_else(|| {
        CliError::other(format!("another process writes `{}`", path.display()))
            .with_help(format!("wait for its end, or {other}"))
    })
}

/// Renames a file of an earlier run: the first free one of `FILE.1`, `FILE.2`, ….
fn put_aside(earlier: &Path, path: &Path) -> Result<PathBuf, CliError> {
    let aside = (1_u32..)
        .map(|number| durable::beside(path, &format!(".{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| durable::beside(path, ".0"));
    durable::rename(earlier, &aside).map_err(|error| failed(&aside, &error))?;
    Ok(aside)
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::io(format_args!("cannot write `{}`", path.display()), error)
}
