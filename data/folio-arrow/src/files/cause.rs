//! The reason why a file cannot be written, before it is known which file it is.

use std::error::Error;
use std::io;

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

/// The reason of a failure.
#[derive(Debug)]
pub(super) enum Cause {
    Io(io::Error),
    /// A column that the format cannot have, a batch of another schema, or a value that the format
    /// cannot represent.
    Data(String),
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ParquetError> for Cause {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(error) => Self::of(error),
            error => Self::Data(error.to_string()),
        }
    }
}

impl From<ArrowError> for Cause {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Io(error),
            ArrowError::ExternalError(error) => Self::of(error),
            error => Self::Data(error.to_string()),
        }
    }
}

impl Cause {
    fn of(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<io::Error>() {
            Ok(error) => Self::Io(*error),
            Err(error) => Self::Data(error.to_string()),
        }
    }
}
