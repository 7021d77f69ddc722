//! Evaluates a page: what follows it, and which of its records are new.

use super::page_body::PageSummary;
use super::pager::Pager;
use crate::wire::error::{Error, Exchange, Result};

/// The continuation of the list after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageStep {
    /// There may be more.
    More,
    /// The page is the last one.
    Last,
    /// All records of the page were already received: there are no others.
    Repeated,
    /// The page is discarded: another one shows how the list continues.
    Retry,
    /// The list seems to end, but according to `totalRecords`, which may be an estimate, there is
    /// more: the exact number is requested.
    Count,
}

/// The new records of a page by offset: those that are not marked as repeated.
#[derive(Default)]
pub(super) struct New {
    repeated: Vec<bool>,
}

impl New {
    pub(super) fn has(&self, at: usize) -> bool {
        !self.repeated.get(at).is_some_and(|repeated| *repeated)
    }
}

/// A page of a list that is read by offset.
pub(super) struct OffsetPage<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) summary: &'a PageSummary,
    /// The keys of its records, without the nulls.
    pub(super) keys: &'a [Option<String>],
    /// Whether the last record ends the page: no null follows it.
    pub(super) ends_with_record: bool,
}

impl OffsetPage<'_> {
    fn error(&self, problem: String) -> Error {
        Error::paging(self.exchange.clone(), problem)
    }
}

impl Pager {
    /// Evaluates a page of a list that is read by key.
    pub(super) fn advance(&mut self, exchange: &Exchange, page: &PageSummary) -> Result<PageStep> {
        self.nulls += page.nulls;
        let Some(last) = &page.last else {
            if let Some(error) = self.without_keys(exchange, page) {
                return Err(error);
            }
            let step = self.ends_by_key(exchange, page);
            if matches!(step, PageStep::Last | PageStep::Count) {
                self.seen += page.received;
            }
            return Ok(step);
        };
        self.seen += page.received;
        self.totals.note(page.total);
        self.has_more = self.has_more_behind_key(page.total, page.received, page.received);
        self.is_doubted = false;
        if let Some(before) = &self.last
            && let Some(error) = self.out_of_order(exchange, before, last)
        {
            return Err(error);
        }
        self.last = Some(last.clone());
        Ok(PageStep::More)
    }

    /// Evaluates a page of another list, and determines its new records.
    pub(super) fn advance_by_offset(&mut self, page: &OffsetPage<'_>) -> Result<(PageStep, New)> {
        let summary = page.summary;
        self.nulls += summary.nulls;
        if let Some(ids) = &self.ids {
            let step = match ids.is_empty() {
                true => PageStep::Last,
                false => PageStep::More,
            };
            self.seen += summary.received;
            return Ok((step, New::default()));
        }
        if self.overlap.overlaps() {
            return self.advance_by_overlap(page);
        }
        if summary.received == 0 {
            let step = self.ends_by_offset(page.exchange, summary, self.offset);
            return Ok((step, New::default()));
        }
        let behind = self.offset + summary.received;
        if summary.nulls == summary.received
            && !self.is_doubted
            && summary.total.is_some_and(|total| total > behind)
        {
            // If a page also has records, its nulls count as one unreadable record; if it has only
            // nulls, the page is faulty.
            self.is_doubted = true;
            return Ok((PageStep::Retry, New::default()));
        }
        self.totals.note(summary.total);
        let new = New {
            repeated: self.overlap.are_known(page.keys),
        };
        let has_nothing_new = !page.keys.is_empty() && new.repeated.iter().all(|known| *known);
        if self.is_same(summary) || has_nothing_new {
            return Ok((self.repeated(page)?, new));
        }
        let is_first = self.seen == 0;
        let repeated = new.repeated.iter().filter(|repeated| **repeated).count() as u64;
        self.seen += summary.received - repeated;
        self.is_doubted = false;
        self.pass(page, page.keys)?;
        self.check_whole(page)?;
        // More than was requested: this endpoint has no pagination, and the page is the whole list.
        let is_whole = !self.dialect.has_pages()
            || is_first && summary.received - summary.nulls > u64::from(self.size);
        let step = match is_whole {
            true => PageStep::Last,
            false => PageStep::More,
        };
        Ok((step, new))
    }

