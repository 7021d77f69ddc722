//! The forward proxy between the client and the gateway: its selection and its errors.

use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::engine::failure::TransportFailure;
use crate::value::redact;
use crate::wire::cause;
use crate::wire::error::{Error, Result};

/// The route of connections.
#[derive(Default)]
pub(crate) enum Proxy {
    /// The proxy of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    #[default]
    OfEnvironment,
    None,
    /// A URL, which may contain a user name and a password.
    At(SecretString),
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::OfEnvironment => "OfEnvironment",
            Self::None => "None",
            Self::At(_) => "At(…)",
        })
    }
}

/// The timeout for requesting the status of a tunnel again.
const PROBE: Duration = Duration::from_secs(5);

/// The proxy through which a gateway is reached.
pub(crate) struct Via {
    /// Without user name and password.
    shown: String,
    is_http: bool,
    host: String,
    port: u16,
    /// Its URL, its user name and its password.
    intercept: Intercept,
    /// `host:port` of the gateway.
    target: String,
}

impl std::fmt::Debug for Via {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Via").field(&self.shown).finish()
    }
}

impl Proxy {
    /// The proxy for connections to `gateway`; an error if this client cannot use it.
    pub(crate) fn to(&self, gateway: &Url) -> Result<Option<Via>> {
        let (url, intercept) = match self {
            Self::None => return Ok(None),
            Self::At(url) => {
                let url = checked(url.expose_secret())?;
                // By the same rules as for the environment variables.
                let all = Matcher::builder().all(url.as_str()).build();
                let found = found(&all, gateway).ok_or_else(|| no_url(&shown(&url)))?;
                (url, found)
            }
            Self::OfEnvironment => {
                let Some(found) = found(&Matcher::from_env(), gateway) else {
                    return Ok(None);
                };
                (checked(&found.uri().to_string())?, found)
            }
        };
        let (Some(host), Some(port)) = (url.host_str(), port(&url)) else {
            return Err(no_url(&shown(&url)));
        };
        let of_gateway = gateway.host_str().unwrap_or_default();
        Ok(Some(Via {
            shown: shown(&url),
            is_http: url.scheme() == "http",
            host: host.to_owned(),
            port,
            intercept,
            target: format!(
                "{of_gateway}:{}",
                gateway.port_or_known_default().unwrap_or(443)
            ),
        }))
    }
}

/// The proxy that a set of rules selects for a gateway.
fn found(matcher: &Matcher, gateway: &Url) -> Option<Intercept> {
    matcher.intercept(&gateway.as_str().parse().ok()?)
}

fn port(url: &Url) -> Option<u16> {
    let of_scheme = url.scheme().starts_with("socks").then_some(1080);
    url.port_or_known_default().or(of_scheme)
}

/// The address without user name and password.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match port(url) {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

fn no_url(shown: &str) -> Error {
    Error::configuration(format!(
        "`{shown}` is not the URL of a proxy; expected a URL such as http://proxy.example.edu:3128"
    ))
}

fn checked(text: &str) -> Result<Url> {
    let text = text.trim();
    let after = redact::url(text);
    let url = Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| no_url(&after))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        "socks4" | "socks4a" | "socks5" | "socks5h" if cfg!(feature = "socks") => Ok(url),
        "socks4" | "socks4a" | "socks5" | "socks5h" => Err(Error::configuration(format!(
            "the proxy `{}` uses SOCKS, and folio-sdk was built without SOCKS support: enable its feature `socks`",
            shown(&url)
        ))),
        scheme => Err(Error::configuration(format!(
            "`{after}` is not the URL of a proxy: `{scheme}` is not a proxy scheme; expected a URL such as http://proxy.example.edu:3128"
        ))),
    }
}

impl Via {
    /// The address, for errors.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// The URL, without user name and password.
    pub(super) fn uri(&self) -> &Uri {
        self.intercept.uri()
    }

    /// The user name and password of a SOCKS proxy.
    pub(super) fn socks_user(&self) -> Option<(&str, &str)> {
        self.intercept.raw_auth()
    }

    /// The header with the user name and password of an HTTP proxy.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }

    /// Adds to the error of an unreachable gateway how the proxy is involved.
    pub(crate) async fn explain(&self, mut failure: TransportFailure) -> TransportFailure {
        let source = failure.source.as_ref();
        let text = source.map(|error| cause::innermost(error).to_string());
        let text = text.unwrap_or_default();
        let proxy = self.shown();
        let status = match text.as_str() {
            "tunnel error: proxy authorization required" => Some(407),
            "tunnel error: unsuccessful" => self.status_of_tunnel().await,
            _ => {
                failure.message = format!("{} (through the proxy {proxy})", failure.message);
                return failure;
            }
        };
        failure.message = match status {
            Some(status) => format!(
                "the proxy {proxy} did not open a tunnel to the gateway: it responded to CONNECT with the status {status}"
            ),
            None => {
                format!("the proxy {proxy} did not open a tunnel to the gateway (CONNECT): {text}")
            }
        };
        failure.lasts = status
            .is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 429));
        let help = match status {
            Some(407) => {
                "check the user name and password of the proxy, which differ from those of FOLIO (`proxy`, or HTTPS_PROXY)"
            }
            Some(_) if failure.lasts => {
                "the proxy's rules must allow CONNECT to the gateway's host and port; otherwise connect directly (`no_proxy`, or NO_PROXY)"
            }
            _ => "the proxy could not reach the gateway, or is overloaded",
        };
        failure.help = Some(help.into());
        failure
    }

    /// Requests a tunnel again to learn the status, which the HTTP library does not report. None if
    /// there is none.
    async fn status_of_tunnel(&self) -> Option<u16> {
        // A proxy that itself uses TLS is not contacted.
        if !self.is_http {
            return None;
        }
        tokio::time::timeout(PROBE, self.probe()).await.ok()?
    }

    async fn probe(&self) -> Option<u16> {
        let mut stream = TcpStream::connect((self.host.trim_matches(['[', ']']), self.port))
            .await
            .ok()?;
        let target = &self.target;
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = self.authorization().and_then(|value| value.to_str().ok()) {
            head.push_str("Proxy-Authorization: ");
            head.push_str(authorization);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut line = Vec::new();
        let mut buffer = [0; 256];
        while line.len() < 4096 && !line.contains(&b'\n') {
            let length = stream.read(&mut buffer).await.ok()?;
            if length == 0 {
                break;
            }
            line.extend_from_slice(buffer.get(..length)?);
        }
        let line = String::from_utf8_lossy(&line);
        line.strip_prefix("HTTP/")?
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()
    }
}
