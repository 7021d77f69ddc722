//! The HTTP client, and another one in its place when a connection may be dead.
//!
//! Over HTTP/2 all requests share a connection, and the HTTP library gives no way to leave it: a
//! request that timed out would be sent again over the same dead one. So after a timeout another
//! HTTP client is made, with no connection yet. What is on its way in the old one ends there, and
//! its connections with it.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use crate::engine::http::{HttpBody, HttpError, HttpFuture, HttpRequest, HttpService};
use crate::engine::proxy::Proxy;
use crate::engine::tls::Prepared;
use crate::wire::cause;
use crate::wire::error::{Error, Result};

/// How HTTP clients are made.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) connect_timeout: Duration,
    /// The shortest time after which a silent connection ends an attempt.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "HTTP/1.1 has no ping frames")
    )]
    pub(crate) silence: Duration,
    /// How many responses may be open at once.
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

/// What of a response HTTP/2 lets the server send before it is read.
#[cfg(feature = "http2")]
const LARGEST_WINDOW: u32 = 1024 * 1024;

/// Below it a response takes too many round trips.
#[cfg(feature = "http2")]
const SMALLEST_WINDOW: u32 = 64 * 1024;

/// How much all responses that nobody reads may take of memory, where they are not more than that
/// many by the smallest windows.
#[cfg(feature = "http2")]
const ALL_WINDOWS: u32 = 64 * 1024 * 1024;

/// The longest time between two pings of a connection that is in use.
#[cfg(feature = "http2")]
const PING: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Connections {
    recipe: Recipe,
    /// The client, and since when. Never held across an await.
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

    /// Requests from now on get a connection that is newer than `sent`, when one was sent that
    /// timed out.
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
            // Load balancers in front of FOLIO drop idle connections after 60 s. A connection that
            // is dropped while a request is on its way is a POST that must not be
            // repeated.
            .pool_idle_timeout(Duration::from_secs(45))
            // FOLIO redirects nowhere, and a redirect would carry the token, which stands in a
            // header of FOLIO's own, to another host. What is repeated is decided above
            // this, but for what an HTTP/2 server says it has not looked at (REFUSED_STREAM, a
            // graceful GOAWAY): that is never carried out, and reqwest sends it again.
            .redirect(reqwest::redirect::Policy::none())
            // Content codings are decoded by `encoding.rs`. Another crate of the program may switch
            // reqwest's decoders on for all.
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
        // Each response that nobody reads fills its own window. That of the connection holds them
        // all, so that none blocks another.
        let streams = u32::try_from(self.max_in_flight.max(1)).unwrap_or(u32::MAX);
        // A login besides.
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
