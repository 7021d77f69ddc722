//! The pipeline of every request: permit, token, send, classify, retry, and the outcome of a write.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use http::{Method, StatusCode};
use tracing::field::Empty;
use tracing::{Span, debug, debug_span};

use crate::engine::call::{BodyReading, CallInProgress, Executed, milliseconds};
use crate::engine::download::Download;
use crate::engine::page_ticket::PageTicket;
use crate::engine::request_line;
use crate::engine::retry;
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::wire::error::{Exchange, Result};
use crate::wire::headers::TENANT;
use crate::wire::operation::Absent;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// The target of the event that each call emits when it ends.
pub(crate) const REQUESTS: &str = "folio_sdk::request";

/// A request that is sent as `POST …/retrieve`; none if the endpoint does not exist.
type Retrieving<'a> = Pin<Box<dyn Future<Output = Option<Result<Executed>>> + Send + 'a>>;

/// Sends a request with retries, and reads the complete response: the page of a harvest, which has a
/// ticket, once there is memory for it.
pub(crate) async fn run(
    session: &Session,
    tenant: &Tenant,
    request: &mut Request,
    ticket: Option<&PageTicket>,
) -> Result<Response> {
    let reading = ticket.map_or(BodyReading::Whole, BodyReading::Page);
    let (mut response, _) = session.execute(tenant, request, reading).await?;
    response.remember(request.sent());
    Ok(response)
}

/// Sends a request with retries, and reads the head of the response.
pub(crate) async fn open(
    session: &Session,
    tenant: &Tenant,
    request: &mut Request,
) -> Result<Download> {
    let (mut response, rest) = session
        .execute(tenant, request, BodyReading::Pieces)
        .await?;
    response.remember(request.sent());
    Ok(Download::new(response, rest, session.gateway.memory))
}

impl Session {
    async fn execute(
        &self,
        tenant: &Tenant,
        request: &Request,
        reading: BodyReading<'_>,
    ) -> Result<Executed> {
        let span = span(tenant, request);
        let retrieved = match self.retrieve(tenant, request, reading) {
            None => None,
            Some(retrieved) => retrieved.await,
        };
        if let Some(outcome) = retrieved {
            return outcome;
        }
        let outcome = {
            // Not `instrument`, which would copy the large future.
            let mut sending = pin!(self.send_with_retries(tenant, request, reading));
            poll_fn(|context| span.in_scope(|| sending.as_mut().poll(context))).await
        };
        match &outcome {
            Ok((response, _)) => {
                let exchange = response.exchange();
                record(&span, exchange, Some(response.status()));
                span.record("received_bytes", response.body().len());
                debug!(
                    target: REQUESTS,
                    parent: None,
                    "{} {} -> {} in {} ms, {} bytes, attempts: {}",
                    exchange.method,
                    exchange.shown_url(),
                    response.status().as_u16(),
                    milliseconds(exchange.elapsed),
                    response.body().len(),
                    exchange.attempts,
                );
            }
            Err(error) => {
                span.record("error", tracing::field::debug(error.kind()));
                if let Some(exchange) = error.exchange() {
                    record(&span, exchange, error.status());
                }
                debug!(target: REQUESTS, parent: None, "{error}");
            }
        }
        outcome
    }

    /// Sends a list request whose line is too long as `POST …/retrieve`, which takes the query in
    /// the body. None if that does not apply, or the server has no such endpoint.
    fn retrieve<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        reading: BodyReading<'a>,
    ) -> Option<Retrieving<'a>> {
        let line = &self.request_line;
        if *request.method() != Method::GET || self.line_problem(request).is_none() {
            return None;
        }
        let tenant_name = request
            .headers()
            .get(TENANT)
            .and_then(|tenant| tenant.to_str().ok())
            .unwrap_or(tenant.name());
        if !line.has_retrieve(tenant_name, request.own_path()) {
            return None;
        }
        let post = request_line::by_retrieve(request)?;
        Some(Box::pin(async move {
            match self.execute(tenant, &post, reading).await {
                Err(error) if request_line::is_absent(&error) => {
                    line.lacks_retrieve(tenant_name, request.own_path());
                    None
                }
                done => Some(done),
            }
        }))
    }
}

impl Session {
    /// Sends a request until it succeeds or is given up, and determines the outcome of a write
    /// whose response was lost. If the caller reads the body, the rest of it is returned as well.
    ///
    /// Rare cases are boxed: the future of every call is small enough for the allocator's thread
    /// cache.
    pub(super) async fn send_with_retries(
        &self,
        tenant: &Tenant,
        request: &Request,
        reading: BodyReading<'_>,
    ) -> Result<Executed> {
        let mut call = CallInProgress::begin(self, tenant, request, reading)?;
        if let Some(bound) = request.bound() {
            self.check_bound(tenant, request, bound).await?;
        }
        let absent = request.absent();
        if absent == Absent::Created {
            self.check_exists(tenant, request).await?;
        }
        match retry::run(&mut call).await {
            Ok(received) => {
                let executed = call.executed(received);
                if absent == Absent::Ignored {
                    return self.check_stored(tenant, request, executed).await;
                }
                Ok(executed)
            }
            // Nothing is sent after the deadline, not even to determine the outcome.
            Err(error) if call.exchange.in_doubt && call.attempts.is_late() => {
                Err(error.within(&call.exchange).with_unknown_outcome())
            }
            Err(error) if call.exchange.in_doubt => {
                let error = error.within(&call.exchange);
                self.settle(tenant, request, error).await
            }
            Err(error) => Err(error),
        }
    }
}

/// The span of a call. Its empty fields are recorded when the call ends.
fn span(tenant: &Tenant, request: &Request) -> Span {
    debug_span!(
        "folio",
        operation = request.operation().name,
        module = request.operation().module,
        method = %request.method(),
        path = request.path(),
        tenant = request.headers().get(TENANT).or(tenant.header().ok()).and_then(|tenant| tenant.to_str().ok()).unwrap_or_default(),
        sent_bytes = request.body_bytes().map_or(0, bytes::Bytes::len),
        status = Empty,
        attempts = Empty,
        received_bytes = Empty,
        elapsed_ms = Empty,
        error = Empty,
    )
}

fn record(span: &Span, exchange: &Exchange, status: Option<StatusCode>) {
    if span.is_disabled() {
        return;
    }
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    span.record("attempts", exchange.attempts);
    span.record("elapsed_ms", milliseconds(exchange.elapsed));
}
