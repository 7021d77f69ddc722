//! A server that records each request unchanged, and returns the configured response.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The method.
    pub method: String,
    /// The path as it was written, not decoded.
    pub path: String,
    /// The query string as it was written, if there is one.
    pub query: Option<String>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

impl Arrived {
    /// The values of a header.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let found = self.headers.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }
}

/// The response of the server.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The media type; none if there is no body.
    pub media_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

#[derive(Debug, Default)]
struct State {
    /// The response about the tenant's modules.
    modules: Bytes,
    response: Response,
    arrived: Vec<Arrived>,
}

/// The server; it lives as long as the runtime.
#[derive(Clone, Debug)]
pub struct Server {
    state: Arc<Mutex<State>>,
    at: SocketAddr,
}

impl Server {
    /// Starts it, with the tenant's modules.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(modules: &[String]) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let ids = modules
            .iter()
            .map(|module| format!("{{\"id\": \"{module}-1.0.0\"}}"));
        let ids = format!("[{}]", ids.collect::<Vec<_>>().join(","));
        let state = State {
            modules: ids.into(),
            ..State::default()
        };
        let server = Self {
            state: Arc::new(Mutex::new(state)),
            at: listener.local_addr()?,
        };
        let state = server.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| answer(state.clone(), request));
                    hyper::server::conn::http1::Builder::new()
                        .max_buf_size(1 << 20)
                        .serve_connection(TokioIo::new(stream), answer)
                        .await
                });
            }
        });
        Ok(server)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Sets the response, and discards recorded requests.
    pub fn respond(&self, response: Response) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.response = response;
        state.arrived.clear();
    }

    /// The requests since then.
    pub fn arrived(&self) -> Vec<Arrived> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.arrived)
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    // Once, the SDK looks up which of several modules provides an interface.
    if head.uri.path() == "/_/proxy/tenants/campus/modules" {
        return Ok(hyper::Response::new(Full::new(state.modules.clone())));
    }
    state.arrived.push(Arrived {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        body: body.unwrap_or_default(),
    });
    let given = &state.response;
    let mut response = hyper::Response::new(Full::new(given.body.clone()));
    *response.status_mut() =
        hyper::StatusCode::from_u16(given.status).unwrap_or(hyper::StatusCode::OK);
    if let Some(Ok(media_type)) = given.media_type.as_ref().map(|text| text.parse()) {
        response.headers_mut().insert("content-type", media_type);
    }
    Ok(response)
}
