//! Decides the next step after a failed attempt: a pure function of the failure, the policy and the
//! attempts.
//!
//! It has no clock, randomness or sockets of its own, so that a table of cases tests all of it.
//! `engine/retry.rs` calls it after each failed attempt of a call, login, lookup, update or poll.

use std::time::Duration;

use http::Method;

use crate::wire::request::Request;
use crate::wire::retry::RetryPolicy;

/// The maximum number of token rejections in one call. The token is renewed after each, because a
/// call that is retried for minutes can outlive several tokens.
pub(crate) const MOST_TOKEN_REJECTIONS: u32 = 10;

/// The number of consecutive rejections after which a request also waits by the policy, besides
/// waiting for its slot.
const MOST_WITHOUT_BACKOFF: u32 = 2;

/// The failure of an attempt, as far as it affects the next step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FailureClass {
    /// A permanent failure.
    Permanent,
    /// A transient failure.
    Transient {
        /// The wait that the server requests.
        retry_after: Option<Duration>,
        /// Whether the server may have executed the request.
        may_be_carried_out: bool,
    },
    /// A rate limiter in front of FOLIO rejected the request. The client slows down automatically,
    /// so that this does not use the budget.
    RateLimited {
        retry_after: Option<Duration>,
        may_be_carried_out: bool,
        /// The number of rejections since the last accepted request of the client.
        in_a_row: u32,
    },
    /// The gateway rejected the token, before any module received the request.
    TokenRejected {
        /// Whether the client can get another token, which may be accepted.
        is_renewable: bool,
    },
    /// The server denies permission. Eureka also does so if it could not determine the permissions.
    Forbidden { by_eureka: bool },
    /// The login that the request needs failed, by a transient failure.
    NoToken {
        retry_after: Option<Duration>,
        /// Whether the login was sent for this call. One login serves all calls that wait for it.
        is_own: bool,
    },
}

impl FailureClass {
    /// A transient failure of an idempotent request.
    pub(crate) fn transient(retry_after: Option<Duration>) -> Self {
        Self::Transient {
            retry_after,
            may_be_carried_out: false,
        }
    }
}

/// All other inputs of the decision after a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) policy: &'a RetryPolicy,
    /// The number of attempts that count against the policy, including the failed one.
    pub(crate) attempts: u32,
    /// The time since the start of the first attempt.
    pub(crate) elapsed: Duration,
    /// The time until the deadline of the whole call, if it has one.
    pub(crate) time_left: Option<Duration>,
    /// The number of token rejections, including this one.
    pub(crate) token_rejections: u32,
    /// The number of retries after a 403.
    pub(crate) forbidden_retries: u32,
    /// Whether the request is idempotent.
    pub(crate) is_repeatable: bool,
    /// Whether its body was a stream that can be read only once, and was read.
    pub(crate) is_body_consumed: bool,
    /// Whether the client's budget is exhausted.
    pub(crate) is_budget_spent: bool,
    /// The part of the jitter to use, from 0 to 1.
    pub(crate) random: f64,
}

/// The next step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Another attempt immediately, with another token.
    RenewToken,
    /// Another attempt after a wait.
    Retry {
        delay: Duration,
        /// Whether it uses the client's budget.
        is_charged: bool,
    },
    GiveUp(GiveUp),
}

/// The reason for giving up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GiveUp {
    /// Another attempt would fail, too.
    Permanent,
    /// Another token would be rejected, too, or there is none.
    TokenRejected,
    /// The request may have been executed, and must not be executed twice.
    NotRepeatable,
    /// The body can be read only once.
    BodyConsumed,
    /// The policy allows no more attempts, or no more time.
    Exhausted,
    /// The deadline of the call leaves no time for another attempt.
    Deadline,
    /// The client's retry budget is exhausted.
    BudgetSpent,
}

/// The next step after a failed attempt.
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
                // It waits for its slot, like all others: the rate was lowered.
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
    /// Whether the request may be retried at all.
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

    /// A delay after which the attempt starts before the deadline of the call.
    fn in_time(&self, delay: Duration) -> Result<Duration, GiveUp> {
        match self.time_left.is_none_or(|left| delay < left) {
            true => Ok(delay),
            false => Err(GiveUp::Deadline),
        }
    }

    /// A retry that uses the budget, if the policy has one.
    fn charged(&self, delay: Duration) -> Result<Step, GiveUp> {
        let is_charged = self.policy.has_budget();
        match is_charged && self.is_budget_spent {
            true => Err(GiveUp::BudgetSpent),
            false => Ok(Step::Retry { delay, is_charged }),
        }
    }
}

