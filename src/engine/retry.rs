//! The only retry loop: calls, logins, lookups, updates and polls use it.
//!
//! Each of them supplies one attempt and the class of its failure ([`FailureClass`]);
//! `wire/retry_decision.rs` decides the next step, and all waits end when the client is closed.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::lifecycle::Lifecycle;
use crate::wire::error::{Error, Result};
use crate::wire::retry::RetryPolicy;
use crate::wire::retry_budget::RetryBudget;
use crate::wire::retry_decision::{FailureClass, GiveUp, Situation, Step, decide};

/// An action that is attempted until it succeeds or is given up.
pub(crate) trait Retried {
    type Output;

    /// One attempt.
    fn attempt(&mut self) -> impl Future<Output = Result<Self::Output, Failed>> + Send;

    /// The attempts so far.
    fn attempts(&mut self) -> &mut Attempts;

    /// The bounds of the attempts besides their number.
    fn bounds(&self) -> Bounds<'_>;

    /// Whether a second attempt is safe and possible.
    fn repeatability(&self) -> Repeatability {
        Repeatability::HARMLESS
    }

    /// Another attempt follows, after `delay` or immediately.
    fn will_retry(&mut self, failed: Failed, delay: Option<Duration>) {
        let _ = (failed, delay);
    }

    /// The final error, if no other attempt follows.
    fn given_up(&self, failed: Failed, reason: GiveUp) -> Error {
        let _ = reason;
        failed.error
    }

    /// The jitter of a wait, from 0 to 1.
    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

/// A failed attempt.
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) class: FailureClass,
}

impl Failed {
    pub(crate) fn permanent(error: Error) -> Self {
        Self {
            error,
            class: FailureClass::Permanent,
        }
    }

    /// A transient failure of an idempotent action.
    pub(crate) fn transient(error: Error) -> Self {
        Self {
            class: FailureClass::transient(error.retry_after()),
            error,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::permanent(error)
    }
}

/// Whether a second attempt of a request is safe and possible.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeatability {
    /// Whether the request is idempotent.
    pub(crate) is_repeatable: bool,
    /// Whether its body was a stream that can be read only once, and was read.
    pub(crate) is_body_consumed: bool,
}

/// The bounds of the attempts besides their number.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) budget: &'a RetryBudget,
    pub(crate) life: &'a Lifecycle,
}

impl Repeatability {
    const HARMLESS: Self = Self {
        is_repeatable: true,
        is_body_consumed: false,
    };
}

/// The attempts so far.
#[derive(Clone, Copy)]
pub(crate) struct Attempts {
    /// The start of the first attempt.
    pub(crate) started: Instant,
    /// The deadline of all attempts.
    end: Option<Instant>,
    /// The number of failed attempts.
    failed: u32,
    /// The number of failed attempts that do not count against the policy.
    uncounted: u32,
    token_rejections: u32,
    forbidden_retries: u32,
}

impl Attempts {
    pub(crate) fn new(deadline: Option<Duration>) -> Self {
        let started = Instant::now();
        Self {
            started,
            end: deadline.and_then(|deadline| started.checked_add(deadline)),
            failed: 0,
            uncounted: 0,
            token_rejections: 0,
            forbidden_retries: 0,
        }
    }

    /// The number of failed attempts.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Excludes the failed attempt from the policy's count.
    pub(crate) fn uncount(&mut self) {
        self.uncounted += 1;
    }

    /// The deadline of the whole, if there is one.
    pub(crate) fn end(&self) -> Option<Instant> {
        self.end
    }

    /// The time until the deadline, if there is one.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.end
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Whether nothing may be sent any more.
    pub(crate) fn is_late(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }

    /// The step after a failed attempt; its cost is withdrawn from the budget.
    fn step(
        &mut self,
        class: FailureClass,
        bounds: Bounds<'_>,
        what: Repeatability,
        random: f64,
    ) -> Step {
        self.failed += 1;
        if matches!(class, FailureClass::TokenRejected { .. }) {
            self.token_rejections += 1;
        }
        let mut situation = Situation {
            policy: bounds.policy,
            attempts: self.failed.saturating_sub(self.uncounted),
            elapsed: self.started.elapsed(),
            time_left: self.time_left(),
            token_rejections: self.token_rejections,
            forbidden_retries: self.forbidden_retries,
            is_repeatable: what.is_repeatable,
            is_body_consumed: what.is_body_consumed,
            is_budget_spent: false,
            random,
        };
        let mut step = decide(class, &situation);
        if let Step::Retry {
            is_charged: true, ..
        } = step
            && !bounds.budget.withdraw()
        {
            situation.is_budget_spent = true;
            step = decide(class, &situation);
        }
        if matches!(
            (class, step),
            (FailureClass::Forbidden { .. }, Step::Retry { .. })
        ) {
            self.forbidden_retries += 1;
        }
        step
    }
}

