//! Learns the rate that a limiter in front of FOLIO allows from its rejections (429, or the 503 of
//! nginx's `limit_req`).
//!
//! Nothing is slowed down before the first rejection. Then all requests of a client and its handles
//! are spaced evenly, at a rate that converges to the allowed one in phases:
//!
//! - **Search**, by bisection: the first rate is [`FIRST`]. A rejection halves the distance to the
//!   last rate at which [`ENOUGH`] requests were accepted; that many accepted requests halve the
//!   distance to the last rejected rate.
//! - **Approach**: from there the rate grows by 0.4 percent with each accepted request, up to a
//!   rejection.
//! - **Steady**: a rejection subtracts three percent, and each accepted request adds 0.1 percent.
//!   That is about 95 % of the allowed rate, with a rejection in about thirty requests. Consecutive
//!   rejections subtract more: then the limit was lowered, or the search was misled by a burst that
//!   the limiter allows.
//!
//! A rate grows only while requests wait for it, so that a period of low use does not raise it.
//! Above [`LIFTED`] a rate is no longer a limit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The rate after the first rejection, in requests per second.
const FIRST: f64 = 50.0;

/// The minimum rate: below it the policy's waits apply.
const LEAST: f64 = 0.2;

/// The minimum rate that a 503 leads to. A 503 at this rate does not come from a limiter: slowing
/// down did not help.
const LEAST_BY_503: f64 = 5.0;

/// The time after that for which no 503 is attributed to a limiter.
const DISBELIEF: Duration = Duration::from_secs(60);

/// The rate above which there is no limit any more.
const LIFTED: f64 = 2000.0;

/// The number of accepted requests that prove a rate to be allowed.
const ENOUGH: u32 = 2;

/// The ratio of accepted to rejected rate that ends the search.
const NEAR: f64 = 0.85;

/// The time after a success of a path in which a 503 to it is attributed to a limiter rather than
/// an outage.
const RECENT: Duration = Duration::from_secs(2);

/// The number of first path segments that are distinguished.
const PATHS: usize = 64;

/// The pace of all requests of a client.
#[derive(Debug)]
pub(crate) struct Pace {
    begun: Instant,
    /// Whether requests have to wait: usually not, and then no request takes a lock for it.
    is_limited: AtomicBool,
    /// Never held across an await.
    state: Mutex<PaceState>,
    /// The first in the queue waits for its slot; the others wait for their turn, in order of
    /// arrival.
    queue: Semaphore,
    /// The time of the last accepted request, by the first segment of its path: milliseconds since
    /// `begun`, plus one.
    accepted: [AtomicU64; PATHS],
}

#[derive(Debug)]
struct PaceState {
    /// Requests per second; none without a limit.
    rate: Option<f64>,
    phase: PacePhase,
    /// The time of the next slot.
    next: Instant,
    /// Requests sent before this time have no influence on the rate.
    changed: Instant,
    /// The number of requests accepted since then.
    accepted: u32,
    /// The total number of requests accepted while there was a limit.
    total: u64,
    /// The time until which no 503 is attributed to a limiter.
    no_503_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PacePhase {
    /// The highest accepted and the lowest rejected rate.
    Search(f64, f64),
    /// The search has ended below the allowed rate.
    Approach,
    Steady,
}

/// A request that may be sent now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    at: Instant,
    /// Whether it waited for its slot: only then the rate limits the throughput.
    waited: bool,
}

impl Slot {
    /// The start of the attempt.
    pub(crate) fn at(self) -> Instant {
        self.at
    }
}