/// Whether a request is idempotent: then it may be retried although the server may have executed
/// it.
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
        // A GET with an effect, PATCH.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::operation::Operation;

    const SECOND: Duration = Duration::from_secs(1);

    /// 5 attempts, waits of 0.5 s to 30 s, 180 s in all; the whole of the jitter.
    fn situation(policy: &RetryPolicy) -> Situation<'_> {
        Situation {
            policy,
            attempts: 1,
            elapsed: Duration::ZERO,
            time_left: None,
            token_rejections: 0,
            forbidden_retries: 0,
            is_repeatable: true,
            is_body_consumed: false,
            is_budget_spent: false,
            random: 1.0,
        }
    }

    fn retry(delay: Duration) -> Step {
        Step::Retry {
            delay,
            is_charged: true,
        }
    }

    fn free(delay: Duration) -> Step {
        Step::Retry {
            delay,
            is_charged: false,
        }
    }

    const HALF: Duration = Duration::from_millis(500);

    /// The request arrived, but the response was lost.
    const LOST: FailureClass = FailureClass::Transient {
        retry_after: None,
        may_be_carried_out: true,
    };

    /// It was not executed.
    const UNSENT: FailureClass = FailureClass::Transient {
        retry_after: None,
        may_be_carried_out: false,
    };

    fn asks(seconds: u64) -> FailureClass {
        FailureClass::Transient {
            retry_after: Some(Duration::from_secs(seconds)),
            may_be_carried_out: true,
        }
    }

    fn limited(in_a_row: u32, may_be_carried_out: bool) -> FailureClass {
        FailureClass::RateLimited {
            retry_after: None,
            may_be_carried_out,
            in_a_row,
        }
    }

    #[test]
    fn a_transient_failure() {
        let default = RetryPolicy::default();
        let none = RetryPolicy::none();
        let without_budget = RetryPolicy::default().without_budget();
        let now = situation(&default);
        let write = Situation {
            is_repeatable: false,
            ..now
        };
        let stream = Situation {
            is_body_consumed: true,
            ..now
        };
        let poor = Situation {
            is_budget_spent: true,
            ..now
        };
        let late = |left| Situation {
            time_left: Some(left),
            ..now
        };
        #[rustfmt::skip]
        let table = [
            ("first retry", LOST, now, retry(HALF)),
            ("half of it without jitter", LOST, Situation { random: 0.0, ..now }, retry(HALF / 2)),
            ("fourth retry", LOST, Situation { attempts: 4, ..now }, retry(8 * HALF)),
            ("no fifth", LOST, Situation { attempts: 5, ..now }, Step::GiveUp(GiveUp::Exhausted)),
            ("the policy's deadline", LOST, Situation { elapsed: 180 * SECOND, ..now }, Step::GiveUp(GiveUp::Exhausted)),
            ("just before it", LOST, Situation { elapsed: 179 * SECOND, ..now }, retry(HALF)),
            ("no retries", LOST, situation(&none), Step::GiveUp(GiveUp::Exhausted)),
            ("Retry-After and a tenth of the jitter", asks(7), now, retry(7 * SECOND + HALF / 10)),
            ("Retry-After of an hour is cut", asks(3600), now, retry(60 * SECOND + HALF / 10)),
            ("Retry-After of nothing", asks(0), now, retry(HALF / 10)),
            ("Retry-After beyond the policy's deadline", asks(60), Situation { elapsed: 121 * SECOND, ..now }, Step::GiveUp(GiveUp::Exhausted)),
            ("the deadline of the call comes later", LOST, late(SECOND), retry(HALF)),
            ("at the same time is too late", LOST, late(HALF), Step::GiveUp(GiveUp::Deadline)),
            ("it has come", LOST, late(Duration::ZERO), Step::GiveUp(GiveUp::Deadline)),
            ("Retry-After beyond the call's deadline", asks(7), late(5 * SECOND), Step::GiveUp(GiveUp::Deadline)),
            ("not idempotent, outcome unknown", LOST, write, Step::GiveUp(GiveUp::NotRepeatable)),
            ("not idempotent, outcome unknown, Retry-After", asks(1), write, Step::GiveUp(GiveUp::NotRepeatable)),
            ("not idempotent, and not carried out", UNSENT, write, retry(HALF)),
            ("a stream that was read", LOST, stream, Step::GiveUp(GiveUp::BodyConsumed)),
            ("a stream that was read, and not carried out", UNSENT, stream, Step::GiveUp(GiveUp::BodyConsumed)),
            ("not idempotent comes before the stream", LOST, Situation { is_repeatable: false, ..stream }, Step::GiveUp(GiveUp::NotRepeatable)),
            ("the budget is spent", LOST, poor, Step::GiveUp(GiveUp::BudgetSpent)),
            ("exhausted comes before the budget", LOST, Situation { attempts: 5, ..poor }, Step::GiveUp(GiveUp::Exhausted)),
            ("a policy without a budget", LOST, Situation { policy: &without_budget, ..poor }, free(HALF)),
            ("permanent", FailureClass::Permanent, now, Step::GiveUp(GiveUp::Permanent)),
        ];
        for (case, class, now, step) in table {
            assert_eq!(decide(class, &now), step, "{case}");
        }
    }

    #[test]
    fn a_limiter() {
        let default = RetryPolicy::default();
        let now = situation(&default);
        let write = Situation {
            is_repeatable: false,
            ..now
        };
        let asks = FailureClass::RateLimited {
            retry_after: Some(4 * SECOND),
            may_be_carried_out: false,
            in_a_row: 3,
        };
        #[rustfmt::skip]
        let table = [
            ("waits for its slot only", limited(1, false), now, free(Duration::ZERO)),
            ("the second time as well", limited(2, false), now, free(Duration::ZERO)),
            ("then also by the policy", limited(3, false), now, free(HALF)),
            ("and by Retry-After", asks, now, free(4 * SECOND + HALF / 10)),
            ("costs no budget", limited(1, false), Situation { is_budget_spent: true, ..now }, free(Duration::ZERO)),
            ("counts as an attempt", limited(1, false), Situation { attempts: 5, ..now }, Step::GiveUp(GiveUp::Exhausted)),
            ("429 of any method", limited(1, false), write, free(Duration::ZERO)),
            ("503 may be an outage's", limited(1, true), write, Step::GiveUp(GiveUp::NotRepeatable)),
            ("a stream that was read", limited(1, false), Situation { is_body_consumed: true, ..now }, Step::GiveUp(GiveUp::BodyConsumed)),
            ("the deadline of the call", limited(1, false), Situation { time_left: Some(HALF), ..now }, Step::GiveUp(GiveUp::Deadline)),
        ];
        for (case, class, now, step) in table {
            assert_eq!(decide(class, &now), step, "{case}");
        }
    }

    #[test]
    fn a_rejected_token() {
        let none = RetryPolicy::none();
        // Policy, budget and method have no influence: no module received the request.
        let now = Situation {
            token_rejections: 1,
            attempts: 7,
            is_repeatable: false,
            is_budget_spent: true,
            ..situation(&none)
        };
        let renewable = FailureClass::TokenRejected { is_renewable: true };
        let final_one = FailureClass::TokenRejected {
            is_renewable: false,
        };
        let given_up = Step::GiveUp(GiveUp::TokenRejected);
        #[rustfmt::skip]
        let table = [
            ("renewed, and at once", renewable, now, Step::RenewToken),
            ("a token of the request's own", final_one, now, given_up),
            ("for the ninth time", renewable, Situation { token_rejections: 9, ..now }, Step::RenewToken),
            ("for the tenth time", renewable, Situation { token_rejections: 10, ..now }, given_up),
            ("a stream that was read", renewable, Situation { is_body_consumed: true, ..now }, Step::GiveUp(GiveUp::BodyConsumed)),
        ];
        for (case, class, now, step) in table {
            assert_eq!(decide(class, &now), step, "{case}");
        }
    }

    #[test]
    fn a_403() {
        let (default, none) = (RetryPolicy::default(), RetryPolicy::none());
        let twice = RetryPolicy::default().forbidden_retries(2);
        let eureka = FailureClass::Forbidden { by_eureka: true };
        let okapi = FailureClass::Forbidden { by_eureka: false };
        let now = situation(&default);
        let second = Situation {
            forbidden_retries: 1,
            ..now
        };
        let exhausted = Step::GiveUp(GiveUp::Exhausted);
        #[rustfmt::skip]
        let table = [
            ("of Eureka once", eureka, now, retry(SECOND)),
            ("not twice", eureka, second, exhausted),
            ("of Okapi never", okapi, now, exhausted),
            ("unless that is set", okapi, Situation { policy: &twice, ..second }, retry(3 * SECOND)),
            ("as often as it is set", okapi, Situation { policy: &twice, forbidden_retries: 2, ..now }, exhausted),
            ("the policy without retries", eureka, situation(&none), exhausted),
            ("it does not count attempts", eureka, Situation { attempts: 9, ..now }, retry(SECOND)),
            ("a write that must not happen twice", eureka, Situation { is_repeatable: false, ..now }, Step::GiveUp(GiveUp::NotRepeatable)),
            ("the deadline of the call", eureka, Situation { time_left: Some(SECOND), ..now }, Step::GiveUp(GiveUp::Deadline)),
            ("the policy's deadline", eureka, Situation { elapsed: 180 * SECOND, ..now }, exhausted),
            ("the budget is spent", eureka, Situation { is_budget_spent: true, ..now }, Step::GiveUp(GiveUp::BudgetSpent)),
            ("a stream that was read", eureka, Situation { is_body_consumed: true, ..now }, Step::GiveUp(GiveUp::BodyConsumed)),
        ];
        for (case, class, now, step) in table {
            assert_eq!(decide(class, &now), step, "{case}");
        }
    }

    #[test]
    fn a_login_that_failed() {
        let default = RetryPolicy::default();
        // The request was not sent, so that its method and body have no influence.
        let now = Situation {
            is_repeatable: false,
            is_body_consumed: true,
            ..situation(&default)
        };
        let login = |is_own| FailureClass::NoToken {
            retry_after: None,
            is_own,
        };
        let poor = Situation {
            is_budget_spent: true,
            ..now
        };
        #[rustfmt::skip]
        let table = [
            ("the call's own", login(true), now, retry(HALF)),
            ("that of another call costs nothing", login(false), now, free(HALF)),
            ("the budget is spent", login(true), poor, Step::GiveUp(GiveUp::BudgetSpent)),
            ("by the call that sent it", login(false), poor, free(HALF)),
            ("it counts as an attempt", login(true), Situation { attempts: 5, ..now }, Step::GiveUp(GiveUp::Exhausted)),
            ("the deadline of the call", login(false), Situation { time_left: Some(HALF), ..now }, Step::GiveUp(GiveUp::Deadline)),
        ];
        for (case, class, now, step) in table {
            assert_eq!(decide(class, &now), step, "{case}");
        }
    }

    #[test]
    fn only_what_cannot_happen_twice_is_repeatable() {
        let (strict, idempotent) = (
            RetryPolicy::default(),
            RetryPolicy::default().idempotent_writes(true),
        );
        let id = "69640328-788e-43fc-9c3c-af39e243f3b7";
        let at = |method, path: &str| Request::to(method, path);
        let one = format!("/users/{id}");
        let put = |json: &str| at(Method::PUT, &one).with_record(json.as_bytes().to_vec());
        let post = |path: &str, json: String| at(Method::POST, path).with_record(json.into_bytes());
        static UNKNOWN: Operation = Operation::new("make_badge", Method::POST, "/badges");
        let record = format!(r#"{{"id": "{id}"}}"#);
        #[rustfmt::skip]
        let table = [
            ("GET", at(Method::GET, "/users"), true, true),
            ("HEAD", at(Method::HEAD, "/users"), true, true),
            ("POST that only reads", post("/x", "{}".into()).only_reads(), true, true),
            ("PUT without _version", put("{}"), false, true),
            ("PUT with _version", put(r#"{"_version": 3}"#), true, true),
            ("PUT with a negative _version", put(r#"{"_version": -1}"#), false, true),
            ("DELETE of a record", at(Method::DELETE, &one), true, true),
            ("DELETE of unknown effect", at(Method::DELETE, "/x"), false, true),
            ("POST under its id", post("/users", record.clone()), true, true),
            ("POST without an id", post("/users", "{}".into()), false, false),
            ("POST of unknown effect", Request::new(&UNKNOWN, &[]).with_record(record.into_bytes()), false, false),
            ("PATCH", at(Method::PATCH, &one), false, false),
            ("a POST that the caller calls idempotent", post("/x", "{}".into()).idempotent(true), true, true),
            ("a PUT that the caller does not", put(r#"{"_version": 3}"#).idempotent(false), false, false),
        ];
        for (case, request, is_strictly, is_idempotently) in table {
            assert_eq!(is_repeatable(&request, &strict), is_strictly, "{case}");
            assert_eq!(
                is_repeatable(&request, &idempotent),
                is_idempotently,
                "{case}"
            );
        }
    }
}
