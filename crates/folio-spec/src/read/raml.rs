//! Reads RAML 1.0, as far as descriptions of FOLIO modules need it.
//!
//! That is: resources with resource types and traits, libraries, fragments, types. `scope` reads
//! what a document and its libraries declare, `resource` applies resource types and traits
//! (`template`), `document` gives one list of operations, `schema` turns types into JSON Schema,
//! and `operations` puts both together.

mod document;
mod operations;
mod resource;
mod schema;
mod scope;
mod template;
mod types;

pub(crate) use operations::operations;
