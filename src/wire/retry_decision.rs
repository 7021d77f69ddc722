//! What follows an attempt that failed: a pure function of the failure, the policy and the attempts.
//!
//! It has no clock, no randomness and no sockets of its own, so that a table of cases tests all of
//! it. `engine/retry.rs` asks it after each failed attempt of a call, login, lookup, update or poll.

use std::time::Duration;

use http::Method;

use crate::wire::request::Request;
use crate::wire::retry::RetryPolicy;

/// How often a token may be rejected in one call. Each time it is renewed, since a call that is
/// retried for minutes can outlive several.
pub(crate) const MOST_TOKEN_REJECTIONS: u32 = 10;

/// The rejections in a row after which a request waits by the policy besides waiting for its slot.
const MOST_WITHOUT_BACKOFF: u32 = 2;

/// Why an attempt failed, as far as it decides what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FailureClass {
    /// Another attempt would fail as well.
    Permanent,
    /// Another attempt may succeed.
    Transient {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// Whether the server may have carried the request out.
        may_be_carried_out: bool,
    },
    /// A limiter in front of FOLIO rejected the request. The client slows down by itself, so that
    /// this costs nothing of the budget.
    RateLimited {
        retry_after: Option<Duration>,
        may_be_carried_out: bool,
        /// How many rejections there were since other requests of the client were accepted.
        in_a_row: u32,
    },
    /// The gateway rejected the token, before any module has seen the request.
    TokenRejected {
        /// Whether the client can get another token, which may be accepted.
        is_renewable: bool,
    },
    /// The server says that the user may not. Eureka says so also when it could not find out.
    Forbidden { by_eureka: bool },
    /// The login that the request needs failed, by a transient failure.
    NoToken {
        retry_after: Option<Duration>,
        /// Whether the login was sent for this call. One is sent for all calls that wait for it.
        is_own: bool,
    },
}

impl FailureClass {
    /// A transient failure of something that may be done twice.
    pub(crate) fn transient(retry_after: Option<Duration>) -> Self {
        Self::Transient {
            retry_after,
            may_be_carried_out: false,
        }
    }
}

/// All else that decides what follows a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) policy: &'a RetryPolicy,
    /// The attempts so far that count against the policy, the failed one included.
    pub(crate) attempts: u32,
    /// The time since the first attempt began.
    pub(crate) elapsed: Duration,
    /// The time until the deadline of the whole call, if it has one.
    pub(crate) time_left: Option<Duration>,
    /// How often the token was rejected, this time included.
    pub(crate) token_rejections: u32,
    /// How often the request was sent again after a 403.
    pub(crate) forbidden_retries: u32,
    /// Whether the request may be carried out twice without harm.
    pub(crate) is_repeatable: bool,
    /// Whether its body was a stream that can be read once, and has been read.
    pub(crate) is_body_consumed: bool,
    /// Whether the client's budget has nothing left.
    pub(crate) is_budget_spent: bool,
    /// Which part of the jitter is used, from 0 to 1.
    pub(crate) random: f64,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Another attempt at once, with another token.
    RenewToken,
    /// Another attempt after a wait.
    Retry {
        delay: Duration,
        /// Whether it costs one of the client's budget.
        is_charged: bool,
    },
    GiveUp(GiveUp),
}

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GiveUp {
    /// Another attempt would fail as well.
    Permanent,
    /// Another token would be rejected as well, or there is none.
    TokenRejected,
    /// The request may have been carried out, and must not be carried out twice.
    NotRepeatable,
    /// The body can be read only once.
    BodyConsumed,
    /// The policy allows no more attempts, or no more time.
    Exhausted,
    /// The deadline of the call comes before another attempt.
    Deadline,
    /// The client's budget for retries is spent.
    BudgetSpent,
}

