//! Responses that do not fit their description: how they are read all the same, and nothing of them
//! is lost.
//!
//! A field of another type than described leaves its blank value in the record (`None`, empty text,
//! zero), and a required field may be absent. The record preserves both facts beside its unknown fields
//! ([`Preserved`]): what was absent stays absent when the record is written, and what was of another
//! type is written as it was received, unless the program has set the field. See `docs/records.md`.
//!
//! A record whose response fits costs no more than a look at a counter per field. What does not fit
//! is noted in thread-local lists while a value is read, and taken from there by the nearest record
//! around it.

mod preserved;
mod state;
mod text;
pub(crate) mod values;
mod walk;

pub(crate) use preserved::{FieldState, Note, Preserved, make_exact};
pub use state::read_json;
pub(crate) use state::{
    Noted, PathStep, count, deeper, forget_since, found_null, is_exact, is_strict, is_unread,
    leave_out, noted, reading, strictly, whole_problem, within,
};
pub(crate) use text::{FromText, Taking};
pub(crate) use values::{found, is_float, read_boolean, read_number, read_text};
pub use walk::{Mistyped, Walk};
