//! Provides calls with a token: the cached one, or that of a renewal which all calls share.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::engine::auth::endpoints::{LOGIN_TIMEOUT, REFRESH, refresh_headers};
use crate::engine::auth::state::{Auth, AuthState, LoginOutcome, NoToken};
use crate::engine::auth::token::{RefreshToken, Token};
use crate::wire::error::{Error, ErrorKind, Result};

/// The maximum time that all calls wait after a failed login before the next one is sent, in
/// addition to the wait of each call's own policy.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The wait after a failed early renewal before the next one. The token is still valid.
pub(super) const EARLY_RENEWAL_PAUSE: Duration = Duration::from_secs(10);

impl Auth {
    /// Returns a token, after at most one attempt to obtain one. `rejected` is the generation of a
    /// token that the server has just rejected. The wait for a login is limited to `longest`, and
    /// ends when the client is closed; the login continues in the background for later calls.
    ///
    /// The caller's policy decides whether and when to try again.
    pub(crate) async fn token(
        self: &Arc<Self>,
        rejected: Option<u64>,
        longest: Duration,
    ) -> Result<Arc<Token>, NoToken> {
        let started = Instant::now();
        // A renewal ends without a result only if its runtime was shut down. Then another one is
        // started, up to a limit.
        for _ in 0..3 {
            let (mut renewal, is_own) = {
                let mut state = self.state();
                match self.cached(&mut state, rejected)? {
                    Some(token) => return Ok(token),
                    None => self.renewal(&mut state)?,
                }
            };
            let left = longest.saturating_sub(started.elapsed());
            let renewed = renewal.wait_for(Option::is_some);
            let outcome = match self.life.within(left, renewed).await? {
                Some(Ok(outcome)) => outcome.clone(),
                Some(Err(_stopped)) => None,
                None => return Err(Error::no_login_in_time(longest).into()),
            };
            match outcome {
                Some(Ok(token)) if rejected.is_none_or(|rejected| token.generation > rejected) => {
                    return Ok(token);
                }
                Some(Ok(_)) | None => {}
                Some(Err(failure)) => {
                    return Err(NoToken {
                        error: failure.error.duplicate(),
                        is_transient: failure.is_transient,
                        is_own,
                    });
                }
            }
        }
        Err(Error::runtime(
            "the login was interrupted three times, because the tokio runtime in which it ran was shut down",
        )
        .into())
    }

    /// The cached token, if it is valid: without waiting.
    pub(crate) fn cached_token(
        self: &Arc<Self>,
        rejected: Option<u64>,
    ) -> Result<Option<Arc<Token>>> {
        self.cached(&mut self.state(), rejected)
    }

    pub(super) fn cached(
        self: &Arc<Self>,
        state: &mut AuthState,
        rejected: Option<u64>,
    ) -> Result<Option<Arc<Token>>> {
        self.life.check()?;
        if let (Some(token), Some(rejected)) = (&state.token, rejected)
            && token.generation <= rejected
        {
            state.token = None;
        }
        let now = Instant::now();
        let Some(token) = state.token.as_ref().filter(|token| token.is_good_at(now)) else {
            return Ok(None);
        };
        let token = Arc::clone(token);
        if token.lifetime.is_some_and(|lifetime| now >= lifetime.renew)
            && state
                .no_early_renewal_before
                .is_none_or(|pause| now >= pause)
        {
            // Meanwhile other calls use the old token.
            self.renewal(state)?;
        }
        Ok(Some(token))
    }

    /// Waits for the renewal of a token that is about to expire, for a holder that cannot renew it.
    /// If it fails, the token is still valid.
    pub(crate) async fn freshen(self: &Arc<Self>, token: &Token, longest: Duration) -> Result<()> {
        let is_fresh = token
            .lifetime
            .is_none_or(|lifetime| Instant::now() < lifetime.renew);
        let renewal = self.state().renewal.clone();
        if let Some(mut renewal) = renewal.filter(|_| !is_fresh) {
            let renewed = renewal.wait_for(Option::is_some);
            let _ = self.life.within(longest, renewed).await?;
        }
        Ok(())
    }

