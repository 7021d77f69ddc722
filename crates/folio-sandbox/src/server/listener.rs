//! HTTP: reads requests from a socket, and writes or aborts responses.

use std::future::Future as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use crate::modules::dispatch;
use crate::platform::accounts;
use crate::platform::exchange::{Answered, Exchange, Listener};
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::server::{gateway, okapi};
use crate::wire::message::{HttpRequest, HttpResponse, Port, pairs};
use crate::wire::rmb;

/// The longest request line that Okapi and the modules read, and the most bytes of headers.
const MOST_LINE: usize = 4_096;
const MOST_HEADERS: usize = 8_192;

/// Listens for the gateway and for the modules with their own ports, and serves until it is
/// stopped.
pub(crate) async fn run(
    state: Arc<Mutex<State>>,
    stop: oneshot::Receiver<()>,
    ready: oneshot::Sender<std::io::Result<SocketAddr>>,
) {
    let listener = match listen(&state).await {
        Ok(listener) => listener,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let address = listener.local_addr();
    if ready.send(address).is_ok() {
        serve(listener, Port::Gateway, state, stop).await;
    }
}

/// The gateway's listener, after those of modules, which serve already.
async fn listen(state: &Arc<Mutex<State>>) -> std::io::Result<TcpListener> {
    let (modules, address) = {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.wiring.ports.clone(), state.address)
    };
    for module in modules {
        let listener = TcpListener::bind((address.0, 0)).await?;
        let own = listener.local_addr()?;
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.wiring.listening.push((module, own));
        }
        let state = Arc::clone(state);
        tokio::spawn(async move {
            // It ends with the runtime: nothing else stops it.
            let (_running, stop) = oneshot::channel();
            serve(listener, Port::Module(module), state, stop).await;
        });
    }
    TcpListener::bind(address).await
}

/// Serves connections until it is stopped.
pub(crate) async fn serve(
    listener: TcpListener,
    port: Port,
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
        let service = service_fn(move |request| respond(Arc::clone(&state), port, request));
        connections.retain(|connection: &tokio::task::JoinHandle<()>| !connection.is_finished());
        connections.push(tokio::spawn(async move {
            // A connection that a fault breaks ends with an error; the client sees it, too. Okapi
            // supports HTTP/2 in clear text with prior knowledge.
            let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await;
        }));
    }
    connections.iter().for_each(tokio::task::JoinHandle::abort);
}

/// The connection is to be closed without a response.
#[derive(Debug)]
struct ConnectionBroken;

impl std::fmt::Display for ConnectionBroken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a fault broke the connection")
    }
}

impl std::error::Error for ConnectionBroken {}

