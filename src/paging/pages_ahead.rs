//! The pages of a list that are in flight: the next one, and possibly the one after it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::ahead::Ahead;
use super::look_ahead::{LookAhead, PageTiming};
use super::pager::Pager;
use crate::engine::page_memory::PageMemory;
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// Where a page starts that was requested ahead.
#[derive(Debug)]
pub(super) enum AheadStart {
    /// At the position that the pager requested: in a list that is read by offset.
    Offset,
    /// After this key, which is the last one of the previous page as far as that is known.
    After(String),
    /// With the last record of the previous page, if nothing changed meanwhile. So many records lie
    /// between the key of its request and its first new record.
    Overlap(u64),
}

/// A page that was requested ahead.
struct PageAhead {
    request: Ahead,
    start: AheadStart,
    /// The number of new records, if it is whole and nothing changed meanwhile.
    size: u64,
    /// Whether two requests were in flight at once.
    is_paired: bool,
}

/// A response to a page that was requested ahead.
pub(super) struct ArrivedPage {
    pub(super) response: Result<Response>,
    pub(super) start: AheadStart,
    /// The number of new records, if it is whole and nothing changed meanwhile.
    pub(super) size: u64,
}

/// The page whose records are being returned, as far as it is known without parsing it.
#[derive(Debug, Default)]
pub(super) struct CurrentPage {
    /// The key of the last record.
    pub(super) last: Option<String>,
    /// The number of its records, if it is whole.
    pub(super) size: u64,
    /// The number of records before it that its `totalRecords` counts as well.
    pub(super) before: u64,
    /// The number of records received before it.
    pub(super) seen: u64,
    pub(super) total: Option<u64>,
    /// Whether it started with the last record of the previous page.
    pub(super) is_overlap: bool,
}

/// The requests ahead of a list.
pub(super) struct PagesAhead {
    /// The buffers of the pages, which are used again. Without it, the allocator's peak grows with
    /// the number of pages.
    memory: Arc<PageMemory>,
    next: Option<PageAhead>,
    /// The page after the next one.
    beyond: Option<PageAhead>,
    look: LookAhead,
    current: CurrentPage,
    /// Whether it was decided for this page if the one after the next is requested.
    has_decided: bool,
    /// The time since when the caller waits for the next page.
    waiting: Option<Instant>,
    /// `totalRecords` was less than the records that were received.
    distrusts_total: bool,
    /// The server may return no more than the page size: a page that starts with a known record then
    /// has one new record less.
    is_exact_size: bool,
}

impl PagesAhead {
    pub(super) fn new() -> Self {
        Self {
            memory: PageMemory::unlimited(),
            next: None,
            beyond: None,
            look: LookAhead::default(),
            current: CurrentPage::default(),
            has_decided: false,
            waiting: None,
            distrusts_total: false,
            is_exact_size: false,
        }
    }

    /// The buffers of the pages of the list.
    pub(super) fn memory(&self) -> &Arc<PageMemory> {
        &self.memory
    }

    /// Whether the next page is requested.
    pub(super) fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// The number of records before the current page that its `totalRecords` counts as well.
    pub(super) fn before(&self) -> u64 {
        self.current.before
    }

    /// The next page of a list that is read by offset is requested.
    pub(super) fn send(&mut self, pager: &Pager, request: Request) {
        self.next = Some(PageAhead {
            request: Ahead::send_page(&pager.client, request, &self.memory),
            start: AheadStart::Offset,
            size: 0,
            is_paired: false,
        });
    }

    /// A page of a list that is read by key is being returned.
    pub(super) fn begin(&mut self, page: CurrentPage) {
        self.current = page;
        self.has_decided = false;
    }

    /// Requests the next page of a list that is read by key, and the one after it if that gains
    /// time.
    pub(super) fn request(&mut self, pager: &Pager) {
        if self.next.is_none() {
            self.next = self.beyond.take();
        }
        if self.next.is_none() {
            let Some(last) = &self.current.last else {
                return;
            };
            self.next = Some(PageAhead {
                request: Ahead::send_page(&pager.client, pager.after(Some(last)), &self.memory),
                start: AheadStart::After(last.clone()),
                size: pager.size.into(),
                is_paired: false,
            });
        }
        self.request_beyond(pager);
    }

