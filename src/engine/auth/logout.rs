//! Ends the session with the server, and closes the client.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tracing::{debug, info};

use crate::engine::auth::endpoints::{LOGOUT, REFRESH, logout_headers, refresh_headers};
use crate::engine::auth::state::Auth;
use crate::engine::auth::token::{RefreshToken, Token};
use crate::wire::error::{ErrorKind, Result};

/// The maximum wait of closing for the server.
pub(super) const LOGOUT_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) const STILL_CLOSED: &str =
    "the client is closed nevertheless; the server's session ends when its tokens expire";

impl Auth {
    /// Closes the client and ends the session. Closing a closed client has no effect.
    pub(crate) async fn close(self: &Arc<Self>) -> Result<()> {
        if !self.begin_to_close() {
            return Ok(());
        }
        self.end_session().await
    }

    /// As [`close`](Self::close), without waiting: the logout is sent in the background, as long as
    /// there is a runtime.
    pub(crate) fn close_in_the_background(self: &Arc<Self>) {
        if !self.begin_to_close() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            debug!(
                "not logged out, because there is no runtime: the server's session ends when its tokens expire"
            );
            return;
        };
        let auth = Arc::clone(self);
        runtime.spawn(async move {
            if let Err(error) = auth.end_session().await {
                debug!(error = %error, "logout failed");
            }
        });
    }

    /// Ends all waits. False if the client was closed before.
    pub(super) fn begin_to_close(&self) -> bool {
        let mut state = self.state();
        // With the lock held, so that new tokens are either found here, or log out themselves.
        let begins = self.life.close();
        state.rejected = None;
        state.supplied = None;
        begins
    }

    /// Logs out of the session, also of one that a login in progress is about to start.
    pub(super) async fn end_session(self: &Arc<Self>) -> Result<()> {
        let renewal = self.state().renewal.clone();
        if let Some(mut renewal) = renewal {
            let renewed = renewal.wait_for(Option::is_some);
            let _ = tokio::time::timeout(LOGOUT_TIMEOUT, renewed).await;
        }
        let (token, refresh) = {
            let mut state = self.state();
            state.ended = true;
            (state.token.take(), state.refresh.take())
        };
        self.log_out(token, refresh).await
    }

    /// Ends only this client's session. Without its own refresh token nothing is sent: FOLIO treats
    /// a logout without one as a logout of all sessions of the user.
    pub(super) async fn log_out(
        &self,
        token: Option<Arc<Token>>,
        refresh: Option<RefreshToken>,
    ) -> Result<()> {
        let now = Instant::now();
        let is_over = |refresh: &RefreshToken| refresh.end.is_some_and(|end| end <= now);
        let Some(refresh) = refresh.filter(|refresh| refresh.is_own && !is_over(refresh)) else {
            debug!("closed without a session of its own");
            return Ok(());
        };
        if let Some(token) = token.filter(|token| token.is_good()) {
            match self.send_logout(Some(&token), &refresh).await {
                // The token expired earlier than stated.
                Err(error) if error.is_unauthenticated() => {
                    debug!(error = %error, "the token had expired");
                }
                sent => return logged_out(sent),
            }
        }
        let (token, refresh) = match self.renew_to_log_out(&refresh).await {
            Ok((token, Some(next))) if next.is_own => (Some(token), next),
            Ok(_) => return Ok(()),
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| status.is_client_error()) =>
            {
                debug!(error = %error, "the session had ended");
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Connect => {
                return Err(error.with_help(STILL_CLOSED));
            }
            Err(error) => {
                // Okapi may identify the session by the refresh token alone.
                debug!(error = %error, "the token was not renewed; logging out without renewal");
                (None, refresh)
            }
        };
        logged_out(self.send_logout(token.as_deref(), &refresh).await)
    }

    async fn send_logout(&self, token: Option<&Token>, refresh: &RefreshToken) -> Result<()> {
        let headers = logout_headers(token, refresh)?;
        let sent = self.send(&LOGOUT, headers, None, LOGOUT_TIMEOUT, Instant::now());
        sent.await.map(drop)
    }

    pub(super) async fn renew_to_log_out(
        &self,
        refresh: &RefreshToken,
    ) -> Result<(Arc<Token>, Option<RefreshToken>)> {
        let started = Instant::now();
        let headers = refresh_headers(refresh)?;
        let sent = self.send(&REFRESH, headers, None, LOGOUT_TIMEOUT, started);
        self.tokens(&REFRESH, sent.await?, started)
    }
}

/// The result of a logout: a session that no longer exists is not a failure.
fn logged_out(sent: Result<()>) -> Result<()> {
    match sent {
        Ok(()) => {
            info!("logged out");
            Ok(())
        }
        Err(error) if error.is_not_found() || error.is_unauthenticated() => {
            debug!(error = %error, "the server has no session to end");
            Ok(())
        }
        Err(error) => Err(error.with_help(STILL_CLOSED)),
    }
}
