//! Reads the API descriptions of FOLIO modules and writes canonical, facts-only OpenAPI documents.
//!
//! A release is a folder with a `manifest.json` and one folder per module (`docs/regenerate.md`).
//! [`import`] reads the modules (RAML 1.0 or OpenAPI 3), reconciles each with its ModuleDescriptor,
//! normalises it, and writes the documents that `docs/canonical-documents.md` describes, all of them or
//! none.
//!
//! # Layers
//! Each folder is a layer. A file imports from its own folder and from layers above it in this list:
//!
//! | layer | what it does | changes here |
//! |---|---|---|
//! | `base` | errors, notes, the report of a module, files, YAML, JSON pointers, words | how something is read or reported |
//! | `canonical` | the model of canonical documents: operations, schemas, references, names, facts | the form of the documents |
//! | `read` | the sources of a module: RAML, OpenAPI, descriptor | what a module may publish |
//! | `select` | which modules are imported, and where their sources are | `selection.toml`, `manifest.json` |
//! | `fetch` | sources from git repositories | platforms, tags, submodules |
//! | `corrections` | overrides, own descriptions, names of earlier imports | what upstream gets wrong |
//! | `normalise` | schemas of all drafts as those of OpenAPI 3.0 | what a schema may state |
//! | `facts` | what servers do, derived from the descriptions | `x-folio.facts` |
//! | `module` | one module: reconciled, named, paged | the passes over a module |
//! | `release` | all modules: shared records, what can be built, written files | what an import writes |
//! | `reports` | check, diff, coverage, facts page, features, routes | what is said of imported documents |
//! | `grails` | descriptions made from the sources of Grails modules | `specs/ours/` |
//! | `cli` | the command line | arguments and exit codes |
//!
//! # Interface
//! What this file exports is what the command and the tests of the workspace use; all else is internal.

mod base;
mod canonical;
pub mod cli;
mod corrections;
mod facts;
mod fetch;
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
pub use corrections::overrides::Overrides;
pub use grails::checkout::{Checkout, Describe};
pub use grails::{describe, merged};
pub use read::entry::Entry;
pub use release::import::{Import, Report, entries, import};
pub use reports::check::{Finding, check};
pub use reports::coverage::{Share, share};
pub use reports::diff::{Change, diff};
pub use reports::features::Features;
pub use reports::routes::routes;
pub use select::discover::discover;

/// The operations that a module describes, before anything is normalised or routed. What cannot be read is
/// left untyped.
///
/// # Errors
/// The manifest is wrong.
pub fn sources(entry: &Entry) -> Result<Vec<read::operation::Operation>> {
    let mut schemas = read::schemas::Schemas::default();
    let mut report = base::report::ModuleReport::default();
    read::operations(entry, false, &mut schemas, &mut report)
}
