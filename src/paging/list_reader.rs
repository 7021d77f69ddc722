//! Reads a list: requests its pages, the next one ahead of time, and decodes them.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;

use super::advance::{OffsetPage, PageStep};
use super::decoded::{Decoded, Row};
use super::junction::{self, Junction};
use super::list_position::{ListPosition, RECENT};
use super::page_body::PageBody;
use super::pager::Pager;
use super::pages_ahead::{AheadStart, ArrivedPage, CurrentPage, PagesAhead};
use super::resource_job::{self, ResourceIds};
use crate::engine::page_ticket::PageTicket;
use crate::engine::request_line::is_absent;
use crate::wire::error::{Error, Result};
use crate::wire::response::Response;

/// A list that is being read: its received pages and its requests.
pub(super) struct ListReader<T> {
    pager: Pager,
    /// The page of a list that is read by key: decoded record by record.
    page: Option<PageBody>,
    /// The records of a page of other lists, whose number determines the start of the next one:
    /// decoded all at once.
    decoded: VecDeque<Row<T>>,
    fetch: Fetch,
    /// The pages that were requested before they are needed.
    ahead: PagesAhead,
    /// The key of the previous record, as long as the order is checked.
    watched: Option<String>,
    /// The number of returned records of this page.
    taken: u64,
    /// The next page is requested before it is needed.
    looks_ahead: bool,
    /// `totalRecords` of the first page that has it.
    stated_total: Option<u64>,
    /// For a list that is read by offset: the number of records before the next one.
    passed: u64,
    /// The last received keys.
    recent: VecDeque<String>,
    /// The page is the last one.
    is_last: bool,
    /// A record was returned, or an error in its place.
    has_given: bool,
    ended: bool,
}

type Pending<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

enum Fetch {
    Nothing,
    /// A page that is needed now.
    Page(Pending<Response>),
    /// The exact number of records of a list that seems to end too early.
    Count(Pending<Response>),
    /// The resource job of mod-search, and the page to use instead if it is rejected.
    Job(Pending<ResourceIds>, Box<PageBody>),
}

impl<T> ListReader<T> {
    pub(super) fn new(pager: Pager) -> Self {
        Self {
            passed: pager.offset(),
            pager,
            page: None,
            decoded: VecDeque::new(),
            fetch: Fetch::Nothing,
            ahead: PagesAhead::new(),
            watched: None,
            taken: 0,
            looks_ahead: true,
            stated_total: None,
            recent: VecDeque::new(),
            is_last: false,
            has_given: false,
            ended: false,
        }
    }

    pub(super) fn pager(&self) -> &Pager {
        &self.pager
    }

    pub(super) fn into_pager(self) -> Pager {
        self.pager
    }

    /// From now on, a page is requested when it is needed, and not before.
    pub(super) fn without_look_ahead(&mut self) {
        self.looks_ahead = false;
    }

    pub(super) fn stated_total(&self) -> Option<u64> {
        self.stated_total
    }

    /// Where the list continues after the record that was taken last.
    pub(super) fn position(&self) -> ListPosition {
        if !self.pager.by_key {
            return ListPosition {
                offset: self.passed,
                recent: self.recent.iter().rev().cloned().collect(),
                ..ListPosition::default()
            };
        }
        let last = self.pager.last().map(str::to_owned);
        let (after, of_page) = match &self.page {
            Some(page) => (page.last_key().or(last), page.received()),
            None => (last, 0),
        };
        ListPosition {
            after,
            seen: self.pager.seen + of_page,
            ..ListPosition::default()
        }
    }

    /// Of a list that is read by offset: the offset after the record that was taken last, and its
    /// key.
    pub(super) fn passed(&self) -> (u64, Option<&str>) {
        (self.passed, self.recent.front().map(String::as_str))
    }

    pub(super) fn show(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RecordStream")
            .field("request", self.pager.request())
            .field("paging", &self.pager.plan)
            .field("read", &self.pager.seen)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> ListReader<T> {
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            self.look_ahead();
            let error = match self.take() {
                Some(Err(error)) if error.record_json().is_none() => error,
                Some(record) => {
                    self.has_given = true;
                    return Poll::Ready(Some(record));
                }
                None if self.is_last => match self.pager.only_nulls(self.pager.nulls) {
                    Some(error) if !self.has_given => error,
                    _ => {
                        self.ended = true;
                        continue;
                    }
                },
                None => match ready!(self.poll_page(context)) {
                    Ok(()) => continue,
                    Err(error) => error,
                },
            };
            self.ended = true;
            self.page = None;
            self.fetch = Fetch::Nothing;
            self.ahead.discard();
            return Poll::Ready(Some(Err(error)));
        }
    }

