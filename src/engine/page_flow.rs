//! Estimates of the pages of a harvest: their size, their latency, and the rate at which they are
//! processed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The part of the difference by which an estimate approaches a smaller value.
const SLOWLY: usize = 16;

/// The rate is that of so many processed pages, and of at least so many.
const RECENT: usize = 8;
const FEWEST: usize = 3;

/// From this part of a page on, one more is requested. If only one page fits into memory, the rate
/// is a little lower than that of one page in each latency.
const PART: f64 = 0.75;

/// What is known of the pages so far.
#[derive(Debug, Default)]
pub(crate) struct PageFlow {
    /// The size of the largest recent page, in bytes. It rises at once, and falls by a sixteenth of
    /// the difference with each smaller page.
    page: usize,
    /// The time from a request to the start of its response, in seconds.
    latency: f64,
    /// When the last pages were processed, and one before them.
    processed: VecDeque<Instant>,
}

impl PageFlow {
    /// A page arrived.
    pub(crate) fn arrived(&mut self, bytes: usize) {
        self.page = match self.page.checked_sub(bytes) {
            Some(less) => self.page - less / SLOWLY,
            None => bytes,
        };
    }

    /// The size of the next page; 0 if it is unknown.
    pub(crate) fn page(&self) -> usize {
        self.page
    }

    /// A response started, so long after its request.
    pub(crate) fn started(&mut self, latency: Duration) {
        let latency = latency.as_secs_f64();
        self.latency = match self.latency {
            0.0 => latency,
            before => before + (latency - before) / RECENT as f64,
        };
    }

    /// A page was processed, and its memory is free again.
    pub(crate) fn processed(&mut self, now: Instant) {
        if self.processed.len() > RECENT {
            self.processed.pop_front();
        }
        self.processed.push_back(now);
    }

    /// The number of pages that are processed during the latency of a request. So many requests may
    /// be sent before there is memory for their pages: there will be when their responses start. 0
    /// if a page takes longer than that.
    pub(crate) fn ahead(&self, now: Instant) -> usize {
        let Some(first) = self.processed.front() else {
            return 0;
        };
        let pages = self.processed.len() - 1;
        if pages < FEWEST || self.latency <= 0.0 {
            return 0;
        }
        // Up to now, so that the rate falls while no page is processed.
        let time = now.saturating_duration_since(*first).as_secs_f64();
        if time <= 0.0 {
            return usize::MAX;
        }
        let ahead = pages as f64 * self.latency / time;
        // The conversion ends at `usize::MAX`. Rounding errors are no pages.
        if ahead < PART {
            0
        } else {
            (ahead - 1e-6).ceil() as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_rises_at_once_and_falls_slowly() {
        let mut flow = PageFlow::default();
        assert_eq!(flow.page(), 0);
        flow.arrived(160);
        flow.arrived(320);
        assert_eq!(flow.page(), 320);
        flow.arrived(160);
        assert_eq!(flow.page(), 310);
        for _ in 0..200 {
            flow.arrived(0);
        }
        assert!(flow.page() < 16);
    }

    /// The pages that are processed while a request waits 30 ms, if one takes `each` ms.
    #[test]
    fn the_requests_ahead_are_those_of_the_latency() {
        let start = Instant::now();
        for (each, expected) in [
            (0, usize::MAX),
            (1, 30),
            (4, 8),
            (10, 3),
            (29, 2),
            (39, 1),
            (41, 0),
            (10_000, 0),
        ] {
            let mut flow = PageFlow::default();
            flow.started(Duration::from_millis(30));
            let mut now = start;
            for pages in 0..20 {
                now += Duration::from_millis(each);
                flow.processed(now);
                let expected = if pages < FEWEST { 0 } else { expected };
                assert_eq!(flow.ahead(now), expected, "{each} ms");
            }
            if each > 0 {
                assert_eq!(flow.ahead(now + Duration::from_secs(1)), 0);
            }
        }
    }

    #[test]
    fn without_a_latency_nothing_is_gained() {
        let mut flow = PageFlow::default();
        let now = Instant::now();
        for _ in 0..20 {
            flow.processed(now);
        }
        assert_eq!(flow.ahead(now), 0);
    }

    #[test]
    fn the_latency_follows_the_server() {
        let mut flow = PageFlow::default();
        flow.started(Duration::from_millis(100));
        assert!((flow.latency - 0.1).abs() < 1e-9);
        for _ in 0..100 {
            flow.started(Duration::from_millis(10));
        }
        assert!((flow.latency - 0.01).abs() < 1e-4);
    }
}
