//! Decides whether a list is read one or two pages ahead.

use std::time::Duration;

/// The number of consecutive whole pages before two are requested ahead: a list that ends soon
/// causes no superfluous request.
const WHOLE_PAGES: u32 = 2;

/// The minimum wait for a page that makes two pages ahead worthwhile, as a share of the round trip,
/// and absolute.
const WAIT_SHARE: f64 = 0.125;
const WAIT: Duration = Duration::from_millis(3);

/// The number of round trips with two requests in flight that are compared with the one of a single
/// request. An obvious result is accepted earlier.
const WINDOW: u32 = 4;
const EARLY_WINDOW: u32 = 2;

/// The ratio of these round trips from which on two requests gain too little. A server that works on
/// one request at a time has 2, one that works on both at once has 1.
const TOO_SLOW: f64 = 1.6;
const OBVIOUSLY_TOO_SLOW: f64 = 2.0;

/// The number of pages that are then read one ahead. It doubles each time, up to the second number.
const PAUSE: u32 = 16;
const LONGEST_PAUSE: u32 = 256;

/// The number of pages after which the round trip of a single request is measured again.
const PERIOD: u32 = 64;

/// The number of consecutive pages that came long before they were needed, after which one page
/// ahead is enough.
const EARLY_PAGES: u32 = 2;

/// A page that was requested ahead and came.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageTiming {
    pub(super) round_trip: Duration,
    /// The time that the caller waited for it.
    pub(super) waited: Duration,
    /// Whether two requests of the list were in flight at once.
    pub(super) is_paired: bool,
    /// Whether the page after it has come as well.
    pub(super) is_next_ready: bool,
}

/// How far a list is read ahead, by the time that its pages take.
///
/// Two pages ahead gain time only if the caller waits for the server, and if the server works on two
/// requests at once. If it does not, the second request only waits there, at the expense of others:
/// the round trips show that, because those of two requests then take twice the time of one.
#[derive(Debug)]
pub(super) struct LookAhead {
    /// The number of consecutive whole pages.
    whole: u32,
    /// Whether the caller waited for the last page.
    waits: bool,
    /// The round trip of a single request, in seconds: a moving average.
    single: Option<f64>,
    is_deep: bool,
    /// The round trips of two requests at once: how many, and their sum.
    count: u32,
    sum: f64,
    /// The responses whose round trips belong to both modes.
    stale: u32,
    /// The number of pages since two were requested ahead.
    deep_pages: u32,
    /// The number of pages that came long before they were needed.
    early: u32,
    /// The number of single requests before two are requested again, and the next such number.
    pause: u32,
    next_pause: u32,
    is_off: bool,
}

impl Default for LookAhead {
    fn default() -> Self {
        Self {
            whole: 0,
            waits: false,
            single: None,
            is_deep: false,
            count: 0,
            sum: 0.0,
            stale: 0,
            deep_pages: 0,
            early: 0,
            pause: 0,
            next_pause: PAUSE,
            is_off: false,
        }
    }
}

impl LookAhead {
    /// Whether two pages are requested ahead.
    pub(super) fn wants_two(&self) -> bool {
        !self.is_off
            && self.pause == 0
            && self.whole >= WHOLE_PAGES
            && self.single.is_some()
            && (self.is_deep || self.waits)
    }

    /// The second page was requested.
    pub(super) fn begin(&mut self) {
        if std::mem::replace(&mut self.is_deep, true) {
            return;
        }
        // The page that was already in flight, and the one that shares only a part of its time.
        self.stale = 2;
        (self.count, self.sum) = (0, 0.0);
        self.deep_pages = 0;
        self.early = 0;
    }

    /// A page came.
    pub(super) fn arrived(&mut self, page: PageTiming) {
        let seconds = page.round_trip.as_secs_f64();
        let waited = page.waited.as_secs_f64();
        self.waits = page.waited >= WAIT && waited >= WAIT_SHARE * seconds;
        if !page.is_paired {
            self.pause = self.pause.saturating_sub(1);
            self.single = Some(match self.single {
                Some(before) => f64::midpoint(before, seconds),
                None => seconds,
            });
            return;
        }
        if !self.is_deep {
            return;
        }
        let is_early = page.waited.is_zero() && page.is_next_ready;
        self.early = if is_early { self.early + 1 } else { 0 };
        self.deep_pages += 1;
        if self.stale > 0 {
            self.stale -= 1;
        } else {
            self.compare(seconds);
        }
        if self.early >= EARLY_PAGES {
            self.is_deep = false;
        } else if self.is_deep && self.deep_pages >= PERIOD {
            self.next_pause = PAUSE.max(self.next_pause / 2);
            // One single request.
            self.is_deep = false;
            self.pause = 1;
        }
    }

    /// Compares a round trip of two requests at once with that of one.
    fn compare(&mut self, seconds: f64) {
        self.count += 1;
        self.sum += seconds;
        let mean = self.sum / f64::from(self.count);
        let single = self.single.unwrap_or(mean);
        let is_slow = match self.count {
            EARLY_WINDOW => mean >= OBVIOUSLY_TOO_SLOW * single,
            WINDOW => mean >= TOO_SLOW * single,
            _ => false,
        };
        if is_slow {
            self.pause();
        } else if self.count == WINDOW {
            // A single request does not take longer.
            self.single = Some(single.min(mean));
            (self.count, self.sum) = (0, 0.0);
        }
    }

