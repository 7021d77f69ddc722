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
    /// The client is closed, and no `close` waits any more to log out of the session of a login in
    /// progress.
    pub(super) ended: bool,
    pub(super) generation: u64,
    pub(super) token: Option<Arc<Token>>,
    pub(super) refresh: Option<RefreshToken>,
    pub(super) username: Option<String>,
    /// The credentials that the server rejected, and how.
    pub(super) rejected: Option<(Credentials, Error)>,
    /// The token that was supplied last.
    pub(super) supplied: Option<Credentials>,
    pub(super) renewal: Option<watch::Receiver<LoginOutcome>>,
    pub(super) no_early_renewal_before: Option<Instant>,
    /// How many attempts to get a token have failed since the last that did not.
    pub(super) failures: u32,
    /// Before it no other is made.
    pub(super) pause_until: Option<Instant>,
    /// The credentials of the last login that the server accepted.
    pub(super) proven: Option<Credentials>,
    /// When responses to logins with credentials that are not proven were lost.
    pub(super) lost: Vec<Instant>,
}

/// Why one attempt to get a token brought none.
pub(crate) struct NoToken {
    pub(crate) error: Error,
    /// Whether another attempt may bring one.
    pub(crate) is_transient: bool,
    /// Whether the attempt was made for this caller, rather than for another one that shares it.
    pub(crate) is_own: bool,
}

impl From<Error> for NoToken {
    /// What another attempt does not change.
    fn from(error: Error) -> Self {
        Self {
            error,
            is_transient: false,
            is_own: false,
        }
    }
}

impl NoToken {
    /// A transient failure as that of an attempt.
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
        // Nothing panics while it is held; and were it so, what is in it is still true.
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

    /// The tenant to which a token belongs; that of the login, if the token does not say.
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
