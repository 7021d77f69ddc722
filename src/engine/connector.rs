//! Establishes connections to the gateway: directly, or through the forward proxy.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::USER_AGENT;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tower_service::Service;

use crate::engine::http::BoxedCause;
use crate::engine::proxy::Via;
use crate::engine::tls::{Https, Prepared};

/// The keep-alive probes of TCP: a connection whose peer has vanished ends after a minute.
const PROBE: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;

/// The maximum time for which sent data may remain unacknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Establishes connections within a timeout.
#[derive(Clone)]
pub(super) struct Connector {
    connector: Https<Route>,
    timeout: Duration,
}

impl Connector {
    /// `user_agent` is sent to a proxy that opens a tunnel.
    pub(super) fn new(
        timeout: Duration,
        tls: &Arc<Prepared>,
        via: Option<Arc<Via>>,
        user_agent: HeaderValue,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        tcp.set_keepalive(Some(PROBE));
        tcp.set_keepalive_interval(Some(PROBE));
        tcp.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let route = Route {
            tcp,
            tls: Arc::clone(tls),
            via,
            user_agent,
        };
        Self {
            connector: tls.https(route),
            timeout,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = <Https<Route> as Service<Uri>>::Response;
    type Error = BoxedCause;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxedCause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxedCause>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, gateway: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.connector.call(gateway));
        Box::pin(async move {
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "operation timed out");
            connecting.await.map_err(late)?
        })
    }
}

/// Establishes a connection on which TLS with the gateway may begin.
#[derive(Clone)]
pub(super) struct Route {
    tcp: HttpConnector,
    tls: Arc<Prepared>,
    via: Option<Arc<Via>>,
    user_agent: HeaderValue,
}

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = BoxedCause;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxedCause>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxedCause>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, gateway: Uri) -> Self::Future {
        Box::pin(self.clone().connect(gateway))
    }
}

impl Route {
    async fn connect(mut self, gateway: Uri) -> Result<Stream, BoxedCause> {
        let Some(via) = self.via.take() else {
            return Ok(Stream::new(self.tcp.call(gateway).await?));
        };
        let proxy = via.uri().clone();
        match proxy.scheme_str() {
            Some(scheme @ ("socks4" | "socks4a")) => {
                let gateway = resolved(gateway, scheme == "socks4").await?;
                let mut socks = SocksV4::new(proxy, self.tcp);
                Ok(Stream::new(socks.call(gateway).await?))
            }
            Some(scheme @ ("socks5" | "socks5h")) => {
                let gateway = resolved(gateway, scheme == "socks5").await?;
                let mut socks = SocksV5::new(proxy, self.tcp);
                if let Some((user, password)) = via.socks_user() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                Ok(Stream::new(socks.call(gateway).await?))
            }
            _ if gateway.scheme() == Some(&Scheme::HTTPS) => {
                let mut tunnel = Tunnel::new(proxy, self.tls.https_to_proxy(self.tcp));
                if let Some(authorization) = via.authorization() {
                    tunnel = tunnel.with_auth(authorization.clone());
                }
                let mut headers = HeaderMap::new();
                headers.insert(USER_AGENT, self.user_agent);
                let tunnel = tunnel.with_headers(headers).call(gateway);
                Ok(Stream::new(tunnel.await?))
            }
            // The proxy forwards each request.
            _ => {
                let stream = self.tls.https_to_proxy(self.tcp).call(proxy).await?;
                Ok(Stream {
                    is_proxy: true,
                    ..Stream::new(stream)
                })
            }
        }
    }
}

/// The gateway with its port, and with its address in place of its name if `here`.
async fn resolved(gateway: Uri, here: bool) -> Result<Uri, BoxedCause> {
    let is_https = gateway.scheme() == Some(&Scheme::HTTPS);
    let (scheme, usual) = if is_https {
        ("https", 443)
    } else {
        ("http", 80)
    };
    let port = gateway.port_u16().unwrap_or(usual);
    let name = gateway.host().unwrap_or_default();
    let mut host = name.to_owned();
    if here {
        let bare = name.trim_matches(['[', ']']);
        let address = tokio::net::lookup_host((bare, port)).await?.next();
        host = match address.map(|address| address.ip()) {
            Some(address) if address.is_ipv6() => format!("[{address}]"),
            Some(address) => address.to_string(),
            None => host,
        };
    }
    Ok(format!("{scheme}://{host}:{port}").parse()?)
}

/// A connection of any kind.
pub(super) struct Stream {
    io: Box<dyn Io>,
    /// Whether it ends at a proxy, which gets the complete URL of each request.
    is_proxy: bool,
}

trait Io: Read + Write + Connection + Send + Sync + Unpin {}

impl<T: Read + Write + Connection + Send + Sync + Unpin> Io for T {}

impl Stream {
    fn new(io: impl Io + 'static) -> Self {
        Self {
            io: Box::new(io),
            is_proxy: false,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
