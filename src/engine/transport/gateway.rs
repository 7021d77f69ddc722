//! The gateway: its address, its timeouts and its connection settings.

use crate::engine::connections::{Connections, Recipe};
use crate::engine::failure::TransportFailure;
use crate::engine::http::{HttpService, Layer};
use crate::engine::memory::MemoryLimits;
use crate::engine::proxy::{Proxy, Via};
use crate::engine::tls::{self, TlsOptions};
use crate::value::redact;
use crate::wire::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The gateway of a FOLIO system: its address, and the connections to it.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(super) base: String,
    /// The parsed address.
    root: Url,
    /// Its scheme, host and port.
    scheme: Scheme,
    authority: Authority,
    pub(super) connections: Arc<Connections>,
    /// The forward proxy.
    pub(super) via: Option<Arc<Via>>,
    /// The configured timeout; none means the default.
    pub(super) timeout: Option<Duration>,
    pub(super) read_timeout: Option<Duration>,
    /// The time for which the connection may accept nothing of a request body.
    pub(super) write_timeout: Option<Duration>,
    pub(crate) memory: MemoryLimits,
    /// The service that sends requests in place of the HTTP library.
    pub(super) service: Option<Arc<dyn HttpService>>,
}

/// The timeout of an attempt. A gateway in front of FOLIO gives up after 60 s: the client waits
/// longer, so that it reports the gateway's response and not its own timeout.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The idle timeout. Okapi keeps a connection open forever if a module stops in the middle of its
/// response (real-facts, section 11). 60 s without a byte is the limit of nginx and the load
/// balancers in front of FOLIO.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The timeouts of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Until the complete response; unlimited if a body is streamed.
    pub(crate) total: Duration,
    /// Until the start of the response.
    pub(crate) head: Duration,
    /// The maximum pause between two bytes of the body.
    pub(crate) between: Duration,
}

impl Timeouts {
    /// Reduces all timeouts to at most this.
    pub(crate) fn within(self, longest: Duration) -> Self {
        Self {
            total: self.total.min(longest),
            head: self.head.min(longest),
            between: self.between,
        }
    }
}

/// The configuration of connections.
pub(crate) struct Options {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) memory: MemoryLimits,
    pub(crate) max_in_flight: usize,
    pub(crate) user_agent: String,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy: Proxy,
    /// The service that sends requests in place of the HTTP library.
    pub(crate) service: Option<Arc<dyn HttpService>>,
    /// The layers around it, the innermost first.
    pub(crate) layers: Vec<Layer>,
}

impl Gateway {
    pub(crate) fn new(url: &str, options: Options) -> Result<Self> {
        let base = base(url)?;
        let root = Url::parse(&base).map_err(|error| {
            Error::configuration(format!("`{base}` is not the URL of a gateway: {error}"))
        })?;
        let origin = origin(&root).map_err(|error| {
            Error::configuration(format!("`{base}` is not the URL of a gateway: {error}"))
        })?;
        let via = options.proxy.to(&root)?.map(Arc::new);
        let longest = options.timeout.unwrap_or(TIMEOUT);
        let user_agent = HeaderValue::from_str(&options.user_agent).map_err(|_| {
            Error::configuration("the user agent contains characters that a header cannot contain")
        })?;
        let connections = Connections::new(Recipe {
            connect_timeout: options.connect_timeout,
            silence: longest.min(options.read_timeout.unwrap_or(READ_TIMEOUT)),
            max_in_flight: options.max_in_flight,
            is_https: base.starts_with("https:"),
            tls: Arc::new(tls::Prepared::new(
                &options.tls,
                base.starts_with("https:"),
            )?),
            user_agent,
            via: via.clone(),
        });
        let connections = Arc::new(connections);
        let mut service = options.service;
        for layer in options.layers {
            let inner = service.unwrap_or_else(|| Arc::clone(&connections) as _);
            service = Some(layer(inner));
        }
        Ok(Self {
            base,
            root,
            scheme: origin.0,
            authority: origin.1,
            connections,
            via,
            timeout: options.timeout,
            read_timeout: options.read_timeout,
            write_timeout: options.write_timeout,
            memory: options.memory,
            service,
        })
    }

    /// The address, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The path of the gateway, without a trailing slash: usually empty.
    pub(crate) fn base_path(&self) -> &str {
        self.root.path().trim_end_matches('/')
    }

