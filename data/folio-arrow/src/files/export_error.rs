//! Errors of exports: of reading the list, and of writing the file.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::FileError;

/// The reason why an export failed. There is no file then; an earlier one is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// The list could not be read.
    #[non_exhaustive]
    Read {
        /// The path of the list.
        list: String,
        /// The path of the file.
        file: PathBuf,
        /// The reason.
        error: crate::error::Error,
    },
    /// The file could not be written.
    File(FileError),
}

impl ExportError {
    pub(super) fn read(list: &str, file: &Path, error: crate::Error) -> Self {
        Self::Read {
            list: list.to_owned(),
            file: file.to_owned(),
            error,
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { list, file, error } => {
                let file = file.display();
                write!(out, "{list} cannot be exported to {file}: {error}")?;
                if error.is_of_record() {
                    out.write_str("; set `skip_unreadable` to export the other records")?;
                }
                Ok(())
            }
            Self::File(error) => error.fmt(out),
        }
    }
}

impl Error for ExportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { error, .. } => error.source(),
            Self::File(error) => error.source(),
        }
    }
}

impl From<FileError> for ExportError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}