/// Tries until it succeeds or gives up. Waits end when the client is closed.
pub(crate) async fn run<W: Retried>(work: &mut W) -> Result<W::Output> {
    loop {
        let failed = match work.attempt().await {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        if let Some(delay) = after(work, failed)? {
            // Boxed, because it is rare: otherwise the future of every call would reserve space for
            // it.
            let life = work.bounds().life;
            Box::pin(life.pause(delay)).await?;
        }
    }
}

/// The wait before the next attempt, if any; an error to give up.
#[cold]
fn after<W: Retried>(work: &mut W, failed: Failed) -> Result<Option<Duration>> {
    let class = failed.class;
    if class == FailureClass::Permanent {
        work.attempts().failed += 1;
        return Err(work.given_up(failed, GiveUp::Permanent));
    }
    let (what, random) = (work.repeatability(), work.random());
    let mut attempts = *work.attempts();
    let step = attempts.step(class, work.bounds(), what, random);
    *work.attempts() = attempts;
    let delay = match step {
        Step::GiveUp(reason) => return Err(work.given_up(failed, reason)),
        Step::RenewToken => None,
        Step::Retry { delay, .. } => Some(delay),
    };
    work.will_retry(failed, delay);
    Ok(delay)
}

/// Whether a policy and the client's budget allow the `number`-th retry (from 1) of an idempotent
/// action; then it is withdrawn from the budget.
pub(crate) fn is_allowed(bounds: Bounds<'_>, number: u32) -> bool {
    let mut attempts = Attempts::new(None);
    attempts.failed = number.saturating_sub(1);
    let step = attempts.step(
        FailureClass::transient(None),
        bounds,
        Repeatability::HARMLESS,
        fastrand::f64(),
    );
    matches!(step, Step::Retry { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Fails a number of times, each time after a second.
    struct Failing {
        left: u32,
        class: FailureClass,
        policy: RetryPolicy,
        budget: RetryBudget,
        life: Arc<Lifecycle>,
        attempts: Attempts,
        reason: std::cell::Cell<Option<GiveUp>>,
        retries: u32,
    }

    impl Failing {
        fn new(left: u32, policy: RetryPolicy) -> Self {
            Self {
                left,
                class: FailureClass::transient(None),
                budget: RetryBudget::of(&policy),
                policy,
                life: Arc::default(),
                attempts: Attempts::new(None),
                reason: std::cell::Cell::default(),
                retries: 0,
            }
        }
    }

    impl Retried for Failing {
        type Output = u32;

        async fn attempt(&mut self) -> Result<u32, Failed> {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match self.left {
                0 => Ok(self.attempts.failed()),
                _ => {
                    self.left -= 1;
                    Err(Failed {
                        error: Error::lookup("failed".to_owned()),
                        class: self.class,
                    })
                }
            }
        }

        fn attempts(&mut self) -> &mut Attempts {
            &mut self.attempts
        }

        fn bounds(&self) -> Bounds<'_> {
            Bounds {
                policy: &self.policy,
                budget: &self.budget,
                life: &self.life,
            }
        }

        fn will_retry(&mut self, _: Failed, _: Option<Duration>) {
            self.retries += 1;
        }

        fn given_up(&self, failed: Failed, reason: GiveUp) -> Error {
            self.reason.set(Some(reason));
            failed.error
        }

        fn random(&self) -> f64 {
            1.0
        }
    }

    fn policy() -> RetryPolicy {
        RetryPolicy::default().initial_backoff(Duration::from_secs(2))
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_longer_each_time_until_it_succeeds() {
        let start = Instant::now();
        let mut work = Failing::new(3, policy());
        assert_eq!(run(&mut work).await.unwrap(), 3);
        assert_eq!(work.retries, 3);
        assert_eq!(start.elapsed(), Duration::from_secs(4 + 2 + 4 + 8));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_and_says_why() {
        let deadline = Attempts::new(Some(Duration::from_secs(8)));
        let cases = [
            ("attempts", Failing::new(5, policy()), GiveUp::Exhausted),
            (
                "budget",
                Failing::new(5, policy().budget(0.0, 0)),
                GiveUp::BudgetSpent,
            ),
            (
                "deadline",
                Failing {
                    attempts: deadline,
                    ..Failing::new(5, policy())
                },
                GiveUp::Deadline,
            ),
            (
                "permanent",
                Failing {
                    class: FailureClass::Permanent,
                    ..Failing::new(5, policy())
                },
                GiveUp::Permanent,
            ),
        ];
        for (case, mut work, reason) in cases {
            run(&mut work).await.unwrap_err();
            assert_eq!(work.reason.get(), Some(reason), "{case}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_client_is_closed() {
        let start = Instant::now();
        let mut work = Failing::new(5, policy().initial_backoff(Duration::from_secs(20)));
        let life = Arc::clone(&work.life);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            life.close();
        });
        assert!(run(&mut work).await.unwrap_err().is_closed());
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_at_once_and_a_403_is_retried_by_its_own_count() {
        let start = Instant::now();
        let mut work = Failing {
            class: FailureClass::TokenRejected { is_renewable: true },
            ..Failing::new(9, policy())
        };
        assert_eq!(run(&mut work).await.unwrap(), 9);
        assert_eq!(start.elapsed(), Duration::from_secs(10));
        let mut work = Failing {
            class: FailureClass::Forbidden { by_eureka: true },
            ..Failing::new(2, policy())
        };
        run(&mut work).await.unwrap_err();
        assert_eq!(work.retries, 1);
        assert_eq!(work.reason.get(), Some(GiveUp::Exhausted));
    }
}
