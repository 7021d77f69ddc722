//! The rate that a limiter in front of FOLIO allows, learned from its rejections (429, or the 503
//! of nginx's `limit_req`).
//!
//! Nothing is slowed down before the first rejection. Then all requests of a client, of all its
//! handles, are spaced evenly, at a rate that comes to what is allowed in phases:
//!
//! - **Search**, by bisection: the first rate is [`FIRST`]. A rejection halves the way down to the
//!   last rate at which [`ENOUGH`] requests were accepted, and those halve the way up to the last
//!   one that was rejected.
//! - **Approach**: from there the rate grows by 0.4 percent with each accepted request, up to a
//!   rejection.
//! - **Steady**: a rejection takes three percent, and each accepted request adds 0.1 percent. That
//!   is about 95 % of what is allowed, with a rejection in about thirty requests. Rejections one
//!   after the other take more: then the limit was lowered, or the search was misled by a burst
//!   that the limiter allows.
//!
//! A rate grows only while requests wait for it, so that a time of little use does not unlearn it.
//! One that has grown beyond [`LIFTED`] is no longer a limit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The rate after the first rejection, in requests a second.
const FIRST: f64 = 50.0;

/// The least rate: below it the policy's waits count.
const LEAST: f64 = 0.2;

/// The least rate that a 503 leads to. One that comes at it is no limiter's: slowing down did not
/// help.
const LEAST_BY_503: f64 = 5.0;

/// How long no 503 is taken for a limiter's after that.
const DISBELIEF: Duration = Duration::from_secs(60);

/// The rate from which on there is no limit any more.
const LIFTED: f64 = 2000.0;

/// How many accepted requests show that a rate is allowed.
const ENOUGH: u32 = 2;

/// How near to each other the rates are that end the search: the accepted one as a part of the
/// rejected one.
const NEAR: f64 = 0.85;

/// How long after a success of a path a 503 to it is a limiter's and not an outage.
const RECENT: Duration = Duration::from_secs(2);

/// How many first segments of paths are told apart.
const PATHS: usize = 64;

/// The pace of all requests of a client.
#[derive(Debug)]
pub(crate) struct Pace {
    begun: Instant,
    /// Whether there is anything to wait for: mostly not, and no request takes a lock for it.
    is_limited: AtomicBool,
    /// Never held across an await.
    state: Mutex<PaceState>,
    /// The first in the queue waits for its slot; the others wait for their place, in the order of
    /// their arrival.
    queue: Semaphore,
    /// When a request to a path was accepted last, by the first segment of the path: milliseconds
    /// since `begun`, plus one.
    accepted: [AtomicU64; PATHS],
}

#[derive(Debug)]
struct PaceState {
    /// Requests a second; none without a limit.
    rate: Option<f64>,
    phase: PacePhase,
    /// When the next request may be sent.
    next: Instant,
    /// What was sent before says nothing of the rate.
    changed: Instant,
    /// How many requests were accepted since.
    accepted: u32,
    /// How many were accepted in all while there was a limit.
    total: u64,
    /// Until when a 503 is no limiter's.
    no_503_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PacePhase {
    /// The highest rate that was accepted and the lowest one that was rejected.
    Search(f64, f64),
    /// The search has ended below what is allowed.
    Approach,
    Steady,
}

/// A request that may be sent now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    at: Instant,
    /// Whether it waited for its slot: only then the rate is what holds requests up.
    waited: bool,
}

impl Slot {
    /// When it began.
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

    /// The slot of a request that waits for nothing.
    pub(crate) fn at_once(&self) -> Slot {
        Slot {
            at: Instant::now(),
            waited: false,
        }
    }

    /// Takes a slot, or tells how long to wait for it. `waited` is whether it was waited for
    /// already.
    pub(crate) fn take(&self, waited: bool) -> Result<Slot, Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let early = state.next.saturating_duration_since(now);
        if !early.is_zero() {
            // Not less than the clock can tell: rounding must not make it wait for nothing again
            // and again.
            return Err(early.max(Duration::from_millis(1)));
        }
        if let Some(rate) = state.rate {
            // What a timer was late is not made up for: a limiter may allow no burst at all.
            state.next = now.checked_add(interval(rate)).unwrap_or(now);
        } else {
            // It waited for the end of a `Retry-After`, and there is no limit besides.
            self.is_limited.store(false, Ordering::Relaxed);
        }
        Ok(Slot { at: now, waited })
    }

    /// How many requests were accepted while there was a limit: whether there is progress between
    /// two rejections.
    pub(crate) fn progress(&self) -> u64 {
        if self.is_limited() {
            self.state().total
        } else {
            0
        }
    }

    /// A limiter rejected a request. `retry_after` holds for all requests.
    pub(crate) fn rejected(&self, slot: Slot, retry_after: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        self.is_limited.store(true, Ordering::Relaxed);
        let is_grown = state.accepted >= ENOUGH;
        let (rate, phase) = match (state.rate, state.phase) {
            (None, _) => (Some(FIRST), PacePhase::Search(0.0, f64::INFINITY)),
            // Of those that were sent before the rate was changed, nothing is learned.
            _ if slot.at < state.changed => (None, state.phase),
            // Near enough to the one that was accepted, that one is it.
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
            // At a rate that is right but for a little, a part of the interval is missing.
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

    /// A request was answered by what is behind the limiter.
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
        // Only then the rate is what holds requests up.
        if !slot.waited {
            return;
        }
        let rate = match state.phase {
            // Nothing was rejected at a rate yet but at what the client had without one.
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
            // A rejection in about thirty requests, and more after a while without a rejection: the
            // limit may have been lifted.
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

    /// Whether a 503 to a path is a limiter's: it was answered well just now, as nothing is in an
    /// outage; and slowing down helps, as it does not with a server that fails now and then.
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

/// The time between two requests at a rate.
fn interval(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(5))
}

/// Where the first segment of a path is counted: modules have their own. FNV-1a; two in one place
/// are told apart no longer, which is bearable.
fn place(path: &str) -> usize {
    let first = path.split('/').nth(1).unwrap_or_default();
    let first = first.split('?').next().unwrap_or_default();
    let hash = first.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
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

    /// Sends requests through a pace to a limiter for a time. Gives how many it accepted and how
    /// many not.
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
            // A request takes its time.
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
