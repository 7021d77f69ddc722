//! Values that are requested together, and which of them a record belongs to.

use std::collections::{HashMap, HashSet};

/// Values that are requested together, by their numbers.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) values: Vec<usize>,
    /// How many records came already, of those that a response had no room for.
    pub(super) offset: u64,
    /// In an order, so that they can come in several responses.
    pub(super) sorted: bool,
    /// Whether a response brought nothing of what there is by its own count.
    pub(super) is_doubted: bool,
    /// The ids of the records that came.
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

/// Which values a request was for, by their numbers.
#[derive(Default)]
pub(super) struct ValueOwners {
    pub(super) exact: HashMap<String, usize>,
    pub(super) folded: HashMap<String, usize>,
    /// The only one: what comes belongs to it, whatever the server takes for equal.
    pub(super) only: Option<usize>,
}

impl ValueOwners {
    /// The number of the value that a record with this one belongs to; none if that is not known.
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
