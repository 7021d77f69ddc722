//! Extracts the server's error message: FOLIO's modules, gateways and proxies each have their own
//! form.

mod json;
mod read;
mod text;
mod types;
mod words;

pub(crate) use read::{mistaken, parse, text_of};
pub(crate) use text::{is_page, without_mark};
pub(crate) use types::ServerMessage;
pub use types::{Parameter, ValidationError, VersionConflict};

#[cfg(test)]
mod tests;
