//! Tokens outside of a call: early logins, and tokens for holders that cannot renew them.

use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use crate::engine::attempt::BUDGET;
use crate::engine::auth::Token;
use crate::engine::permit::too_late;
use crate::engine::retry::{self, Attempts, Bounds, Failed, Retried};
use crate::engine::session::Session;
use crate::wire::error::{Error, ErrorKind, Result};
use crate::wire::retry_decision::GiveUp;

/// The attempts to obtain a token.
struct Login<'a> {
    session: &'a Session,
    attempts: Attempts,
    /// The reason for the next attempt.
    last: Option<Error>,
}

impl Retried for Login<'_> {
    type Output = Arc<Token>;

    async fn attempt(&mut self) -> Result<Arc<Token>, Failed> {
        let left = self.attempts.time_left();
        let longest = left
            .unwrap_or(Duration::MAX)
            .min(self.session.gateway.timeout());
        let failure = match self.session.auth.token(None, longest).await {
            Ok(token) => return Ok(token),
            Err(failure) if failure.is_transient => {
                return Err(failure.into_failed(&self.attempts));
            }
            Err(failure) => failure.error,
        };
        let is_late =
            left.is_some_and(|left| left <= longest) && failure.kind() == ErrorKind::Timeout;
        let last = self.last.take().filter(|_| is_late);
        Err(Failed::permanent(last.map_or(failure, too_late)))
    }

    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }

    fn bounds(&self) -> Bounds<'_> {
        self.session.bounds(&self.session.retry)
    }

    fn will_retry(&mut self, failed: Failed, delay: Option<Duration>) {
        debug!(error = %failed.error, ?delay, attempts = self.attempts.failed(), "retrying the login");
        self.last = Some(failed.error);
    }

    fn given_up(&self, failed: Failed, reason: GiveUp) -> Error {
        match reason {
            GiveUp::BudgetSpent => failed.error.with_help(BUDGET),
            _ => failed.error,
        }
    }
}

impl Session {
    /// A token, obtained by the client's policy.
    pub(crate) async fn token(&self) -> Result<Arc<Token>> {
        let mut login = Login {
            session: self,
            attempts: Attempts::new(self.deadline),
            last: None,
        };
        retry::run(&mut login).await
    }

    /// A token for a holder that cannot renew it: one that is about to expire is renewed first. If
    /// that fails, it is still valid.
    pub(crate) async fn fresh_token(&self) -> Result<Arc<Token>> {
        let token = self.token().await?;
        self.auth.freshen(&token, self.gateway.timeout()).await?;
        self.token().await
    }
}
