//! The prerequisites of an attempt: a permit of the concurrency limit, a slot of the rate, and a
//! token.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;

use crate::engine::auth::{NoToken, Token, needs_no_token};
use crate::engine::call::CallInProgress;
use crate::engine::pace::Slot;
use crate::engine::session::Session;
use crate::wire::error::{Error, Result};
use crate::wire::headers::TOKEN;

/// Held for the duration of one attempt.
pub(super) struct AttemptPermit<'a> {
    pub(super) permit: SemaphorePermit<'a>,
    /// None if the request has its own token, or needs none.
    pub(super) token: Option<Arc<Token>>,
    pub(super) slot: Slot,
}

const DEADLINE: &str =
    "not retried: the deadline of the call leaves no time for another attempt (`deadline`)";

/// The error of a deadline that leaves no time for another attempt.
pub(super) fn too_late(last: Error) -> Error {
    last.with_help(DEADLINE)
}

impl<'a> CallInProgress<'a> {
    /// The maximum wait for a login: the timeout of an attempt.
    fn longest_login(&self) -> Duration {
        let own = self.request.attempt_timeout();
        own.unwrap_or_else(|| self.session.gateway.timeout())
    }

    /// Whether it is sent without the client's token: with its own, or with none, as a login is.
    fn has_own_token(&self) -> bool {
        let request = self.request;
        request.headers().contains_key(TOKEN)
            || needs_no_token(request.method(), request.own_path())
    }

    /// The permit, if no wait is needed.
    pub(super) fn try_acquire(&self) -> Result<Option<AttemptPermit<'a>>> {
        if self.session.rate.is_some() || self.session.pace.is_limited() {
            return Ok(None);
        }
        let Some(permit) = self.session.limit.try_acquire() else {
            return Ok(None);
        };
        let token = if self.has_own_token() {
            self.session.life.check()?;
            None
        } else {
            match self.session.auth.cached_token(self.rejected)? {
                Some(token) => Some(token),
                None => return Ok(None),
            }
        };
        Ok(Some(AttemptPermit {
            permit,
            token,
            slot: self.session.pace.at_once(),
        }))
    }

    /// The permit, after a wait that ends at the deadline.
    pub(super) async fn acquire_in_time(&self) -> Result<AttemptPermit<'a>, NoToken> {
        let Some(end) = self.attempts.end() else {
            return self.acquire().await;
        };
        match tokio::time::timeout_at(end, self.acquire()).await {
            Ok(permit) => permit,
            Err(_) => Err(self.deadline_error().into()),
        }
    }

    async fn acquire(&self) -> Result<AttemptPermit<'a>, NoToken> {
        let Session {
            auth,
            limit,
            rate,
            life,
            ..
        } = self.session;
        let permit = limit.acquire(life).await?;
        if let Some(rate) = rate {
            rate.acquire(life).await?;
        }
        let slot = self.session.slot().await?;
        if self.has_own_token() {
            return Ok(AttemptPermit {
                permit,
                token: None,
                slot,
            });
        }
        // After all waits: a token may expire during them.
        if let Some(token) = auth.cached_token(self.rejected)? {
            return Ok(AttemptPermit {
                permit,
                token: Some(token),
                slot,
            });
        }
        // A login takes time, in which other requests with their own token can be sent.
        drop(permit);
        auth.token(self.rejected, self.longest_login()).await?;
        let permit = limit.acquire(life).await?;
        // Usually the same token. If tokens expire during the wait for a permit, this permit is
        // held.
        let token = auth.token(self.rejected, self.longest_login()).await?;
        // As late as possible: a slot is tied to a point in time.
        let slot = match self.session.pace.is_limited() {
            true => self.session.slot().await?,
            false => self.session.pace.at_once(),
        };
        Ok(AttemptPermit {
            permit,
            token: Some(token),
            slot,
        })
    }

    /// The deadline expired while the call waited.
    fn deadline_error(&self) -> Error {
        match &self.last {
            Some(error) => too_late(error.duplicate()),
            None => Error::deadline(self.exchange.clone(), self.attempts.started.elapsed()),
        }
    }
}
