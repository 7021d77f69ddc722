//! Ids, dates and numbers: comparison by value, conversions, and text that comes back byte for
//! byte.

use std::hash::{DefaultHasher, Hash, Hasher};

mod date_fields;
mod dates;
mod ids;
mod numbers;

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
