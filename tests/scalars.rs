//! Ids, dates and numbers: comparison by value, conversions, and text that comes back byte for
//! byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "scalars/dates.rs"]
mod dates;
#[path = "scalars/ids.rs"]
mod ids;
#[path = "scalars/numbers.rs"]
mod numbers;
