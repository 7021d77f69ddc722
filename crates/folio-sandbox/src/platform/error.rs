//! Errors of starting or filling a sandbox.

use std::fmt;

/// Why a sandbox could not be started or filled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No port to listen on, or no thread.
    Io(std::io::Error),
    /// An error of SQLite.
    Store(String),
    /// The canonical documents describe no list of that path.
    NoCollection(String),
    /// Another process uses the folder.
    InUse(String),
    /// A record without its identifier, or one that is not an object.
    Record(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(out, "the sandbox cannot listen: {error}"),
            Self::Store(error) => write!(out, "the sandbox cannot store: {error}"),
            Self::NoCollection(path) => write!(
                out,
                "the sandbox has no collection {path}: expected a path such as /users"
            ),
            Self::InUse(folder) => write!(
                out,
                "another sandbox uses the folder {folder}: end it, or name another folder"
            ),
            Self::Record(problem) => write!(out, "the sandbox rejects the record: {problem}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}
