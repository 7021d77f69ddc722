//! One attempt of a call: permit, send, receive, classify; and the changes before another attempt.

use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use crate::engine::auth::{NoToken, Token};
use crate::engine::call::{AttemptOutput, BodyReading, CallInProgress};
use crate::engine::classify::unknown_outcome;
use crate::engine::retry::{Attempts, Bounds, Failed, Repeatability, Retried};
use crate::wire::error::{Error, Result};
use crate::wire::retry_decision::{FailureClass, GiveUp, is_repeatable};

pub(super) const BUDGET: &str = "not retried: the client's retry budget is exhausted, because many requests fail (see RetryPolicy::budget)";

const CONSUMED: &str = "not retried: its body was a stream that can be read only once; bodies of `Body::file` and `Body::reopen` can be sent again";

impl Retried for CallInProgress<'_> {
    type Output = AttemptOutput;

    async fn attempt(&mut self) -> Result<AttemptOutput, Failed> {
        let permit = match self.try_acquire()? {
            Some(permit) => permit,
            None => match Box::pin(self.acquire_in_time()).await {
                Ok(permit) => permit,
                Err(failure) => return Err(self.without_token(failure)),
            },
        };
        self.token = permit.token;
        self.slot = permit.slot;
        self.exchange.attempts += 1;
        let sent = match self.reading {
            BodyReading::Whole if self.request.is_in_memory() => {
                self.send().await.map(|response| (response, None))
            }
            BodyReading::Page(ticket) if self.request.is_in_memory() => {
                let sent = Box::pin(self.send_page(ticket)).await;
                sent.map(|response| (response, None))
            }
            _ => Box::pin(self.send_in_pieces()).await,
        };
        // The permit is held while a body is read, and not during the wait for another attempt.
        let (sent, rest) = match sent {
            Ok((response, body)) => {
                let limit = &self.session.limit;
                let rest = body.map(|body| (body, limit.owned(permit.permit)));
                (Ok(response), rest)
            }
            Err(failure) => (Err(failure), None),
        };
        let received = self.classify(sent, rest);
        self.exchange.sent.token = match &received {
            Ok(_) => self.token.take().map(|token| token as _),
            Err(_) => self.token.clone().map(|token| token as _),
        };
        received
    }

    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }

    fn bounds(&self) -> Bounds<'_> {
        self.session.bounds(self.policy)
    }

    fn repeatability(&self) -> Repeatability {
        Repeatability {
            is_repeatable: is_repeatable(self.request, self.policy),
            is_body_consumed: self.request.is_spent(),
        }
    }

    fn will_retry(&mut self, failed: Failed, delay: Option<Duration>) {
        let Failed { error, class } = failed;
        let attempts = self.attempts.failed();
        match class {
            FailureClass::TokenRejected { .. } => {
                debug!(error = %error, "the token was rejected");
                self.rejected = self.token.as_ref().map(|token| token.generation);
                self.just_rejected = Some(Instant::now());
            }
            FailureClass::Transient {
                may_be_carried_out, ..
            }
            | FailureClass::RateLimited {
                may_be_carried_out, ..
            } => {
                debug!(error = %error, ?delay, attempts, "retrying");
                self.exchange.in_doubt |= may_be_carried_out && !self.request.is_read();
                self.just_rejected = None;
                self.last = Some(error);
            }
            FailureClass::NoToken { .. } => {
                debug!(error = %error, ?delay, attempts, "retrying the login");
                self.last = Some(error);
            }
            FailureClass::Forbidden { .. } | FailureClass::Permanent => {
                debug!(error = %error, ?delay, attempts, "retrying, because a 403 can be transient");
                self.just_rejected = None;
            }
        }
    }

    fn given_up(&self, failed: Failed, reason: GiveUp) -> Error {
        let Failed { error, class } = failed;
        let attempts = self.exchange.attempts;
        match class {
            FailureClass::Permanent => debug!(error = %error, attempts, "failed"),
            _ => debug!(error = %error, attempts, ?reason, "gave up"),
        }
        let error = match class {
            FailureClass::Permanent => error,
            FailureClass::TokenRejected { .. } | FailureClass::Forbidden { .. } => match reason {
                GiveUp::BodyConsumed => error,
                _ => return self.of_other_tenant(error),
            },
            FailureClass::NoToken { .. } => error,
            FailureClass::Transient {
                may_be_carried_out, ..
            }
            | FailureClass::RateLimited {
                may_be_carried_out, ..
            } => {
                let is_in_doubt = may_be_carried_out && !self.request.is_read();
                match reason {
                    GiveUp::BodyConsumed if is_in_doubt => error.with_unknown_outcome(),
                    _ if is_in_doubt => unknown_outcome(error, reason != GiveUp::NotRepeatable),
                    _ => error,
                }
            }
        };
        match reason {
            GiveUp::BodyConsumed => error.with_help(CONSUMED),
            GiveUp::BudgetSpent => error.with_help(BUDGET),
            _ => error,
        }
    }
}

impl CallInProgress<'_> {
    /// The attempt was not sent, because no token could be obtained.
    #[cold]
    fn without_token(&mut self, failure: NoToken) -> Failed {
        self.exchange.elapsed = self.attempts.started.elapsed();
        match failure.is_transient {
            true => failure.into_failed(&self.attempts),
            false => Failed::permanent(failure.error.of_request(&self.exchange)),
        }
    }

    /// Adds to a rejection that the token belongs to another tenant, if it does.
    fn of_other_tenant(&self, error: Error) -> Error {
        let token = self.token.as_deref();
        let token = token.and_then(|token: &Token| token.tenant.as_deref());
        match (token, self.tenant.to_str()) {
            (Some(token), Ok(sent)) if token != sent => error.with_help(format!(
                "the token was issued for the tenant `{token}`, but the request was sent to `{sent}`: this works only in a consortium in which the user has an affiliation with that tenant"
            )),
            _ => error,
        }
    }
}
