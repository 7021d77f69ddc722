//! Sends a request: directly with the HTTP library, or with the service that the program set.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use tokio::time::Instant;

use super::clock::Clock;
use super::gateway::{Gateway, Located, Timeouts};
use super::incoming::Incoming;
use super::read::{Plain, beginning, whole};
use super::timed::Timed;
use crate::engine::connections::Sending;
use crate::engine::failure::{TransportFailure, failure_of};
use crate::engine::http::{HttpBody, HttpPath, HttpRequest, HttpResponse};
use crate::engine::memory::Most;
use crate::value::body::{self, Opened, UploadProgress};
use crate::value::encoding;
use crate::wire::error::ErrorKind;

impl Gateway {
    /// Names the proxy, if there is one.
    fn unreached(
        &self,
        failure: TransportFailure,
    ) -> Pin<Box<dyn Future<Output = TransportFailure> + Send + '_>> {
        let via = self.via.as_deref();
        let via = via.filter(|_| failure.kind == ErrorKind::Connect);
        Box::pin(async move {
            match via {
                Some(via) => via.explain(failure).await,
                None => failure,
            }
        })
    }

    /// Sends a request and reads the complete response, of at most `most` bytes.
    ///
    /// Not an `async fn`: its future would contain its arguments in addition to the values derived
    /// from them, in every call.
    pub(crate) fn send(
        &self,
        method: Method,
        url: Located,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeouts: Timeouts,
        most: Most,
    ) -> impl Future<Output = Result<Response<Bytes>, TransportFailure>> + Send {
        // A small body is accepted at once.
        let is_watched = |body: &&Bytes| self.write_timeout.is_some() && body.len() > body::CHUNK;
        let watched = body.as_ref().filter(is_watched);
        let sending = if self.service.is_none() && watched.is_none() {
            let request = request(method, url, headers, body.map(Into::into));
            Transfer::Plain(request.map(|request| self.connections.send(request)))
        } else {
            let progress = Arc::new(UploadProgress::default());
            let body = match watched {
                Some(body) => {
                    let body = Opened::of(body).into_request(Arc::clone(&progress));
                    Some(HttpBody::wrap(body))
                }
                None => body.map(Into::into),
            };
            let request = request(method, url, headers, body);
            Transfer::Watched(Box::pin(async move {
                self.watch(request?, &progress, timeouts).await
            }))
        };
        let error_body = self.memory.error_body;
        async move {
            // One timer for all waits. It is moved, not set anew.
            let ends = timeouts.ends();
            let timer = pin!(timeouts.timer());
            let mut clock = Clock::new(timeouts, ends, timer);
            let (mut response, ends) = match sending {
                Transfer::Plain(sending) => match clock.head(sending?).await? {
                    Ok(response) => (response, ends),
                    Err(error) => {
                        let failure = failure_of(error, timeouts.total);
                        return Err(self.unreached(failure).await);
                    }
                },
                // Its body has a timer of its own.
                Transfer::Watched(sending) => (sending.await?, None),
            };
            let status = response.status();
            let mut headers = std::mem::take(response.headers_mut());
            let decoder = encoding::decoder(&mut headers);
            let body = response.into_body();
            let body = if status.is_success() && decoder.is_none() {
                whole(Plain { body, clock }, most)
                    .await
                    .map_err(|failure| failure.after(status))?
            } else {
                let body = match ends {
                    Some(ends) => HttpBody::wrap(Timed::new(body, ends, timeouts.total)),
                    None => body,
                };
                let body = Incoming::new(body, decoder, timeouts);
                let body = if status.is_success() {
                    Box::pin(whole(body, most)).await
                } else {
                    Ok(Box::pin(beginning(body, error_body)).await)
                };
                body.map_err(|failure| failure.after(status))?
            };
            Ok(response_of(status, headers, body))
        }
    }

    /// Sends a request and reads the head of the response.
    pub(crate) async fn open(
        &self,
        method: Method,
        url: Located,
        headers: HeaderMap,
        body: Option<HttpBody>,
        timeouts: Timeouts,
        progress: &UploadProgress,
    ) -> Result<Response<Incoming>, TransportFailure> {
        let request = request(method, url, headers, body)?;
        let mut response = self.watch(request, progress, timeouts).await?;
        let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
        let decoder = encoding::decoder(&mut headers);
        let body = Incoming::new(response.into_body(), decoder, timeouts);
        Ok(response_of(status, headers, body))
    }

    /// Sends a request, and periodically checks whether its body makes progress.
    async fn watch(
        &self,
        request: HttpRequest,
        progress: &UploadProgress,
        timeouts: Timeouts,
    ) -> Result<HttpResponse, TransportFailure> {
        let idle = timeouts.head;
        let write = self.write_timeout.unwrap_or(idle);
        let mut sending = pin!(self.execute(request, timeouts.total));
        let (mut before, mut since) = (progress.sent(), Instant::now());
        loop {
            match tokio::time::timeout(idle.min(write), sending.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(failure)) => return Err(self.unreached(failure).await),
                Err(_) if progress.sent() != before => {
                    (before, since) = (progress.sent(), Instant::now());
                }
                Err(_) if since.elapsed() >= write && progress.is_sending() => {
                    return Err(TransportFailure::unsent(write, progress.sent()));
                }
                Err(_) if since.elapsed() >= idle => {
                    return Err(if progress.is_sending() {
                        TransportFailure::unsent(idle, progress.sent())
                    } else if progress.is_reading() {
                        TransportFailure::unread(idle, progress.sent())
                    } else {
                        TransportFailure::no_head(idle)
                    });
                }
                Err(_) => {}
            }
        }
    }

    /// Sends a request with the program's service, or with the HTTP library, within a timeout until
    /// the end of the response.
    async fn execute(
        &self,
        mut request: HttpRequest,
        total: Duration,
    ) -> Result<HttpResponse, TransportFailure> {
        let ends = Instant::now().checked_add(total);
        let sending = match &self.service {
            Some(service) => {
                let path = request.uri().path();
                let path = path.strip_prefix(self.base_path()).unwrap_or(path);
                let path = HttpPath(path.to_owned());
                request.extensions_mut().insert(path);
                self.connections.name(request.headers_mut());
                service.call(request)
            }
            None => Box::pin(self.connections.send(request)),
        };
        let sent = match ends {
            Some(ends) => tokio::time::timeout_at(ends, sending).await,
            None => Ok(sending.await),
        };
        let sent = sent.unwrap_or_else(|_| Err(Timed::over(total)));
        let response = sent.map_err(|error| failure_of(error, total))?;
        Ok(match ends {
            Some(ends) => response.map(|body| HttpBody::wrap(Timed::new(body, ends, total))),
            None => response,
        })
    }
}

/// A request that is being sent. Its body is watched only if it may stall.
enum Transfer<W> {
    Plain(Result<Sending, TransportFailure>),
    Watched(Pin<Box<W>>),
}

/// A response whose body is read, or will be.
pub(super) fn response_of<B>(status: StatusCode, headers: HeaderMap, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn request(
    method: Method,
    url: Located,
    headers: HeaderMap,
    body: Option<HttpBody>,
) -> Result<HttpRequest, TransportFailure> {
    let mut request = HttpRequest::default();
    *request.method_mut() = method;
    *request.uri_mut() = url?;
    *request.headers_mut() = headers;
    request
        .headers_mut()
        .entry(ACCEPT_ENCODING)
        .or_insert(encoding::ACCEPTED);
    // hyper sends no length for a body that is known to be empty.
    let is_empty = |body: &HttpBody| http_body::Body::size_hint(body).exact() == Some(0);
    match body {
        Some(body) if !is_empty(&body) => *request.body_mut() = body,
        _ if matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        ) =>
        {
            // RFC 9110, 8.6: without it some proxies respond with 411.
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        _ => {}
    }
    Ok(request)
}