    /// Processes a page.
    fn begin(&mut self, response: &Response) -> Result<()> {
        let page = self.pager.page(response, self.pager.seen);
        self.taken = 0;
        if !self.pager.by_key {
            return self.decode(page);
        }
        let bounds = page.bounds();
        self.stated_total = self.stated_total.or(bounds.total);
        self.pager.follows(&page, bounds.first.as_deref())?;
        self.ahead.begin(CurrentPage {
            last: bounds.last,
            size: self.pager.size.into(),
            before: 0,
            seen: self.pager.seen,
            total: bounds.total,
            is_overlap: false,
        });
        self.page = Some(page);
        Ok(())
    }

    /// Processes a page that was requested before the last key was known: `before` records lie
    /// between the key of its request and its first new record. Returns whether it continues the
    /// list: otherwise the records after the last key are requested, whose response also shows the
    /// error, if there is one.
    fn join(&mut self, arrived: ArrivedPage, before: u64) -> bool {
        let (Ok(response), Some(last)) = (arrived.response, self.pager.last()) else {
            self.ahead.has_failed(false);
            return false;
        };
        let mut page = self.pager.page(&response, self.pager.seen);
        let bounds = page.bounds();
        let dropped = match junction::join(&mut page, bounds.first.as_deref(), last) {
            Junction::Continues(dropped) if dropped < before => dropped,
            found => {
                let seen = self.pager.seen;
                tracing::debug!(?found, seen, "a page requested ahead is discarded");
                // All records from its key on: the server ignores the offset.
                self.ahead.has_failed(found != Junction::Gap);
                return false;
            }
        };
        let others = dropped - 1;
        if others > 0 {
            // The list changed: the page after this one starts elsewhere as well.
            self.ahead.discard_overlaps();
        }
        self.taken = 0;
        self.ahead.begin(CurrentPage {
            last: bounds.last,
            size: arrived.size.saturating_sub(others),
            before: before + others,
            seen: self.pager.seen,
            total: bounds.total,
            is_overlap: true,
        });
        self.page = Some(page);
        true
    }

    /// Decodes a page of a list that is not read by key.
    fn decode(&mut self, mut page: PageBody) -> Result<()> {
        let Decoded {
            keys,
            mut records,
            broken,
        } = Decoded::<T>::of(&mut page);
        let summary = page.summary();
        self.stated_total = self.stated_total.or(summary.total);
        if broken.is_none()
            && let Some((kind, query)) = self.pager.needs_job(summary.total)
        {
            let base = self.pager.request().clone();
            let job = resource_job::find(self.pager.client.clone(), base, kind, query);
            self.fetch = Fetch::Job(Box::pin(job), Box::new(page));
            return Ok(());
        }
        let from = self.pager.from();
        // A null may be an extra element rather than replace a record: then there are more than
        // requested.
        let is_beside = summary.received > self.pager.size().into();
        let ends_with_record = records
            .last()
            .is_some_and(|(received, _)| *received == summary.received);
        let advanced = self.pager.advance_by_offset(&OffsetPage {
            exchange: page.exchange(),
            summary: &summary,
            keys: &keys,
            ends_with_record,
        });
        let (step, new) = match (advanced, &broken) {
            // If the response is broken, that is the cause of everything else.
            (Err(_), Some(_)) => return broken.map_or(Ok(()), Err),
            (advanced, _) => advanced?,
        };
        self.is_last = matches!(step, PageStep::Last | PageStep::Repeated) || broken.is_some();
        if let PageStep::Repeated | PageStep::Retry | PageStep::Count = step {
            records.clear();
        }
        if step == PageStep::Count {
            self.count()?;
        }
        let mut passed = from;
        for (at, ((all, record), key)) in records.into_iter().zip(keys).enumerate() {
            passed = from + if is_beside { at as u64 + 1 } else { all };
            if new.has(at) {
                self.decoded.push_back(Row {
                    passed,
                    key,
                    record,
                });
            }
        }
        self.decoded.extend(broken.map(|error| Row {
            passed,
            key: None,
            record: Err(error),
        }));
        Ok(())
    }

    /// The next record of this page.
    fn take(&mut self) -> Option<Result<T>> {
        let record = match self.page {
            None => {
                let row = self.decoded.pop_front()?;
                self.passed = row.passed;
                if let Some(key) = row.key {
                    self.recent.truncate(RECENT - 1);
                    self.recent.push_front(key);
                }
                row.record
            }
            Some(_) => self.take_by_key()?,
        };
        self.taken += 1;
        Some(record)
    }

