//! Reads a list by id in several ranges in parallel.

use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;

use super::figures::Figures;
use super::range::Range;
use super::segment::SegmentPage;
use super::segments::Segments;
use crate::paging::{Ahead, ESTIMATED, Pager};
use crate::wire::error::{Error, Result};

/// A list that is read by id, in ranges.
pub(super) struct RangeReader {
    segments: Segments,
    /// The page whose records are returned now, the last returned key, and its end.
    current: Option<SegmentPage>,
    pager: Pager,
    /// The key of the previous record, as long as the order is checked.
    watched: Option<String>,
    /// The number of received records, including null and unreadable ones.
    arrived: u64,
    /// Whether the keys of a page that is processed elsewhere were checked.
    has_checked: bool,
    /// The exact number of records, requested if fewer arrived than expected.
    counting: Option<Ahead>,
}

impl RangeReader {
    pub(super) fn new(segments: Segments, pager: Pager) -> Self {
        Self {
            segments,
            current: None,
            pager,
            watched: None,
            arrived: 0,
            has_checked: false,
            counting: None,
        }
    }

    /// The ranges that remain after the last returned record.
    pub(super) fn rest(&self) -> impl Iterator<Item = Range> {
        let current = self.current.iter().map(SegmentPage::rest);
        current.chain(self.segments.rest())
    }

