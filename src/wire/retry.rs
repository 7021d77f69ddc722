//! The retry policy: which requests are retried, when and how often.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

/// The retry policy. Set one for the client with
/// [`FolioClientBuilder::retry`](crate::FolioClientBuilder::retry), or for one request with
/// [`Request::retry`](crate::Request::retry).
///
/// The invariant is that **a write is retried only if it cannot be executed twice**:
///
/// | request | is retried after |
/// |---|---|
/// | any | a failure that certainly executed nothing: a connection that could not be established, a request that the gateway did not process (HTTP/2: GOAWAY above its last id, REFUSED_STREAM), 429 |
/// | GET, HEAD, OPTIONS | 408, 502, 503, 504, a timeout, a broken connection, a list that the server aborted. A GET with an effect ([`Facts::has_effect`](crate::Facts)) is sent once |
/// | DELETE of one record ([`Deletes::Record`](crate::Deletes)) | the same. The module's 404 to a retry is success: the record is gone. After a gateway's 404 the record is read to determine the outcome |
/// | PUT of a record with its `_version` | the same: the server rejects the second one. After such a conflict the record is read; if it is the one that was sent, the call succeeds |
/// | POST of a record that the server stores under the `id` in it ([`Creates::Record`](crate::Creates)) | the same: the server rejects a second record of that id. Then the record is read, and if it is the one that was sent, the record as stored is the response |
/// | PUT without `_version`, other DELETE, other POST, PATCH | nothing else, unless [`idempotent_writes`](Self::idempotent_writes) (PUT and DELETE) or [`Request::idempotent`](crate::Request::idempotent) permits it |
///
/// These are facts of the operation ([`Facts`](crate::Facts)), also for calls by path; names and
/// words in paths have no influence. A write that may have been executed, and whose outcome could
/// not be determined, fails with [`is_outcome_unknown`](crate::Error::is_outcome_unknown).
///
/// A rejected token is not a failure of this kind: it is renewed and the request sent again, once,
/// regardless of its method, because the gateway rejects before any module receives the request.
///
/// The login or renewal that a call needs follows the policy of the call: each login attempt counts
/// as an attempt of the call, and each wait is one of the policy. A rate limiter's rejection (429,
/// or a 503 of a path that succeeded just before) does not count against the budget, and counts as
/// an attempt only if no other request of the client succeeded since the last rejection.
///
/// All retries of a client share one [`budget`](Self::budget), so that they do not overload a
/// failing server. Eureka returns 403 also if it could not determine the user's permissions; see
/// [`forbidden_retries`](Self::forbidden_retries).
///
/// ```
/// use std::time::Duration;
/// use folio_sdk::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(10).max_backoff(Duration::from_secs(60)).deadline(Duration::from_secs(900));
/// let never = RetryPolicy::none();
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    backoff: Backoff,
    max_retry_after: Duration,
    deadline: Duration,
    idempotent_writes: bool,
    /// None is the default: once, if the gateway is Eureka's.
    forbidden_retries: Option<u32>,
    forbidden_backoff: Backoff,
    budget: Option<Budget>,
}

/// Increasing waits: the first is up to `delay`, each further one up to `factor` times as long,
/// none longer than `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backoff {
    pub(crate) delay: Duration,
    pub(crate) factor: f64,
    pub(crate) max: Duration,
}

impl Backoff {
    /// The maximum wait before the `attempt`-th retry, from 1.
    pub(crate) fn ceiling(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.delay.as_secs_f64() * self.factor.powi(exponent);
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(Duration::MAX)
            .min(self.max)
    }
}

/// The retry budget of a client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Budget {
    pub(super) ratio: f64,
    pub(super) burst: u32,
}