    /// The URL of a path that begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The URL of a path that begins with a slash and its query, both encoded. Nothing of it is
    /// parsed again, unless it has a character that a URL should not have.
    pub(crate) fn locate(&self, target: &str) -> Located {
        if !is_normal(target) {
            return self.normalized(target);
        }
        let below = self.base_path();
        let path = match below {
            "" => Bytes::copy_from_slice(target.as_bytes()),
            below => Bytes::from([below, target].concat()),
        };
        let Ok(path) = PathAndQuery::from_maybe_shared(path) else {
            return self.normalized(target);
        };
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(unsendable)
    }

    /// The same by the rules of the WHATWG, with every character encoded that needs it.
    fn normalized(&self, target: &str) -> Located {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut url = self.root.clone();
        match self.root.path().trim_end_matches('/') {
            "" => url.set_path(path),
            below => url.set_path(&format!("{below}{path}")),
        }
        url.set_query(query);
        url.as_str().parse().map_err(unsendable)
    }

    /// The timeout of a request.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// The timeouts of an attempt whose response is read completely. `total` and `read` are those
    /// of the call, if set.
    pub(crate) fn timeouts(&self, total: Option<Duration>, read: Option<Duration>) -> Timeouts {
        let chosen = total.or(self.timeout);
        let read = read.or(self.read_timeout);
        Timeouts {
            total: chosen.unwrap_or(TIMEOUT),
            // A program that sets a longer timeout expects a server that computes for a long time
            // before it responds.
            head: read.or(chosen).unwrap_or(READ_TIMEOUT),
            between: read.unwrap_or(READ_TIMEOUT),
        }
    }

    /// The timeouts of an attempt whose body is sent or read piece by piece: its duration is
    /// unlimited as long as data flows.
    pub(crate) fn idle_timeouts(&self, idle: Option<Duration>, read: Option<Duration>) -> Timeouts {
        let chosen = idle.or(self.timeout);
        let read = read.or(self.read_timeout);
        let longest = chosen.unwrap_or(Duration::MAX);
        Timeouts {
            total: Duration::MAX,
            head: read.or(chosen).unwrap_or(READ_TIMEOUT).min(longest),
            between: read.or(chosen).unwrap_or(READ_TIMEOUT).min(longest),
        }
    }

    /// The proxy through which the gateway is reached.
    pub(crate) fn via(&self) -> Option<&str> {
        self.via.as_deref().map(Via::shown)
    }

    /// Records that a request sent at that time timed out: subsequent requests use another
    /// connection.
    pub(crate) fn leave_connection(&self, sent: Instant) {
        self.connections.leave(sent);
    }
}

/// The URL of a request, or why it cannot be sent.
pub(crate) type Located = Result<Uri, TransportFailure>;

fn unsendable(error: impl std::fmt::Display) -> TransportFailure {
    TransportFailure::lasting(
        ErrorKind::Request,
        format!("its URL cannot be sent: {error}"),
    )
}

fn origin(root: &Url) -> Result<(Scheme, Authority), String> {
    let root: Uri = root.as_str().parse().map_err(|error| format!("{error}"))?;
    let parts = root.into_parts();
    let origin = parts.scheme.zip(parts.authority);
    origin.ok_or_else(|| "it has no host".to_owned())
}

/// Whether a path and query contain only characters that stay as they are in a URL, and no segment
/// that begins with a dot.
fn is_normal(target: &str) -> bool {
    let mut before = b'/';
    let mut is_normal = target.starts_with('/');
    for byte in target.bytes() {
        is_normal &= NORMAL[usize::from(byte)] & !(before == b'/' && byte == b'.');
        before = byte;
    }
    is_normal
}

/// The bytes that `is_normal` accepts, as a table, because every target is scanned.
const NORMAL: [bool; 256] = {
    let mut normal = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let sign = byte as u8;
        normal[byte] = sign.is_ascii_alphanumeric()
            || matches!(
                sign,
                b'-' | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
                    | b'/'
                    | b'?'
                    | b'%'
            );
        byte += 1;
    }
    normal
};

/// Validates the address of a gateway.
pub(super) fn base(text: &str) -> Result<String> {
    let text = text.trim();
    let wrong = |problem: &str| {
        // A password or token in a URL must not get into an error.
        let shown = redact::url(text);
        Error::configuration(format!(
            "`{shown}` is not the URL of a FOLIO gateway: {problem}; expected a URL such as https://folio.example.edu or https://folio.example.edu/okapi"
        ))
    };
    let url = Url::parse(text).map_err(|problem| match problem.to_string().as_str() {
        "relative URL without a base" => wrong("it has no http:// or https://"),
        other => wrong(other),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it begins with neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "it contains a user name or password (use `credentials` instead)",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
