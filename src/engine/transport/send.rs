//! Sends a request: directly with the HTTP library, or with the service that the program set.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use tokio::time::Instant;

use super::gateway::{Gateway, Timeouts};
use super::incoming::Incoming;
use super::read::{Plain, beginning, whole};
use super::timed::Timed;
use crate::engine::failure::{TransportFailure, failure, failure_of};
use crate::engine::http::{HttpBody, HttpPath, HttpRequest, HttpService};
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
        let via = self.via.as_ref();
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
        url: Url,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeouts: Timeouts,
        most: Most,
    ) -> impl Future<Output = Result<http::Response<Bytes>, TransportFailure>> + Send {
        // A small body is accepted at once.
        let is_watched = |body: &&Bytes| self.write_timeout.is_some() && body.len() > body::CHUNK;
        let watched = body.as_ref().filter(is_watched);
        let sending = if self.service.is_none() && watched.is_none() {
            let mut request = request(method, url, headers, body.map(Into::into));
            *request.timeout_mut() = Some(timeouts.total);
            Transfer::Plain(self.connections.client().execute(request))
        } else {
            let progress = Arc::new(UploadProgress::default());
            let body = match watched {
                Some(body) => Some(Opened::of(body).into_request(Arc::clone(&progress))),
                None => body.map(Into::into),
            };
            let mut request = request(method, url, headers, body);
            *request.timeout_mut() = Some(timeouts.total);
            Transfer::Watched(Box::pin(async move {
                self.watch(request, &progress, timeouts).await
            }))
        };
        let error_body = self.memory.error_body;
        async move {
            let mut response = match sending {
                Transfer::Plain(sending) => {
                    let sent = tokio::time::timeout(timeouts.head, sending).await;
                    match sent.map_err(|_| TransportFailure::no_head(timeouts.head))? {
                        Ok(response) => response,
                        Err(error) => {
                            let failure = failure(error.without_url(), timeouts.total);
                            return Err(self.unreached(failure).await);
                        }
                    }
                }
                Transfer::Watched(sending) => sending.await?,
            };
            let status = response.status();
            let mut headers = std::mem::take(response.headers_mut());
            let decoder = encoding::decoder(&mut headers);
            let body = if status.is_success() && decoder.is_none() {
                let body = Plain {
                    response: &mut response,
                    timeouts,
                };
                whole(body, most)
                    .await
                    .map_err(|failure| failure.after(status))?
            } else {
                let body = Incoming::new(response.into(), decoder, timeouts);
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
        url: Url,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
        timeouts: Timeouts,
        progress: &UploadProgress,
    ) -> Result<http::Response<Incoming>, TransportFailure> {
        let request = request(method, url, headers, body);
        let mut response = self.watch(request, progress, timeouts).await?;
        let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
        let decoder = encoding::decoder(&mut headers);
        let body = Incoming::new(response.into(), decoder, timeouts);
        Ok(response_of(status, headers, body))
    }

    /// Sends a request, and periodically checks whether its body makes progress.
    async fn watch(
        &self,
        request: reqwest::Request,
        progress: &UploadProgress,
        timeouts: Timeouts,
    ) -> Result<reqwest::Response, TransportFailure> {
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

    /// Sends a request with the program's service, or with the HTTP library.
    async fn execute(
        &self,
        request: reqwest::Request,
        total: Duration,
    ) -> Result<reqwest::Response, TransportFailure> {
        match &self.service {
            Some(service) => self.serve(&**service, request, total).await,
            None => {
                let sent = self.connections.client().execute(request).await;
                sent.map_err(|error| failure(error.without_url(), total))
            }
        }
    }

    async fn serve(
        &self,
        service: &dyn HttpService,
        request: reqwest::Request,
        total: Duration,
    ) -> Result<reqwest::Response, TransportFailure> {
        let ends = Instant::now().checked_add(total);
        let path = request.url().path();
        let path = HttpPath(
            path.strip_prefix(self.base_path())
                .unwrap_or(path)
                .to_owned(),
        );
        let request = http::Request::<reqwest::Body>::try_from(request)
            .map_err(|error| failure(error.without_url(), total))?;
        let mut request: HttpRequest = request.map(HttpBody);
        request.extensions_mut().insert(path);
        request
            .headers_mut()
            .entry(USER_AGENT)
            .or_insert_with(|| self.user_agent.clone());
        let sent = match ends {
            Some(ends) => tokio::time::timeout_at(ends, service.call(request)).await,
            None => Ok(service.call(request).await),
        };
        let sent = sent.unwrap_or_else(|_| Err(Timed::over(total)));
        let response = sent.map_err(|error| failure_of(error, total))?;
        // The timeout of the HTTP library applies only to its own requests.
        let body = |body: HttpBody| match ends {
            Some(ends) => reqwest::Body::wrap(Timed::new(body.0, ends, total)),
            None => body.0,
        };
        Ok(response.map(body).into())
    }
}

/// A request that is being sent. Its body is watched only if it may stall.
enum Transfer<P, W> {
    Plain(P),
    Watched(Pin<Box<W>>),
}

/// A response whose body is read, or will be.
pub(super) fn response_of<B>(status: StatusCode, headers: HeaderMap, body: B) -> http::Response<B> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn request(
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<reqwest::Body>,
) -> reqwest::Request {
    let mut request = reqwest::Request::new(method, url);
    *request.headers_mut() = headers;
    request
        .headers_mut()
        .entry(ACCEPT_ENCODING)
        .or_insert(encoding::ACCEPTED);
    // hyper sends no length for a body that is known to be empty.
    let is_empty = |body: &reqwest::Body| http_body::Body::size_hint(body).exact() == Some(0);
    if body.as_ref().is_some_and(|body| !is_empty(body)) {
        *request.body_mut() = body;
    } else if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // RFC 9110, 8.6: without it some proxies respond with 411.
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    request
}
