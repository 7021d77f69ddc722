//! The HTTP client, and its replacement when a connection may be dead.
//!
//! Over HTTP/2 all requests share a connection, and the HTTP library cannot abandon it: a request
//! that timed out would be retried over the same dead one. So after a timeout a new HTTP client
//! without connections is created. Requests in flight in the old one complete there, and then its
//! connections are closed.

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ACCEPT, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Response};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;
use tracing::debug;

use crate::engine::connector::Connector;
use crate::engine::http::{BodyKind, HttpBody, HttpError, HttpFuture, HttpRequest, HttpService};
use crate::engine::proxy::Via;
use crate::engine::tls::Prepared;
#[cfg(feature = "http2")]
use crate::wire::cause;

/// The client of hyper-util: a pool of connections.
type Client = legacy::Client<Connector, HttpBody>;

/// The configuration of HTTP clients.
pub(crate) struct Recipe {
    pub(crate) connect_timeout: Duration,
    /// The shortest timeout after which a silent connection ends an attempt.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "HTTP/1.1 has no ping frames")
    )]
    pub(crate) silence: Duration,
    /// The maximum number of open responses.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "HTTP/1.1 has no windows")
    )]
    pub(crate) max_in_flight: usize,
    pub(crate) is_https: bool,
    pub(crate) user_agent: HeaderValue,
    pub(crate) via: Option<Arc<Via>>,
    pub(crate) tls: Arc<Prepared>,
}

/// The HTTP/2 window of a response: the data that the server may send before it is read.
#[cfg(feature = "http2")]
const LARGEST_WINDOW: u32 = 1024 * 1024;

/// With a smaller window, a response takes too many round trips.
#[cfg(feature = "http2")]
const SMALLEST_WINDOW: u32 = 64 * 1024;

/// The maximum memory of all unread responses, unless their number times the smallest window
/// exceeds it.
#[cfg(feature = "http2")]
const ALL_WINDOWS: u32 = 64 * 1024 * 1024;

/// The maximum time between two pings of a connection in use.
#[cfg(feature = "http2")]
const PING: Duration = Duration::from_secs(10);

pub(crate) struct Connections {
    recipe: Recipe,
    /// The client, and its creation time. Never held across an await.
    current: RwLock<(Client, Instant)>,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Connections").finish_non_exhaustive()
    }
}

impl Connections {
    pub(crate) fn new(recipe: Recipe) -> Self {
        let client = recipe.make();
        Self {
            recipe,
            current: RwLock::new((client, Instant::now())),
        }
    }

    /// Sends a request. Redirects are not followed: FOLIO does not redirect, and a redirect would
    /// send the token, which is in a header specific to FOLIO, to another host. Retries are decided
    /// above this layer, except for requests that an HTTP/2 server declares unprocessed.
    pub(crate) fn send(&self, mut request: HttpRequest) -> Sending {
        let is_http = request.uri().scheme() == Some(&Scheme::HTTP);
        self.complete(is_http, request.headers_mut());
        #[cfg(feature = "http2")]
        if self.recipe.is_https && request.body().whole().is_some() {
            let client = self.current().0.clone();
            return Sending::Repeated(Box::pin(repeated(client, request)));
        }
        Sending::Once(self.current().0.request(request))
    }

    /// Adds the headers that every request has.
    fn complete(&self, is_http: bool, headers: &mut HeaderMap) {
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        self.name(headers);
        // Over TLS the proxy gets it with its own request, the CONNECT.
        if let Some(via) = &self.recipe.via
            && let Some(authorization) = via.authorization()
            && is_http
        {
            headers.entry(PROXY_AUTHORIZATION).or_insert_with(|| {
                let mut authorization = authorization.clone();
                authorization.set_sensitive(true);
                authorization
            });
        }
    }

    /// Names the program.
    pub(crate) fn name(&self, headers: &mut HeaderMap) {
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.recipe.user_agent.clone());
    }

    fn current(&self) -> RwLockReadGuard<'_, (Client, Instant)> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subsequent requests use a connection that is newer than `sent`, the time at which a
    /// timed-out request was sent.
    pub(crate) fn leave(&self, sent: Instant) {
        // Over HTTP/1.1 a request that timed out has closed its connection.
        if !(cfg!(feature = "http2") && self.recipe.is_https) {
            return;
        }
        let is_older = |current: &(Client, Instant)| current.1 <= sent;
        if !is_older(&self.current()) {
            return;
        }
        let client = self.recipe.make();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if is_older(&current) {
            debug!("a request timed out: the next requests use a new connection");
            *current = (client, Instant::now());
        }
    }
}

impl Recipe {
    fn make(&self) -> Client {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            // Load balancers in front of FOLIO drop idle connections after 60 s. If a connection is
            // dropped while a request is in flight, a POST cannot be retried.
            .pool_idle_timeout(Duration::from_secs(45));
        #[cfg(feature = "http2")]
        self.http2(&mut builder);
        builder.build(Connector::new(
            self.connect_timeout,
            &self.tls,
            self.via.clone(),
            self.user_agent.clone(),
        ))
    }

    #[cfg(feature = "http2")]
    fn http2(&self, builder: &mut legacy::Builder) {
        // Each unread response fills its own window. The connection's window covers all of them, so
        // that none blocks another.
        let streams = u32::try_from(self.max_in_flight.max(1)).unwrap_or(u32::MAX);
        // Plus a login.
        let streams = streams.saturating_add(1);
        let window = (ALL_WINDOWS / streams).clamp(SMALLEST_WINDOW, LARGEST_WINDOW);
        // RFC 9113, 6.9.1.
        let all = window.saturating_mul(streams).min(i32::MAX as u32);
        let ping = PING.min(self.silence / 4).max(Duration::from_millis(100));
        builder
            .http2_initial_stream_window_size(window)
            .http2_initial_connection_window_size(all)
            .http2_keep_alive_interval(ping)
            .http2_keep_alive_timeout(ping);
    }
}

/// A request that is being sent.
pub(crate) enum Sending {
    Once(legacy::ResponseFuture),
    #[cfg(feature = "http2")]
    Repeated(Pin<Box<dyn Future<Output = Sent> + Send>>),
}

/// The head of a response.
#[cfg(feature = "http2")]
type Sent = Result<Response<hyper::body::Incoming>, legacy::Error>;

impl Future for Sending {
    type Output = Result<Response<HttpBody>, HttpError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let sent = match &mut *self {
            Self::Once(sending) => Pin::new(sending).poll(context),
            #[cfg(feature = "http2")]
            Self::Repeated(sending) => sending.as_mut().poll(context),
        };
        sent.map(|sent| match sent {
            Ok(response) => Ok(response.map(|body| HttpBody(BodyKind::Received(body)))),
            Err(error) => Err(HttpError::of_library(error.into())),
        })
    }
}

/// The number of times that a request is sent again, because an HTTP/2 server declared that it did
/// not process it (REFUSED_STREAM, a graceful GOAWAY), or because its connection ended before it
/// was sent: it was certainly not executed.
#[cfg(feature = "http2")]
const REPETITIONS: u32 = 2;

#[cfg(feature = "http2")]
async fn repeated(client: Client, mut request: HttpRequest) -> Sent {
    for _ in 0..REPETITIONS {
        let body = request.body().whole().cloned().unwrap_or_default();
        let mut copy = HttpRequest::new(body.into());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        match client.request(request).await {
            Err(error) if cause::is_unprocessed(&error) => request = copy,
            done => return done,
        }
    }
    client.request(request).await
}

impl HttpService for Connections {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        Box::pin(self.send(request))
    }
}