impl Default for RetryPolicy {
    /// 5 attempts in total; before the n-th retry a random wait between half of 0.5 s · 2ⁿ⁻¹ and
    /// all of it, at most 30 s; a server's `Retry-After` is honoured up to 60 s; no new attempt
    /// later than 3 minutes after the first. After a 403 of Eureka one retry, after up to 1 s. A
    /// budget of 100 retries, replenished by one for every five calls.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            backoff: Backoff {
                delay: Duration::from_millis(500),
                factor: 2.0,
                max: Duration::from_secs(30),
            },
            max_retry_after: Duration::from_secs(60),
            deadline: Duration::from_secs(180),
            idempotent_writes: false,
            forbidden_retries: None,
            forbidden_backoff: Backoff {
                delay: Duration::from_secs(1),
                factor: 3.0,
                max: Duration::from_secs(60),
            },
            budget: Some(Budget {
                ratio: 0.2,
                burst: 100,
            }),
        }
    }
}

impl RetryPolicy {
    /// No retries, not even after a 403 of Eureka.
    pub fn none() -> Self {
        Self::default().max_attempts(1).forbidden_retries(0)
    }

    /// The maximum number of attempts, including the first. 0 counts as 1.
    pub fn max_attempts(self, attempts: u32) -> Self {
        Self {
            max_attempts: attempts.max(1),
            ..self
        }
    }

