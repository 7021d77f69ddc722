//! The token of the hand-written clients: checked before each call, and renewed in time.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue};
use tokio::sync::RwLock;

use crate::Failure;

/// The body of the login.
pub(crate) const LOGIN: &str = r#"{"username":"ann","password":"secret"}"#;

/// A token and the time until which it is used.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    header: HeaderValue,
    ends: Instant,
}

impl Token {
    /// The token of a login's response.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let cookie = headers.get("set-cookie").ok_or("no cookie")?.to_str()?;
        let token = cookie
            .strip_prefix("folioAccessToken=")
            .and_then(|rest| rest.split(';').next())
            .ok_or("no token")?;
        let mut header = HeaderValue::from_str(token)?;
        header.set_sensitive(true);
        Ok(Self {
            header,
            ends: Instant::now() + Duration::from_secs(3540),
        })
    }
}

/// The token that all calls share.
#[derive(Debug)]
pub(crate) struct TokenCache(RwLock<Token>);

impl TokenCache {
    pub(crate) fn new(token: Token) -> Self {
        Self(RwLock::new(token))
    }

    /// The token, renewed by `login` if it has ended.
    pub(crate) async fn header(
        &self,
        login: impl AsyncFnOnce() -> Result<Token, Failure>,
    ) -> Result<HeaderValue, Failure> {
        let token = self.0.read().await;
        if Instant::now() < token.ends {
            return Ok(token.header.clone());
        }
        drop(token);
        let mut token = self.0.write().await;
        if Instant::now() >= token.ends {
            *token = login().await?;
        }
        Ok(token.header.clone())
    }
}
