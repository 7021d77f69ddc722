//! Where a list continues after some of its records, as a value that outlives the stream.

use serde::{Deserialize, Serialize};

use super::pager::Pager;

/// Where a list continues. Of a list that is read by key, the key; of others the offset, and the
/// records before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListPosition {
    /// The key of the last record. None at the beginning, and in lists that are read by offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// How many records came before, in a list that is read by key.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) seen: u64,
    /// How many records lie before the next one, in a list that is read by offset.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) offset: u64,
    /// The keys of the records before the offset, the latest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) recent: Vec<String>,
}

/// The number of keys that identify the position at which a list by offset is resumed: so many of
/// its last records, minus one, may be deleted meanwhile.
pub(super) const RECENT: usize = 16;

impl ListPosition {
    /// The position after some more records of a list that is read by offset: the offset after each,
    /// and its key.
    pub(crate) fn after_records<'a>(
        mut self,
        passed: impl IntoIterator<Item = (u64, Option<&'a str>)>,
    ) -> Self {
        for (offset, key) in passed {
            self.offset = offset;
            // A record without a key does not change which one was the last.
            let is_new = |key: &&str| self.recent.last().is_none_or(|last| last != key);
            let key = key.filter(is_new).map(str::to_owned);
            self.recent.extend(key);
        }
        let old = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..old);
        self
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Pager {
    /// Resumes a list, of which nothing was read here yet, at a position in it. `total` is its
    /// number of records, as its first page states it.
    pub(crate) fn resume_at(&mut self, position: &ListPosition, total: Option<u64>) {
        if !self.by_key {
            self.resume_after(position.offset, &position.recent);
            return;
        }
        if let Some(after) = &position.after {
            self.resume_behind(after.clone(), position.seen, total);
        }
    }
}
