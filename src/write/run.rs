//! The work of one task: the lots of records that are still to be written, and those that are done.

use crate::wire::error::Error;
use crate::write::entry::{Done, Entry};

/// Records that are written together.
pub(super) struct Lot {
    pub(super) entries: Vec<Entry>,
    /// How often they were tried without a definite answer.
    pub(super) tries: u32,
    pub(super) phase: Phase,
}

/// What is to be done with the records of a lot.
pub(super) enum Phase {
    /// A lookup of what is there, and then their bodies.
    Unseen,
    /// The bodies are made, and are sent.
    Ready,
    /// A lookup whether others were faster, as this error says.
    Conflict(Error),
    /// A lookup of what was written, after this error. Nothing is sent again.
    Last(Error),
}

/// The work of one task.
pub(super) struct Run {
    pub(super) work: Vec<Lot>,
    pub(super) done: Vec<Done>,
    /// Why no other write would succeed.
    pub(super) reason: Option<Error>,
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

    /// Each half for itself.
    pub(super) fn halve(&mut self, mut entries: Vec<Entry>, tries: u32, phase: impl Fn() -> Phase) {
        let rest = entries.split_off(entries.len() / 2);
        self.again(rest, tries, phase());
        self.again(entries, tries, phase());
    }

    /// One of them is the reason, and none was written: tries the halves, and of one record it says
    /// so.
    pub(super) fn reject(&mut self, entries: Vec<Entry>, tries: u32, error: &Error) {
        if entries.len() > 1 {
            self.halve(entries, tries, || Phase::Ready);
        } else {
            self.fail(entries, error);
        }
    }
}
