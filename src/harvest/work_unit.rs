//! A part of a list that one task decodes and processes: a page, or a group of records.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::range::Range;
use super::record_count::RecordCount;
use super::segment::SegmentPage;
use super::slots::Slots;
use crate::paging::ListPosition;
use crate::value::uuid::{is_after, is_uuid};
use crate::wire::error::{Error, Result};

/// The records of a unit, decoded one by one.
pub(super) enum UnitRecords<T> {
    Page(Box<SegmentPage>),
    /// Records that are decoded already, and the number of those taken.
    Group(std::vec::IntoIter<Result<T>>, usize),
}

/// A step through the records of a unit.
pub(super) enum UnitStep<T> {
    /// A record, or the error in its place, and its number in the unit.
    Record(usize, Result<T>),
    /// All records were read: their number including nulls, and the number of these.
    End(u64, u64),
    /// The unit cannot be read any further.
    Failed(Error),
}

impl<T: DeserializeOwned> UnitRecords<T> {
    pub(super) fn next(&mut self) -> UnitStep<T> {
        match self {
            Self::Page(page) => next_of(page),
            Self::Group(records, taken) => match records.next() {
                Some(record) => {
                    *taken += 1;
                    UnitStep::Record(*taken - 1, record)
                }
                None => UnitStep::End(*taken as u64, 0),
            },
        }
    }
}

fn next_of<T: DeserializeOwned>(page: &mut SegmentPage) -> UnitStep<T> {
    let record = match page.page.next::<T>() {
        Some(Err(error)) if error.record_json().is_none() => return UnitStep::Failed(error),
        Some(record) => record,
        None => {
            return match page.check() {
                Ok(()) => UnitStep::End(page.page.received(), page.page.summary().nulls),
                Err(error) => UnitStep::Failed(error),
            };
        }
    };
    if page.stop.is_some()
        && page
            .page
            .key_of_last()
            .is_some_and(|key| page.is_beyond(&key))
    {
        // The others belong to the next range, and are read there.
        return UnitStep::End(page.page.received() - 1, page.page.summary().nulls);
    }
    let at = usize::try_from(page.page.received() - 1).unwrap_or(usize::MAX);
    UnitStep::Record(at, record)
}

/// Which records of a unit were processed. A task changes it, and checkpoints read it.
#[derive(Debug, Default)]
pub(super) struct UnitProgress(Mutex<UnitState>);

#[derive(Clone, Debug, Default)]
pub(super) struct UnitState {
    /// The number of records, including null ones, up to the last one that was begun.
    begun: usize,
    /// Those of them whose processing has not ended.
    running: Vec<usize>,
    /// The number of processed records that are readable.
    pub(super) good: u64,
}

impl UnitProgress {
    pub(super) fn begin(&self, at: usize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.begun = state.begun.max(at + 1);
        state.running.push(at);
    }

    pub(super) fn end(&self, at: usize, is_good: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = state.running.iter().position(|running| *running == at) {
            state.running.swap_remove(place);
        }
        state.good += u64::from(is_good);
    }

    pub(super) fn state(&self) -> UnitState {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }
}

impl UnitState {
    fn remains(&self, at: usize) -> bool {
        at >= self.begun || self.running.contains(&at)
    }

    /// The number of records before the first one that remains.
    pub(super) fn processed(&self) -> usize {
        self.running.iter().copied().fold(self.begun, usize::min)
    }
}

/// What remains of a unit that was not processed completely.
pub(super) enum UnitRest {
    Page(Box<SegmentPage>),
    /// The position before the group, and those after each of its records.
    Group(ListPosition, Vec<(u64, Option<String>)>),
}

/// The ranges of the records of a page that were not processed: each record has the range from the
/// record before it.
pub(super) fn ranges_left(page: &SegmentPage, state: &UnitState) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut ahead = page.page.fresh();
    let mut before = page.range.after.clone();
    let mut remains = false;
    let between = |after: &Option<String>, until: &Option<String>| Range {
        after: after.clone(),
        until: until.clone(),
    };
    while let Some(Ok(_)) = ahead.skip() {
        let at = usize::try_from(ahead.received() - 1).unwrap_or(usize::MAX);
        if at >= state.begun {
            break;
        }
        remains |= state.remains(at);
        // A record without a key belongs to the range of the next one.
        let Some(key) = ahead.key_of_last() else {
            continue;
        };
        if page.is_beyond(&key) {
            break;
        }
        if !is_uuid(&key)
            || before
                .as_deref()
                .is_some_and(|before| !is_after(&key, before))
        {
            // Ranges have no meaning for these keys, so that the whole page remains.
            return vec![whole(page, state)];
        }
        let key = Some(key);
        if std::mem::take(&mut remains) {
            ranges.push(between(&before, &key));
        }
        before = key;
    }
    if remains || before != page.range.until {
        ranges.push(between(&before, &page.range.until));
    }
    ranges
}

/// A page from the first record that was not processed to its end.
fn whole(page: &SegmentPage, state: &UnitState) -> Range {
    let mut ahead = page.page.fresh();
    for _ in 0..state.processed() {
        if !matches!(ahead.skip(), Some(Ok(_))) {
            break;
        }
    }
    Range {
        after: ahead.last_key().or_else(|| page.range.after.clone()),
        until: page.range.until.clone(),
    }
}

/// The result of a unit.
pub(super) struct UnitOutcome<U, E> {
    /// What the closure returned: the number of each record, whether it was readable, the value.
    pub(super) outputs: Vec<(usize, bool, U)>,
    /// The error that ended it: of the first record of those that failed, or of the list.
    pub(super) failure: Option<(usize, E)>,
    /// The number of records, including nulls, and the number of these; none unless all of them
    /// were read.
    pub(super) read: Option<(u64, u64)>,
}

impl<U, E> UnitOutcome<U, E> {
    /// Nothing of the unit was processed.
    #[cfg(feature = "blocking")]
    pub(super) fn failed(error: E) -> Self {
        Self {
            outputs: Vec::new(),
            failure: Some((usize::MAX, error)),
            read: None,
        }
    }
}

/// The task of a unit.
pub(super) type UnitTask<U, E> = Pin<Box<dyn Future<Output = UnitOutcome<U, E>> + Send>>;

/// A unit that is about to be processed.
pub(super) struct NewUnit<U, E> {
    pub(super) rest: UnitRest,
    pub(super) start: UnitStart<U, E>,
}

/// Makes the task of a unit.
pub(super) type UnitStart<U, E> = Box<dyn FnOnce(UnitContext) -> UnitTask<U, E> + Send>;

/// Where a task counts its records; none if they count once their results are returned.
pub(super) type UnitCounts = Option<(Arc<UnitProgress>, Arc<RecordCount>)>;

/// What the task of a unit shares with the others.
pub(super) struct UnitContext {
    pub(super) slots: Slots,
    pub(super) counts: UnitCounts,
}
