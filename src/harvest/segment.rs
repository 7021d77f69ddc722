//! One range of a list that is read in several: what is known of it, and its page.

use super::range::Range;
use crate::paging::{Ahead, PageBody, Pager};
use crate::wire::error::{Error, Result};

/// Where the server does not say how many records there are, no more pages than this are believed
/// in.
const BELIEVED: f64 = 8.0;

/// A range of the list.
pub(super) struct RangeSegment {
    pub(super) range: Range,
    /// How many pages are in it, and how many ids a page covers there: guesses, which only say
    /// where to divide. 0 if nothing is known.
    pub(super) pages: f64,
    pub(super) density: f64,
    /// By `totalRecords` of the page before, there are records in it.
    pub(super) has_more: bool,
    /// It seemed to have no records, and should have some: it was requested again.
    pub(super) is_doubted: bool,
    pub(super) state: SegmentState,
}

pub(super) enum SegmentState {
    Waiting,
    /// How many records are in it, exactly. With the end of the range as it was requested.
    Counting(Ahead, Option<String>),
    /// Twice an empty page came, and the server counts the whole list whatever the range is: the
    /// number of all tells.
    Open,
    /// With the end of the range as it was requested. It may have been divided since.
    Asked(Ahead, Option<String>),
    /// The page that covers the range.
    Here(Box<PageBody>, Option<String>),
}

/// A page whose records are taken.
pub(super) struct SegmentPage {
    pub(super) page: PageBody,
    pub(super) range: Range,
    /// The server may have gone beyond the range: there the page bounds.
    pub(super) stop: Option<String>,
}

impl SegmentPage {
    /// What is left of it.
    pub(super) fn rest(&self) -> Range {
        Range {
            after: self.page.last_key().or_else(|| self.range.after.clone()),
            until: self.range.until.clone(),
        }
    }

    /// Whether the page ended where it seemed to.
    pub(super) fn check(&self, pager: &Pager) -> Result<()> {
        let last = self.page.summary().last;
        if self.stop.is_some() || last.is_none() || last == self.range.until {
            return Ok(());
        }
        Err(Error::paging(
            self.page.exchange().clone(),
            format!(
                "the page has another array after its records, with another `{}`: read this list as a stream instead",
                pager.key()
            ),
        ))
    }
}

impl RangeSegment {
    /// A range that is not requested yet.
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

/// How many pages are left behind a page: a guess, by the pages that `totalRecords` states, where
/// the server says so, and by how many there would be if the ids lay as near each other as on the
/// page. `before` is the guess before that page, 0 if there was none.
pub(super) fn pages_left(stated: Option<f64>, spread: f64, before: f64) -> f64 {
    match stated {
        // No more than the ids have room for: `totalRecords` may be an estimate.
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
            // More is stated than the ids have room for, and less.
            (Some(1_000_000.0), 20.0, 0.0, 20.0),
            (Some(1_000_000.0), 2.0, 0.0, 8.0),
            (Some(0.0), 1_000.0, 0.0, 8.0),
            (Some(-1.0), 3.0, 0.0, 3.0),
            // Nothing is stated.
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