    pub(super) fn poll_next<T: DeserializeOwned>(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
    ) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(record) = self.take() {
                return Poll::Ready(Some(record));
            }
            match ready!(self.poll_page(context, figures, false)) {
                Some(Ok(page)) => {
                    self.watched = None;
                    self.current = Some(page);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    return ready!(self.poll_end(context)).map_or_else(
                        |error| Poll::Ready(Some(Err(error))),
                        |()| Poll::Ready(None),
                    );
                }
            }
        }
    }

    /// The next page; none if there are no more. `is_holding` if pages that were returned before
    /// are still in memory.
    pub(super) fn poll_page(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
        is_holding: bool,
    ) -> Poll<Option<Result<SegmentPage>>> {
        loop {
            if let Err(error) = self.pager.check() {
                return Poll::Ready(Some(Err(error)));
            }
            self.segments.send_requests(&self.pager, is_holding);
            match self.segments.poll(context, &self.pager, figures) {
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(self.rejected(error)))),
                // A page arrived: others may be requested.
                Poll::Ready(Ok(())) => continue,
                Poll::Pending => {}
            }
            match self.segments.take() {
                Some(page) => return Poll::Ready(Some(Ok(page))),
                None if self.segments.is_done() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }

    /// Checks the keys of a page whose records are processed elsewhere: those of the first page,
    /// because a server that does not sort would lose some, and those that are not UUIDs.
    pub(super) fn check_keys(&mut self, page: &SegmentPage) -> Result<()> {
        let is_first = !std::mem::replace(&mut self.has_checked, true);
        if !is_first && !self.pager.has_text_keys() {
            return Ok(());
        }
        let mut ahead = page.page.fresh();
        let mut before: Option<String> = None;
        // A page that is broken is the error of who reads it.
        while let Some(Ok(_)) = ahead.skip() {
            let Some(key) = ahead.key_of_last() else {
                continue;
            };
            if page.is_beyond(&key) {
                break;
            }
            if let Some(error) = self.pager.repeats(ahead.exchange(), &key) {
                return Err(error);
            }
            if let Some(before) = before.filter(|_| is_first)
                && let Some(error) = self.pager.out_of_order(ahead.exchange(), &before, &key)
            {
                return Err(error);
            }
            before = Some(key);
        }
        Ok(())
    }

    /// Whether keys came that are not UUIDs. Such a list is one range.
    pub(super) fn has_text_keys(&self) -> bool {
        self.pager.has_text_keys()
    }

    /// A page is not processed: it remains.
    pub(super) fn put_back(&mut self, page: SegmentPage) {
        self.current = Some(page);
    }

    /// A page was read elsewhere to its end: its number of records, including `nulls`.
    pub(super) fn has_read(&mut self, records: u64, nulls: u64) {
        self.arrived += records;
        self.pager.nulls += nulls;
    }

    /// The first page was rejected: adds the likely reason.
    fn rejected(&self, error: Error) -> Error {
        let is_rejection = error
            .status()
            .is_some_and(|status| matches!(status.as_u16(), 400 | 422 | 500));
        match is_rejection && self.arrived == 0 {
            true => error.with_help("the list cannot be read in ranges if the server rejects `sortBy`: harvest it with `unsorted()`, which reads the pages sequentially"),
            false => error,
        }
    }

    /// All ranges were read. If fewer records arrived than expected, the exact number shows whether
    /// some are missing.
    ///
    /// `totalRecords` is usually an estimate from 1,000 records on, and a long harvest has
    /// concurrent writers; so only small numbers are compared, or those of a range that was
    /// unexpectedly empty.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let has_given = self.arrived > self.pager.nulls;
        let nulls = self.pager.nulls + self.segments.nulls();
        if let Some(error) = self.pager.only_nulls(nulls).filter(|_| !has_given) {
            return Poll::Ready(Err(error));
        }
        let stated = self.segments.whole().filter(|whole| *whole > self.arrived);
        let Some(stated) = stated.filter(|stated| *stated < ESTIMATED || self.segments.is_open())
        else {
            self.segments.close();
            return Poll::Ready(Ok(()));
        };
        let pager = &self.pager;
        let counting = self
            .counting
            .get_or_insert_with(|| Ahead::send(&pager.client, pager.count_of_range(None, None)));
        let response = ready!(counting.poll(context));
        self.counting = None;
        let exchange = match &response {
            Ok(response) => response.exchange().clone(),
            Err(_) => pager.request().exchange(pager.client.url()),
        };
        let count = pager.count_of(response)?;
        let count = count.or(self.segments.is_open().then_some(stated));
        if let Some(count) = count.filter(|count| *count > self.arrived) {
            let arrived = self.arrived;
            return Poll::Ready(Err(Error::paging(
                exchange,
                format!("{arrived} records were received, and `totalRecords` is {count}: pages are missing"),
            )
            .with_help("records are missing: read the list again")));
        }
        self.segments.close();
        Poll::Ready(Ok(()))
    }

    /// The next record of the current page.
    fn take<T: DeserializeOwned>(&mut self) -> Option<Result<T>> {
        let current = self.current.as_mut()?;
        let Some(record) = current.page.next::<T>() else {
            self.pager.seen += current.page.received();
            let nulls = current.page.summary().nulls;
            self.arrived += nulls;
            self.pager.nulls += nulls;
            if let Err(error) = current.check() {
                return Some(Err(error));
            }
            self.current = None;
            return None;
        };
        if let Err(error) = &record
            && error.record_json().is_none()
        {
            return Some(record);
        }
        // The first page is checked record by record: a server that does not sort would lose some.
        let is_watched = self.pager.seen == 0 || self.pager.has_text_keys();
        if is_watched || current.stop.is_some() {
            let key = current.page.key_of_last();
            if key.as_deref().is_some_and(|key| current.is_beyond(key)) {
                // The others belong to the next range, and are read there.
                let nulls = current.page.summary().nulls;
                self.arrived += nulls;
                self.pager.nulls += nulls;
                self.current = None;
                return None;
            }
            if let Some(key) = key {
                if let Some(error) = self.pager.repeats(current.page.exchange(), &key) {
                    return Some(Err(error));
                }
                let before = self.watched.replace(key.clone());
                if let Some(before) = before
                    && self.pager.seen == 0
                    && let Some(error) =
                        self.pager
                            .out_of_order(current.page.exchange(), &before, &key)
                {
                    return Some(Err(error));
                }
            }
        }
        self.arrived += 1;
        Some(record)
    }
}