    /// The maximum wait before the first retry; it doubles with each retry, unless
    /// [`factor`](Self::factor) is set. The wait is random between half of this and all of it
    /// ("equal jitter"): clients do not retry at the same time, and the attempts are not used up
    /// before a short outage ends.
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.backoff.delay = delay;
        self
    }

    /// The factor by which the maximum wait grows with each retry. 2 by default. A value less than
    /// 1, or not a number, counts as 1: the wait is constant.
    pub fn factor(mut self, factor: f64) -> Self {
        self.backoff.factor = if factor > 1.0 { factor } else { 1.0 };
        self
    }

    /// The maximum wait before any retry.
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.backoff.max = delay;
        self
    }

    /// The maximum wait that a server can request with `Retry-After`. A longer one is reduced to
    /// this.
    pub fn max_retry_after(self, delay: Duration) -> Self {
        Self {
            max_retry_after: delay,
            ..self
        }
    }

    /// The time after the first attempt until which further attempts may start.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whether every PUT and DELETE may be retried if its outcome is unknown. HTTP defines them as
    /// idempotent; but a PUT without `_version` overwrites a concurrent change of another client,
    /// and a DELETE by query deletes records created in between.
    pub fn idempotent_writes(self, repeat: bool) -> Self {
        Self {
            idempotent_writes: repeat,
            ..self
        }
    }

    /// The number of retries of a request that got a 403 (and may be retried, by the table above).
    /// By default one, and only with Eureka's gateway, whose sidecars return 403 when Keycloak does
    /// not respond to them. If set, it applies to every gateway; 0 means never.
    pub fn forbidden_retries(self, repetitions: u32) -> Self {
        Self {
            forbidden_retries: Some(repetitions),
            ..self
        }
    }

    /// The maximum wait before the first retry after a 403; it triples with each retry, up to 60 s.
    /// 1 second by default. The wait is random between half of it and all of it.
    pub fn forbidden_delay(mut self, delay: Duration) -> Self {
        self.forbidden_backoff.delay = delay;
        self
    }

    /// The retry budget of all calls of a client: `burst` retries at once, replenished by `ratio`
    /// for each call (0.2: one retry for five calls) and by one per second. When the budget is
    /// exhausted, calls fail without a retry, and the error states this.
    ///
    /// The budget belongs to the client. A policy for one request
    /// ([`Request::retry`](crate::Request::retry)) only determines whether the budget applies.
    pub fn budget(self, ratio: f64, burst: u32) -> Self {
        Self {
            budget: Some(Budget {
                ratio: if ratio > 0.0 { ratio } else { 0.0 },
                burst,
            }),
            ..self
        }
    }

    /// Retries do not count against the client's [`budget`](Self::budget).
    pub fn without_budget(self) -> Self {
        Self {
            budget: None,
            ..self
        }
    }

    pub(crate) fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The same policy with at most this many attempts.
    pub(crate) fn no_more_attempts_than(mut self, most: u32) -> Self {
        self.max_attempts = self.max_attempts.min(most);
        self
    }

    /// The same policy with a deadline that leaves time for all attempts and their waits.
    pub(crate) fn long_enough(mut self) -> Self {
        let mut waits = Duration::ZERO;
        for attempt in 1..self.max_attempts.min(1000) {
            waits = waits.saturating_add(self.backoff.ceiling(attempt));
        }
        let forbidden = self.forbidden_retries.unwrap_or(1).min(1000);
        for repetition in 1..=forbidden {
            waits = waits.saturating_add(self.forbidden_backoff.ceiling(repetition));
        }
        // The attempts themselves take time as well.
        self.deadline = self.deadline.max(waits.saturating_mul(2));
        self
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.backoff
    }

    pub(crate) fn with_forbidden_backoff(self, forbidden_backoff: Backoff) -> Self {
        Self {
            forbidden_backoff,
            ..self
        }
    }

    pub(crate) fn forbidden_backoff(&self) -> Backoff {
        self.forbidden_backoff
    }

    pub(crate) fn repeats_idempotent_writes(&self) -> bool {
        self.idempotent_writes
    }

    /// The maximum wait that a server can request.
    pub(crate) fn longest_retry_after(&self) -> Duration {
        self.max_retry_after
    }

    /// Whether its retries count against the client's budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.budget.is_some()
    }

    /// The budget of a client with this policy; none is unlimited.
    pub(super) fn client_budget(&self) -> Budget {
        self.budget.unwrap_or(Budget {
            ratio: 0.0,
            burst: u32::MAX,
        })
    }

    /// The wait before the `attempt`-th retry: a part of the maximum, or the wait that the server
    /// requests, up to a limit. `random`, from 0 to 1, selects a value between half of it and all.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        retry_after: Option<Duration>,
        random: f64,
    ) -> Duration {
        let jitter = jittered(self.backoff.ceiling(attempt), random);
        match retry_after {
            // A tenth of the jitter is added, so that clients with the same `Retry-After` do not
            // retry at the same time.
            Some(asked) => asked.min(self.max_retry_after).saturating_add(jitter / 10),
            None => jitter,
        }
    }

    /// The wait before the next attempt; none to give up. `attempt` is the number of attempts so
    /// far, `elapsed` the time since the start of the first.
    pub(super) fn delay(
        &self,
        attempt: u32,
        elapsed: Duration,
        retry_after: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts {
            return None;
        }
        let delay = self.wait(attempt, retry_after, random);
        (elapsed.saturating_add(delay) <= self.deadline).then_some(delay)
    }

    /// The wait after a 403 before the next attempt; none to give up. `repetitions` is the number
    /// of retries after a 403.
    pub(super) fn forbidden_delay_after(
        &self,
        repetitions: u32,
        elapsed: Duration,
        is_eureka: bool,
        random: f64,
    ) -> Option<Duration> {
        let most = self.forbidden_retries.unwrap_or(u32::from(is_eureka));
        if repetitions >= most {
            return None;
        }
        let ceiling = self
            .forbidden_backoff
            .ceiling(repetitions.saturating_add(1));
        // The cause of a transient 403 takes time to end: no immediate retry.
        let delay = jittered(ceiling, random);
        (elapsed.saturating_add(delay) <= self.deadline).then_some(delay)
    }
}

/// Equal jitter: half of a time at `random` 0, all of it at 1.
fn jittered(ceiling: Duration, random: f64) -> Duration {
    part_of(ceiling, 0.5 + random / 2.0)
}

/// A part of a time, from 0 to 1. `Duration::mul_f64` would panic on the longest.
fn part_of(time: Duration, part: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * part).unwrap_or(time)
}

