//! Determines the outcome of a write whose response was lost: reads the record.

use std::pin::Pin;

use http::Method;
use tracing::debug;

use crate::engine::call::{BodyReading, Executed};
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::request::Request;
use crate::wire::response::{Response, no_content};
use crate::wire::retry;
use crate::wire::same_record::Landing;

/// The result of checking a write: boxed, since it is rare and sends requests itself.
type Check<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl Session {
    /// For a write that failed with `error`, and of which an earlier attempt may have been
    /// executed: a success, if the record shows that it was executed. Everything else is "outcome
    /// unknown": a record that does not exist yet may still be written, because a server may
    /// process a request whose connection is lost.
    pub(crate) fn settle<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        error: Error,
    ) -> Check<'a, Executed> {
        Box::pin(async move {
            let settled = match *request.method() {
                Method::POST => self.was_created(tenant, request, error).await,
                Method::PUT => self.was_replaced(tenant, request, error).await,
                Method::DELETE => self.was_deleted(tenant, request, error).await,
                _ => Err(error),
            };
            settled.map_err(Error::with_unknown_outcome)
        })
    }

    /// A POST that stores its record under the sent id: the server rejects a second one, in one of
    /// several ways (recorded: 422, 400, 409, 500, depending on the module).
    async fn was_created(
        &self,
        tenant: &Tenant,
        request: &Request,
        error: Error,
    ) -> Result<Executed> {
        let is_rejected = error.is_duplicate()
            || matches!(
                error.status().map(|status| status.as_u16()),
                Some(400 | 409 | 422 | 500)
            );
        let Some(id) = is_rejected.then(|| request.created_id()).flatten() else {
            return Err(error);
        };
        debug!(error = %error, %id, "rejected after an attempt without a response; checking whether that attempt was executed");
        let stored = request.like(Method::GET, &format!("{}/{id}", request.own_path()));
        match self.read(tenant, &stored).await {
            Ok(found) if request.is_created_as(found.body()) => {
                let exchange = error.exchange().cloned();
                Ok((found.of(exchange), None))
            }
            Ok(_) => Err(error.with_help(
                "an earlier attempt of this call got no response, and the record that now has this id differs from the one that was sent: compare them",
            )),
            Err(lookup) if lookup.is_missing_record() => Err(error.with_help(
                "an earlier attempt of this call got no response; no record with this id exists now",
            )),
            Err(lookup) => Err(unread(error, &lookup)),
        }
    }

    /// A PUT with `_version`: the server rejects a second one, because the version has increased.
    async fn was_replaced(
        &self,
        tenant: &Tenant,
        request: &Request,
        error: Error,
    ) -> Result<Executed> {
        if !error.is_conflict() || !request.is_guarded() {
            return Err(error);
        }
        debug!(error = %error, "a conflict after an attempt without a response; checking whether that attempt was executed");
        let stored = request.like(Method::GET, request.own_path());
        match self.read(tenant, &stored).await {
            Ok(found) if request.landing(found.body()) == Landing::Yes => {
                let exchange = error.exchange().cloned();
                let describes = |wanted: &str| {
                    let responses = request.operation().responses;
                    responses.iter().any(|(status, _)| *status == wanted)
                };
                // Few modules respond to a PUT with the record.
                Ok(if describes("200") && !describes("204") {
                    (found.of(exchange), None)
                } else {
                    (nothing(found.exchange()).of(exchange), None)
                })
            }
            Ok(_) => Err(error.with_help(
                "an earlier attempt of this call got no response and may have been executed: read the record again and compare",
            )),
            Err(lookup) => Err(unread(error, &lookup)),
        }
    }

    /// A DELETE of one record: a 404 of the module already counts as success.
    async fn was_deleted(
        &self,
        tenant: &Tenant,
        request: &Request,
        error: Error,
    ) -> Result<Executed> {
        let is_definite = error
            .status()
            .is_some_and(|status| !retry::is_transient(status));
        if !is_definite || !request.deletes_a_record() {
            return Err(error);
        }
        debug!(error = %error, "failed after an attempt without a response; checking whether that attempt was executed");
        let stored = request.like(Method::GET, request.own_path());
        match self.read(tenant, &stored).await {
            Ok(_) => Err(error.with_help(
                "an earlier attempt of this call got no response; the record still exists",
            )),
            Err(lookup) if lookup.is_missing_record() => {
                let exchange = error.exchange().or(lookup.exchange()).cloned();
                match exchange {
                    Some(exchange) => Ok((nothing(&exchange), None)),
                    None => Err(error),
                }
            }
            Err(lookup) => Err(unread(error, &lookup)),
        }
    }

    /// Before a PUT whose server creates a missing record: an error, if the record does not exist.
    pub(crate) fn check_exists<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
    ) -> Check<'a, ()> {
        Box::pin(async move {
            let stored = request.like(Method::GET, request.own_path());
            match self.read(tenant, &stored).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_missing_record() => Err(error.with_help(
                    "this is the response to a GET before the PUT. The PUT was not sent, because it would have created the record; to create it, use POST",
                )),
                Err(error) => Err(error.with_help(
                    "this is the response to a GET before the PUT. The PUT was not sent, because this server's PUT creates a missing record",
                )),
            }
        })
    }

    /// After a PUT whose server reports success even if the record does not exist: an error, if it
    /// does not exist.
    pub(crate) fn check_stored<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        executed: Executed,
    ) -> Check<'a, Executed> {
        Box::pin(async move {
            let exchange = executed.0.exchange().clone();
            let stored = request.like(Method::GET, request.own_path());
            match self.read(tenant, &stored).await {
                Ok(_) => Ok(executed),
                Err(error) if error.is_missing_record() => Err(error.of_nothing_stored(exchange)),
                Err(error) => Err(error.with_unknown_outcome().with_help(
                    "this is the response to a GET after the PUT. The PUT reported success, which this server also does if the record does not exist",
                )),
            }
        })
    }

    async fn read(&self, tenant: &Tenant, stored: &Request) -> Result<Response> {
        let (response, _) = self
            .send_with_retries(tenant, stored, BodyReading::Whole)
            .await?;
        Ok(response)
    }
}

/// A successful response without a body.
fn nothing(exchange: &Exchange) -> Response {
    Response::new(no_content(), exchange.clone())
}

fn unread(error: Error, lookup: &Error) -> Error {
    debug!(error = %lookup, "the record could not be read");
    error.with_help(format!(
        "an earlier attempt of this call got no response and may have been executed; reading the record to find out failed: {lookup}"
    ))
}
