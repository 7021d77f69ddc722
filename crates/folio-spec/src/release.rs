//! A release: imports all its modules, moves what they share to one document, leaves out what no code
//! can be generated for, and writes the documents, all or none.

pub(crate) mod buildable;
mod files;
pub(crate) mod import;
mod shared_records;
