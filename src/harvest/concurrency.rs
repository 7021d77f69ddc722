//! How many requests of a harvest are in flight at once, adapted to the capacity of the server.

use std::time::Duration;

/// The limit after the first page.
const START: usize = 4;

/// Requests that wait at the server, by Little's law, from which on more of them gain nothing: so
/// many, or so large a part of those in flight.
const QUEUED: f64 = 0.8;
const QUEUED_SHARE: f64 = 0.25;

/// After how many windows without a queue the limit grows again, once it was lowered: twice as many
/// after each reduction, up to the second number.
const PATIENCE: u32 = 4;
const MOST_PATIENCE: u32 = 64;

/// A concurrency limit that grows while throughput grows.
///
/// Requests in flight are throughput times latency. So with a limit `n`, of which the shortest
/// latency is `b` and the current one is `r`, `n * b / r` requests are being worked on, and the
/// others wait in a queue of the server. The limit doubles with each window of pages until there is a
/// queue, falls to the requests that are worked on, and is then raised by one from time to time.
#[derive(Debug)]
pub(super) struct Concurrency {
    most: usize,
    /// As many of them as fit into memory. This changes more often than the limit.
    fitting: usize,
    limit: usize,
    /// The latency without a queue, in seconds: the shortest mean of a window.
    base: Option<f64>,
    /// The latencies of this window: how many, and their sum.
    count: usize,
    sum: f64,
    /// How many responses are still to come that were requested under another limit: their latency
    /// is not that of this limit.
    stale: usize,
    /// Whether the limit was never lowered.
    is_starting: bool,
    /// How many windows without a queue there were since the limit was changed, and how many there
    /// must be so that it grows.
    calm: u32,
    patience: u32,
    /// The size of a whole page, in bytes: smaller ones say nothing of the latency.
    page: usize,
}

