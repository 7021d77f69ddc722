//! One range of a list that is read in parallel: its known properties, and its page.

use super::range::Range;
use super::requested_page::RequestedPage;
use crate::paging::{Ahead, PageBody};
use crate::value::uuid::is_beyond;
use crate::wire::error::{Error, Result};

/// The maximum estimate of pages if the server does not state the number of records.
const BELIEVED: f64 = 8.0;

/// A range of the list.
pub(super) struct RangeSegment {
    pub(super) range: Range,
    /// Estimates of its number of pages, and of the ids that a page covers there; they only
    /// determine where to split. 0 if unknown.
    pub(super) pages: f64,
    pub(super) density: f64,
    /// According to `totalRecords` of the previous page, it contains records.
    pub(super) has_more: bool,
    /// It was unexpectedly empty and was requested again.
    pub(super) is_doubted: bool,
    pub(super) state: SegmentState,
}

pub(super) enum SegmentState {
    Waiting,
    /// Its exact number of records, with the end of the range as requested.
    Counting(Ahead, Option<String>),
    /// Two empty pages arrived, and the server counts the whole list regardless of the range: only
    /// the total number can decide.
    Open,
    /// With the end of the range as requested. It may have been split since.
    Asked(RequestedPage, Option<String>),
    /// The page that covers the range.
    Here(Box<PageBody>, Option<String>),
}

/// A page whose records are returned.
pub(super) struct SegmentPage {
    pub(super) page: PageBody,
    pub(super) range: Range,
    /// The server may have exceeded the range: then the page limits it.
    pub(super) stop: Option<String>,
}

impl SegmentPage {
    /// The remaining part of it.
    pub(super) fn rest(&self) -> Range {
        Range {
            after: self.page.last_key().or_else(|| self.range.after.clone()),
            until: self.range.until.clone(),
        }
    }

    /// The same page from its start.
    pub(super) fn fresh(&self) -> Self {
        Self {
            page: self.page.fresh(),
            range: self.range.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Whether a record with this key belongs to the next range, and is read there.
    pub(super) fn is_beyond(&self, key: &str) -> bool {
        let stop = self.stop.as_deref();
        stop.is_some_and(|stop| is_beyond(key, stop))
    }

    /// Whether the page ended at the estimated position.
    pub(super) fn check(&self) -> Result<()> {
        let last = self.page.summary().last;
        if self.stop.is_some() || last.is_none() || last == self.range.until {
            return Ok(());
        }
        Err(Error::paging(
            self.page.exchange().clone(),
            format!(
                "the page has another array after its records, with another `{}`: read this list as a stream instead",
                self.page.key()
            ),
        ))
    }
}

impl RangeSegment {
    /// A range that was not requested yet.
    pub(super) fn waiting(range: Range) -> Self {
        Self {
            range,
            pages: 0.0,
            density: 0.0,
            has_more: false,
            is_doubted: false,
            state: SegmentState::Waiting,
        }
    }
}

/// The estimated number of pages after a page, from the number that `totalRecords` states, if any,
/// and from the density of the ids on the page. `before` is the estimate before that page, 0 if
/// there was none.
pub(super) fn pages_left(stated: Option<f64>, spread: f64, before: f64) -> f64 {
    match stated {
        // At most the number that the ids have room for: `totalRecords` may be an estimate.
        Some(stated) => stated.min(spread.max(BELIEVED)).max(spread.min(BELIEVED)),
        None if before > 0.0 => spread.min(before.max(BELIEVED)),
        None => spread.min(BELIEVED * BELIEVED),
    }
}

#[cfg(test)]
mod tests {
    use super::pages_left;

    #[test]
    fn the_pages_that_are_left_are_guessed_within_bounds() {
        for (stated, spread, before, expected) in [
            // Both agree.
            (Some(100.0), 100.0, 0.0, 100.0),
            // The stated number exceeds the room for ids, or is smaller.
            (Some(1_000_000.0), 20.0, 0.0, 20.0),
            (Some(1_000_000.0), 2.0, 0.0, 8.0),
            (Some(0.0), 1_000.0, 0.0, 8.0),
            (Some(-1.0), 3.0, 0.0, 3.0),
            // No number is stated.
            (None, 1_000.0, 0.0, 64.0),
            (None, 5.0, 0.0, 5.0),
            (None, 1_000.0, 100.0, 100.0),
            (None, 1_000.0, 1.0, 8.0),
        ] {
            let found = pages_left(stated, spread, before);
            assert_eq!(
                found.to_bits(),
                f64::to_bits(expected),
                "{stated:?} {spread} {before}"
            );
        }
    }
}