    /// Evaluates a page by offset without new records.
    fn repeated(&mut self, page: &OffsetPage<'_>) -> Result<PageStep> {
        // A server that rounds the offset to whole pages returns the last one again.
        let received = page.summary.received;
        let is_end =
            self.overlap.is_given_up() && self.seen > received && received < u64::from(self.size);
        if is_end {
            return Ok(self.ends_repeated(page, self.offset));
        }
        if self.is_all(page.summary) {
            // The whole list was received twice: this endpoint has no pagination.
            return Ok(PageStep::Repeated);
        }
        Err(page.error(format!(
            "the server ignores `offset`, or returns the list in a different order each time: the page at {} contains only records of earlier pages",
            self.offset
        )))
    }

    /// The same for a list that seems to end at a position, with a page of repeated records.
    fn ends_repeated(&mut self, page: &OffsetPage<'_>, position: u64) -> PageStep {
        match self.ends_by_offset(page.exchange, page.summary, position) {
            PageStep::Last => PageStep::Repeated,
            step => step,
        }
    }

    /// Whether a list without pages is complete, according to its `totalRecords`.
    fn check_whole(&self, page: &OffsetPage<'_>) -> Result<()> {
        let arrived = self.begin + self.seen;
        match self.total() {
            Some(total) if total > arrived && !self.dialect.has_pages() => Err(page
                .error(format!(
                    "the server returned {arrived} records, and `totalRecords` is {total}: it is unknown how to request the rest"
                ))
                .with_help("records are missing. If the server supports `limit` and `offset`, read the list with `style(PagingStyle::Offset)`")),
            _ => Ok(()),
        }
    }

    /// Evaluates a page by offset that starts with records of the previous page.
    fn advance_by_overlap(&mut self, page: &OffsetPage<'_>) -> Result<(PageStep, New)> {
        let retry = Ok((PageStep::Retry, New::default()));
        let summary = page.summary;
        if self.is_same(summary) && self.overlap.is_untried() {
            if self.is_all(summary) && summary.received == 1 && self.total().is_none() {
                // The same request again: the list has one record, or the server returns one at a
                // time. The next position decides.
                self.overlap.give_up();
                return retry;
            }
            if self.is_all(summary) {
                return Ok((PageStep::Repeated, New::default()));
            }
            // It ignores the offset, or rounds it to whole pages.
            self.overlap.deny().map_err(|problem| page.error(problem))?;
            return retry;
        }
        let Some(found) = self.overlap.find(page.keys) else {
            tracing::debug!(
                offset = self.offset,
                "the list changed while it was being read"
            );
            self.overlap
                .step_back()
                .map_err(|problem| page.error(problem))?;
            return retry;
        };
        self.totals.note(summary.total);
        let end = self.overlap.from() + summary.received;
        let has_nothing_new = !found.known.contains(&false);
        // Concurrent inserts and deletes while the end is read: then there is more than one
        // repeated record.
        let is_end = summary.received <= 1
            || found.is_where_it_was && found.is_short && page.ends_with_record;
        if has_nothing_new && is_end {
            return Ok((self.ends_repeated(page, end), New::default()));
        }
        self.is_doubted = false;
        if has_nothing_new && found.is_where_it_was && end == self.offset {
            // The last record is at its position; the server did not return it there.
            self.overlap.deny().map_err(|problem| page.error(problem))?;
            return retry;
        }
        let new = New {
            repeated: found.known,
        };
        let of_new = page.keys.iter().enumerate().filter(|(at, _)| new.has(*at));
        let of_new: Vec<Option<String>> = of_new.map(|(_, key)| key.clone()).collect();
        self.seen += of_new.len() as u64;
        self.pass(page, &of_new)?;
        Ok((PageStep::More, new))
    }

    /// The list continues after a page of which these records are new.
    fn pass(&mut self, page: &OffsetPage<'_>, new: &[Option<String>]) -> Result<()> {
        let PageSummary {
            received, nulls, ..
        } = *page.summary;
        self.fingerprint = Some((received, page.summary.fingerprint));
        // A null may be an extra element rather than replace a record.
        let passed = received.min(u64::from(self.size).max(received - nulls));
        self.offset = self.overlap.from() + passed;
        let is_anchored = page.ends_with_record && new.last().is_some_and(Option::is_some);
        self.overlap
            .remember(new, is_anchored)
            .map_err(|problem| page.error(problem))
    }

    fn is_same(&self, page: &PageSummary) -> bool {
        self.fingerprint == Some((page.received, page.fingerprint))
    }

    /// Whether a repeated page is the whole list.
    fn is_all(&self, page: &PageSummary) -> bool {
        page.received < u64::from(self.size)
            && self.seen == page.received
            && self.total().is_none_or(|total| total <= self.seen)
    }
}
