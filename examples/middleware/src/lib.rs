//! Middleware between the SDK and the network.
//!
//! - [`Tower`] makes a service of tower an [`HttpService`]; [`Inner`] is the other way around, so that layers of tower can stand between.
//! - [`TraceContext`] sends the trace context of OpenTelemetry with each request.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use folio_example_middleware::{Inner, Tower, TraceContext};
//! use folio_sdk::FolioClient;
//! use tower::ServiceBuilder;
//!
//! # fn main() -> Result<(), folio_sdk::Error> {
//! let folio = FolioClient::from_env()?
//!     .http_layer(|inner| Arc::new(TraceContext::around(inner)))
//!     .http_layer(|inner| {
//!         let service = ServiceBuilder::new().map_request(|request| request).service(Inner(inner));
//!         Arc::new(Tower::new(service))
//!     })
//!     .build()?;
//! # Ok(())
//! # }
//! ```

#[expect(dead_code, reason = "it is shown in the guide")]
mod job;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use folio_sdk::{Bytes, HttpBody, HttpError, HttpFuture, HttpRequest, HttpResponse, HttpService};
use http_body::Body;
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use tower::{Service, ServiceExt};

/// A service of tower as an [`HttpService`].
pub struct Tower<S>(Mutex<S>);

impl<S> Tower<S> {
    /// The service is cloned for each request, as tower's services are meant to be.
    pub fn new(service: S) -> Self {
        Self(Mutex::new(service))
    }
}

impl<S> fmt::Debug for Tower<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tower").finish_non_exhaustive()
    }
}

impl<S, B> HttpService for Tower<S>
where
    S: Service<HttpRequest, Response = http::Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpFuture {
        // Never held across an await.
        let service = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            match service.oneshot(request).await {
                Ok(response) => Ok(response.map(HttpBody::wrap)),
                Err(error) => Err(error_of(error.into())),
            }
        })
    }
}

/// What the SDK says of a failure must survive its way through layers: it decides whether a request is sent again.
fn error_of(error: Box<dyn Error + Send + Sync>) -> HttpError {
    match error.downcast::<HttpError>() {
        Ok(error) => *error,
        Err(other) => HttpError::new(other),
    }
}

/// A service of the SDK as one of tower, for layers of tower to stand around.
#[derive(Clone, Debug)]
pub struct Inner(pub Arc<dyn HttpService>);

impl Service<HttpRequest> for Inner {
    type Response = HttpResponse;
    type Error = HttpError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> HttpFuture {
        self.0.call(request)
    }
}

/// Sends the trace context of the current OpenTelemetry context with each request, by the propagator that the program has set
/// ([`global::set_text_map_propagator`]).
#[derive(Debug)]
pub struct TraceContext(Arc<dyn HttpService>);

impl TraceContext {
    /// Around the service that sends the requests.
    pub fn around(inner: Arc<dyn HttpService>) -> Self {
        Self(inner)
    }
}

impl HttpService for TraceContext {
    fn call(&self, mut request: HttpRequest) -> HttpFuture {
        let context = opentelemetry::Context::current();
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut HeaderInjector(request.headers_mut()));
        });
        self.0.call(request)
    }
}
