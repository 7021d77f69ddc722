//! HTTP: reads requests from a socket, and writes answers to it, or breaks off.

use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::State;
use crate::faults::Effect;
use crate::folio;

/// A request, read whole.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain", text.into())
    }

    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Self {
        // RMB prints records over several lines.
        Self::new(status, "application/json", format!("{value:#}"))
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }
}

/// Serves connections until told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<Mutex<State>>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut connections = Vec::new();
    loop {
        let (socket, _): (tokio::net::TcpStream, SocketAddr) = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => continue,
            },
        };
        let _ = socket.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| respond(Arc::clone(&state), request));
        connections.retain(|connection: &tokio::task::JoinHandle<()>| !connection.is_finished());
        connections.push(tokio::spawn(async move {
            // A connection that a fault breaks ends with an error; the client sees it too.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        }));
    }
    connections.iter().for_each(tokio::task::JoinHandle::abort);
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a fault broke the connection")
    }
}

impl std::error::Error for Broken {}

async fn respond(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Written>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let asked = Asked {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
    };
    let gzip = asked
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"));
    let (effect, latency, answer) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let effect = state.faults.strike(&asked.method, &asked.path);
        let latency = state.latency;
        let answer = match &effect {
            Some(Effect::Drop) => None,
            Some(effect @ Effect::Answer { .. }) => {
                effect.answer().map(|(status, headers, body)| Answer {
                    status,
                    headers,
                    body: body.into_bytes(),
                })
            }
            effect => Some(folio::answer(&mut state, &asked, effect.as_ref())),
        };
        state.record(&asked, answer.as_ref().map(|answer| answer.status));
        (effect, latency, answer)
    };
    let delay = match effect {
        Some(Effect::Delay(delay)) => latency + delay,
        _ => latency,
    };
    if delay > Duration::ZERO {
        tokio::time::sleep(delay).await;
    }
    let Some(mut answer) = answer.filter(|_| !matches!(effect, Some(Effect::DropAnswer))) else {
        return Err(Broken);
    };
    if gzip && answer.body.len() > 256 && !answer.headers.contains_key(header::CONTENT_ENCODING) {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        if encoder.write_all(&answer.body).is_ok()
            && let Ok(compressed) = encoder.finish()
        {
            answer.body = compressed;
            answer
                .headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    let total = answer.body.len();
    let written = match effect {
        Some(Effect::BreakBody) => Written {
            chunk: Some(Bytes::copy_from_slice(&answer.body[..total / 2])),
            total,
            breaks: true,
        },
        _ => Written {
            chunk: Some(answer.body.into()),
            total,
            breaks: false,
        },
    };
    let mut response = Response::new(written);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// A body that may break off.
struct Written {
    chunk: Option<Bytes>,
    total: usize,
    breaks: bool,
}

impl Body for Written {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.chunk.take() {
            Some(chunk) if !chunk.is_empty() => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            _ if self.breaks => {
                self.breaks = false;
                Poll::Ready(Some(Err(Broken)))
            }
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.chunk.as_ref().is_none_or(Bytes::is_empty) && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total as u64)
    }
}

/// The pairs of a query string.
fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decoded(&name.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Text without percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
