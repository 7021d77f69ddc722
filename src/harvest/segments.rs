//! The ranges of a list, in the order of their ids: which ones are requested, and how they are
//! split.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::concurrency::Concurrency;
use super::figures::Figures;
use super::range::Range;
use super::requested_page::{ReceivedPage, RequestedPage};
use super::segment::{RangeSegment, SegmentPage, SegmentState, pages_left};
use crate::engine::page_memory::PageMemory;
use crate::paging::{Ahead, PageBody, PageBounds, PageSummary, Pager};
use crate::value::uuid::is_beyond;
use crate::wire::error::{Error, Result};
use crate::wire::response::Response;

/// The minimum number of pages of a range that is split: each split costs one more request, because
/// a part may remain after its last page.
const WORTH: f64 = 4.0;

/// The number of pages of ranges that are read ahead, if the records are returned in order.
const AHEAD: f64 = 2.0;

/// The number of requests that may be empty, and the additional number for each that returns
/// records. Beyond that nothing is split any more: the server's number of records, or the
/// distribution of the ids, is misleading then.
const BARREN: u64 = 64;
const BARREN_FOR_EACH: u64 = 2;

/// The limits of a harvest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Requests in flight.
    pub(super) requests: usize,
    /// Bytes of pages in memory.
    pub(super) bytes: usize,
}

pub(super) struct Segments {
    list: Vec<RangeSegment>,
    concurrency: Concurrency,
    memory: Arc<PageMemory>,
    ordered: bool,
    /// The number of ids that the last page covered.
    density: f64,
    /// Whether the end of a page, scanned backwards, was at the estimated position.
    is_trusted: bool,
    is_first: bool,
    /// The number of requests, and the number of pages with records.
    requests: u64,
    fruitful: u64,
    /// The number of nulls in pages without other records.
    nulls: u64,
    /// `totalRecords` of the page of the whole list, if the harvest started with that.
    whole: Option<u64>,
}

impl Segments {
    pub(super) fn new(ranges: &[Range], limits: Limits, ordered: bool) -> Self {
        Self {
            list: ranges.iter().cloned().map(RangeSegment::waiting).collect(),
            concurrency: Concurrency::new(limits.requests),
            memory: PageMemory::new(limits.bytes, ordered),
            ordered,
            density: 0.0,
            is_trusted: false,
            is_first: true,
            requests: 0,
            fruitful: 0,
            nulls: 0,
            whole: None,
        }
    }

    /// Whether nothing remains to be read, except for ranges that only the total number can prove
    /// to be empty.
    pub(super) fn is_done(&self) -> bool {
        self.list
            .iter()
            .all(|segment| matches!(segment.state, SegmentState::Open))
    }

    /// The number of nulls in pages without other records.
    pub(super) fn nulls(&self) -> u64 {
        self.nulls
    }

    /// Whether there are such ranges.
    pub(super) fn is_open(&self) -> bool {
        !self.list.is_empty()
    }

    /// They are empty.
    pub(super) fn close(&mut self) {
        self.list.clear();
    }

    /// The number of records of the whole list, according to its first page.
    pub(super) fn whole(&self) -> Option<u64> {
        self.whole
    }

    /// The first range that is being read, or next to be read.
    fn first(&self) -> Option<usize> {
        self.list
            .iter()
            .position(|segment| !matches!(segment.state, SegmentState::Open))
    }

    /// Whether splitting the rest is worthwhile.
    fn divides(&self) -> bool {
        self.requests.saturating_sub(self.fruitful) <= BARREN + BARREN_FOR_EACH * self.fruitful
    }

    pub(super) fn rest(&self) -> impl Iterator<Item = Range> {
        self.list.iter().map(|segment| segment.range.clone())
    }