impl Concurrency {
    /// At most `most` requests, one until the first page has come.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            fitting: most.max(1),
            limit: 1,
            base: None,
            count: 0,
            sum: 0.0,
            stale: 0,
            is_starting: true,
            calm: 0,
            patience: PATIENCE,
            page: 0,
        }
    }

    /// For now there are at most so many requests, because more of their pages do not fit into
    /// memory: the others are not sent, and say nothing of the server.
    pub(super) fn at_most(&mut self, pages: usize) {
        self.fitting = self.most.min(pages).max(1);
    }

    /// How many requests may ever be in flight.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// How many requests may be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit.min(self.fitting)
    }

    /// How many pages may be in flight or in memory: the next one is requested while a page is
    /// processed.
    pub(super) fn pages(&self) -> usize {
        self.most.min(self.limit() + 1)
    }

    /// A page came, `latency` after it was requested.
    pub(super) fn arrived(&mut self, latency: Duration, bytes: usize) {
        self.page = self.page.max(bytes);
        if bytes < self.page / 2 {
            return;
        }
        let Some(base) = self.base else {
            self.base = Some(latency.as_secs_f64());
            self.limit = self.fitting.min(START);
            return;
        };
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.count += 1;
        self.sum += latency.as_secs_f64();
        if self.count < self.limit() {
            return;
        }
        let latency = self.sum / self.count as f64;
        (self.count, self.sum) = (0, 0.0);
        self.window(base, latency);
    }

    /// As many pages came as there are requests in flight, and this is their mean latency.
    fn window(&mut self, base: f64, latency: f64) {
        // With one request in flight nothing of the client's own waits: the server is as fast as
        // this now.
        let in_flight = self.limit();
        let base = if in_flight == 1 {
            latency
        } else {
            base.min(latency)
        };
        self.base = Some(base);
        let limit = in_flight as f64;
        let served = if latency > 0.0 {
            limit * base / latency
        } else {
            limit
        };
        let queued = limit - served;
        if queued >= QUEUED.max(limit * QUEUED_SHARE) {
            self.stale = in_flight - 1;
            self.limit = (served.round() as usize).clamp(1, in_flight);
            if !self.is_starting {
                self.patience = MOST_PATIENCE.min(2 * self.patience);
            }
            self.is_starting = false;
            self.calm = 0;
            return;
        }
        if self.is_starting {
            self.limit = self.limit.max(self.fitting.min(2 * in_flight));
            return;
        }
        self.calm += 1;
        if self.calm >= self.patience {
            self.calm = 0;
            self.stale = in_flight - 1;
            self.limit = self.limit.max(self.fitting.min(in_flight + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    /// How a list was read from a server.
    struct Run {
        /// How long it took, in milliseconds.
        time: u64,
        /// The mean number of requests at the server.
        mean: f64,
        most: usize,
    }

    /// Reads `pages` pages from a server of so many workers that needs `service` for each, behind a
    /// network of `latency`, both in microseconds. `jitter` varies the service by so much.
    fn read(
        most: usize,
        pages: u64,
        workers: usize,
        service: u64,
        latency: u64,
        jitter: u64,
    ) -> Run {
        let mut limit = Concurrency::new(most);
        let mut rng = fastrand::Rng::with_seed(7);
        // When each worker is free; when each response arrives and when it was requested.
        let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
        let mut flights: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::new();
        let (mut now, mut sent, mut came, mut area, mut peak) = (0, 0, 0, 0_u64, 0);
        while came < pages {
            while flights.len() < limit.limit() && sent < pages {
                let Reverse(at) = free.pop().unwrap();
                let varied = service - jitter / 2 + rng.u64(0..=jitter);
                let done = at.max(now + latency / 2) + varied;
                free.push(Reverse(done));
                flights.push(Reverse((done + latency / 2, now)));
                sent += 1;
            }
            peak = peak.max(flights.len());
            let in_flight = flights.len() as u64;
            let Reverse((at, since)) = flights.pop().unwrap();
            area += in_flight * (at - now);
            now = at;
            came += 1;
            limit.arrived(Duration::from_micros(at - since), 1_000_000);
        }
        Run {
            time: now / 1000,
            mean: area as f64 / now as f64,
            most: peak,
        }
    }

    #[test]
    fn a_saturated_server_keeps_spare_capacity() {
        for jitter in [0, 20_000] {
            let one = read(1, 200, 1, 50_000, 0, jitter);
            let many = read(16, 200, 1, 50_000, 0, jitter);
            assert!(many.time as f64 <= 1.05 * one.time as f64, "{}", many.time);
            assert!(many.mean < 1.5, "{}", many.mean);
            let two = read(16, 200, 2, 50_000, 0, jitter);
            assert!((two.time as f64) < 0.6 * one.time as f64, "{}", two.time);
            assert!(two.mean < 3.0, "{}", two.mean);
        }
    }

    #[test]
    fn a_fast_server_is_used_in_full() {
        for jitter in [0, 2_000] {
            let one = read(1, 1000, 16, 5_000, 30_000, jitter);
            let many = read(16, 1000, 16, 5_000, 30_000, jitter);
            assert!(many.time * 13 < one.time, "{} {}", many.time, one.time);
            assert_eq!(many.most, 16);
        }
    }

    #[test]
    fn latency_of_the_network_is_hidden_up_to_what_the_server_can_do() {
        // Two workers, 30 ms away: six are in flight when both are busy.
        let one = read(1, 400, 2, 10_000, 30_000, 1_000);
        let many = read(16, 400, 2, 10_000, 30_000, 1_000);
        let best = 400 * 5;
        assert!(many.time * 10 < best * 12, "{} {}", many.time, one.time);
        assert!(many.mean < 11.0, "{}", many.mean);
    }

    #[test]
    fn one_request_stays_one() {
        assert_eq!(read(1, 50, 8, 5_000, 30_000, 0).most, 1);
        assert_eq!(read(2, 50, 8, 5_000, 30_000, 0).most, 2);
    }

    /// The server is not asked again what it can do once there is memory again.
    #[test]
    fn memory_that_comes_and_goes_does_not_lower_the_limit() {
        let mut limit = Concurrency::new(16);
        let page = |limit: &mut Concurrency| limit.arrived(Duration::from_millis(30), 1_000);
        for _ in 0..100 {
            page(&mut limit);
        }
        assert_eq!(limit.limit(), 16);
        limit.at_most(5);
        for _ in 0..100 {
            assert_eq!(limit.limit(), 5);
            page(&mut limit);
        }
        limit.at_most(usize::MAX);
        assert_eq!(limit.limit(), 16);
        // A queue is noticed meanwhile.
        limit.at_most(8);
        for _ in 0..16 {
            limit.arrived(Duration::from_millis(120), 1_000);
        }
        limit.at_most(usize::MAX);
        assert!(limit.limit() <= 4, "{limit:?}");
    }

    #[test]
    fn small_pages_say_nothing() {
        let mut limit = Concurrency::new(8);
        limit.arrived(Duration::from_millis(30), 1000);
        assert_eq!(limit.limit(), START);
        for _ in 0..100 {
            limit.arrived(Duration::from_millis(1), 10);
        }
        limit.arrived(Duration::from_millis(30), 1000);
        assert_eq!(limit.base, Some(0.03));
    }
}
