//! The endpoints of logins, renewals and logouts: their paths and headers, and one request to them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::engine::auth::state::Auth;
use crate::engine::auth::token::{RefreshToken, Token, secret_header};
use crate::value::redact::{Secrets, SentSecrets};
use crate::wire::error::{Error, ErrorKind, Exchange, Result};
use crate::wire::headers::TENANT;
use crate::wire::operation::Operation;
use crate::wire::redirect;
use crate::wire::retry::retry_after;
use crate::wire::target::Target;

pub(super) static LOGIN: Operation = Operation::new("login", Method::POST, WITHOUT_TOKEN[0]);
pub(super) static LEGACY_LOGIN: Operation =
    Operation::new("login_without_expiry", Method::POST, WITHOUT_TOKEN[1]);
pub(super) static REFRESH: Operation = Operation::new("refresh", Method::POST, WITHOUT_TOKEN[2]);
pub(super) static LOGOUT: Operation = Operation::new("logout", Method::POST, "/authn/logout");

/// The operations that start or renew a session, including those of mod-users-bl. They need no
/// token, and gateways reject an expired one even there.
pub(super) const WITHOUT_TOKEN: [&str; 5] = [
    "/authn/login-with-expiry",
    "/authn/login",
    "/authn/refresh",
    "/bl-users/login",
    "/bl-users/login-with-expiry",
];

/// Whether a request of the caller is sent without the client's token.
pub(crate) fn needs_no_token(method: &Method, path: &str) -> bool {
    *method == Method::POST && WITHOUT_TOKEN.contains(&path)
}

pub(super) const ACCESS_COOKIE: &str = "folioAccessToken";
pub(super) const REFRESH_COOKIE: &str = "folioRefreshToken";

/// The maximum duration of a login, even if a request may take longer.
pub(super) const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

impl Auth {
    /// Sends to an authn endpoint, once.
    pub(super) async fn send(
        &self,
        operation: &'static Operation,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
        started: Instant,
    ) -> Result<http::Response<Bytes>> {
        let sent_at = Instant::now();
        let timeout = timeout.min(self.gateway.timeout());
        let secrets = Secrets::of(&headers, body.as_ref(), true);
        let sent = self
            .gateway
            .send(
                operation.method.clone(),
                self.gateway.locate(operation.path),
                headers,
                body,
                self.gateway.timeouts(Some(timeout), None),
                self.gateway.memory.of_login(),
            )
            .await;
        let exchange = || self.exchange(operation, started);
        match sent {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(response) => {
                let content_type = response
                    .headers()
                    .get(CONTENT_TYPE)
                    .and_then(|value| value.to_str().ok());
                let error = Error::of_response(
                    exchange(),
                    response.status(),
                    content_type,
                    response.body(),
                    &secrets,
                );
                let error = match response.status().is_redirection() {
                    true => error.with_help(redirect::help(
                        response.headers(),
                        operation.path,
                        &secrets,
                    )),
                    false => error,
                };
                Err(error.with_retry_after(retry_after(response.headers())))
            }
            Err(failure) => {
                if failure.kind == ErrorKind::Timeout {
                    self.gateway.leave_connection(sent_at);
                }
                Err(failure.into_error(exchange()))
            }
        }
    }

    pub(super) fn exchange(&self, operation: &'static Operation, started: Instant) -> Exchange {
        Exchange {
            operation,
            method: operation.method.clone(),
            target: Target::new(
                self.gateway.url(operation.path),
                self.gateway.base().len(),
                false,
            ),
            attempts: 1,
            elapsed: started.elapsed(),
            sensitive: true,
            in_doubt: false,
            sent: SentSecrets::default(),
        }
    }
}

pub(super) fn headers(tenant: &HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(TENANT, tenant.clone());
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/plain"),
    );
    headers
}

/// The headers of a renewal: the refresh token, and no token that may have expired.
pub(super) fn refresh_headers(refresh: &RefreshToken) -> Result<HeaderMap> {
    let cookie = format!("{REFRESH_COOKIE}={}", refresh.value.expose_secret());
    let mut headers = headers(&refresh.tenant);
    headers.insert(COOKIE, secret_header(&cookie)?);
    Ok(headers)
}

/// The headers that end this session and no other.
pub(super) fn logout_headers(token: Option<&Token>, refresh: &RefreshToken) -> Result<HeaderMap> {
    let mut cookie = format!("{REFRESH_COOKIE}={}", refresh.value.expose_secret());
    if let Some(token) = token.and_then(|token| token.header.to_str().ok()) {
        cookie = format!("{ACCESS_COOKIE}={token}; {cookie}");
    }
    let mut headers = headers(&refresh.tenant);
    headers.insert(COOKIE, secret_header(&cookie)?);
    Ok(headers)
}
