//! Generates the typed endpoint modules and records of folio-sdk from canonical documents.
//!
//! `build.rs` of the SDK calls [`generate`] with the documents of the enabled modules. Three steps,
//! each a folder or a file of this crate:
//!
//! 1. `lower/`: passes over a document make of it what progenitor and typify take.
//! 2. `progenitor/`: progenitor and typify give the model: operations, the types of arguments and
//!    responses, the records.
//! 3. `emit/`: templates give them the form that users see: one thin request builder per operation,
//!    and records that read and write themselves by a table (`docs/architecture.md` says why).
//!
//! ```
//! use folio_codegen::{Document, Options, Specs, generate};
//! use serde_json::json;
//!
//! let module = Document::new("mod-books", json!({
//!     "openapi": "3.0.3", "info": {"title": "mod-books", "version": "1.0.0"}, "paths": {},
//!     "components": {"schemas": {"Book": {"type": "object", "properties": {"title": {"type": "string"}}}}},
//! }));
//! let common = Document::new("common", json!({}));
//! let specs = Specs { common, modules: vec![module], files: Vec::new() };
//! let files = generate(&specs, Options::default())?;
//! assert!(files["books.rs"].contains("pub struct Book {"));
//! # Ok::<(), folio_codegen::Error>(())
//! ```

mod batches;
mod conditions;
mod context;
mod describe;
mod described;
mod document;
mod emit;
mod error;
mod facts;
mod features;
mod generate;
pub mod glossary;
mod job_facts;
mod json;
mod lists;
mod lower;
mod lowered;
mod media_type;
mod model;
mod module_name;
mod names;
mod package;
mod paging;
mod parallel;
mod progenitor;
mod record_facts;
mod schemas;
mod server_facts;
mod shared_names;
mod sources;
mod subject;
#[cfg(feature = "surface")]
pub mod surface;
mod template;
mod text;
mod unions;

pub use described::described;
pub use document::{Document, Specs};
pub use emit::disabled;
pub use error::Error;
pub use features::features;
pub use generate::{Options, generate, lowered};
pub use lists::lists;
pub use names::{snake, squashed};
pub use package::{fingerprint, package};
#[cfg(feature = "surface")]
pub use surface::{Surface, surface};
pub use text::is_unsafe;
