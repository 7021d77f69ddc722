//! An error of an input: its position, the actual and the expected content.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why an import failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The file it is about.
    pub file: PathBuf,
    /// Where in the file: `12:3` (line and column) or a JSON pointer.
    pub place: String,
    /// The actual and the expected content.
    pub problem: String,
}

/// The result of a step of the import.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error about a whole file.
    pub fn file(file: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Self {
            file: file.as_ref().into(),
            place: String::new(),
            problem: problem.into(),
        }
    }

    /// An error at a place in a file.
    pub fn at(
        file: impl AsRef<Path>,
        place: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            file: file.as_ref().into(),
            place: place.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if !self.place.is_empty() {
            write!(out, ":{}", self.place)?;
        }
        write!(out, ": {}", self.problem)
    }
}

impl std::error::Error for Error {}
