//! The HTTP extension point: the service that sends requests, and layers around it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A cause of any type.
pub(super) type BoxedCause = Box<dyn Error + Send + Sync>;

/// A request as an [`HttpService`] receives it: with its absolute URL and all headers, the token
/// among them.
///
/// [`HttpPath`] is among its extensions.
pub type HttpRequest = http::Request<HttpBody>;

/// A response of an [`HttpService`].
pub type HttpResponse = http::Response<HttpBody>;

/// The future response of an [`HttpService`].
pub type HttpFuture = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

/// Sends one HTTP request and returns its response. This is the single place at which a program can
/// observe or replace what the SDK sends.
///
/// [`http_layer`](crate::FolioClientBuilder::http_layer) wraps the SDK's own service: for the
/// propagation of trace contexts, for metrics, for a tower layer.
/// [`http_service`](crate::FolioClientBuilder::http_service) replaces it: with another HTTP
/// library, or with a handler in the same process for tests.
///
/// The service is called once per attempt: logins, token renewals, retries and reads that determine
/// an unknown outcome are calls of their own. Retries, limits, timeouts and the decoding of content
/// codings are outside of it. The future is dropped on a timeout or when the caller cancels;
/// dropping it must end the request.
///
/// ```
/// use std::sync::Arc;
///
/// use folio_sdk::{HttpFuture, HttpRequest, HttpService};
///
/// /// Sends a header with each request.
/// #[derive(Debug)]
/// struct WithHeader(Arc<dyn HttpService>);
///
/// impl HttpService for WithHeader {
///     fn call(&self, mut request: HttpRequest) -> HttpFuture {
///         let value = http::HeaderValue::from_static("nightly-load");
///         request.headers_mut().insert("x-job", value);
///         self.0.call(request)
///     }
/// }
///
/// let builder = folio_sdk::FolioClient::builder("https://folio.example.edu")
///     .http_layer(|inner| Arc::new(WithHeader(inner)));
/// ```
///
/// The example `examples/middleware` of the repository has adapters for tower services and layers,
/// the propagation of OpenTelemetry's trace context, and an axum router in the same process in
/// place of a server.
pub trait HttpService: fmt::Debug + Send + Sync + 'static {
    /// Sends a request. The future is polled by the caller's task, within the span of the call.
    fn call(&self, request: HttpRequest) -> HttpFuture;
}

impl<S: HttpService + ?Sized> HttpService for Arc<S> {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        (**self).call(request)
    }
}

/// The path of a request below the gateway's address, without the query: an extension of each
/// [`HttpRequest`].
///
/// For `https://folio.example.edu/okapi/users?limit=1` and the gateway `https://folio.example.edu/okapi` it is `/users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpPath(pub String);

/// The body of an [`HttpRequest`] or [`HttpResponse`]. It is an [`http_body::Body`](https://docs.rs/http-body).
///
/// ```
/// use folio_sdk::{Bytes, HttpBody};
///
/// let body = HttpBody::from(Bytes::from_static(b"{}"));
/// assert_eq!(body.as_bytes(), Some(&b"{}"[..]));
/// ```
pub struct HttpBody(pub(super) BodyKind);

pub(super) enum BodyKind {
    Whole(Bytes),
    Received(Incoming),
    Streamed(Pin<Box<dyn Body<Data = Bytes, Error = BoxedCause> + Send + Sync>>),
}

impl HttpBody {
    /// Any other body, such as that of a server or an HTTP library.
    pub fn wrap<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxedCause>> + Send + 'static,
    {
        let body = Exclusive(Mutex::new(Box::pin(body)));
        Self(BodyKind::Streamed(Box::pin(body)))
    }

    /// The complete body, if it is in memory; none for a stream.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.whole().map(|bytes| &**bytes)
    }

    pub(super) fn whole(&self) -> Option<&Bytes> {
        match &self.0 {
            BodyKind::Whole(bytes) => Some(bytes),
            BodyKind::Received(_) | BodyKind::Streamed(_) => None,
        }
    }
}

