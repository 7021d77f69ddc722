//! Logs in with the credentials of the provider.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::time::Instant;
use tracing::{debug, info};

use crate::engine::auth::credentials::{Credentials, CredentialsKind, Supplied};
use crate::engine::auth::endpoints::{LEGACY_LOGIN, LOGIN, LOGIN_TIMEOUT, headers};
use crate::engine::auth::renewal::was_not_carried_out;
use crate::engine::auth::state::{Auth, NoToken};
use crate::engine::auth::token::{Lifetime, RefreshToken, Token, secret_header};
use crate::engine::claims::TokenClaims;
use crate::value::redact::Secrets;
use crate::wire::error::{Error, ErrorKind, Result};
use crate::wire::login_failure::{self, LoginFailure};
use crate::wire::operation::Operation;

/// The maximum number of lost responses to logins with a password that was never accepted: the
/// server counts wrong passwords, and the fifth in a row blocks the account (real-facts, section
/// 2).
pub(super) const MOST_LOST: usize = 4;

/// The time for which the server counts a wrong password. A guess: the default of mod-login's
/// `login.fail.timeout`, which no recording shows.
pub(super) const LOST_FOR: Duration = Duration::from_secs(600);

#[derive(Serialize)]
struct LoginBody<'a> {
    username: &'a str,
    password: &'a str,
}

impl Auth {
    /// Logs in with the credentials of the provider.
    pub(super) async fn login(self: &Arc<Self>) -> Result<Arc<Token>, NoToken> {
        let credentials = self.credentials().await?;
        match &credentials.0 {
            CredentialsKind::Password { username, password } => {
                self.check_lost(&credentials)?;
                match self.send_login(username, password).await? {
                    Ok((operation, response, started)) => {
                        let token = self.store(operation, response, started)?;
                        self.logged_in(&credentials, username, &token, operation);
                        Ok(token)
                    }
                    Err(error) => Err(self.login_failed(error, &credentials, username)),
                }
            }
            CredentialsKind::Token(supplied) => self.adopt(&credentials, supplied).await,
        }
    }

    /// The credentials of the provider; an error if the server has already rejected them.
    async fn credentials(&self) -> Result<Credentials> {
        // A provider may never return: an unreachable vault, an unnoticed prompt. The wait for it
        // ends before the calls that need it give up, so that they can report the reason.
        let longest = self.gateway.timeout() * 9 / 10;
        let credentials = self.life.within(longest, self.source.ask()).await?;
        let credentials = credentials.ok_or_else(|| Error::no_credentials_in_time(longest))?;
        let credentials = credentials.map_err(|error| {
            let error = Secrets::default().shown(&error.to_string());
            Error::credentials(format!("the credentials provider failed: {error}"))
        })?;
        match &self.state().rejected {
            Some((rejected, error)) if rejected.is_same(&credentials) => Err(error.duplicate()),
            _ => Ok(credentials),
        }
    }

    /// Sends a login once, and the old login if the server supports only that. The inner error is
    /// the error response to it.
    async fn send_login(
        &self,
        username: &str,
        password: &SecretString,
    ) -> Result<Result<(&'static Operation, http::Response<Bytes>, Instant)>> {
        let body: Bytes = serde_json::to_vec(&LoginBody {
            username,
            password: password.expose_secret(),
        })
        .map_err(|error| {
            Error::credentials(format!(
                "the credentials cannot be serialized as JSON: {error}"
            ))
        })?
        .into();
        let started = Instant::now();
        let mut headers = headers(&self.tenant);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let send = |operation| {
            let (headers, body) = (headers.clone(), Some(body.clone()));
            self.send(operation, headers, body, LOGIN_TIMEOUT, started)
        };
        let unknown = match send(&LOGIN).await {
            Err(error) if error.is_not_found() => error,
            sent => return Ok(sent.map(|response| (&LOGIN, response, started))),
        };
        debug!(error = %unknown, "/authn/login-with-expiry does not exist; trying /authn/login");
        match send(&LEGACY_LOGIN).await {
            // Only old systems support the old login: the response to the new one is more
            // informative.
            Err(error) if error.is_not_found() => Err(unknown.with_help(
                "/authn/login does not exist either: check the URL of the gateway and the tenant",
            )),
            sent => Ok(sent.map(|response| (&LEGACY_LOGIN, response, started))),
        }
    }

    fn logged_in(
        &self,
        credentials: &Credentials,
        username: &str,
        token: &Token,
        operation: &Operation,
    ) {
        {
            let mut state = self.state();
            state.username = Some(username.to_owned());
            state.proven = Some(credentials.clone());
            state.lost.clear();
        }
        info!(
            username,
            tenant = ?self.tenant,
            token_tenant = token.tenant.as_deref(),
            generation = token.generation,
            without_expiry = operation == &LEGACY_LOGIN,
            "logged in"
        );
    }

