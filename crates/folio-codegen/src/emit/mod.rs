//! Writes the model as the Rust that users see: records by table, thin request builders.
//!
//! Each file writes one kind of item. At its top stand the templates, which are the generated code
//! with `{holes}` (see [`template`](crate::template)); below them is what fills the holes. The text
//! is formatted as it is written, so that "go to definition" shows readable code without a
//! formatter.
//!
//! | file | writes |
//! |---|---|
//! | `module.rs` | the files of a module and of the shared records: what stands where in them |
//! | `api.rs` | `api.rs`, which holds all modules, and their handles on the client |
//! | `disabled.rs` | the handles of modules that are not part of a build |
//! | `records.rs`, `enums.rs`, `unions.rs` | the types |
//! | `collections.rs` | which records are stored where |
//! | `operations.rs` | the table of the operations, and the types that represent them |
//! | `facts.rs` | what a server does, as an expression |
//! | `handle.rs` | the functions of a module's handle, one per operation |
//! | `builders.rs` | what an operation adds to its request builder |
//! | `bodies.rs` | the setters of bodies |
//! | `responses.rs` | the type of a response, and the enum of an operation with several |
//! | `setters.rs` | the names and the arguments of setters |
//! | `types.rs` | types as they are written |
//! | `docs/` | documentation |
//! | `built.rs` | the modules of a build |
//! | `shared.rs` | the names that a module gives to shared types |
//!
//! # How to add a generated item
//!
//! 1. **Write the template** as the code that users shall see, into the file of its kind. `fill!`
//!    checks at compile time that all of its holes are filled.
//! 2. **Take what fills the holes** from the model (`model.rs`: names, types, what is required),
//!    from the facts of an operation (`facts.rs`: what a canonical document states beside the
//!    types), or from [`Context`](crate::context::Context), which leads to both documents. A fact
//!    that none of them has is read in `facts.rs` (by operation) or found by a pass of `lower/`; it
//!    is never guessed from a name. What comes from a document is written by
//!    [`literal`](crate::template::literal), by the functions of `names.rs`, or into documentation,
//!    where the template escapes it: then `tests/injection.rs` passes.
//! 3. **Give it a place** in the template of `module.rs`, or in that of the item that contains it.
//! 4. **Look at it**: `cargo run -p folio-codegen --example generate -- specs/trillium OUT`. The
//!    snapshots of `tests/small.rs` have an item of each kind; add to `tests/documents` what yields
//!    the new one.

mod api;
mod bodies;
mod builders;
mod built;
mod collections;
mod disabled;
mod docs;
mod enums;
mod facts;
mod handle;
mod module;
mod operations;
mod records;
mod responses;
mod setters;
mod shared;
mod types;
mod unions;

pub(crate) use api::api;
pub(crate) use built::built;
pub use disabled::disabled;
pub(crate) use disabled::disabled_if_not_built;
pub(crate) use facts::{expression, paging};
pub(crate) use module::{common, module};
#[cfg(feature = "surface")]
pub(crate) use operations::needs_confirmation;
#[cfg(feature = "surface")]
pub(crate) use setters::{
    QueryArgument, accept_function, body_functions, is_paged, optional_setters, query_argument,
};
pub(crate) use shared::shared;
