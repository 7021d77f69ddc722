//! A release: imports its modules and writes their documents, all or none.
//!
//! What modules share moves to one document, and operations for which no code can be generated are
//! left untyped.

pub(crate) mod buildable;
mod files;
pub(crate) mod import;
mod repositories;
mod shared_records;
