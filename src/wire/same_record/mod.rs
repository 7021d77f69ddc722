//! The single comparison of records: whether a stored record is the one that was sent, and whether
//! a write would change anything.
//!
//! Servers do not store exactly the record that they receive: they add fields, fill in defaults,
//! normalize dates to UTC, write numbers as doubles. These changes were recorded from running
//! modules (Quesnelia and Ramsons), see [`RULES`]. Everything else is a difference: a false
//! difference costs a needless write or an error "outcome unknown", an overlooked difference costs
//! data.
//!
//! Retries of POST and PUT, batches and updates all need answers to two questions:
//!
//! - *Landed*: does the stored record contain what was sent? This determines the outcome of a write
//!   whose response was lost. The stored record may have more, which the server added. See
//!   [`Kind::landing`], [`Kind::holds`], [`Kind::is_created`].
//! - *Unchanged*: would replacing the stored record change nothing? This determines whether a
//!   record is written at all. A value that only the stored record has is a difference, unless the
//!   server generates it or it is a default. See [`Kind::is_unchanged`].

mod compare;
mod fields;
mod kind;
mod rules;
mod scalar;

pub(crate) use fields::{Fields, keep, version, version_number};
pub(crate) use kind::{Effect, Kind, Landing};

#[cfg(test)]
mod tests;
