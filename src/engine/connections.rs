//! The HTTP client, and its replacement when a connection may be dead.
//!
//! Over HTTP/2 all requests share a connection, and the HTTP library cannot abandon it: a request
//! that timed out would be retried over the same dead one. So after a timeout a new HTTP client
//! without connections is created. Requests in flight in the old one complete there, and then its
//! connections are closed.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use crate::engine::http::{HttpBody, HttpError, HttpFuture, HttpRequest, HttpService};
use crate::engine::proxy::Proxy;
use crate::engine::tls::Prepared;
use crate::wire::cause;
use crate::wire::error::{Error, Result};

/// The configuration of HTTP clients.
#[derive(Debug)]
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
    pub(crate) user_agent: String,
    pub(crate) proxy: Proxy,
    pub(crate) tls: Prepared,
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

#[derive(Debug)]
pub(crate) struct Connections {
    recipe: Recipe,
    /// The client, and its creation time. Never held across an await.
    current: RwLock<(reqwest::Client, Instant)>,
}

impl Connections {
    pub(crate) fn new(recipe: Recipe) -> Result<Self> {
        let client = recipe.make()?;
        Ok(Self {
            recipe,
            current: RwLock::new((client, Instant::now())),
        })
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.0.clone()
    }

    /// Subsequent requests use a connection that is newer than `sent`, the time at which a
    /// timed-out request was sent.
    pub(crate) fn leave(&self, sent: Instant) {
        // Over HTTP/1.1 a request that timed out has closed its connection.
        if !(cfg!(feature = "http2") && self.recipe.is_https) {
            return;
        }
        let is_older = |current: &(reqwest::Client, Instant)| current.1 <= sent;
        if !is_older(&self.current.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let Ok(client) = self.recipe.make() else {
            return;
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if is_older(&current) {
            debug!("a request timed out: the next requests use a new connection");
            *current = (client, Instant::now());
        }
    }
}

impl Recipe {
    fn make(&self) -> Result<reqwest::Client> {
        let builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            // Load balancers in front of FOLIO drop idle connections after 60 s. If a connection is
            // dropped while a request is in flight, a POST cannot be retried.
            .pool_idle_timeout(Duration::from_secs(45))
            // FOLIO does not redirect, and a redirect would send the token, which is in a header
            // specific to FOLIO, to another host. Retries are decided above this layer, except for
            // requests that an HTTP/2 server declares unprocessed (REFUSED_STREAM, a graceful
            // GOAWAY): they were certainly not executed, and reqwest sends them again.
            .redirect(reqwest::redirect::Policy::none())
            // Content codings are decoded by `encoding.rs`. Another crate of the program may enable
            // reqwest's decoders for all crates.
            .no_gzip()
            .no_deflate()
            .no_brotli()
            .no_zstd();
        #[cfg(feature = "http2")]
        let builder = self.http2(builder);
        let builder = self.proxy.apply(builder)?;
        self.tls.apply(builder).build().map_err(|error| {
            Error::configuration(format!(
                "the HTTP client could not be created: {}",
                cause::innermost(&error)
            ))
        })
    }

    #[cfg(feature = "http2")]
    fn http2(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
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
            .http2_keep_alive_timeout(ping)
    }
}

impl HttpService for Connections {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let client = self.client();
        Box::pin(async move {
            let sent = match reqwest::Request::try_from(request.map(|body| body.0)) {
                Ok(request) => client.execute(request).await,
                Err(error) => Err(error),
            };
            let response = sent.map_err(HttpError::of_body)?;
            Ok(http::Response::from(response).map(HttpBody))
        })
    }
}