    /// The next record of this page of a list that is read by key.
    fn take_by_key(&mut self) -> Option<Result<T>> {
        let page = self.page.as_mut()?;
        match page.next::<T>() {
            Some(Err(error)) if error.record_json().is_none() => Some(Err(error)),
            Some(record) => {
                if self.pager.watches(page.received())
                    && let Some(key) = page.key_of_last()
                    && let Some(error) = self.check_order(key)
                {
                    return Some(Err(error));
                }
                Some(record)
            }
            None => {
                let page = self.page.take()?;
                let summary = self.pager.summary_behind(&page, self.ahead.before());
                let advanced = self.pager.advance(page.exchange(), &summary);
                self.ahead.ended(&self.pager, summary.received);
                match advanced {
                    Ok(PageStep::Count) => self.count().err().map(Err),
                    Ok(step) => {
                        self.is_last |= step == PageStep::Last;
                        None
                    }
                    Err(error) => Some(Err(error)),
                }
            }
        }
    }

    /// The error of a record's key.
    fn check_order(&mut self, key: String) -> Option<Error> {
        let exchange = self.page.as_ref()?.exchange();
        if let Some(error) = self.pager.repeats(exchange, &key) {
            return Some(error);
        }
        let before = self.watched.replace(key)?;
        let key = self.watched.as_ref()?;
        self.pager.out_of_order(exchange, &before, key)
    }

    /// Requests the next page while the records of this one are returned. Not before the second: a
    /// caller that wants only one record already has it.
    fn look_ahead(&mut self) {
        if self.taken == 0
            || !self.looks_ahead
            || self.is_last
            || !matches!(self.fetch, Fetch::Nothing)
        {
            return;
        }
        if self.page.is_some() {
            return self.ahead.request(&self.pager);
        }
        if self.ahead.has_next() {
            return;
        }
        // An error is reported when the page is needed.
        match self.pager.next() {
            Ok(Some(request)) => self.ahead.send(&self.pager, request),
            Ok(None) => self.is_last = true,
            Err(error) => {
                self.decoded.push_back(Row {
                    passed: self.pager.offset(),
                    key: None,
                    record: Err(error),
                });
                self.is_last = true;
            }
        }
    }

    /// Waits for the next page.
    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let response = match &mut self.fetch {
                Fetch::Nothing => match ready!(self.ahead.poll(context, self.pager.last())) {
                    Some(page) => match page.start {
                        AheadStart::Overlap(before) => {
                            if self.join(page, before) {
                                return Poll::Ready(Ok(()));
                            }
                            continue;
                        }
                        AheadStart::After(_) | AheadStart::Offset => page.response,
                    },
                    None => match self.pager.next()? {
                        None => {
                            self.is_last = true;
                            return Poll::Ready(Ok(()));
                        }
                        Some(request) => {
                            let ticket = PageTicket::new(self.ahead.memory(), 0);
                            let page = self.pager.client.execute_page(request, &ticket);
                            self.fetch = Fetch::Page(page);
                            continue;
                        }
                    },
                },
                Fetch::Count(count) => {
                    let count = ready!(count.as_mut().poll(context));
                    self.fetch = Fetch::Nothing;
                    self.is_last = true;
                    let count = self.pager.count_of(count)?;
                    return Poll::Ready(self.pager.counted(count));
                }
                Fetch::Page(page) => ready!(page.as_mut().poll(context)),
                Fetch::Job(job, _) => {
                    let found = ready!(job.as_mut().poll(context));
                    return Poll::Ready(self.job_ended(found));
                }
            };
            self.fetch = Fetch::Nothing;
            if let Err(error) = &response
                && self.pager.divide_ids(error)
            {
                continue;
            }
            match response {
                Ok(response) => {
                    self.pager.settle();
                    return Poll::Ready(self.begin(&response));
                }
                Err(error) => self.pager.fall_back(error)?,
            }
        }
    }

    /// The list seems to end too early: requests the exact number of records. That may not be an
    /// error, because `totalRecords` is an estimate.
    fn count(&mut self) -> Result<()> {
        match self.pager.counting() {
            Some(request) => {
                self.fetch = Fetch::Count(Box::pin(self.pager.client.execute(request)));
                Ok(())
            }
            None => {
                self.is_last = true;
                self.pager.counted(None)
            }
        }
    }

    fn job_ended(&mut self, found: Result<ResourceIds>) -> Result<()> {
        let Fetch::Job(_, page) = std::mem::replace(&mut self.fetch, Fetch::Nothing) else {
            return Ok(());
        };
        match found {
            Ok(ids) => {
                self.pager.read_ids(ids);
                Ok(())
            }
            // Resource jobs are not available to this user or in this release: a part of the list
            // is better than nothing.
            Err(error) if is_absent(&error) => {
                tracing::debug!(error = %error, "the resource job failed");
                self.pager.without_jobs();
                self.decode(page.fresh())
            }
            Err(error) => Err(error),
        }
    }
}
