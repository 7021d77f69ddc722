//! The way to the gateway: proxy, name, port, TLS.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::certificate;
use super::check::{Check, Report};

/// How long each step may take; the SDK's `connect_timeout`.
const LONGEST: Duration = Duration::from_secs(10);

/// The proxy on the way to the gateway.
struct Proxy {
    scheme: String,
    host: String,
    port: u16,
    authorization: Option<String>,
}

impl Proxy {
    /// Without user name and password.
    fn shown(&self) -> String {
        format!("{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// Whether the gateway accepts connections.
pub(super) async fn examine(url: &str, report: &mut Report) -> bool {
    let Ok(url) = Url::parse(url) else {
        report.add(Check::failed(
            "configuration",
            format!("{url} is not a URL"),
        ));
        return false;
    };
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let is_https = url.scheme() == "https";
    let proxy = proxy(&url);
    match &proxy {
        None => report.add(Check::ok(
            "proxy",
            "none: HTTPS_PROXY, HTTP_PROXY and ALL_PROXY do not apply to this URL",
        )),
        Some(proxy) => report.add(Check::ok(
            "proxy",
            format!("connections go through {}", proxy.shown()),
        )),
    }
    let (first, first_port) = match &proxy {
        Some(proxy) => (proxy.host.clone(), proxy.port),
        None => (host.clone(), port),
    };
    let Some(addresses) = resolved(&first, first_port, report).await else {
        report.skip(&["tcp", "tls"], "the name has no address");
        return false;
    };
    let Some(mut stream) = connected(&addresses, proxy.is_some(), report).await else {
        report.skip(&["tls"], "no connection");
        return false;
    };
    if !is_https {
        report.add(
            Check::warning(
                "tls",
                "the URL is http: password and token are sent in clear text",
            )
            .advice("use the https URL, except within a closed network"),
        );
        return true;
    }
    if let Some(proxy) = &proxy {
        if proxy.scheme != "http" {
            report.skip(&["tls"], "it is not checked through a proxy of this kind");
            return true;
        }
        match tunnel(&mut stream, proxy, &host, port).await {
            Ok(200) => {}
            Ok(status) => {
                let advice = match status {
                    407 => "check the user name and password of the proxy in HTTPS_PROXY",
                    _ => {
                        "the proxy's rules must allow CONNECT to the gateway's host and port; or connect directly (NO_PROXY)"
                    }
                };
                report.add(
                    Check::failed(
                        "tls",
                        format!(
                            "the proxy responded to CONNECT {host}:{port} with the status {status}"
                        ),
                    )
                    .advice(advice),
                );
                return false;
            }
            Err(error) => {
                report.add(
                    Check::failed(
                        "tls",
                        format!("the proxy did not open a tunnel to {host}:{port}: {error}"),
                    )
                    .advice("check HTTPS_PROXY"),
                );
                return false;
            }
        }
    }
    certificate::examine(stream, &host, LONGEST, report).await
}

/// The proxy of the environment, by the rules of the SDK.
fn proxy(url: &Url) -> Option<Proxy> {
    let gateway: http::Uri = url.as_str().parse().ok()?;
    let found = Matcher::from_env().intercept(&gateway)?;
    let uri = Url::parse(&found.uri().to_string()).ok()?;
    let authorization = found.basic_auth().and_then(|value| value.to_str().ok());
    let default = if uri.scheme().starts_with("socks") {
        1080
    } else {
        80
    };
    Some(Proxy {
        scheme: uri.scheme().to_owned(),
        host: uri.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: uri.port_or_known_default().unwrap_or(default),
        authorization: authorization.map(str::to_owned),
    })
}

async fn resolved(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        report.add(Check::ok("dns", format!("{host} is an address, no name")));
        return Some(vec![SocketAddr::new(address, port)]);
    }
    let started = Instant::now();
    let found = tokio::time::timeout(LONGEST, tokio::net::lookup_host((host, port))).await;
    let advice = "check the host in the URL, and the name server of this machine";
    let addresses: Vec<SocketAddr> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            report.add(Check::failed("dns", format!("{host}: {error}")).advice(advice));
            return None;
        }
        Err(_) => {
            report.add(
                Check::failed(
                    "dns",
                    format!("{host}: no answer in {} s", LONGEST.as_secs()),
                )
                .advice(advice),
            );
            return None;
        }
    };
    if addresses.is_empty() {
        report.add(Check::failed("dns", format!("{host} has no address")).advice(advice));
        return None;
    }
    let shown: Vec<String> = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    report.add(Check::ok(
        "dns",
        format!(
            "{host} is {} ({} ms)",
            shown.join(", "),
            started.elapsed().as_millis()
        ),
    ));
    Some(addresses)
}

/// Connects to the first address that accepts it.
async fn connected(
    addresses: &[SocketAddr],
    is_proxy: bool,
    report: &mut Report,
) -> Option<TcpStream> {
    let mut problems = Vec::new();
    for address in addresses {
        let started = Instant::now();
        let problem = match tokio::time::timeout(LONGEST, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let seen = format!(
                    "{address} accepts connections ({} ms)",
                    started.elapsed().as_millis()
                );
                report.add(match problems.is_empty() {
                    true => Check::ok("tcp", seen),
                    false => Check::warning("tcp", format!("{seen}; {}", problems.join("; ")))
                        .advice("not all addresses of the name work"),
                });
                return Some(stream);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer in {} s", LONGEST.as_secs()),
        };
        problems.push(format!("{address}: {problem}"));
    }
    let advice = match is_proxy {
        true => "check the proxy in HTTPS_PROXY or HTTP_PROXY, and whether it runs",
        false => "check host and port in the URL, firewalls, and whether the gateway runs",
    };
    report.add(Check::failed("tcp", problems.join("; ")).advice(advice));
    None
}

/// Asks a proxy for a tunnel; the status of its response.
async fn tunnel(
    stream: &mut TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> std::io::Result<u16> {
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(authorization) = &proxy.authorization {
        head.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    head.push_str("\r\n");
    let exchange = async {
        stream.write_all(head.as_bytes()).await?;
        let mut response = Vec::new();
        // Byte by byte: what follows the head belongs to TLS.
        while !response.ends_with(b"\r\n\r\n") && response.len() < 16_384 {
            response.push(stream.read_u8().await?);
        }
        let text = String::from_utf8_lossy(&response).into_owned();
        let status = text
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.ok_or_else(|| std::io::Error::other("the response is not HTTP"))
    };
    match tokio::time::timeout(LONGEST, exchange).await {
        Ok(done) => done,
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}
