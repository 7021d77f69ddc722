//! The same hand-written client directly over the client of hyper-util that is below reqwest: without
//! reqwest's layers for redirects, retries and decoding, its URLs, and its boxed bodies and
//! timeouts. It supports no proxy and no TLS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::Failure;
use crate::token::{LOGIN, Token, TokenCache};
use crate::user::PATH;

/// The timeout of a call.
const TIMEOUT: Duration = Duration::from_secs(90);

/// As [`ByHand`](crate::by_hand::ByHand), over hyper-util.
#[derive(Debug)]
pub(crate) struct Direct {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    limit: Semaphore,
    token: TokenCache,
}

impl Direct {
    /// A client for a number of concurrent calls, logged in.
    ///
    /// # Errors
    /// The server is not there.
    pub(crate) async fn connect(url: &str, in_flight: usize) -> Result<Arc<Self>, Failure> {
        // The settings of reqwest.
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(10)));
        connector.set_nodelay(true);
        connector.set_keepalive(Some(Duration::from_secs(15)));
        connector.set_keepalive_interval(Some(Duration::from_secs(15)));
        connector.set_keepalive_retries(Some(3));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(45))
            .build(connector);
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
        let mut request = Request::new(Full::default());
        *request.uri_mut() = Uri::try_from(format!("{}{PATH}", self.url))?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert("x-okapi-tenant", HeaderValue::from_static("diku"));
        headers.insert("x-okapi-token", token.await?);
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/plain"),
        );
        headers.insert(USER_AGENT, HeaderValue::from_static("by-hand/1.0"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        *request.headers_mut() = headers;
        let body = tokio::time::timeout(TIMEOUT, send(&self.client, request)).await??;
        Ok(serde_json::from_slice(body.body())?)
    }
}

/// Sends a request and reads the complete response.
async fn send(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, Failure> {
    let (head, body) = client.request(request).await?.into_parts();
    if head.headers.contains_key(CONTENT_ENCODING) {
        return Err("the response is encoded".into());
    }
    let body = body.collect().await?.to_bytes();
    if !head.status.is_success() {
        return Err(format!("{}: {}", head.status, String::from_utf8_lossy(&body)).into());
    }
    Ok(Response::from_parts(head, body))
}

async fn login(client: &Client<HttpConnector, Full<Bytes>>, url: &str) -> Result<Token, Failure> {
    let mut request = Request::new(Full::from(LOGIN));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::try_from(format!("{url}/authn/login-with-expiry"))?;
    let headers = request.headers_mut();
    headers.insert("x-okapi-tenant", HeaderValue::from_static("diku"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Token::of(send(client, request).await?.headers())
}
