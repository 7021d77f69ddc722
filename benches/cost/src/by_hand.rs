//! A careful hand-written client over reqwest.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::Failure;
use crate::token::{LOGIN, Token, TokenCache};
use crate::user::PATH;

/// A careful program over reqwest: a pool of connections, timeouts, a concurrency limit, a token
/// that is checked before each call and renewed in time, FOLIO's headers, and a check of the
/// status.
#[derive(Debug)]
pub(crate) struct ByHand {
    client: reqwest::Client,
    url: String,
    limit: Semaphore,
    token: TokenCache,
}

impl ByHand {
    /// A client for a number of concurrent calls, logged in.
    ///
    /// # Errors
    /// The server is not there.
    pub(crate) async fn connect(url: &str, in_flight: usize) -> Result<Arc<Self>, Failure> {
        let client = reqwest::Client::builder()
            .user_agent("by-hand/1.0")
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(90))
            .pool_idle_timeout(Duration::from_secs(45))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let token = login(&client, url).await?;
        Ok(Arc::new(Self {
            client,
            url: url.to_owned(),
            limit: Semaphore::new(in_flight),
            token: TokenCache::new(token),
        }))
    }

    /// One call.
    ///
    /// # Errors
    /// It failed.
    pub(crate) async fn get<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let _permit = self.limit.acquire().await?;
        let token = self
            .token
            .header(async || login(&self.client, &self.url).await);
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert("x-okapi-tenant", HeaderValue::from_static("diku"));
        headers.insert("x-okapi-token", token.await?);
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/plain"),
        );
        let response = self
            .client
            .get(format!("{}{PATH}", self.url))
            .headers(headers)
            .timeout(Duration::from_secs(90))
            .send()
            .await?;
        if !response.status().is_success() {
            return Err(format!("{}: {}", response.status(), response.text().await?).into());
        }
        Ok(serde_json::from_slice(&response.bytes().await?)?)
    }
}

async fn login(client: &reqwest::Client, url: &str) -> Result<Token, Failure> {
    let response = client
        .post(format!("{url}/authn/login-with-expiry"))
        .header("x-okapi-tenant", "diku")
        .header("content-type", "application/json")
        .body(LOGIN)
        .send()
        .await?
        .error_for_status()?;
    Token::of(response.headers())
}