/// What follows an attempt that failed.
pub(crate) fn decide(class: FailureClass, now: &Situation<'_>) -> Step {
    match class {
        FailureClass::Permanent => Step::GiveUp(GiveUp::Permanent),
        FailureClass::TokenRejected { is_renewable } => {
            if !is_renewable || now.token_rejections >= MOST_TOKEN_REJECTIONS {
                Step::GiveUp(GiveUp::TokenRejected)
            } else if now.is_body_consumed {
                Step::GiveUp(GiveUp::BodyConsumed)
            } else {
                Step::RenewToken
            }
        }
        FailureClass::Transient {
            retry_after,
            may_be_carried_out,
        } => now
            .sendable(may_be_carried_out)
            .and_then(|()| now.delay(retry_after))
            .and_then(|delay| now.charged(delay))
            .unwrap_or_else(Step::GiveUp),
        FailureClass::RateLimited {
            retry_after,
            may_be_carried_out,
            in_a_row,
        } => now
            .sendable(may_be_carried_out)
            .and_then(|()| now.delay(retry_after))
            .map_or_else(Step::GiveUp, |delay| Step::Retry {
                // It waits for its slot, with all others: the rate was lowered.
                delay: match in_a_row > MOST_WITHOUT_BACKOFF {
                    true => delay,
                    false => Duration::ZERO,
                },
                is_charged: false,
            }),
        FailureClass::Forbidden { by_eureka } => now
            .repeatable()
            .and_then(|()| now.forbidden_delay(by_eureka))
            .and_then(|delay| now.charged(delay))
            .and_then(|step| now.with_body().map(|()| step))
            .unwrap_or_else(Step::GiveUp),
        FailureClass::NoToken {
            retry_after,
            is_own,
        } => now
            .delay(retry_after)
            .and_then(|delay| match is_own {
                true => now.charged(delay),
                false => Ok(Step::Retry {
                    delay,
                    is_charged: false,
                }),
            })
            .unwrap_or_else(Step::GiveUp),
    }
}

impl Situation<'_> {
    /// Whether the request may be sent again at all.
    fn sendable(&self, may_be_carried_out: bool) -> Result<(), GiveUp> {
        if may_be_carried_out {
            self.repeatable()?;
        }
        self.with_body()
    }

    fn repeatable(&self) -> Result<(), GiveUp> {
        match self.is_repeatable {
            true => Ok(()),
            false => Err(GiveUp::NotRepeatable),
        }
    }

    fn with_body(&self) -> Result<(), GiveUp> {
        match self.is_body_consumed {
            true => Err(GiveUp::BodyConsumed),
            false => Ok(()),
        }
    }

    fn delay(&self, retry_after: Option<Duration>) -> Result<Duration, GiveUp> {
        let delay = self
            .policy
            .delay(self.attempts, self.elapsed, retry_after, self.random);
        self.in_time(delay.ok_or(GiveUp::Exhausted)?)
    }

    fn forbidden_delay(&self, by_eureka: bool) -> Result<Duration, GiveUp> {
        let delay = self.policy.forbidden_delay_after(
            self.forbidden_retries,
            self.elapsed,
            by_eureka,
            self.random,
        );
        self.in_time(delay.ok_or(GiveUp::Exhausted)?)
    }

    /// A delay after which the attempt begins before the deadline of the call.
    fn in_time(&self, delay: Duration) -> Result<Duration, GiveUp> {
        match self.time_left.is_none_or(|left| delay < left) {
            true => Ok(delay),
            false => Err(GiveUp::Deadline),
        }
    }

    /// A retry that costs one of the budget, if the policy has one.
    fn charged(&self, delay: Duration) -> Result<Step, GiveUp> {
        let is_charged = self.policy.has_budget();
        match is_charged && self.is_budget_spent {
            true => Err(GiveUp::BudgetSpent),
            false => Ok(Step::Retry { delay, is_charged }),
        }
    }
}

/// Whether a request may be carried out twice without harm: then it may be sent again although the
/// server may have carried it out.
pub(crate) fn is_repeatable(request: &Request, policy: &RetryPolicy) -> bool {
    if request.is_read() {
        return true;
    }
    if let Some(idempotent) = request.is_idempotent() {
        return idempotent;
    }
    match *request.method() {
        Method::DELETE => policy.repeats_idempotent_writes() || request.deletes_a_record(),
        Method::PUT => policy.repeats_idempotent_writes() || request.is_guarded(),
        // The server rejects a second record of the same id.
        Method::POST => request.created_id().is_some(),
        // A GET that has an effect, PATCH.
        _ => false,
    }
}

#[cfg(test)]
#[path = "retry_decision/tests.rs"]
mod tests;