impl Pace {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            is_limited: AtomicBool::new(false),
            state: Mutex::new(PaceState {
                rate: None,
                phase: PacePhase::Steady,
                next: now,
                changed: now,
                accepted: 0,
                total: 0,
                no_503_until: None,
            }),
            queue: Semaphore::new(1),
            accepted: [const { AtomicU64::new(0) }; PATHS],
        }
    }

    fn state(&self) -> MutexGuard<'_, PaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests have to wait for a slot.
    pub(crate) fn is_limited(&self) -> bool {
        self.is_limited.load(Ordering::Relaxed)
    }

    /// The queue: the holder of its permit is the next to [`take`](Self::take) a slot.
    pub(crate) fn queue(&self) -> &Semaphore {
        &self.queue
    }

    /// The slot of a request that did not wait.
    pub(crate) fn at_once(&self) -> Slot {
        Slot {
            at: Instant::now(),
            waited: false,
        }
    }

    /// Takes a slot, or returns the wait for it. `waited` states whether the request already
    /// waited.
    pub(crate) fn take(&self, waited: bool) -> Result<Slot, Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let early = state.next.saturating_duration_since(now);
        if !early.is_zero() {
            // At least the clock's resolution: rounding must not lead to repeated waits of zero.
            return Err(early.max(Duration::from_millis(1)));
        }
        if let Some(rate) = state.rate {
            // A late timer is not compensated for: a limiter may allow no burst at all.
            state.next = now.checked_add(interval(rate)).unwrap_or(now);
        } else {
            // It waited for the end of a `Retry-After`, and there is no other limit.
            self.is_limited.store(false, Ordering::Relaxed);
        }
        Ok(Slot { at: now, waited })
    }

    /// The number of requests accepted while there was a limit: shows whether there is progress
    /// between two rejections.
    pub(crate) fn progress(&self) -> u64 {
        if self.is_limited() {
            self.state().total
        } else {
            0
        }
    }

    /// Records a rejection by a limiter. `retry_after` applies to all requests.
    pub(crate) fn rejected(&self, slot: Slot, retry_after: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        self.is_limited.store(true, Ordering::Relaxed);
        let is_grown = state.accepted >= ENOUGH;
        let (rate, phase) = match (state.rate, state.phase) {
            (None, _) => (Some(FIRST), PacePhase::Search(0.0, f64::INFINITY)),
            // Requests sent before the last change of the rate are ignored.
            _ if slot.at < state.changed => (None, state.phase),
            // Close enough to the accepted rate, which is then the result.
            (Some(rate), PacePhase::Search(low, _)) if low < rate && low >= rate * NEAR => {
                (Some(low), PacePhase::Approach)
            }
            (Some(rate), PacePhase::Search(low, _)) if low < rate => {
                (Some(f64::midpoint(low, rate)), PacePhase::Search(low, rate))
            }
            (Some(rate), _) => {
                let part = if is_grown { 0.97 } else { 0.9 };
                (Some(rate * part), PacePhase::Steady)
            }
        };
        state.phase = phase;
        if let Some(rate) = rate {
            let rate = rate.max(LEAST);
            state.rate = Some(rate);
            state.changed = now;
            state.accepted = 0;
            // At a rate that is only slightly too high, a part of the interval is missing.
            let is_little = is_grown && phase == PacePhase::Steady;
            let wait = interval(rate) / if is_little { 4 } else { 1 };
            state.next = now.checked_add(wait).unwrap_or(now).max(match is_little {
                true => now,
                false => state.next,
            });
        }
        if let Some(until) = retry_after.and_then(|wait| now.checked_add(wait)) {
            state.next = state.next.max(until);
        }
    }

    /// Records a response from behind the limiter.
    pub(crate) fn accepted(&self, slot: Slot, path: &str) {
        let since = Instant::now().saturating_duration_since(self.begun);
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        if let Some(last) = self.accepted.get(place(path)) {
            last.store(since, Ordering::Relaxed);
        }
        if !self.is_limited() {
            return;
        }
        let mut state = self.state();
        state.total += 1;
        let Some(rate) = state.rate.filter(|_| slot.at >= state.changed) else {
            return;
        };
        state.accepted = state.accepted.saturating_add(1);
        // Only then the rate limits the throughput.
        if !slot.waited {
            return;
        }
        let rate = match state.phase {
            // No rate was rejected yet except the one without a limit.
            PacePhase::Search(_, high) if high.is_infinite() => rate + 1.0,
            PacePhase::Search(..) if state.accepted < ENOUGH => return,
            PacePhase::Search(_, high) => {
                let is_found = rate >= high * NEAR;
                state.changed = Instant::now();
                state.accepted = 0;
                if is_found {
                    state.phase = PacePhase::Approach;
                    rate
                } else {
                    state.phase = PacePhase::Search(rate, high);
                    f64::midpoint(rate, high)
                }
            }
            PacePhase::Approach => rate * 1.004,
            // A rejection in about thirty requests, and a faster increase after a period without
            // rejections: the limit may have been lifted.
            PacePhase::Steady => {
                let calm = slot.at.saturating_duration_since(state.changed);
                rate * match calm > Duration::from_secs(20) {
                    true => 1.01,
                    false => 1.001,
                }
            }
        };
        if rate > LIFTED {
            state.rate = None;
            state.phase = PacePhase::Steady;
            self.is_limited.store(false, Ordering::Relaxed);
        } else {
            state.rate = Some(rate);
        }
    }

    /// Whether a 503 to a path comes from a limiter: the path succeeded just before, which it does
    /// not in an outage; and slowing down helps, which it does not with an unreliable server.
    pub(crate) fn is_limiting_by_503(&self, path: &str) -> bool {
        if !self.was_just_accepted(path) {
            return false;
        }
        let mut state = self.state();
        let now = Instant::now();
        if state.no_503_until.is_some_and(|until| now < until) {
            return false;
        }
        if state.rate.is_some_and(|rate| rate <= LEAST_BY_503) {
            state.no_503_until = now.checked_add(DISBELIEF);
            state.rate = None;
            state.next = now;
            state.phase = PacePhase::Steady;
            self.is_limited.store(false, Ordering::Relaxed);
            return false;
        }
        true
    }

    fn was_just_accepted(&self, path: &str) -> bool {
        let last = self.accepted.get(place(path));
        let last = last.map_or(0, |last| last.load(Ordering::Relaxed));
        let Some(last) = last.checked_sub(1) else {
            return false;
        };
        let since = Instant::now().saturating_duration_since(self.begun);
        since.saturating_sub(Duration::from_millis(last)) <= RECENT
    }
}

