//! The error of this crate.

use std::fmt;

use arrow_schema::ArrowError;

/// The result of a function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong when FOLIO's lists are read as tables.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The SDK's error: of a request, or of a record that is no object. Reading continues after the
    /// error of a record ([`record_json`](folio_sdk::Error::record_json) is not none).
    Folio(Box<folio_sdk::Error>),
    /// A record that cannot be decoded: it is no JSON, no object, or too large.
    Record(String),
    /// A batch cannot be restored: its columns are not those of a table.
    Restore(String),
    /// The list cannot be read as it was asked for.
    Configuration(String),
    /// Arrow rejects the columns.
    Arrow(ArrowError),
}

impl Error {
    /// Whether this is the error of one record, after which reading continues with the next one.
    pub fn is_of_record(&self) -> bool {
        match self {
            Self::Folio(error) => error.record_json().is_some(),
            Self::Record(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folio(error) => error.fmt(out),
            Self::Record(problem) => write!(out, "the record cannot be decoded: {problem}"),
            Self::Restore(problem) => write!(out, "the record cannot be restored: {problem}"),
            Self::Configuration(problem) => out.write_str(problem),
            Self::Arrow(error) => write!(out, "the columns are inconsistent: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folio(error) => error.source(),
            Self::Arrow(error) => Some(error),
            _ => None,
        }
    }
}

impl From<folio_sdk::Error> for Error {
    fn from(error: folio_sdk::Error) -> Self {
        Self::Folio(Box::new(error))
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}
