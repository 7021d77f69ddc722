//! Values that are requested together, and the assignment of records to them.

use std::collections::{HashMap, HashSet};

/// Values that are requested together, by their indexes.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) values: Vec<usize>,
    /// The number of records already received, if a response did not contain all of them.
    pub(super) offset: u64,
    /// In a defined order, so that they can be split into several responses.
    pub(super) sorted: bool,
    /// Whether a response contained no records although its count states some.
    pub(super) is_doubted: bool,
    /// The ids of the received records.
    pub(super) seen: HashSet<String>,
}

impl Batch {
    pub(super) fn of(values: Vec<usize>) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }
}

/// The values of a request, by their indexes.
#[derive(Default)]
pub(super) struct ValueOwners {
    pub(super) exact: HashMap<String, usize>,
    pub(super) folded: HashMap<String, usize>,
    /// The only value: all records belong to it, however the server defines equality.
    pub(super) only: Option<usize>,
}

impl ValueOwners {
    /// The index of the value that a record with this value belongs to; none if it is unknown.
    pub(super) fn find(&self, value: Option<&str>) -> Option<usize> {
        self.only.or_else(|| {
            let exact = self.exact.get(value?);
            exact.or_else(|| self.folded.get(&folded(value?))).copied()
        })
    }
}

/// UUIDs, and values as most fields of RMB compare them: in lower case.
pub(super) fn folded(value: &str) -> String {
    value.to_lowercase()
}