/// The interval between two requests at a rate.
fn interval(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(5))
}

/// The counter of the first segment of a path: modules differ in it. FNV-1a; two segments in one
/// counter are not distinguished, which is acceptable.
fn place(path: &str) -> usize {
    let rest = path.bytes().skip_while(|byte| *byte != b'/').skip(1);
    let first = rest.take_while(|byte| !matches!(byte, b'/' | b'?'));
    let hash = first.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % PATHS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nginx's `limit_req`: a leaky bucket, counted in milliseconds.
    struct Limiter {
        rate: f64,
        burst: f64,
        excess: f64,
        last: Instant,
    }

    impl Limiter {
        fn new(rate: f64, burst: f64) -> Self {
            Self {
                rate,
                burst,
                excess: -1.0,
                last: Instant::now(),
            }
        }

        fn accepts(&mut self) -> bool {
            let now = Instant::now();
            let since = now.duration_since(self.last).as_millis() as f64 / 1000.0;
            let excess = (self.excess - since * self.rate).max(-1.0) + 1.0;
            if excess > self.burst {
                return false;
            }
            self.excess = excess;
            self.last = now;
            true
        }
    }

    /// Sends requests through a pace to a limiter for a time. Returns the numbers of accepted and
    /// rejected requests.
    async fn send(pace: &Pace, limiter: &mut Limiter, time: Duration) -> (u32, u32) {
        let (end, mut accepted, mut rejected) = (Instant::now() + time, 0, 0);
        while Instant::now() < end {
            let mut waited = false;
            let slot = loop {
                match pace.take(waited) {
                    Ok(slot) => break slot,
                    Err(wait) => tokio::time::sleep(wait).await,
                }
                waited = true;
            };
            // A request takes time.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if limiter.accepts() {
                accepted += 1;
                pace.accepted(slot, "/users/1");
            } else {
                rejected += 1;
                pace.rejected(slot, None);
            }
        }
        (accepted, rejected)
    }

    #[tokio::test(start_paused = true)]
    async fn the_allowed_rate_is_found_and_used_and_not_exceeded_for_long() {
        for (rate, burst) in [(20.0, 0.0), (20.0, 20.0), (5.0, 1.0), (100.0, 0.0)] {
            let pace = Pace::new();
            let mut limiter = Limiter::new(rate, burst);
            send(&pace, &mut limiter, Duration::from_secs(5)).await;
            let (accepted, rejected) = send(&pace, &mut limiter, Duration::from_secs(60)).await;
            let share = f64::from(accepted) / (rate * 60.0);
            assert!(share > 0.9, "{rate} {burst}: {accepted} {rejected}");
            assert!(
                f64::from(rejected) < f64::from(accepted) / 10.0 + 5.0,
                "{rate} {burst}: {accepted} {rejected}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_raised_is_noticed() {
        let pace = Pace::new();
        let mut limiter = Limiter::new(10.0, 0.0);
        send(&pace, &mut limiter, Duration::from_secs(20)).await;
        limiter.rate = 30.0;
        send(&pace, &mut limiter, Duration::from_secs(180)).await;
        let (accepted, _) = send(&pace, &mut limiter, Duration::from_secs(10)).await;
        assert!(accepted > 250, "{accepted}");
        limiter.rate = 1e9;
        limiter.burst = 1e9;
        send(&pace, &mut limiter, Duration::from_secs(600)).await;
        let (accepted, _) = send(&pace, &mut limiter, Duration::from_secs(10)).await;
        assert!(accepted > 1000, "{accepted}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_holds_for_all() {
        let pace = Pace::new();
        assert!(!pace.is_limited());
        let slot = pace.at_once();
        pace.rejected(slot, Some(Duration::from_secs(7)));
        assert!(pace.is_limited());
        let wait = pace.take(false).unwrap_err();
        assert!(wait > Duration::from_millis(6990) && wait <= Duration::from_secs(7));
        tokio::time::advance(wait).await;
        assert!(pace.take(true).is_ok());
        assert!(pace.take(true).is_err(), "the rate holds as well");
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_rejections_is_one() {
        let pace = Pace::new();
        let slots: Vec<Slot> = (0..16).map(|_| pace.at_once()).collect();
        tokio::time::advance(Duration::from_millis(5)).await;
        for slot in slots {
            pace.rejected(slot, None);
        }
        assert_eq!(pace.state().rate, Some(FIRST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_fails_now_and_then_slows_nobody_down_for_long() {
        let pace = Pace::new();
        let start = Instant::now();
        for number in 0..200 {
            let slot = loop {
                match pace.take(true) {
                    Ok(slot) => break slot,
                    Err(wait) => tokio::time::sleep(wait).await,
                }
            };
            if number % 4 == 0 {
                pace.accepted(slot, "/groups");
            } else if pace.is_limiting_by_503("/groups") {
                pace.rejected(slot, None);
            }
        }
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        assert!(!pace.is_limited());
    }

    #[tokio::test(start_paused = true)]
    async fn a_503_is_a_limiters_where_the_path_was_answered_well_just_now() {
        let pace = Pace::new();
        assert!(!pace.was_just_accepted("/users"));
        pace.accepted(pace.at_once(), "/users/7?x=1");
        assert!(pace.was_just_accepted("/users?query=1"));
        assert!(!pace.was_just_accepted("/groups"));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(!pace.was_just_accepted("/users"));
    }
}