    /// Classifies a failed login: whether a retry may succeed, and the remedy.
    fn login_failed(&self, error: Error, credentials: &Credentials, username: &str) -> NoToken {
        self.count_lost(&error, credentials);
        // A permanent failure concerns the connection: its certificate, its proxy.
        if error.status().is_none() || error.status().is_some_and(|status| status.is_redirection())
        {
            return NoToken {
                is_transient: error.is_retryable(),
                error,
                is_own: true,
            };
        }
        match login_failure::of(&error) {
            LoginFailure::Rejected => {
                let message = format!(
                    "the login of `{username}` in tenant `{}` was rejected",
                    self.tenant.to_str().unwrap_or_default()
                );
                let error = error.into_login(message).with_help(
                    "check username, password and tenant. This client does not send them again, because five wrong passwords block an account",
                );
                self.state().rejected = Some((credentials.clone(), error.duplicate()));
                error.into()
            }
            LoginFailure::Configuration(help) => {
                let is_of_proxy = error.status() == Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
                match self.gateway.via().filter(|_| is_of_proxy) {
                    Some(proxy) => error.with_help(format!(
                        "this is the response of the proxy {proxy}, not of FOLIO: {help}"
                    )),
                    None => error.with_help(help),
                }
                .into()
            }
            LoginFailure::Transient(help) => NoToken {
                error: match help {
                    Some(help) => error.with_help(help),
                    None => error,
                }
                .transient(),
                is_transient: true,
                is_own: true,
            },
        }
    }

    /// An error if the responses to so many logins with unproven credentials were lost that another
    /// one could block the account.
    pub(super) fn check_lost(&self, credentials: &Credentials) -> Result<()> {
        let mut state = self.state();
        let now = Instant::now();
        state
            .lost
            .retain(|at| now.saturating_duration_since(*at) < LOST_FOR);
        let is_proven = state
            .proven
            .as_ref()
            .is_some_and(|proven| proven.is_same(credentials));
        match state.lost.first() {
            Some(first) if !is_proven && state.lost.len() >= MOST_LOST => {
                let left = LOST_FOR.saturating_sub(now.saturating_duration_since(*first));
                Err(Error::login_lost(MOST_LOST, left))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn count_lost(&self, error: &Error, credentials: &Credentials) {
        if !may_have_been_counted(error) {
            return;
        }
        let mut state = self.state();
        let is_proven = state
            .proven
            .as_ref()
            .is_some_and(|proven| proven.is_same(credentials));
        if !is_proven {
            state.lost.push(Instant::now());
        }
    }

    /// Uses a supplied token.
    pub(super) async fn adopt(
        self: &Arc<Self>,
        credentials: &Credentials,
        supplied: &Supplied,
    ) -> Result<Arc<Token>, NoToken> {
        let now = Instant::now();
        let claims = TokenClaims::of(supplied.access.expose_secret());
        let is_over = supplied.end.is_some_and(|end| end <= now);
        let refresh = supplied.refresh.as_ref().map(|value| RefreshToken {
            value: value.clone(),
            tenant: self.tenant_of(&claims),
            end: None,
            is_own: false,
        });
        {
            let mut state = self.state();
            self.life.check()?;
            let is_known = state
                .supplied
                .replace(credentials.clone())
                .is_some_and(|before| before.is_same(credentials));
            if is_known || is_over && refresh.is_none() {
                return Err(Error::no_token(if is_known {
                    "the supplied token has expired or was revoked, and could not be renewed"
                } else {
                    "the supplied token has expired"
                })
                .into());
            }
            if !is_over {
                let header = secret_header(supplied.access.expose_secret())?;
                state.generation += 1;
                let token = Arc::new(Token {
                    generation: state.generation,
                    header,
                    tenant: claims.tenant().map(Into::into),
                    obtained: now,
                    lifetime: supplied
                        .end
                        .and_then(|end| Lifetime::new(now, end.saturating_duration_since(now))),
                });
                state.refresh = refresh;
                state.token = Some(Arc::clone(&token));
                info!(generation = token.generation, "using the supplied token");
                return Ok(token);
            }
        }
        match refresh {
            Some(refresh) => match self.refresh(&refresh).await {
                Err(error) if was_not_carried_out(&error) => Err(self.put_back(refresh, error)),
                outcome => Ok(outcome?),
            },
            None => Err(Error::no_token("the supplied token has expired").into()),
        }
    }
}

/// Whether a login without a response may have reached the login module, which counts wrong
/// passwords.
pub(super) fn may_have_been_counted(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Transport => true,
        _ => matches!(
            error.status(),
            Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
        ),
    }
}
