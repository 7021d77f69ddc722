//! The number of records of a harvest so far, which tasks on several threads count.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(super) struct RecordCount {
    good: AtomicU64,
    bad: AtomicU64,
}

impl RecordCount {
    /// Counts one record, which is unreadable if it is not good.
    pub(super) fn add(&self, is_good: bool) {
        let count = if is_good { &self.good } else { &self.bad };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn good(&self) -> u64 {
        self.good.load(Ordering::Relaxed)
    }

    /// The number of unreadable records.
    pub(super) fn bad(&self) -> u64 {
        self.bad.load(Ordering::Relaxed)
    }
}
