//! The state of the session, which clones and tenant handles of a client share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::debug;

use crate::engine::auth::credentials::{AnySource, Credentials};
use crate::engine::auth::token::{RefreshToken, Token};
use crate::engine::claims::TokenClaims;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::retry::{Attempts, Failed};
use crate::engine::transport::Gateway;
use crate::wire::error::{Error, Result};
use crate::wire::retry::RetryPolicy;
use crate::wire::retry_decision::FailureClass;

/// The result of a renewal, for all that wait for it. None while it runs.
pub(super) type LoginOutcome = Option<Result<Arc<Token>, Arc<NoToken>>>;

#[derive(Default)]
pub(super) struct AuthState {
    /// The client is closed, and no `close` is waiting any more to log out of the session of a
    /// login in progress.
    pub(super) ended: bool,
    pub(super) generation: u64,
    pub(super) token: Option<Arc<Token>>,
    pub(super) refresh: Option<RefreshToken>,
    pub(super) username: Option<String>,
    /// The credentials that the server rejected, and the error.
    pub(super) rejected: Option<(Credentials, Error)>,
    /// The token that was supplied last.
    pub(super) supplied: Option<Credentials>,
    pub(super) renewal: Option<watch::Receiver<LoginOutcome>>,
    pub(super) no_early_renewal_before: Option<Instant>,
    /// The number of consecutive failed attempts to obtain a token.
    pub(super) failures: u32,
    /// The earliest time of the next attempt.
    pub(super) pause_until: Option<Instant>,
    /// The credentials of the last login that the server accepted.
    pub(super) proven: Option<Credentials>,
    /// The times of lost responses to logins with unproven credentials.
    pub(super) lost: Vec<Instant>,
}

/// The failure of one attempt to obtain a token.
pub(crate) struct NoToken {
    pub(crate) error: Error,
    /// Whether another attempt may succeed.
    pub(crate) is_transient: bool,
    /// Whether the attempt was made for this caller, rather than for another one that shares it.
    pub(crate) is_own: bool,
}

impl From<Error> for NoToken {
    /// A permanent failure.
    fn from(error: Error) -> Self {
        Self {
            error,
            is_transient: false,
            is_own: false,
        }
    }
}

impl NoToken {
    /// A transient failure, as the failure of an attempt.
    pub(crate) fn into_failed(self, attempts: &Attempts) -> Failed {
        let (number, elapsed) = (attempts.failed() + 1, attempts.started.elapsed());
        let error = self.error.after(number, elapsed);
        Failed {
            class: FailureClass::NoToken {
                retry_after: error.retry_after(),
                is_own: self.is_own,
            },
            error,
        }
    }
}

/// The session with the server that all clones and tenant handles of a client share.
pub(crate) struct Auth {
    pub(super) gateway: Arc<Gateway>,
    pub(super) tenant: HeaderValue,
    pub(super) source: Box<dyn AnySource>,
    pub(super) retry: RetryPolicy,
    /// Never held across an await.
    pub(super) state: Mutex<AuthState>,
    pub(super) life: Arc<Lifecycle>,
}

impl Auth {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        tenant: HeaderValue,
        source: Box<dyn AnySource>,
        retry: RetryPolicy,
        life: Arc<Lifecycle>,
    ) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self {
            gateway,
            tenant,
            source,
            retry,
            state,
            life,
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, AuthState> {
        // No code panics while it is held; and if one did, its content would still be valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant of the login.
    pub(crate) fn tenant(&self) -> &str {
        self.tenant.to_str().unwrap_or_default()
    }

    /// The user of the last login with a password.
    pub(crate) fn username(&self) -> Option<String> {
        self.state().username.clone()
    }

    /// The tenant to which a token belongs; the login's tenant, if the token does not state it.
    pub(super) fn tenant_of(&self, claims: &TokenClaims) -> HeaderValue {
        claims
            .tenant()
            .and_then(|tenant| HeaderValue::from_str(tenant).ok())
            .unwrap_or_else(|| self.tenant.clone())
    }
}

impl Drop for Auth {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !self.life.is_closed() && state.refresh.is_some() {
            debug!(
                "the client was dropped without `close`: the server's session ends when its tokens expire"
            );
        }
    }
}