    /// The renewal in progress, or a new one, and whether it is new. It runs in its own task, so
    /// that it continues if the call that started it is cancelled.
    pub(super) fn renewal(
        self: &Arc<Self>,
        state: &mut AuthState,
    ) -> Result<(watch::Receiver<LoginOutcome>, bool)> {
        if let Some(running) = &state.renewal
            && running.has_changed().is_ok()
        {
            return Ok((running.clone(), false));
        }
        let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?;
        let (sender, receiver) = watch::channel(None);
        state.renewal = Some(receiver.clone());
        let auth = Arc::clone(self);
        let pause = state
            .pause_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        runtime.spawn(async move {
            let paused = match pause {
                Some(pause) => auth.life.pause(pause).await,
                None => Ok(()),
            };
            let outcome = match paused {
                Ok(()) => auth.renew().await.map_err(Arc::new),
                Err(closed) => Err(Arc::new(closed.into())),
            };
            {
                let mut state = auth.state();
                state.renewal = None;
                state.no_early_renewal_before = outcome
                    .is_err()
                    .then(|| Instant::now().checked_add(EARLY_RENEWAL_PAUSE))
                    .flatten();
                state.failures = match &outcome {
                    Err(failure) if failure.is_transient => state.failures.saturating_add(1),
                    _ => 0,
                };
                state.pause_until = (state.failures > 0)
                    .then(|| {
                        let pause = auth
                            .retry
                            .wait(state.failures, None, fastrand::f64())
                            .min(LONGEST_PAUSE);
                        let asked = outcome.as_ref().err();
                        let asked = asked.and_then(|failure| failure.error.retry_after());
                        let asked = asked
                            .unwrap_or_default()
                            .min(auth.retry.longest_retry_after());
                        Instant::now().checked_add(pause.max(asked))
                    })
                    .flatten();
            }
            if let Err(failure) = &outcome
                && failure.error.kind() != ErrorKind::ClientClosed
            {
                warn!(error = %failure.error, "no token could be obtained");
            }
            sender.send_replace(Some(outcome));
        });
        Ok((receiver, true))
    }

    /// One attempt to obtain a token: with the refresh token if there is one; without one, or if it
    /// is rejected, with a login.
    pub(super) async fn renew(self: &Arc<Self>) -> Result<Arc<Token>, NoToken> {
        let refresh = {
            let mut state = self.state();
            self.life.check()?;
            // Removed before it is sent: it counts as used regardless of the outcome.
            state
                .refresh
                .take()
                .filter(|refresh| refresh.end.is_none_or(|end| Instant::now() < end))
        };
        let Some(refresh) = refresh else {
            return self.login().await;
        };
        match self.refresh(&refresh).await {
            Ok(token) => Ok(token),
            Err(error) if was_not_carried_out(&error) => Err(self.put_back(refresh, error)),
            Err(error) if error.kind() == ErrorKind::ClientClosed => Err(error.into()),
            Err(error) => {
                debug!(error = %error, "the refresh token was rejected; logging in again");
                self.login().await
            }
        }
    }

    /// A renewal was certainly not executed: its refresh token is still valid.
    pub(super) fn put_back(&self, refresh: RefreshToken, error: Error) -> NoToken {
        self.state().refresh = Some(refresh);
        NoToken {
            is_transient: error.is_retryable(),
            error,
            is_own: true,
        }
    }

    /// Renews with the refresh token: sent once.
    pub(super) async fn refresh(self: &Arc<Self>, refresh: &RefreshToken) -> Result<Arc<Token>> {
        let started = Instant::now();
        let headers = refresh_headers(refresh)?;
        let sent = self.send(&REFRESH, headers, None, LOGIN_TIMEOUT, started);
        let token = self.store(&REFRESH, sent.await?, started)?;
        info!(generation = token.generation, "token renewed");
        Ok(token)
    }
}

/// Whether a request was certainly not executed: nothing was sent, or a limiter rejected it.
pub(super) fn was_not_carried_out(error: &Error) -> bool {
    error.kind() == ErrorKind::Connect || error.status() == Some(StatusCode::TOO_MANY_REQUESTS)
}