async fn respond(
    state: Arc<Mutex<State>>,
    port: Port,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ConnectionBroken> {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let line = parts.method.as_str().len() + target.len() + " HTTP/1.1".len() + 1;
    let headers: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    let (line_too_long, headers_too_large) = (line > MOST_LINE, headers > MOST_HEADERS);
    let body = body
        .collect()
        .await
        .map_err(|_| ConnectionBroken)?
        .to_bytes();
    let start = Instant::now();
    let http_request = HttpRequest {
        port,
        method: parts.method.as_str().to_owned(),
        path: match parts.uri.scheme() {
            // Okapi takes a whole URL for a path, and knows none such.
            Some(_) => parts.uri.to_string(),
            None => resolved(parts.uri.path()),
        },
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
    };
    let gzip = http_request
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"));
    let (effect, latency, answer, listener) = {
        let later = Arc::clone(&state);
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let effect = state
            .faults
            .strike(&http_request.method, &http_request.path);
        let latency = state.latency;
        let answer = match &effect {
            _ if line_too_long => Some(okapi::too_long(state.release)),
            _ if headers_too_large => Some(okapi::headers_too_large()),
            Some(Effect::Drop) => None,
            Some(Effect::DropThenDo(delay)) => {
                do_later(Arc::clone(&later), http_request.clone(), *delay);
                None
            }
            _ if state.read_only && dispatch::changes(&http_request) => Some(HttpResponse::text(
                StatusCode::FORBIDDEN,
                "The sandbox is read-only: nothing was changed.",
            )),
            Some(effect @ Effect::Answer { .. }) => {
                effect
                    .response()
                    .map(|(status, headers, body)| HttpResponse {
                        headers: Box::new(headers),
                        body: body.into_bytes(),
                        ..HttpResponse::empty(status)
                    })
            }
            effect => {
                if matches!(effect, Some(Effect::ExpireToken)) {
                    state.auth.expire_access();
                }
                Some(answered(&mut state, &http_request, effect.as_ref()))
            }
        };
        let status = answer.as_ref().filter(|answer| !answer.hangs);
        state.record(&http_request, status.map(|answer| answer.status));
        (effect, latency, answer, state.listener.clone())
    };
    let heard = ExchangeReport {
        listener,
        http_request: &http_request,
        start,
        status: answer
            .as_ref()
            .filter(|answer| !answer.hangs && !matches!(effect, Some(Effect::DropAnswer)))
            .map(|answer| answer.status),
        bytes: answer.as_ref().map_or(0, |answer| answer.body.len()),
        fault: effect.is_some(),
    };
    let delay = match effect {
        Some(Effect::Delay(delay)) => latency + delay,
        _ => latency,
    };
    if delay > Duration::ZERO {
        tokio::time::sleep(delay).await;
    }
    heard.tell();
    let Some(mut answer) = answer.filter(|_| !matches!(effect, Some(Effect::DropAnswer))) else {
        return Err(ConnectionBroken);
    };
    if let Some(forward) = answer.forward.take() {
        answer = forward.response().await;
    }
    if answer.hangs {
        // The server never responds; hyper drops this when the client closes the connection.
        std::future::pending::<()>().await;
    }
    if http_request.method == "HEAD" {
        answer.body.clear();
    }
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
    let mut body = Bytes::from(std::mem::take(&mut answer.body));
    let written = match effect {
        Some(Effect::BreakBody) => ResponseBody {
            rest: body.split_to(total / 2),
            total: Some(total),
            breaks: true,
            stalls: false,
            slow: None,
        },
        Some(Effect::SlowBytes { bytes, pause }) => ResponseBody {
            rest: body,
            total: (!answer.stalls).then_some(total),
            breaks: false,
            stalls: answer.stalls,
            slow: Some((bytes.max(1), pause, Box::pin(tokio::time::sleep(pause)))),
        },
        _ => ResponseBody {
            rest: body,
            total: (!answer.stalls).then_some(total),
            breaks: false,
            stalls: answer.stalls,
            slow: None,
        },
    };
    let mut sent = Response::new(written);
    *sent.status_mut() = answer.status;
    *sent.headers_mut() = *answer.headers;
    Ok(sent)
}

/// A path without dot-dot segments, which Okapi resolves; others stay as they are.
fn resolved(path: &str) -> String {
    if !path.contains("/../") && !path.ends_with("/..") {
        return path.to_owned();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

/// The response, with the changes to be persisted.
fn answered(
    state: &mut State,
    http_request: &HttpRequest,
    effect: Option<&Effect>,
) -> HttpResponse {
    let answer = gateway::respond(state, http_request, effect);
    match accounts::save(state) {
        Ok(()) => answer,
        Err(error) => rmb::storage(&error),
    }
}

/// Executes the request when the connection has been closed for that long.
fn do_later(state: Arc<Mutex<State>>, http_request: HttpRequest, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if !(state.read_only && dispatch::changes(&http_request)) {
            answered(&mut state, &http_request, None);
        }
    });
}

/// The event of a request for a listener.
struct ExchangeReport<'a> {
    listener: Option<Listener>,
    http_request: &'a HttpRequest,
    start: Instant,
    status: Option<StatusCode>,
    bytes: usize,
    fault: bool,
}

impl ExchangeReport<'_> {
    fn tell(self) {
        if let Some(listener) = self.listener {
            let answered = Answered {
                time: self.start.elapsed(),
                bytes: self.bytes,
                fault: self.fault,
            };
            listener(&Exchange::of(self.http_request, self.status), answered);
        }
    }
}

/// A body that may break off, or come slowly.
struct ResponseBody {
    rest: Bytes,
    /// Its length; omitted if it stalls.
    total: Option<usize>,
    breaks: bool,
    stalls: bool,
    /// How many bytes come at a time, the time between them, and until when the next ones wait.
    slow: Option<(usize, Duration, Pin<Box<Sleep>>)>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ConnectionBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionBroken>>> {
        if self.rest.is_empty() {
            return match std::mem::take(&mut self.breaks) {
                true => Poll::Ready(Some(Err(ConnectionBroken))),
                // Nothing wakes it: it ends with the connection.
                false if self.stalls => Poll::Pending,
                false => Poll::Ready(None),
            };
        }
        let some = match &mut self.slow {
            None => self.rest.len(),
            Some((bytes, pause, sleep)) => {
                std::task::ready!(sleep.as_mut().poll(context));
                sleep.set(tokio::time::sleep(*pause));
                *bytes
            }
        };
        let some = some.min(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(some)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && !self.breaks && !self.stalls
    }

    fn size_hint(&self) -> SizeHint {
        self.total.map_or_else(SizeHint::default, |total| {
            SizeHint::with_exact(total as u64)
        })
    }
}
