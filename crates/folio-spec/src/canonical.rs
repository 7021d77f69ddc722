//! Canonical documents (`docs/canonical-documents.md`), as they are written and read.

pub(crate) mod facts;
pub(crate) mod identifier;
pub(crate) mod long_running;
pub(crate) mod operation;
pub(crate) mod reference;
pub(crate) mod release;
pub(crate) mod route;
pub(crate) mod schema;
pub(crate) mod text_field;
