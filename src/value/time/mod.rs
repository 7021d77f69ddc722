//! Points in time as FOLIO writes them: the instant that a text denotes, and its form.

mod calendar;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod dates;
mod form;
mod instant;
mod length;
mod parse;

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub(crate) use dates::{date_at, midnight};
pub(crate) use form::TimeForm;
pub(crate) use instant::Instant;
pub(crate) use length::Length;
pub(crate) use parse::parse;