    /// One page ahead for some pages: the second one gained nothing.
    pub(super) fn pause(&mut self) {
        self.is_deep = false;
        self.pause = self.next_pause;
        self.next_pause = LONGEST_PAUSE.min(2 * self.next_pause);
    }

    /// The records of a page were returned.
    pub(super) fn ended(&mut self, is_whole: bool) {
        self.whole = if is_whole { self.whole + 1 } else { 0 };
    }

    /// One page ahead from now on: the server does not support more.
    pub(super) fn switch_off(&mut self) {
        self.is_off = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of a list, whose caller takes `work` for each page, from a server of so many
    /// workers that needs `service` for a page, behind a network of `latency`, in milliseconds.
    struct Run {
        workers: usize,
        service: f64,
        latency: f64,
        work: f64,
    }

    struct Outcome {
        time: f64,
        /// The mean number of requests in flight.
        mean: f64,
        deep: usize,
    }

    impl Run {
        /// Reads so many pages. `is_adaptive` permits two pages ahead.
        fn read(&self, pages: usize, is_adaptive: bool) -> Outcome {
            let mut look = LookAhead::default();
            let mut free = vec![0.0_f64; self.workers];
            let mut area = 0.0;
            let mut send = |now: f64| {
                let worker = (0..free.len()).min_by(|a, b| free[*a].total_cmp(&free[*b]));
                let worker = &mut free[worker.unwrap_or(0)];
                *worker = worker.max(now + self.latency / 2.0) + self.service;
                let arrival = *worker + self.latency / 2.0;
                area += arrival - now;
                (now, arrival)
            };
            let first = send(0.0);
            let mut now = first.1;
            let mut next: Option<(f64, f64)> = None;
            let mut beyond: Option<(f64, f64)> = None;
            let mut is_paired = false;
            let mut deep = 0;
            for page in 1..pages {
                next = next.or_else(|| beyond.take());
                let was_paired = std::mem::replace(&mut is_paired, false);
                if next.is_none() {
                    next = Some(send(now));
                } else {
                    is_paired = was_paired;
                }
                let mut look_beyond = |look: &mut LookAhead, now: f64, next_paired: &mut bool| {
                    if is_adaptive && beyond.is_none() && look.wants_two() && page + 1 < pages {
                        beyond = Some(send(now));
                        *next_paired = true;
                        look.begin();
                        deep += 1;
                    }
                };
                look_beyond(&mut look, now, &mut is_paired);
                now += self.work;
                look.ended(true);
                look_beyond(&mut look, now, &mut is_paired);
                let (sent, arrival) = next.take().unwrap_or_default();
                look.arrived(PageTiming {
                    round_trip: Duration::from_secs_f64((arrival - sent) / 1000.0),
                    waited: Duration::from_secs_f64((arrival - now).max(0.0) / 1000.0),
                    is_paired,
                    is_next_ready: beyond.is_some_and(|(_, arrival)| arrival <= now),
                });
                now = now.max(arrival);
                is_paired = beyond.is_some();
            }
            Outcome {
                time: now + self.work,
                mean: area / now,
                deep,
            }
        }
    }

    #[test]
    fn a_server_that_is_far_away_is_asked_for_two_pages() {
        let run = Run {
            workers: 4,
            service: 2.0,
            latency: 30.0,
            work: 1.0,
        };
        let (one, two) = (run.read(200, false), run.read(200, true));
        assert!(two.time < 0.56 * one.time, "{} {}", two.time, one.time);
        assert!(two.mean <= 2.0);
    }

    #[test]
    fn a_saturated_server_is_left_alone() {
        let run = Run {
            workers: 1,
            service: 50.0,
            latency: 0.0,
            work: 1.0,
        };
        let (one, two) = (run.read(400, false), run.read(400, true));
        assert!(two.time <= 1.01 * one.time, "{} {}", two.time, one.time);
        assert!(two.mean < 1.1, "{}", two.mean);
        assert!(two.deep < 40, "{}", two.deep);
    }

    #[test]
    fn a_caller_that_is_slower_than_the_server_gets_one_page_ahead() {
        let run = Run {
            workers: 4,
            service: 2.0,
            latency: 30.0,
            work: 40.0,
        };
        assert_eq!(run.read(100, true).deep, 0);
    }

    #[test]
    fn a_short_list_is_not_read_further_ahead() {
        let run = Run {
            workers: 4,
            service: 2.0,
            latency: 30.0,
            work: 0.0,
        };
        assert_eq!(run.read(3, true).deep, 0);
        assert_eq!(run.read(4, true).deep, 1);
        let mut look = LookAhead::default();
        let page = PageTiming {
            round_trip: Duration::from_millis(30),
            waited: Duration::from_millis(30),
            is_paired: false,
            is_next_ready: false,
        };
        for is_whole in [true, false, true] {
            look.arrived(page);
            look.ended(is_whole);
            assert!(!look.wants_two());
        }
        look.ended(true);
        assert!(look.wants_two());
        look.switch_off();
        assert!(!look.wants_two());
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut look = LookAhead::default();
        let page = |is_paired| PageTiming {
            round_trip: Duration::from_millis(30),
            waited: Duration::from_millis(30),
            is_paired,
            is_next_ready: false,
        };
        look.ended(true);
        look.ended(true);
        for expected in [16, 32, 64, 128, 256, 256] {
            look.arrived(page(false));
            look.begin();
            look.pause();
            let mut pages = 0;
            while !look.wants_two() {
                // A page that shared the time of another one does not count.
                look.arrived(page(true));
                look.arrived(page(false));
                pages += 1;
            }
            assert_eq!(pages, expected);
        }
    }
}
