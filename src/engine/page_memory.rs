//! The memory of the pages of a list: buffers that are used again, and the limit of their bytes.
//!
//! An allocator returns the memory of freed pages late, and in pieces of many sizes. So a page is
//! assembled in a buffer of an earlier one. A buffer counts with its capacity from the time at which
//! a body is about to be read until the last part of its page is dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::engine::page_flow::PageFlow;

/// The part of its size by which a buffer is larger than the page, so that it fits a similar one.
const SPARE: usize = 16;

/// A buffer that is more than so many times larger or smaller than a page is freed.
const MUCH: usize = 2;

/// The part of its size by which a buffer grows whose page turns out to be larger.
const GROWTH: usize = 4;

/// The memory of the pages of a list.
#[derive(Debug)]
pub(crate) struct PageMemory {
    /// The limit, in bytes.
    most: usize,
    /// Whether there is always room for one page more, for the one that all others wait for.
    keeps_room: bool,
    /// Never held across an await.
    state: Mutex<Buffers>,
}

#[derive(Debug, Default)]
struct Buffers {
    /// The number of buffers in use, and their bytes.
    buffers: usize,
    used: usize,
    /// Buffers that are not in use.
    free: Vec<Vec<u8>>,
    flow: PageFlow,
    /// The requests without memory for their response.
    requests: Vec<Unread>,
    /// The number of requests so far.
    requested: u64,
    /// The request that all pages in memory wait for.
    needed: Option<u64>,
    /// Responses are in memory when they arrive: they do not wait elsewhere.
    is_buffered: bool,
}

/// A request without memory for its response.
#[derive(Debug)]
struct Unread {
    number: u64,
    /// Its place among the others: lower ones are read first.
    place: u128,
    /// Set once its response waits.
    waker: Option<Waker>,
}

impl Buffers {
    /// The response that is read next, of those that wait.
    fn first(&self) -> Option<u64> {
        let waiting = self.requests.iter().filter(|it| it.waker.is_some());
        let first = waiting.min_by_key(|it| (it.place, it.number));
        first.map(|it| it.number)
    }

    fn register(&mut self, number: u64, place: u128) {
        self.requests.push(Unread {
            number,
            place,
            waker: None,
        });
    }

    fn wakers(&self) -> Vec<Waker> {
        let wakers = self.requests.iter().filter_map(|it| it.waker.clone());
        wakers.collect()
    }

    /// The expected capacity of the next buffer; 0 if it is unknown. A response that is in memory
    /// when it arrives cannot wait until there is room for it, so that none may be underestimated.
    fn capacity(&self) -> usize {
        match self.is_buffered {
            true => self.flow.largest(),
            false => with_spare(self.flow.page()),
        }
    }

    fn free_bytes(&self) -> usize {
        self.free.iter().map(Vec::capacity).sum()
    }

    /// Frees buffers, the largest first, until at most so many bytes are in buffers that are not in
    /// use. They are to be dropped after the lock.
    fn evict(&mut self, most: usize) -> Vec<Vec<u8>> {
        let mut evicted = Vec::new();
        while self.free_bytes() > most {
            let capacities = self.free.iter().map(Vec::capacity).enumerate();
            let Some((at, _)) = capacities.max_by_key(|(_, capacity)| *capacity) else {
                break;
            };
            evicted.push(self.free.swap_remove(at));
        }
        evicted
    }
}

fn with_spare(bytes: usize) -> usize {
    bytes.saturating_add(bytes / SPARE)
}

impl PageMemory {
    /// At most `most` bytes, but always one page. If the pages are needed in an order, there is
    /// always room for the next one.
    pub(crate) fn new(most: usize, is_ordered: bool) -> Arc<Self> {
        Arc::new(Self {
            most,
            keeps_room: is_ordered,
            state: Mutex::default(),
        })
    }

    /// Without a limit: of a list whose pages are requested one or two ahead.
    pub(crate) fn unlimited() -> Arc<Self> {
        Self::new(usize::MAX, false)
    }

    fn state(&self) -> MutexGuard<'_, Buffers> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more page may be requested. `is_needed` if all others wait for it; `permits` is
    /// the number of requests that the client permits at once.
    pub(crate) fn has_room(&self, is_needed: bool, permits: usize) -> bool {
        let state = self.state();
        let unread = state.requests.len();
        if unread == 0 && state.buffers == 0 {
            return true;
        }
        let more = if self.keeps_room && !is_needed { 2 } else { 1 };
        let page = state.capacity();
        let expected = page.saturating_mul(unread + more);
        let expected = state.used.saturating_add(expected);
        if expected <= self.most {
            return true;
        }
        // A response that waits holds a permit. Another one is left for the program: otherwise a
        // closure that makes a call, and holds a page, would wait for the responses that wait for
        // the memory of this page.
        if state.is_buffered || unread + 2 > permits {
            return false;
        }
        let ahead = page.saturating_mul(state.flow.ahead(Instant::now()));
        expected <= self.most.saturating_add(ahead)
    }

