//! The one comparison of records: whether a stored record is the one that was sent, and whether a
//! write would change anything.
//!
//! Servers do not store what they are sent to the letter: they add fields, fill in defaults,
//! normalize dates to UTC, write numbers as doubles. What they do was recorded from running modules
//! (Quesnelia and Ramsons), see [`RULES`]. Everything else is a difference: a difference that is
//! none costs a needless write or an error that says "outcome unknown", a difference that is
//! overlooked costs data.
//!
//! There are two questions, which retries of POST and PUT, batches and updates all ask here:
//!
//! - *Landed*: does the stored record hold what was sent? It decides about a write whose outcome is
//!   unknown. The stored record may have more, which the server added. See [`Kind::landing`],
//!   [`Kind::holds`], [`Kind::is_created`].
//! - *Unchanged*: would replacing the stored record change nothing? It decides whether a record is
//!   written at all. A value that only the stored record has is a difference, unless the server
//!   makes it or it is a default. See [`Kind::is_unchanged`].

mod compare;
mod fields;
mod kind;
mod rules;
mod scalar;

pub(crate) use fields::{Fields, keep, version, version_number};
pub(crate) use kind::{Effect, Kind, Landing};

#[cfg(test)]
mod tests;
