//! Estimates of the pages of a harvest: their size, their latency, and the rate at which they are
//! processed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The part of the difference by which an estimate approaches a smaller value.
const SLOWLY: usize = 16;

/// The rate is that of so many processed pages.
const RECENT: usize = 8;

/// From this part of a page on, one more is requested: it waits for about a latency at most.
const PART: f64 = 0.5;

/// What is known of the pages so far.
#[derive(Debug)]
pub(crate) struct PageFlow {
    /// The size of the largest recent page, in bytes. It rises at once, and falls by a sixteenth of
    /// the difference with each smaller page.
    page: usize,
    /// The size of the largest page so far, in bytes.
    largest: usize,
    /// The time from a request to the start of its response, in seconds.
    latency: f64,
    /// The number of pages that were read and not processed.
    here: usize,
    /// The time in which there were such pages: up to the last change, and when that was.
    busy: Duration,
    since: Option<Instant>,
    /// This time when the last pages were processed, and one before them.
    processed: VecDeque<Duration>,
}

impl Default for PageFlow {
    fn default() -> Self {
        Self {
            page: 0,
            largest: 0,
            latency: 0.0,
            here: 0,
            busy: Duration::ZERO,
            since: None,
            processed: VecDeque::from([Duration::ZERO]),
        }
    }
}

impl PageFlow {
    /// A page was read.
    pub(crate) fn arrived(&mut self, bytes: usize, now: Instant) {
        self.page = match self.page.checked_sub(bytes) {
            Some(less) => self.page - less / SLOWLY,
            None => bytes,
        };
        self.largest = self.largest.max(bytes);
        self.here += 1;
        self.since.get_or_insert(now);
    }

    /// The size of the next page; 0 if it is unknown.
    pub(crate) fn page(&self) -> usize {
        self.page
    }

    /// The size of the largest page so far; 0 before the first.
    pub(crate) fn largest(&self) -> usize {
        self.largest
    }

    /// A response started, so long after its request.
    pub(crate) fn started(&mut self, latency: Duration) {
        let latency = latency.as_secs_f64();
        self.latency = match self.latency {
            0.0 => latency,
            before => before + (latency - before) / RECENT as f64,
        };
    }

    fn busy(&self, now: Instant) -> Duration {
        let since = self.since.map(|since| now.saturating_duration_since(since));
        self.busy + since.unwrap_or_default()
    }

    /// A page was processed, and its memory is free again.
    pub(crate) fn processed(&mut self, now: Instant) {
        let busy = self.busy(now);
        if self.processed.len() > RECENT {
            self.processed.pop_front();
        }
        self.processed.push_back(busy);
        self.here = self.here.saturating_sub(1);
        if self.here == 0 {
            self.busy = busy;
            self.since = None;
        }
    }

    /// The number of pages that can be processed during the latency of a request. So many requests
    /// may be sent before there is memory for their pages: there will be when their responses start.
    /// 0 if a page takes much longer than that.
    pub(crate) fn ahead(&self, now: Instant) -> usize {
        let pages = self.processed.len() - 1;
        let Some(first) = self.processed.front().filter(|_| pages > 0) else {
            return 0;
        };
        if self.latency <= 0.0 {
            return 0;
        }
        // Up to now, so that the rate falls while a page is not processed.
        let time = self.busy(now).saturating_sub(*first).as_secs_f64();
        if time <= 0.0 {
            return usize::MAX;
        }
        let ahead = pages as f64 * self.latency / time;
        if ahead < PART {
            return 0;
        }
        // The conversion ends at `usize::MAX`. Rounding errors are no pages.
        (ahead - 1e-6).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_rises_at_once_and_falls_slowly() {
        let mut flow = PageFlow::default();
        let now = Instant::now();
        assert_eq!(flow.page(), 0);
        flow.arrived(160, now);
        flow.arrived(320, now);
        assert_eq!(flow.page(), 320);
        flow.arrived(160, now);
        assert_eq!(flow.page(), 310);
        for _ in 0..200 {
            flow.arrived(0, now);
        }
        assert!(flow.page() < 16);
        assert_eq!(flow.largest(), 320);
    }

    /// The pages that are processed while a request waits 30 ms, if one takes `each` ms, whether or
    /// not they have to be waited for.
    #[test]
    fn the_requests_ahead_are_those_of_the_latency() {
        let start = Instant::now();
        for (each, expected) in [
            (0, usize::MAX),
            (1, 30),
            (4, 8),
            (10, 3),
            (29, 2),
            (31, 1),
            (59, 1),
            (61, 0),
            (10_000, 0),
        ] {
            for pause in [0, 3, 1_000] {
                let mut flow = PageFlow::default();
                flow.started(Duration::from_millis(30));
                let mut now = start;
                assert_eq!(flow.ahead(now), 0);
                for _ in 0..20 {
                    now += Duration::from_millis(pause);
                    flow.arrived(1_000, now);
                    now += Duration::from_millis(each);
                    flow.processed(now);
                    assert_eq!(flow.ahead(now), expected, "{each} ms");
                }
                // One that takes longer.
                flow.arrived(1_000, now);
                assert_eq!(flow.ahead(now), expected, "{each} ms");
                assert_eq!(flow.ahead(now + Duration::from_secs(1)), 0);
            }
        }
    }

    #[test]
    fn without_a_latency_nothing_is_gained() {
        let mut flow = PageFlow::default();
        let now = Instant::now();
        for _ in 0..20 {
            flow.arrived(1_000, now);
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