/// A status after which a retry may succeed. 408 is the Eureka sidecar's read timeout, 429 comes
/// only from hosting, 502 to 504 from gateways and load balancers. 500 is a fault of a module and
/// is permanent.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// The wait that the header `Retry-After` of a response requests.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    retry_after_value(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

/// The wait of a `Retry-After` header: seconds, or a date (a past one means no wait).
fn retry_after_value(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_wait_doubles_up_to_its_ceiling_and_is_random_above_the_half_of_it() {
        let policy = RetryPolicy::default()
            .max_attempts(100)
            .initial_backoff(SECOND)
            .max_backoff(8 * SECOND)
            .deadline(Duration::MAX);
        for (attempt, ceiling) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (60, 8), (99, 8)] {
            let waits: Vec<Duration> = (0..200)
                .filter_map(|_| policy.delay(attempt, Duration::ZERO, None, fastrand::f64()))
                .collect();
            assert_eq!(waits.len(), 200);
            assert!(
                waits
                    .iter()
                    .all(|wait| *wait <= ceiling * SECOND && *wait >= ceiling * SECOND / 2),
                "attempt {attempt}"
            );
            assert!(
                waits.iter().any(|wait| *wait > ceiling * SECOND * 3 / 4)
                    && waits.iter().any(|wait| *wait < ceiling * SECOND * 3 / 4)
            );
        }
    }

    #[test]
    fn attempts_and_deadline_end_it() {
        let policy = RetryPolicy::default().max_attempts(3).deadline(10 * SECOND);
        assert!(
            policy
                .delay(2, Duration::ZERO, None, fastrand::f64())
                .is_some()
        );
        assert_eq!(policy.delay(3, Duration::ZERO, None, fastrand::f64()), None);
        assert_eq!(policy.delay(1, 11 * SECOND, None, fastrand::f64()), None);
        assert_eq!(
            policy.delay(1, Duration::ZERO, Some(20 * SECOND), fastrand::f64()),
            None
        );
        assert_eq!(
            RetryPolicy::none().delay(1, Duration::ZERO, None, 0.5),
            None
        );
        assert_eq!(
            RetryPolicy::default().max_attempts(0).forbidden_retries(0),
            RetryPolicy::none()
        );
    }

    #[test]
    fn no_value_makes_a_wait_panic() {
        for delay in [Duration::ZERO, SECOND, Duration::MAX] {
            for factor in [-1.0, 0.0, f64::NAN, f64::INFINITY, 1.5, f64::MAX] {
                let policy = RetryPolicy::default()
                    .max_attempts(u32::MAX)
                    .initial_backoff(delay)
                    .factor(factor)
                    .max_backoff(Duration::MAX)
                    .forbidden_retries(u32::MAX)
                    .forbidden_delay(delay);
                for attempt in [0, 1, 2, 1000, u32::MAX - 1] {
                    let _ = policy.delay(attempt, Duration::ZERO, None, fastrand::f64());
                    let _ = policy.forbidden_delay_after(
                        attempt,
                        Duration::ZERO,
                        true,
                        fastrand::f64(),
                    );
                }
            }
        }
    }

    #[test]
    fn the_server_says_when_up_to_a_limit() {
        let policy = RetryPolicy::default()
            .initial_backoff(SECOND)
            .max_retry_after(30 * SECOND);
        let wait = policy
            .delay(1, Duration::ZERO, Some(7 * SECOND), fastrand::f64())
            .unwrap();
        assert!(wait >= 7 * SECOND && wait <= 7 * SECOND + SECOND / 10);
        let wait = policy
            .delay(1, Duration::ZERO, Some(Duration::MAX), fastrand::f64())
            .unwrap();
        assert!(wait >= 30 * SECOND && wait < 31 * SECOND);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(
            retry_after_value(" 120 ", now),
            Some(Duration::from_secs(120))
        );
        assert_eq!(
            retry_after_value("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            retry_after_value("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO)
        );
        for nonsense in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after_value(nonsense, now), None, "{nonsense}");
        }
    }
}
