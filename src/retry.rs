//! What is sent again, when, and how often.

use std::time::{Duration, SystemTime};

use http::StatusCode;

/// When a request is repeated, as a value. Set one for the client with
/// [`FolioClientBuilder::retry`](crate::FolioClientBuilder::retry), or for one request with [`Request::retry`](crate::Request::retry).
///
/// The invariant is that **a write is repeated only if it cannot happen twice**:
///
/// | request | is repeated after |
/// |---|---|
/// | any | a connection that could not be made: nothing was sent |
/// | GET, HEAD, OPTIONS | 408, 429, 502, 503, 504, a timeout, a broken connection, a list that the server broke off |
/// | DELETE of one record by its id | the same. A 404 to the repetition is success: the record is gone |
/// | PUT of a record with its `_version` | the same: the server refuses the second one. Then the call fails with a conflict ([`is_conflict`](crate::Error::is_conflict)), and the error says that the first may have worked |
/// | PUT without `_version`, DELETE by query, POST, PATCH | nothing else, unless [`idempotent_writes`](Self::idempotent_writes) (PUT and DELETE) or [`Request::idempotent`](crate::Request::idempotent) says that it may be |
///
/// A token that was refused is no such failure: it is renewed and the request sent again, once, whatever its method, since the gateway
/// refuses before any module sees the request.
///
/// ```
/// use std::time::Duration;
/// use folio_sdk::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(10).max_delay(Duration::from_secs(60)).deadline(Duration::from_secs(900));
/// let never = RetryPolicy::none();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
    deadline: Duration,
    idempotent_writes: bool,
}

impl Default for RetryPolicy {
    /// 5 attempts in all; before the n-th repetition a random time up to 0.5 s · 2ⁿ⁻¹, at most 30 s; a server's `Retry-After` is honoured
    /// up to 60 s; no new attempt later than 3 minutes after the first.
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
            deadline: Duration::from_secs(180),
            idempotent_writes: false,
        }
    }
}

impl RetryPolicy {
    /// No repetition at all.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a request is sent at most, the first time included. 0 counts as 1.
    pub fn max_attempts(self, attempts: u32) -> Self {
        Self {
            max_attempts: attempts.max(1),
            ..self
        }
    }

    /// The longest wait before the first repetition; it doubles with each. The wait is random between nothing and this ("full jitter"),
    /// so that many clients do not come back at the same time.
    pub fn base_delay(self, delay: Duration) -> Self {
        Self {
            base_delay: delay,
            ..self
        }
    }

    /// The longest wait before any repetition.
    pub fn max_delay(self, delay: Duration) -> Self {
        Self {
            max_delay: delay,
            ..self
        }
    }

    /// The longest wait that a server can ask for by `Retry-After`. A longer one is cut to this.
    pub fn max_retry_after(self, delay: Duration) -> Self {
        Self {
            max_retry_after: delay,
            ..self
        }
    }

    /// The time from the first attempt after which no other begins.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whether every PUT and DELETE may be repeated when it is not known if it was carried out. HTTP calls them idempotent; but a PUT
    /// without `_version` undoes what another client wrote in between, and a DELETE by query deletes what was created in between.
    pub fn idempotent_writes(self, repeat: bool) -> Self {
        Self {
            idempotent_writes: repeat,
            ..self
        }
    }

    pub(crate) fn repeats_idempotent_writes(&self) -> bool {
        self.idempotent_writes
    }

    /// A random time up to the base delay, doubled with each attempt so far, up to the longest.
    pub(crate) fn wait(&self, attempt: u32) -> Duration {
        let ceiling = self
            .base_delay
            .saturating_mul(
                1_u32
                    .checked_shl(attempt.saturating_sub(1))
                    .unwrap_or(u32::MAX),
            )
            .min(self.max_delay);
        ceiling.mul_f64(fastrand::f64())
    }

    /// How long to wait before sending again; none to give up. `attempt` is the number of attempts so far, `elapsed` the time since the
    /// first began.
    pub(crate) fn delay(
        &self,
        attempt: u32,
        elapsed: Duration,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts {
            return None;
        }
        let jitter = self.wait(attempt);
        let delay = match retry_after {
            // A tenth of the jitter on top, so that those who were told the same time do not come at the same time.
            Some(told) => told.min(self.max_retry_after).saturating_add(jitter / 10),
            None => jitter,
        };
        (elapsed.saturating_add(delay) <= self.deadline).then_some(delay)
    }
}

/// A status after which the same request may well succeed. 408 is the Eureka sidecar's read timeout, 429 comes from hosting only, 502 to 504
/// from gateways and load balancers. 500 is a fault of a module and comes again.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// What a `Retry-After` header says: seconds, or a date (a past one means at once).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
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
    fn the_wait_doubles_up_to_its_ceiling_and_is_random_below_it() {
        let policy = RetryPolicy::default()
            .max_attempts(100)
            .base_delay(SECOND)
            .max_delay(8 * SECOND)
            .deadline(Duration::MAX);
        for (attempt, ceiling) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (60, 8), (99, 8)] {
            let waits: Vec<Duration> = (0..200)
                .filter_map(|_| policy.delay(attempt, Duration::ZERO, None))
                .collect();
            assert_eq!(waits.len(), 200);
            assert!(
                waits.iter().all(|wait| *wait <= ceiling * SECOND),
                "attempt {attempt}"
            );
            assert!(
                waits.iter().any(|wait| *wait > ceiling * SECOND / 2)
                    && waits.iter().any(|wait| *wait < ceiling * SECOND / 2)
            );
        }
    }

    #[test]
    fn attempts_and_deadline_end_it() {
        let policy = RetryPolicy::default().max_attempts(3).deadline(10 * SECOND);
        assert!(policy.delay(2, Duration::ZERO, None).is_some());
        assert_eq!(policy.delay(3, Duration::ZERO, None), None);
        assert_eq!(policy.delay(1, 11 * SECOND, None), None);
        assert_eq!(policy.delay(1, Duration::ZERO, Some(20 * SECOND)), None);
        assert_eq!(RetryPolicy::none().delay(1, Duration::ZERO, None), None);
        assert_eq!(RetryPolicy::default().max_attempts(0), RetryPolicy::none());
    }

    #[test]
    fn the_server_says_when_up_to_a_limit() {
        let policy = RetryPolicy::default()
            .base_delay(SECOND)
            .max_retry_after(30 * SECOND);
        let wait = policy.delay(1, Duration::ZERO, Some(7 * SECOND)).unwrap();
        assert!(wait >= 7 * SECOND && wait <= 7 * SECOND + SECOND / 10);
        let wait = policy
            .delay(1, Duration::ZERO, Some(Duration::MAX))
            .unwrap();
        assert!(wait >= 30 * SECOND && wait < 31 * SECOND);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO)
        );
        for nonsense in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