    /// The number of pages that may be in flight or in memory, at least 1.
    pub(crate) fn pages(&self) -> usize {
        let state = self.state();
        let Some(pages) = self.most.checked_div(state.capacity()) else {
            return usize::MAX;
        };
        let ahead = match state.is_buffered {
            true => 0,
            false => state.flow.ahead(Instant::now()),
        };
        pages.max(1).saturating_add(ahead)
    }

    /// A response started, so long after its request.
    pub(super) fn started(&self, latency: Duration) {
        self.state().flow.started(latency);
    }

    /// A response was in memory when it arrived.
    pub(super) fn is_buffered(&self) {
        self.state().is_buffered = true;
    }

    /// The request that all pages in memory wait for; none if there is no such request. Its
    /// response is read at once.
    pub(crate) fn need(&self, request: Option<u64>) {
        let mut state = self.state();
        if state.needed == request {
            return;
        }
        state.needed = request;
        let wakers = state.wakers();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A request is about to be sent.
    pub(super) fn register(&self, place: u128) -> u64 {
        let mut state = self.state();
        state.requested += 1;
        let number = state.requested;
        state.register(number, place);
        number
    }

    /// A request is sent again, after its response was aborted.
    pub(super) fn register_again(&self, number: u64, place: u128) {
        let mut state = self.state();
        if state.requests.iter().all(|it| it.number != number) {
            state.register(number, place);
        }
    }

    /// A request ended, or needs no memory.
    pub(super) fn unregister(&self, number: u64) {
        let mut state = self.state();
        let before = state.requests.len();
        state.requests.retain(|it| it.number != number);
        let wakers = match state.requests.len() < before {
            true => state.wakers(),
            false => Vec::new(),
        };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The memory for a response of so many bytes, if they are known, once there is room for it.
    pub(super) fn poll_buffer(
        self: &Arc<Self>,
        number: u64,
        bytes: Option<usize>,
        context: &mut Context<'_>,
    ) -> Poll<PageBuffer> {
        let mut state = self.state();
        let page = state.flow.page();
        let capacity = match bytes {
            // Similar pages get similar buffers.
            Some(bytes) if bytes > page / MUCH => bytes.max(page),
            Some(bytes) => bytes,
            None => page,
        };
        let capacity = with_spare(capacity);
        if let Some(unread) = state.requests.iter_mut().find(|it| it.number == number) {
            match &mut unread.waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => unread.waker = Some(context.waker().clone()),
            }
        }
        let is_needed = state.needed == Some(number);
        let left = match self.keeps_room && !is_needed {
            true => with_spare(page),
            false => 0,
        };
        let used = state.used.saturating_add(capacity).saturating_add(left);
        let has_room = used <= self.most || state.buffers == 0;
        if !(is_needed || has_room && state.first() == Some(number)) {
            return Poll::Pending;
        }
        state.requests.retain(|it| it.number != number);
        let fitting = state.free.iter().map(Vec::capacity).enumerate();
        let fitting = fitting.filter(|(_, free)| *free >= bytes.unwrap_or(page));
        let smallest = fitting.min_by_key(|(_, capacity)| *capacity);
        let reused = smallest.map(|(at, _)| state.free.swap_remove(at));
        let capacity = reused.as_ref().map_or(capacity, Vec::capacity);
        state.buffers += 1;
        state.used = state.used.saturating_add(capacity);
        let evicted = self.most.saturating_sub(state.used);
        let evicted = state.evict(evicted);
        // There may be room for more.
        let wakers = state.wakers();
        drop(state);
        drop(evicted);
        wakers.into_iter().for_each(Waker::wake);
        Poll::Ready(PageBuffer {
            bytes: reused.unwrap_or_else(|| Vec::with_capacity(capacity)),
            counted: capacity,
            is_page: false,
            memory: Arc::clone(self),
        })
    }

    /// A response that is in memory already.
    pub(super) fn hold(self: &Arc<Self>, number: u64, bytes: Bytes) -> Bytes {
        let mut state = self.state();
        state.requests.retain(|it| it.number != number);
        state.buffers += 1;
        state.used = state.used.saturating_add(bytes.len());
        state.flow.arrived(bytes.len(), Instant::now());
        drop(state);
        Bytes::from_owner(HeldPage {
            memory: Arc::clone(self),
            bytes,
        })
    }

    /// A buffer is not used any more. It is retained for another page, if it has about the size of one.
    fn release(&self, bytes: usize, buffer: Option<Vec<u8>>, is_page: bool) {
        let mut state = self.state();
        state.buffers -= 1;
        state.used -= bytes;
        if is_page {
            state.flow.processed(Instant::now());
        }
        let page = state.flow.page();
        let similar = page / MUCH..=page.saturating_mul(MUCH);
        let room = self.most.saturating_sub(state.used);
        let mut rest = None;
        if let Some(buffer) = buffer {
            let is_useful = buffer.capacity() > 0 && similar.contains(&buffer.capacity());
            if is_useful && state.free_bytes().saturating_add(buffer.capacity()) <= room {
                state.free.push(buffer);
            } else {
                rest = Some(buffer);
            }
        }
        let wakers = state.wakers();
        drop(state);
        drop(rest);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The memory of one page, while it is read.
#[derive(Debug)]
pub(crate) struct PageBuffer {
    bytes: Vec<u8>,
    /// The bytes that count as used.
    counted: usize,
    /// Whether it was read completely.
    is_page: bool,
    memory: Arc<PageMemory>,
}

impl PageBuffer {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a piece of the body. A body that is larger than stated or expected exceeds the limit
    /// by the difference.
    pub(super) fn extend(&mut self, piece: &[u8]) {
        let length = self.bytes.len() + piece.len();
        if length > self.bytes.capacity() {
            let capacity = length.max(self.bytes.capacity() + self.bytes.capacity() / GROWTH);
            let more = capacity.saturating_sub(self.counted);
            {
                let mut state = self.memory.state();
                state.used = state.used.saturating_add(more);
            }
            self.counted += more;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
    }

    /// The page. Its memory is used again once all of it was dropped.
    pub(super) fn freeze(mut self) -> Bytes {
        self.is_page = true;
        let mut state = self.memory.state();
        state.flow.arrived(self.bytes.len(), Instant::now());
        drop(state);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for PageBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for PageBuffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        self.memory.release(self.counted, Some(bytes), self.is_page);
    }
}

/// A page that was in memory before it was read.
struct HeldPage {
    memory: Arc<PageMemory>,
    bytes: Bytes,
}

impl AsRef<[u8]> for HeldPage {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for HeldPage {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let length = bytes.len();
        drop(bytes);
        self.memory.release(length, None, true);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    /// The buffer for a request, if there is room for it now.
    fn poll(memory: &Arc<PageMemory>, number: u64, bytes: Option<usize>) -> Option<PageBuffer> {
        let mut context = Context::from_waker(Waker::noop());
        match memory.poll_buffer(number, bytes, &mut context) {
            Poll::Ready(buffer) => Some(buffer),
            Poll::Pending => None,
        }
    }

    fn page(memory: &Arc<PageMemory>, stated: Option<usize>, bytes: usize) -> Option<Bytes> {
        let number = memory.register(0);
        let Some(mut buffer) = poll(memory, number, stated) else {
            memory.unregister(number);
            return None;
        };
        for _ in 0..10 {
            buffer.extend(&vec![7; bytes / 10]);
        }
        Some(buffer.freeze())
    }

    fn used(memory: &PageMemory) -> (usize, usize, usize) {
        let state = memory.state();
        (state.buffers, state.used, state.free_bytes())
    }

    #[test]
    fn a_buffer_is_used_again_when_all_of_its_page_was_dropped() {
        for stated in [Some(1_000), None] {
            let memory = PageMemory::new(10_000, false);
            let first = page(&memory, stated, 1_000).unwrap();
            let at = first.as_ptr();
            let part = first.slice(500..);
            drop(first);
            assert_eq!(used(&memory).0, 1);
            drop(part);
            let (buffers, used_bytes, free) = used(&memory);
            assert_eq!((buffers, used_bytes), (0, 0));
            assert!((1_000..1_300).contains(&free), "{free}");
            for bytes in [1_000, 950, 990, 1_040] {
                let next = page(&memory, stated.map(|_| bytes), bytes).unwrap();
                assert_eq!(next.len(), bytes);
                assert!(next.iter().all(|byte| *byte == 7));
                assert_eq!(next.as_ptr(), at, "{bytes}");
            }
        }
    }

    #[test]
    fn buffers_are_bounded_by_their_bytes() {
        let memory = PageMemory::new(10_000, false);
        let pages: Vec<Bytes> = (0..9)
            .filter_map(|_| page(&memory, Some(1_000), 1_000))
            .collect();
        assert_eq!(pages.len(), 9);
        assert!(used(&memory).1 <= 10_000);
        assert!(page(&memory, Some(1_000), 1_000).is_none());
        drop(pages);
        // Those that do not fit beside a larger one are freed.
        assert_eq!(used(&memory).2, 9 * 1_062);
        let large = page(&memory, Some(6_000), 6_000).unwrap();
        let (buffers, used_bytes, free) = used(&memory);
        assert_eq!(buffers, 1);
        assert!(used_bytes + free <= 10_000, "{used_bytes} {free}");
        drop(large);
        // Pages have about this size now, so that small buffers are freed.
        assert!(used(&memory).2 <= 10_000);
        // A page that exceeds the limit comes alone.
        let larger = page(&memory, Some(20_000), 20_000).unwrap();
        assert_eq!(used(&memory).2, 0);
        assert!(page(&memory, Some(10), 10).is_none());
        drop(larger);
        assert!(page(&memory, Some(10), 10).is_some());
    }

    /// Pages become much smaller: large buffers do not stay.
    #[test]
    fn buffers_follow_the_size_of_pages() {
        let memory = PageMemory::new(10_000, false);
        drop(page(&memory, Some(8_000), 8_000));
        assert!(used(&memory).2 >= 8_000);
        for _ in 0..200 {
            drop(page(&memory, Some(100), 100));
        }
        assert!(used(&memory).2 < 1_000, "{:?}", used(&memory));
    }

    #[test]
    fn responses_are_read_in_their_order() {
        let memory = PageMemory::new(1_000, false);
        let first = page(&memory, Some(900), 900).unwrap();
        let (far, near) = (memory.register(9), memory.register(2));
        for number in [far, near] {
            assert!(poll(&memory, number, Some(900)).is_none());
        }
        drop(first);
        assert!(poll(&memory, far, Some(900)).is_none());
        let buffer = poll(&memory, near, Some(900)).unwrap();
        assert!(poll(&memory, far, Some(900)).is_none());
        drop(buffer);
        // One that is given up delays no other.
        let gone = memory.register(0);
        let full = poll(&memory, far, Some(900)).unwrap();
        assert!(poll(&memory, gone, Some(900)).is_none());
        let last = memory.register(5);
        assert!(poll(&memory, last, Some(900)).is_none());
        drop(full);
        memory.unregister(gone);
        assert!(poll(&memory, last, Some(900)).is_some());
    }

    #[test]
    fn there_is_room_for_the_page_that_all_others_wait_for() {
        let memory = PageMemory::new(3_300, true);
        let pages: Vec<Bytes> = (0..2)
            .filter_map(|_| page(&memory, Some(1_000), 1_000))
            .collect();
        assert_eq!(pages.len(), 2);
        let (other, needed) = (memory.register(1), memory.register(0));
        assert!(poll(&memory, other, Some(1_000)).is_none());
        assert!(poll(&memory, needed, Some(1_000)).is_none());
        memory.need(Some(needed));
        assert!(poll(&memory, other, Some(1_000)).is_none());
        assert!(poll(&memory, needed, Some(1_000)).is_some());
    }

    #[test]
    fn a_page_that_grows_counts_as_it_is() {
        let memory = PageMemory::new(10_000, false);
        let number = memory.register(0);
        let mut buffer = poll(&memory, number, Some(100)).unwrap();
        for _ in 0..100 {
            buffer.extend(&[1; 100]);
        }
        let (_, used_bytes, _) = used(&memory);
        assert_eq!(used_bytes, buffer.bytes.capacity());
        assert!(used_bytes < 12_600, "{used_bytes}");
        drop(buffer);
        assert_eq!(used(&memory).1, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_sent_ahead_of_the_memory_for_their_pages() {
        let memory = PageMemory::new(3_400, false);
        assert!(memory.has_room(false, 16));
        memory.started(Duration::from_millis(40));
        let mut pages = Vec::new();
        // A page takes 10 ms: four of them in 40 ms.
        for _ in 0..10 {
            pages.push(page(&memory, Some(1_000), 1_000).unwrap());
            tokio::time::advance(Duration::from_millis(10)).await;
            pages.remove(0);
        }
        let count = |permits| {
            let mut requests = Vec::new();
            while memory.has_room(false, permits) && requests.len() < 100 {
                requests.push(memory.register(0));
            }
            requests
                .iter()
                .for_each(|number| memory.unregister(*number));
            requests.len()
        };
        assert_eq!(count(16), 3 + 4);
        // A permit is left for others.
        assert_eq!(count(5), 4);
        assert_eq!(count(2), 3);
        // A page was not processed for some time.
        let held = page(&memory, Some(1_000), 1_000).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(count(16), 2);
        assert_eq!(memory.pages(), 3);
        drop(held);
    }
}
