//! Passes over a canonical document that make of it what progenitor and typify take, and what
//! FOLIO's users need. Nothing here changes what is sent or what a record retains: facts
//! that progenitor cannot carry bypass it as [`facts::Operation`](crate::facts::Operation).
//!
//! Each file is one pass, with its tests. A module goes through them in this order:
//!
//! | pass | file |
//! |---|---|
//! | components have names that Rust takes | `names.rs` |
//! | which components become types | `types.rs` |
//! | each of those, and each schema of an operation, is lowered | `schema.rs`, see below |
//! | parameters of path and query string | `parameters.rs` |
//! | request bodies, one setter for each media type | `body.rs` |
//! | responses: the successes, what identifies them, what is typed | `responses.rs` |
//! | operations for types alone, declared unions and shared records | `openapi.rs` |
//! | the shared records that the modules name, and those that these name | `shared.rs` |
//!
//! A schema goes through these, by what it is:
//!
//! | pass | file |
//! |---|---|
//! | references to what is no type are replaced by what they name | `reference.rs` |
//! | `allOf` is merged into one schema | `all_of.rs` |
//! | `oneOf`, `anyOf` and subtypes become unions | `union.rs` |
//! | objects keep unknown fields; what may be absent is not required | `object.rs` |
//! | elements of lists may be null | `array.rs` |
//! | text, numbers: without limits | `scalar.rs` |
//! | what stands within a record has the stated name | `nested.rs` |
//! | what may be null | `nullable.rs` |

mod all_of;
mod array;
mod body;
mod lowering;
mod module;
mod names;
mod nested;
mod nullable;
mod object;
mod openapi;
mod operation;
mod parameters;
mod reference;
mod responses;
mod scalar;
mod schema;
mod shared;
mod types;
mod union;

pub(crate) use module::module;
pub(crate) use shared::common;
pub(crate) use types::is_type;
