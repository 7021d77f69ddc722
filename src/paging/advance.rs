//! What a page means for the next one, and which of its records are new.

use super::page_body::PageSummary;
use super::pager::Pager;
use crate::wire::error::{Error, Exchange, Result};

/// How the list continues after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageStep {
    /// There may be more.
    More,
    /// The page is the last one.
    Last,
    /// All records of the page came before: there are no others.
    Repeated,
    /// Nothing of the page is used: another one tells how the list continues.
    Retry,
    /// The list seems to end, and by `totalRecords`, which may be an estimate, there is more: the
    /// exact number is requested.
    Count,
}

/// Which records of a page by offset are new: those that are not marked as repeated.
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
    /// Whether the last record ends the page: no null is behind it.
    pub(super) ends_with_record: bool,
}

impl OffsetPage<'_> {
    fn error(&self, problem: String) -> Error {
        Error::paging(self.exchange.clone(), problem)
    }
}

impl Pager {
    /// What a page of a list that is read by key means for the next.
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

    /// What a page of another list means for the next, and which of its records are new.
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
            // Nulls for all records of a page are one record that cannot be read, where a page has
            // one; else a page that went wrong.
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
        // More than was requested: this endpoint does not page, and that is all of it.
        let is_whole = !self.dialect.has_pages()
            || is_first && summary.received - summary.nulls > u64::from(self.size);
        let step = match is_whole {
            true => PageStep::Last,
            false => PageStep::More,
        };
        Ok((step, new))
    }

    /// What a page by offset means that has only records that came before.
    fn repeated(&mut self, page: &OffsetPage<'_>) -> Result<PageStep> {
        // A server that takes the offset for a number of whole pages gives the last one again.
        let received = page.summary.received;
        let is_end =
            self.overlap.is_given_up() && self.seen > received && received < u64::from(self.size);
        if is_end {
            return Ok(self.ends_repeated(page, self.offset));
        }
        if self.is_all(page.summary) {
            // All of it came at once, and once more: this endpoint does not page.
            return Ok(PageStep::Repeated);
        }
        Err(page.error(format!(
            "the server ignores `offset`, or gives the list in another order each time: the page at {} has only records that came before",
            self.offset
        )))
    }

    /// The same of a list that seems to end at a position, with a page of repeated records.
    fn ends_repeated(&mut self, page: &OffsetPage<'_>, position: u64) -> PageStep {
        match self.ends_by_offset(page.exchange, page.summary, position) {
            PageStep::Last => PageStep::Repeated,
            step => step,
        }
    }

    /// Whether a list without pages came as a whole, by its `totalRecords`.
    fn check_whole(&self, page: &OffsetPage<'_>) -> Result<()> {
        let arrived = self.begin + self.seen;
        match self.total() {
            Some(total) if total > arrived && !self.dialect.has_pages() => Err(page
                .error(format!(
                    "the server gave {arrived} records, and `totalRecords` is {total}: it is not known how to request the others"
                ))
                .with_help("records are missing. If the server takes `limit` and `offset`, read the list with `style(PagingStyle::Offset)`")),
            _ => Ok(()),
        }
    }

    /// What a page by offset means that begins with records of the one before.
    fn advance_by_overlap(&mut self, page: &OffsetPage<'_>) -> Result<(PageStep, New)> {
        let retry = Ok((PageStep::Retry, New::default()));
        let summary = page.summary;
        if self.is_same(summary) && self.overlap.is_untried() {
            if self.is_all(summary) && summary.received == 1 && self.total().is_none() {
                // The same request once more: the list has one record, or the server gives one at a
                // time. What is behind it tells.
                self.overlap.give_up();
                return retry;
            }
            if self.is_all(summary) {
                return Ok((PageStep::Repeated, New::default()));
            }
            // It ignores the offset, or takes it for a number of whole pages.
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
        // Others may insert and delete while the end is read: then there is more than one record
        // that came before.
        let is_end = summary.received <= 1
            || found.is_where_it_was && found.is_short && page.ends_with_record;
        if has_nothing_new && is_end {
            return Ok((self.ends_repeated(page, end), New::default()));
        }
        self.is_doubted = false;
        if has_nothing_new && found.is_where_it_was && end == self.offset {
            // The last record is where it was; the server did not show it there.
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

    /// The list continues behind a page, of whose records these are new.
    fn pass(&mut self, page: &OffsetPage<'_>, new: &[Option<String>]) -> Result<()> {
        let PageSummary {
            received, nulls, ..
        } = *page.summary;
        self.fingerprint = Some((received, page.summary.fingerprint));
        // A null may stand beside the records rather than for one.
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

    /// Whether a page that came once more is the whole list.
    fn is_all(&self, page: &PageSummary) -> bool {
        page.received < u64::from(self.size)
            && self.seen == page.received
            && self.total().is_none_or(|total| total <= self.seen)
    }
}