    /// Requests the page after the next one, if that gains time: by the last key that is known, with
    /// an offset at which the page starts with the last record of the next page.
    ///
    /// A place of the concurrency limit must be free: other requests of the client take precedence.
    fn request_beyond(&mut self, pager: &Pager) {
        if self.has_decided || self.beyond.is_some() || !self.look.wants_two() {
            return;
        }
        let (Some(next), Some(last)) = (&mut self.next, &self.current.last) else {
            return;
        };
        self.has_decided = true;
        let Some(offset) = next.size.checked_sub(1).filter(|offset| *offset > 0) else {
            return;
        };
        let extra = u32::from(!self.is_exact_size && pager.may_request_more());
        let permits = if next.request.has_begun() { 1 } else { 2 };
        if pager.has_text_keys()
            || !self.distrusts_total && pager.ends_within(&self.current, next.size)
            || !pager.client.has_free_permits(permits)
        {
            return;
        }
        let size = pager.size + extra;
        let request = pager.after_and_skip(last, offset, size);
        next.is_paired = true;
        self.beyond = Some(PageAhead {
            request: Ahead::send_page(&pager.client, request, &self.memory),
            start: AheadStart::Overlap(next.size),
            size: u64::from(size).saturating_sub(1),
            is_paired: true,
        });
        self.look.begin();
    }

    /// The records of a page of a list that is read by key were returned.
    pub(super) fn ended(&mut self, pager: &Pager, received: u64) {
        let is_limited = self.current.is_overlap && received + 1 == self.current.size;
        self.is_exact_size |= is_limited;
        let is_whole = received == self.current.size;
        self.look.ended(is_whole);
        let rest = pager.rest_of(&self.current);
        self.distrusts_total |= rest.is_some_and(|rest| rest < received);
        if !is_whole {
            self.discard_overlaps();
        }
        if self.next.is_some() {
            self.request_beyond(pager);
        }
    }

    /// The next page, if it was requested ahead. `last` is the last key of the page before.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        last: Option<&str>,
    ) -> Poll<Option<ArrivedPage>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        if let AheadStart::After(key) = &next.start
            && Some(key.as_str()) != last
        {
            // The page did not end at the estimated position: the requests are discarded.
            self.discard();
            return Poll::Ready(None);
        }
        let Poll::Ready(response) = next.request.poll(context) else {
            self.waiting.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        let waiting = self.waiting.take();
        if response.is_ok() {
            self.look.arrived(PageTiming {
                round_trip: next.request.round_trip(),
                waited: waiting.map_or(Duration::ZERO, |since| since.elapsed()),
                is_paired: next.is_paired,
                is_next_ready: self
                    .beyond
                    .as_ref()
                    .is_some_and(|page| page.request.is_finished()),
            });
        }
        Poll::Ready(self.next.take().map(|page| ArrivedPage {
            response,
            start: page.start,
            size: page.size,
        }))
    }

    /// Cancels all requests.
    pub(super) fn discard(&mut self) {
        self.next = None;
        self.beyond = None;
        self.waiting = None;
    }

    /// Cancels the requests for pages that start with the last record of another page: the number of
    /// records before them is not the expected one.
    pub(super) fn discard_overlaps(&mut self) {
        self.beyond = None;
        if self
            .next
            .as_ref()
            .is_some_and(|page| matches!(page.start, AheadStart::Overlap(_)))
        {
            self.next = None;
            self.waiting = None;
        }
    }

    /// A page does not continue the list: it is requested by key. `is_final`: no such page will.
    pub(super) fn has_failed(&mut self, is_final: bool) {
        self.discard();
        self.is_exact_size = true;
        match is_final {
            true => self.look.switch_off(),
            false => self.look.pause(),
        }
    }
}
