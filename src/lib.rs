//! A typed client for FOLIO, the library services platform.

mod operation;
pub use operation::Operation;
