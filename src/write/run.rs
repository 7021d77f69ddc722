//! The work of one task: the lots of records to be written, and those completed.

use crate::wire::error::Error;
use crate::write::entry::{Done, Entry};

/// Records that are written together.
pub(super) struct Lot {
    pub(super) entries: Vec<Entry>,
    /// The number of tries without a definite response.
    pub(super) tries: u32,
    pub(super) phase: Phase,
}

/// The next action for the records of a lot.
pub(super) enum Phase {
    /// A lookup, and then building their bodies.
    Unseen,
    /// The bodies are built and sent.
    Ready,
    /// A lookup for concurrent changes, as this error reports.
    Conflict(Error),
    /// A final lookup after this error. Nothing is sent again.
    Last(Error),
}

/// The work of one task.
pub(super) struct Run {
    pub(super) work: Vec<Lot>,
    pub(super) done: Vec<Done>,
    /// The reason why no other write would succeed.
    pub(super) reason: Option<Error>,
    /// The number of consecutive requests that were forbidden. The permission is the same for all
    /// records, so that they count as tries of one.
    pub(super) forbidden: u32,
}

impl Run {
    pub(super) fn fail(&mut self, entries: Vec<Entry>, error: &Error) {
        let failed = |entry: Entry| entry.failed(error.duplicate());
        self.done.extend(entries.into_iter().map(failed));
    }

    pub(super) fn again(&mut self, entries: Vec<Entry>, tries: u32, phase: Phase) {
        self.work.push(Lot {
            entries,
            tries,
            phase,
        });
    }

    /// Each half by itself.
    pub(super) fn halve(&mut self, mut entries: Vec<Entry>, tries: u32, phase: impl Fn() -> Phase) {
        let rest = entries.split_off(entries.len() / 2);
        self.again(rest, tries, phase());
        self.again(entries, tries, phase());
    }

    /// One of them is the reason, and none was written: tries the halves, and reports a single
    /// record.
    pub(super) fn reject(&mut self, entries: Vec<Entry>, tries: u32, error: &Error) {
        if entries.len() > 1 {
            self.halve(entries, tries, || Phase::Ready);
        } else {
            self.fail(entries, error);
        }
    }
}
