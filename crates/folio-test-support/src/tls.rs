//! A gateway behind TLS and a proxy, over real sockets, with certificates that are generated here.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use folio_sdk::{FolioClient, FolioClientBuilder, RetryPolicy};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A private certificate authority.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// The first and the last year of its certificates, if they are not valid for ever.
    years: Option<(i32, i32)>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(parameters, key),
            years: None,
        }
    }

    /// Its certificates are valid from the beginning of one year to that of another.
    pub fn between(self, from: i32, to: i32) -> Self {
        Self {
            years: Some((from, to)),
            ..self
        }
    }

    /// A certificate for a name, and its key: as PEM.
    pub fn certificate(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if let Some((from, to)) = self.years {
            parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
        }
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A FOLIO behind TLS, which records the HTTP version of a request.
pub struct Gateway {
    pub port: u16,
}

impl Gateway {
    pub async fn start(
        authority: &Authority,
        name: &str,
        protocols: &[&str],
        clients: Option<&Authority>,
    ) -> Self {
        let (certificate, key) = authority.certificate(name);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
                    .unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let io = TokioIo::new(stream);
                    let service = service_fn(answer);
                    if is_h2 {
                        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                            .serve_connection(io, service)
                            .await;
                    } else {
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(io, service)
                            .await;
                    }
                });
            }
        });
        Self { port }
    }

    pub fn builder(&self, name: &str) -> FolioClientBuilder {
        builder(&format!("https://{name}:{}", self.port))
    }
}

pub fn builder(url: &str) -> FolioClientBuilder {
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("ann", "secret-of-ann")
        .retry(RetryPolicy::none())
}

async fn answer(
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<hyper::Response<http_body_util::Full<Bytes>>, Infallible> {
    let response = hyper::Response::builder();
    let response = match request.uri().path() {
        "/authn/login-with-expiry" => response.status(201).header(
            "set-cookie",
            "folioAccessToken=access.of.ann; Path=/; Secure",
        ),
        _ => response,
    };
    let body = json!({"version": format!("{:?}", request.version()), "token": request.headers().get("x-okapi-token").is_some()});
    Ok(response
        .header("content-type", "application/json")
        .body(body.to_string().into())
        .unwrap())
}

/// The first line of a request to a proxy, and its credentials.
type Knock = (String, Option<String>);

/// A tunnelling proxy, which records its requests. It connects to its own host, regardless of the
/// name.
pub struct Tunnel {
    pub address: String,
    asked: Arc<Mutex<Vec<Knock>>>,
}

impl Tunnel {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let _ = tunnel(stream, &log).await;
                });
            }
        });
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<Knock> {
        self.asked.lock().unwrap().clone()
    }
}

async fn tunnel(stream: TcpStream, log: &Mutex<Vec<Knock>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut authorization) = (String::new(), None);
    stream.read_line(&mut first).await?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => {
                authorization = Some(value.to_owned())
            }
            Some(_) => {}
        }
    }
    let port = first
        .split([' ', ':'])
        .nth(2)
        .unwrap_or_default()
        .to_owned();
    let is_allowed = authorization.as_deref() != Some("Basic dXNlcjp3cm9uZw==");
    log.lock()
        .unwrap()
        .push((first.trim().to_owned(), authorization));
    if !is_allowed {
        return stream
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await;
    }
    let mut onward = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    tokio::io::copy_bidirectional(&mut stream, &mut onward)
        .await
        .map(drop)
}
