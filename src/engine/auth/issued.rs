//! The tokens that the server issues in the response to a login or renewal.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::engine::auth::cookies::{Cookie, cookie, date};
use crate::engine::auth::endpoints::{ACCESS_COOKIE, REFRESH_COOKIE};
use crate::engine::auth::state::Auth;
use crate::engine::auth::token::{Lifetime, RefreshToken, Token, secret_header};
use crate::engine::claims::TokenClaims;
use crate::value::time;
use crate::wire::error::{Error, Result};
use crate::wire::headers::TOKEN;
use crate::wire::operation::Operation;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Expiration {
    access_token_expiration: Option<String>,
    refresh_token_expiration: Option<String>,
    okapi_token: Option<String>,
}

impl Auth {
    /// Stores the tokens of a response.
    pub(super) fn store(
        self: &Arc<Self>,
        operation: &'static Operation,
        response: http::Response<Bytes>,
        started: Instant,
    ) -> Result<Arc<Token>> {
        let (token, refresh) = self.tokens(operation, response, started)?;
        let mut state = self.state();
        state.refresh = refresh;
        state.token = Some(Arc::clone(&token));
        state.rejected = None;
        if self.life.is_closed() {
            // The client was closed during the login: `close` waits to log out of the session,
            // unless its wait has timed out.
            let left = state
                .ended
                .then(|| (state.token.take(), state.refresh.take()));
            drop(state);
            if let (Some((token, refresh)), Ok(runtime)) = (left, Handle::try_current()) {
                let auth = Arc::clone(self);
                runtime.spawn(async move { auth.log_out(token, refresh).await });
            }
            return Err(Error::closed());
        }
        Ok(token)
    }

    /// Reads the tokens of a response.
    pub(super) fn tokens(
        &self,
        operation: &'static Operation,
        response: http::Response<Bytes>,
        started: Instant,
    ) -> Result<(Arc<Token>, Option<RefreshToken>)> {
        let now = Instant::now();
        let exchange = || self.exchange(operation, started);
        let expiration: Expiration = serde_json::from_slice(response.body()).unwrap_or_default();
        let date = date(response.headers());
        let access = cookie(response.headers(), ACCESS_COOKIE);
        let refresh = cookie(response.headers(), REFRESH_COOKIE);
        // The old login returns its token in a header and in the body; and some gateways remove
        // cookies and leave the header.
        let access = access.or_else(|| {
            let header = response
                .headers()
                .get(TOKEN)
                .and_then(|value| value.to_str().ok());
            let value = header.map(str::to_owned).or(expiration.okapi_token)?;
            Some(Cookie {
                value,
                max_age: None,
            })
        });
        let Some(access) = access.filter(|access| !access.value.is_empty()) else {
            return Err(Error::login(
                exchange(),
                format!("the login succeeded, but the response has no cookie {ACCESS_COOKIE}"),
            )
            .with_help("check whether a proxy in front of FOLIO removes Set-Cookie"));
        };
        let header = secret_header(&access.value).map_err(|_| {
            Error::login(
                exchange(),
                "the server sent a token with characters that a header cannot contain",
            )
        })?;
        let length = length(
            expiration.access_token_expiration.as_deref(),
            access.max_age,
            date,
        );
        let claims = TokenClaims::of(&access.value);
        let tenant = self.tenant_of(&claims);
        let generation = {
            let mut state = self.state();
            state.generation += 1;
            state.generation
        };
        let token = Arc::new(Token {
            generation,
            header,
            tenant: claims.tenant().map(Into::into),
            obtained: now,
            lifetime: length.and_then(|length| Lifetime::new(now, length)),
        });
        let refresh = refresh.map(|refresh| {
            let length = self::length(
                expiration.refresh_token_expiration.as_deref(),
                refresh.max_age,
                date,
            );
            RefreshToken {
                value: refresh.value.into(),
                tenant,
                is_own: true,
                end: length.and_then(|length| now.checked_add(length)),
            }
        });
        Ok((token, refresh))
    }
}

/// The lifetime of a token: until the instant in the body, by the server's own clock if it is
/// known, or for the cookie's age; the shorter one.
pub(super) fn length(
    expiration: Option<&str>,
    max_age: Option<Duration>,
    date: Option<SystemTime>,
) -> Option<Duration> {
    let until = expiration.and_then(|text| time::parse(text)?.0.to_system_time());
    let by_body = until.and_then(|until| {
        until
            .duration_since(date.unwrap_or_else(SystemTime::now))
            .ok()
    });
    match (by_body, max_age) {
        (Some(body), Some(cookie)) => Some(body.min(cookie)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_token_lives_until_the_earlier_of_the_body_and_the_cookie() {
        let minute = Duration::from_secs(60);
        // 2026-01-01T00:00:00Z, by the server's clock.
        let now = Some(UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        for text in [
            "2026-01-01T00:10:00Z",
            "2026-01-01T00:10:00.000Z",
            "2026-01-01T00:10:00.000+00:00",
            "2026-01-01T00:10:00.000+0000",
            "2026-01-01T01:10:00+01:00",
        ] {
            assert_eq!(length(Some(text), None, now), Some(10 * minute), "{text}");
            assert_eq!(length(Some(text), Some(minute), now), Some(minute));
            assert_eq!(
                length(Some(text), Some(60 * minute), now),
                Some(10 * minute)
            );
        }
        for text in ["2025-12-31T23:59:59Z", "soon", ""] {
            assert_eq!(length(Some(text), None, now), None, "{text}");
            assert_eq!(length(Some(text), Some(minute), now), Some(minute));
        }
    }
}
