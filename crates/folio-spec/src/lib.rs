//! Reads the API descriptions of FOLIO modules and writes canonical, facts-only OpenAPI documents.
//!
//! A release is a folder with a `manifest.json` and one folder per module (`docs/regenerate.md`).
//! [`import`] reads the modules (RAML 1.0 or OpenAPI 3), reconciles each with its ModuleDescriptor,
//! normalises it, and writes the documents that `docs/canonical-documents.md` describes, all of
//! them or none.
//!
//! # Layers
//! Each folder is a layer, and the file beside it its front. A file imports from its own folder and
//! from layers before it in this list (`tests/architecture.rs` of the workspace checks it):
//!
//! 1. `base`: errors, notes, the report of a module, files, YAML, JSON pointers, words
//! 2. `canonical`: the model of canonical documents: operations, schemas, references, names, facts
//! 3. `read`: the sources of a module: RAML, OpenAPI, its descriptor
//! 4. `select`: which modules are imported, and where their sources and versions are;
//!    `corrections`: overrides, descriptions of this project's own, names of earlier imports;
//!    `normalise`: schemas of all drafts as those of OpenAPI 3.0
//! 5. `fetch`: sources from git repositories; `facts`: what servers do, derived from the
//!    descriptions
//! 6. `module`: the passes over one module: reconciled, named, paged
//! 7. `release`: all modules: shared records, what can be built, written files
//! 8. `reports`: check, diff, coverage, facts, features, routes of imported documents, and the data
//!    of the command `folio`; `grails`:
//!    descriptions made from the sources of Grails modules; `glossary`: sentences about records,
//!    fields and operations, and their check
//! 9. `cli`: the command line
//!
//! # Interface
//! What this file exports is what the command and the tests of the workspace use; all else is
//! internal.

mod base;
mod canonical;
pub mod cli;
mod corrections;
mod facts;
mod fetch;
pub mod glossary;
mod grails;
mod module;
mod normalise;
mod read;
mod release;
mod reports;
mod select;

pub use base::error::{Error, Result};
pub use base::note::{Kind as NoteKind, Note};
pub use base::yaml::Node;
pub use canonical::operation::{Operation, operations};
pub use canonical::release::Release;
pub use canonical::route::{path_template, route_key, starred};
pub use corrections::field_rules::FieldRules;
pub use corrections::overrides::Overrides;
pub use grails::checkout::{Checkout, Describe};
pub use grails::{describe, merged};
pub use module::operation_names::page::tables as name_tables;
pub use read::entry::Entry;
pub use release::import::{Import, Report, entries, import};
pub use reports::check::{Finding, check};
pub use reports::coverage::{Share, share};
pub use reports::diff::{Change, diff};
pub use reports::features::Features;
pub use reports::routes::routes;
pub use reports::typed_fields::{
    DATES, Examined, FieldKind, IDS, TypedField, stale_patterns, typed_fields,
};
pub use select::discover::discover;

/// The operations that a module describes, before anything is normalised or routed. What cannot be
/// read is left untyped.
///
/// # Errors
/// The manifest is wrong.
pub fn sources(entry: &Entry) -> Result<Vec<read::operation::Operation>> {
    let mut schemas = read::schemas::Schemas::default();
    let mut report = base::report::ModuleReport::default();
    read::operations(entry, false, &mut schemas, &mut report)
}
