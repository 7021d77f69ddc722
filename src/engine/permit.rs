//! What an attempt waits for: a permit of the limit in flight, a slot of the rate, and a token.

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
    /// None where the request has its own token, or needs none.
    pub(super) token: Option<Arc<Token>>,
    pub(super) slot: Slot,
}

const DEADLINE: &str =
    "not retried: the deadline of the call leaves no time for another attempt (`deadline`)";

/// Says that the deadline came before another attempt.
pub(super) fn too_late(last: Error) -> Error {
    last.with_help(DEADLINE)
}

impl<'a> CallInProgress<'a> {
    /// How long a login may be waited for: as long as an attempt may take.
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

    /// The permit, if nothing is to be waited for.
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

    /// The permit, waited for no longer than until the deadline.
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
        // After all waiting: a token may live shorter than that takes.
        if let Some(token) = auth.cached_token(self.rejected)? {
            return Ok(AttemptPermit {
                permit,
                token: Some(token),
                slot,
            });
        }
        // A login takes its time, in which others can send: those with a token of their own.
        drop(permit);
        auth.token(self.rejected, self.longest_login()).await?;
        let permit = limit.acquire(life).await?;
        // Mostly the same. Where tokens live shorter than the wait for a permit, this permit is
        // held.
        let token = auth.token(self.rejected, self.longest_login()).await?;
        // As late as possible: a slot is one of the time.
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

    /// The deadline has come while the call waited.
    fn deadline_error(&self) -> Error {
        match &self.last {
            Some(error) => too_late(error.duplicate()),
            None => Error::deadline(self.exchange.clone(), self.attempts.started.elapsed()),
        }
    }
}