    /// The share of all ids that remains, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        let shares = self.list.iter().map(|segment| segment.range.share() as f64);
        shares.sum::<f64>() / u128::MAX as f64
    }

    fn count(&self, is: impl Fn(&SegmentState) -> bool) -> usize {
        self.list
            .iter()
            .filter(|segment| is(&segment.state))
            .count()
    }

    /// Requests as many pages as may be in flight, and splits large ranges for that. `is_holding` if
    /// pages are in memory that are no longer in the list.
    pub(super) fn send_requests(&mut self, pager: &Pager, is_holding: bool) {
        self.send_all(pager, is_holding);
        if self.ordered {
            // Nothing else frees memory than the page that all others wait for.
            let first = self.first().filter(|_| !is_holding);
            let first = first.and_then(|at| match &self.list[at].state {
                SegmentState::Asked(request, _) => Some(request.number()),
                _ => None,
            });
            self.memory.need(first);
        }
    }

    fn send_all(&mut self, pager: &Pager, is_holding: bool) {
        loop {
            let asked = self.count(|state| {
                matches!(state, SegmentState::Asked(..) | SegmentState::Counting(..))
            });
            let here = self.count(|state| matches!(state, SegmentState::Here(..)));
            let limit = self.concurrency.limit();
            let permits = match self.ordered {
                // One is left for the page that all others wait for.
                true => limit.min(pager.client.permits()),
                false => pager.client.permits(),
            };
            let most = if self.ordered {
                3 * limit
            } else {
                self.concurrency.pages()
            };
            let is_waiting =
                |segment: &RangeSegment| matches!(segment.state, SegmentState::Waiting);
            let next = self.list.iter().position(is_waiting);
            // The range that all others wait for is requested in any case.
            let is_needed = next.is_some() && next == self.first();
            let fits = asked + here < most || is_needed;
            // If nothing else frees memory, also if all requests that are permitted wait for that.
            let is_due = self.ordered && is_needed && !is_holding;
            let has_room = match is_due {
                true => asked < self.concurrency.most(),
                false => asked < limit && self.memory.has_room(is_needed, permits),
            };
            if !fits || !has_room {
                return;
            }
            match next {
                Some(at) => self.send(at, pager),
                None if !self.divide() => return,
                None => {}
            }
        }
    }

    fn send(&mut self, at: usize, pager: &Pager) {
        if self.ordered && self.list[at].pages > 2.0 * AHEAD && self.divides() {
            self.divide_at(at, AHEAD, self.density);
        }
        let segment = &mut self.list[at];
        let Range { after, until } = &segment.range;
        let request = pager.range(after.as_deref(), until.as_deref());
        let place = if self.ordered {
            segment.range.start()
        } else {
            0
        };
        let request = RequestedPage::send(&pager.client, request, &self.memory, place);
        segment.state = SegmentState::Asked(request, until.clone());
        self.requests += 1;
    }

    /// Splits the largest range in flight. The page that arrives belongs to its first part.
    fn divide(&mut self) -> bool {
        if !self.divides() {
            return false;
        }
        let on_its_way = |segment: &RangeSegment| matches!(segment.state, SegmentState::Asked(..));
        let largest = (0..self.list.len())
            .filter(|at| on_its_way(&self.list[*at]))
            .max_by(|a, b| self.list[*a].pages.total_cmp(&self.list[*b].pages));
        match largest {
            Some(at) if self.list[at].pages >= WORTH => {
                let RangeSegment { pages, density, .. } = self.list[at];
                self.divide_at(at, pages / 2.0, density)
            }
            _ => false,
        }
    }

    /// Splits a range after its first pages: at their estimated end, assuming the previous density
    /// of ids, and at the latest in the middle.
    fn divide_at(&mut self, at: usize, pages: f64, density: f64) -> bool {
        let segment = &mut self.list[at];
        let part = (pages * density / segment.range.share() as f64).min(0.5);
        let Some((low, high)) = segment.range.split(part) else {
            // As small as possible.
            segment.pages = 0.0;
            return false;
        };
        let rest = RangeSegment {
            pages: segment.pages - pages,
            density: segment.density,
            ..RangeSegment::waiting(high)
        };
        // It is unknown which of the two contains records.
        segment.has_more = false;
        segment.range = low;
        segment.pages = pages;
        self.list.insert(at + 1, rest);
        true
    }

    /// Processes a response.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        pager: &Pager,
        figures: &mut Figures,
    ) -> Poll<Result<()>> {
        let mut came = false;
        let mut at = 0;
        while at < self.list.len() {
            if let SegmentState::Counting(ahead, until) = &mut self.list[at].state
                && let Poll::Ready(response) = ahead.poll(context)
            {
                came = true;
                let until = until.take();
                if let Err(error) = self.counted(at, response, until.as_deref(), pager) {
                    self.list[at].state = SegmentState::Waiting;
                    return Poll::Ready(Err(error));
                }
            } else if let SegmentState::Asked(request, _) = &mut self.list[at].state
                && let Poll::Ready(received) = request.poll(context)
            {
                came = true;
                let arrived = received.and_then(|received| {
                    let Some(ReceivedPage { response, latency }) = received else {
                        self.list[at].state = SegmentState::Waiting;
                        return Ok(());
                    };
                    let bytes = response.body().len();
                    figures.page(bytes);
                    self.concurrency.at_most(self.memory.pages());
                    self.concurrency.arrived(latency, bytes);
                    self.arrive(at, pager.page(&response, figures.received()), pager)
                });
                if let Err(error) = arrived {
                    // It is still to be read.
                    self.list[at].state = SegmentState::Waiting;
                    return Poll::Ready(Err(error));
                }
                figures.rest(self.share());
            }
            at += 1;
        }
        if came {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// The first and the last key of a page. It is parsed completely until the end of a page,
    /// scanned backwards, was at the estimated position.
    fn bounds_of(&mut self, page: &PageBody) -> Result<PageBounds> {
        let mut bounds = page.bounds();
        if !self.is_trusted || bounds.last.is_none() {
            let last = page.outline()?.last;
            if self.is_first && last.is_some() {
                self.is_first = false;
                self.is_trusted = bounds.last == last;
            }
            bounds.last = last;
        }
        Ok(bounds)
    }

    /// Processes a page of a range: it covers the range up to its last record; the rest of the
    /// range follows.
    fn arrive(&mut self, at: usize, page: PageBody, pager: &Pager) -> Result<()> {
        let bounds = self.bounds_of(&page)?;
        let RangeSegment {
            range,
            pages,
            state,
            ..
        } = &self.list[at];
        let (range, pages) = (range.clone(), *pages);
        let asked_until = match state {
            SegmentState::Asked(_, until) => until.clone(),
            _ => range.until.clone(),
        };
        if range.after.is_none() && asked_until.is_none() {
            self.whole = bounds.total.or(self.whole);
        }
        let Some(last) = bounds.last else {
            let outline = page.outline()?;
            if let Some(problem) = pager.without_keys(page.exchange(), &outline) {
                return Err(problem);
            }
            self.seems_empty(at, &outline, asked_until, pager);
            return Ok(());
        };
        // A server that ignores the range returns the first page again: the order of text that is
        // not a UUID is unknown.
        for key in bounds.first.iter().chain([&last]) {
            if let Some(after) = &range.after
                && let Some(error) = pager.out_of_order(page.exchange(), after, key)
            {
                return Err(error);
            }
        }
        self.fruitful += 1;
        let is_whole = range
            .until
            .as_deref()
            .is_some_and(|until| is_beyond(&last, until) || last.eq_ignore_ascii_case(until));
        let rest = Range {
            after: Some(last.clone()),
            until: range.until.clone(),
        };
        let covered = Range {
            after: range.after.clone(),
            until: Some(last.clone()),
        };
        let density = (covered.share() as f64).max(1.0);
        self.density = density;
        let stated = bounds.total.filter(|_| asked_until == range.until);
        // If a server counts the whole list each time, the number does not describe the rest.
        let is_of_range = range.after.is_none() || self.whole != bounds.total;
        let has_more = is_of_range && stated.is_some_and(|total| total > u64::from(pager.size()));
        let stated = stated.map(|total| total as f64 / f64::from(pager.size()) - 1.0);
        let spread = rest.share() as f64 / density;
        let left = pages_left(stated, spread, pages);
        // The server may ignore the end of the range, or the range was split since.
        let stop = range.until.clone().filter(|until| is_beyond(&last, until));
        let segment = &mut self.list[at];
        segment.range = Range {
            after: range.after,
            until: Some(stop.clone().unwrap_or(last)),
        };
        segment.state = SegmentState::Here(Box::new(page), stop);
        if !is_whole {
            let rest = RangeSegment {
                pages: left,
                density,
                has_more,
                ..RangeSegment::waiting(rest)
            };
            self.list.insert(at + 1, rest);
        }
        Ok(())
    }

    /// A page of a range contains no record: it is empty, or has only nulls. If `totalRecords`
    /// states that there should be some, it is requested again, and then the exact number is
    /// requested.
    fn seems_empty(&mut self, at: usize, page: &PageSummary, until: Option<String>, pager: &Pager) {
        self.nulls += page.nulls;
        let segment = &mut self.list[at];
        let has_more = match page.total {
            // Other pages state a number, but not this one.
            None if self.whole.is_some() && !segment.is_doubted => true,
            None | Some(0) => segment.has_more,
            Some(total) => total > page.received,
        };
        if !has_more {
            self.nothing_until(at, until.as_deref());
        } else if !std::mem::replace(&mut segment.is_doubted, true) {
            segment.state = SegmentState::Waiting;
        } else if page.total.is_some() && page.total == self.whole && self.fruitful > 0 {
            segment.state = SegmentState::Open;
        } else {
            let Range { after, until } = &segment.range;
            let request = pager.count_of_range(after.as_deref(), until.as_deref());
            let until = until.clone();
            segment.state = SegmentState::Counting(Ahead::send(&pager.client, request), until);
            self.requests += 1;
        }
    }

    fn counted(
        &mut self,
        at: usize,
        response: Result<Response>,
        until: Option<&str>,
        pager: &Pager,
    ) -> Result<()> {
        let exchange = match &response {
            Ok(response) => Some(response.exchange().clone()),
            Err(error) => error.exchange().cloned(),
        };
        let count = pager.count_of(response)?;
        if count == Some(0) {
            self.nothing_until(at, until);
            return Ok(());
        }
        if count.is_some() && count == self.whole && self.fruitful > 0 {
            self.list[at].state = SegmentState::Open;
            return Ok(());
        }
        let after = self.list[at].range.after.as_deref().unwrap_or("the start");
        let claimed = count.map_or("more records".to_owned(), |count| {
            format!("{count} records")
        });
        Err(match exchange {
            Some(exchange) => Error::paging(
                exchange,
                format!(
                    "the page after {after} is empty, also when requested again, but `totalRecords` states {claimed}"
                ),
            ),
            None => Error::no_runtime(),
        }
        .with_help("records are missing: resume from the checkpoint, which includes this range, or read the list by offset (set a `sortBy`)"))
    }

    /// Nothing was found in a range: nor in the ranges that were split off since.
    fn nothing_until(&mut self, at: usize, asked_until: Option<&str>) {
        let end = Range {
            after: None,
            until: asked_until.map(str::to_owned),
        };
        let is_within = |segment: &RangeSegment| match (end.bounds(), segment.range.bounds()) {
            (Some((_, end)), Some((_, until))) => until <= end,
            _ => false,
        };
        self.list.remove(at);
        while self.list.get(at).is_some_and(|segment| {
            is_within(segment) && !matches!(segment.state, SegmentState::Here(..))
        }) {
            self.list.remove(at);
        }
        // The ids are less dense here than before.
        self.density *= 4.0;
    }

    /// A page whose records can be returned: any, or the first if they are returned in order.
    pub(super) fn take(&mut self) -> Option<SegmentPage> {
        let is_here = |segment: &RangeSegment| matches!(segment.state, SegmentState::Here(..));
        let at = self.list.iter().position(is_here)?;
        if self.ordered && Some(at) != self.first() {
            return None;
        }
        let segment = self.list.remove(at);
        match segment.state {
            SegmentState::Here(page, stop) => Some(SegmentPage {
                page: *page,
                range: segment.range,
                stop,
            }),
            _ => None,
        }
    }
}
