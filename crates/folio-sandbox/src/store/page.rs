//! The parameters of a list request, and their errors.

use crate::cql::{Compiled, CqlError};

/// The parameters of a list.
pub(crate) struct Page<'a> {
    pub(crate) query: Option<&'a Compiled>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Why a list cannot be given.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(rusqlite::Error),
    Query(CqlError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<CqlError> for Failure {
    fn from(error: CqlError) -> Self {
        Self::Query(error)
    }
}