impl Default for HttpBody {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for HttpBody {
    fn from(bytes: Bytes) -> Self {
        Self(BodyKind::Whole(bytes))
    }
}

impl From<String> for HttpBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for HttpBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl fmt::Debug for HttpBody {
    /// Hides the content, which may contain secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpBody")
            .field("bytes", &self.as_bytes().map(<[u8]>::len))
            .finish()
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match &mut self.0 {
            BodyKind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            BodyKind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            BodyKind::Received(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(|error| HttpError::of_library(error.into())),
            BodyKind::Streamed(body) => body
                .as_mut()
                .poll_frame(context)
                .map_err(HttpError::of_library),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            BodyKind::Whole(bytes) => bytes.is_empty(),
            BodyKind::Received(body) => body.is_end_stream(),
            BodyKind::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodyKind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            BodyKind::Received(body) => body.size_hint(),
            BodyKind::Streamed(body) => body.size_hint(),
        }
    }
}

/// A body that only one thread at a time reads. The lock is never contended: it is accessed only
/// through `&mut`.
struct Exclusive<B>(Mutex<Pin<Box<B>>>);

impl<B: Body<Data = Bytes, Error: Into<BoxedCause>>> Body for Exclusive<B> {
    type Data = Bytes;
    type Error = BoxedCause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxedCause>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_frame(context).map_err(Into::into)
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.try_lock() {
            Ok(body) => body.size_hint(),
            Err(_) => SizeHint::default(),
        }
    }
}

/// The reason why an [`HttpService`] has no response. It determines whether a request that is not
/// idempotent may be retried.
pub struct HttpError(pub(super) HttpErrorInner);

pub(super) enum HttpErrorInner {
    /// The error of the HTTP library, or of a body.
    Library(BoxedCause),
    Other {
        kind: FailureKind,
        cause: BoxedCause,
    },
}

/// The state of a request without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    Connect,
    NotSent,
    Timeout,
    Other,
}

impl HttpError {
    /// The request may have been sent: the connection broke before or during the response. The
    /// outcome is unknown, so that only idempotent requests are retried.
    pub fn new(cause: impl Into<BoxedCause>) -> Self {
        Self::of(FailureKind::Other, cause)
    }

    /// No connection was established, and nothing was sent. The request is retried by the client's
    /// policy.
    pub fn connect(cause: impl Into<BoxedCause>) -> Self {
        Self::of(FailureKind::Connect, cause)
    }

    /// No response arrived in time. The outcome is unknown, as with [`new`](Self::new).
    pub fn timeout(cause: impl Into<BoxedCause>) -> Self {
        Self::of(FailureKind::Timeout, cause)
    }

    /// The service decided not to send the request. It is not retried.
    pub fn not_sent(cause: impl Into<BoxedCause>) -> Self {
        Self::of(FailureKind::NotSent, cause)
    }

    /// The error of the HTTP library, or of a body, which may come from a service.
    pub(super) fn of_library(cause: BoxedCause) -> Self {
        match cause.downcast() {
            Ok(error) => *error,
            Err(cause) => Self(HttpErrorInner::Library(cause)),
        }
    }

    fn of(kind: FailureKind, cause: impl Into<BoxedCause>) -> Self {
        Self(HttpErrorInner::Other {
            kind,
            cause: cause.into(),
        })
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            HttpErrorInner::Library(error) => fmt::Display::fmt(error, out),
            HttpErrorInner::Other { cause, .. } => fmt::Display::fmt(cause, out),
        }
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            HttpErrorInner::Library(error) => fmt::Debug::fmt(error, out),
            HttpErrorInner::Other { kind, cause } => out
                .debug_struct("HttpError")
                .field("kind", kind)
                .field("cause", cause)
                .finish(),
        }
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            HttpErrorInner::Library(error) => error.source(),
            HttpErrorInner::Other { cause, .. } => cause.source(),
        }
    }
}

/// A function that wraps a service in another one.
pub(crate) type Layer = Box<dyn FnOnce(Arc<dyn HttpService>) -> Arc<dyn HttpService> + Send + Sync>;

/// The message of a service, in the causes of an error.
pub(super) fn said(error: &(dyn Error + 'static)) -> Option<FailureKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(HttpError(HttpErrorInner::Other { kind, .. })) = error.downcast_ref() {
            return Some(*kind);
        }
        next = error.source();
    }
    None
}
