//! Canonical documents (`docs/canonical-documents.md`): operations, schemas, references, names and
//! facts, as an import writes them and as reports read them again.

pub(crate) mod facts;
pub(crate) mod identifier;
pub(crate) mod operation;
pub(crate) mod reference;
pub(crate) mod release;
pub(crate) mod route;
pub(crate) mod schema;
