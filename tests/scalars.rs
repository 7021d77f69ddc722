//! Ids, dates and numbers: comparison by value, conversions, and text that comes back byte for
//! byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::hash::{DefaultHasher, Hash, Hasher};

#[path = "scalars/date_fields.rs"]
mod date_fields;
#[path = "scalars/dates.rs"]
mod dates;
#[path = "scalars/ids.rs"]
mod ids;
#[path = "scalars/numbers.rs"]
mod numbers;

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
