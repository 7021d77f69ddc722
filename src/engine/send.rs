//! Sends one attempt of a call, and receives its response.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};

use crate::engine::call::{BodyReading, CallInProgress};
use crate::engine::failure::TransportFailure;
use crate::engine::http::HttpBody;
use crate::engine::page_ticket::PageTicket;
use crate::engine::transport::{self, Incoming, Located, PageAttempt, Timeouts};
use crate::value::body::UploadProgress;
use crate::wire::error::ErrorKind;
use crate::wire::headers::{TENANT, TOKEN};
use crate::wire::request::Request;

/// Many methods of FOLIO's modules respond only with text, and reject a request that accepts only
/// JSON (400).
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/plain");

impl<'a> CallInProgress<'a> {
    /// The timeouts of the next attempt, which also ends at the deadline.
    fn timeouts_left(&self, timeouts: Timeouts) -> Timeouts {
        let Some(left) = self.attempts.time_left() else {
            return timeouts;
        };
        // A timeout of zero would expire before anything is sent.
        timeouts.within(left.max(Duration::from_millis(1)))
    }

    fn url(&self) -> Located {
        let gateway = &self.session.gateway;
        match self.exchange.target.sent() {
            Some(target) => gateway.locate(target),
            // The displayed URL has no secrets.
            None => gateway.locate(&self.request.target()),
        }
    }

    /// The headers of an attempt.
    fn headers(&self) -> HeaderMap {
        let mut headers = self.request.headers().clone();
        // Capacity for the headers added here and below.
        headers.reserve(5);
        headers.insert(TENANT, self.tenant.clone());
        headers
            .entry(ACCEPT)
            .or_insert_with(|| accepted(self.request));
        if self.request.payload().is_none() {
            // The Eureka sidecar rejects a GET that appears to have a body.
            headers.remove(CONTENT_TYPE);
        }
        if let Some(token) = &self.token {
            headers.insert(TOKEN, token.header.clone());
        }
        headers
    }

    /// Sends the request once, with its data in memory, and reads the complete response.
    pub(super) fn send(
        &self,
    ) -> impl Future<Output = Result<Response<Bytes>, TransportFailure>> + Send + use<'a> {
        self.session.gateway.send(
            self.request.method().clone(),
            self.url(),
            self.headers(),
            self.request.body_bytes().cloned(),
            self.timeouts_left(self.timeouts),
            self.session.gateway.memory.of_response(),
        )
    }

    /// As [`send`](Self::send), and reads the response once a harvest has memory for it.
    pub(super) async fn send_page(
        &self,
        ticket: &PageTicket,
    ) -> Result<Response<Bytes>, TransportFailure> {
        let gateway = &self.session.gateway;
        let page = gateway.page(PageAttempt {
            method: self.request.method().clone(),
            url: self.url(),
            headers: self.headers(),
            body: self.request.body_bytes().cloned(),
            timeouts: self.timeouts_left(self.timeouts),
            most: gateway.memory.of_response(),
            ticket,
        });
        page.await
    }

    /// Sends the request once, with a streamed body. Unless the response is to be read completely,
    /// or is an error, the rest of its body is returned.
    pub(super) async fn send_in_pieces(
        &self,
    ) -> Result<(Response<Bytes>, Option<Box<Incoming>>), TransportFailure> {
        let (request, gateway) = (self.request, &self.session.gateway);
        let timeouts = self.timeouts_left(
            gateway.idle_timeouts(request.attempt_timeout(), request.attempt_read_timeout()),
        );
        let in_memory = request.body_bytes().cloned();
        let streamed = request.payload().filter(|_| in_memory.is_none());
        let progress = Arc::new(UploadProgress::default());
        let unreadable = |problem: String| {
            TransportFailure::lasting(
                ErrorKind::Request,
                format!("its body cannot be read: {problem}"),
            )
        };
        let body = match streamed {
            Some(body) => {
                let opened = body.open().await;
                let opened = opened.map_err(|error| unreadable(error.to_string()))?;
                Some(HttpBody::wrap(opened.into_request(Arc::clone(&progress))))
            }
            None => in_memory.map(HttpBody::from),
        };
        let (method, url) = (request.method().clone(), self.url());
        let opened = gateway.open(method, url, self.headers(), body, timeouts, &progress);
        let opened = opened.await;
        let (head, body) = opened
            .map_err(|failure| progress.failure().map_or(failure, unreadable))?
            .into_parts();
        let (body, rest) = if !head.status.is_success() {
            let most = gateway.memory.error_body;
            (transport::beginning(body, most).await, None)
        } else if let BodyReading::Pieces = self.reading {
            (Bytes::new(), Some(Box::new(body)))
        } else {
            let most = gateway.memory.of_response();
            (transport::whole(body, most).await?, None)
        };
        Ok((Response::from_parts(head, body), rest))
    }
}

/// The media types that the operation describes, and those of errors.
fn accepted(request: &Request) -> HeaderValue {
    match request.operation().accept {
        "" => ACCEPTED,
        accept => HeaderValue::from_static(accept),
    }
}
