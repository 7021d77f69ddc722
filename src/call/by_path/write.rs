//! A `POST`, `PUT` or `DELETE` that gives what the server returns.

use super::common::debug;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::call::mode::{Mode, ResponseFuture, reading};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Result;
use crate::wire::request::{Request, request_setters};
use crate::wire::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::future::IntoFuture;

/// A `POST`, `PUT` or `DELETE`. Await it.
#[must_use = "a call is not sent before it is awaited"]
pub struct WriteRequest<T, M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
    pub(super) read: fn(Response) -> Result<T>,
}

impl WriteRequest<Value> {
    pub(super) fn new(client: &FolioClient, request: Request) -> Self {
        Self {
            mode: Async,
            client: client.clone(),
            request,
            read: loosely,
        }
    }
}

impl<T, M> WriteRequest<T, M> {
    request_setters!(self => self.request; sending tenant param write);

    /// Returns the response as a type. (An empty response is read as `null`: use an `Option` where
    /// the server may return nothing.)
    pub fn typed<U: DeserializeOwned>(self) -> WriteRequest<U, M> {
        WriteRequest {
            mode: self.mode,
            client: self.client,
            request: self.request,
            read: strictly,
        }
    }
}

impl<T: Send + 'static, M: Mode> WriteRequest<T, M> {
    /// Sends it. (To await the call does the same.)
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the
    /// response is not of this type.
    pub fn send(self) -> M::Sent<T> {
        let response = self.client.response(self.request);
        self.mode.send(reading(response, self.read))
    }
}

impl<T: Send + 'static> IntoFuture for WriteRequest<T> {
    type Output = Result<T>;
    type IntoFuture = ResponseFuture<T>;

    fn into_future(self) -> ResponseFuture<T> {
        self.send()
    }
}

fn strictly<T: DeserializeOwned>(response: Response) -> Result<T> {
    if response.body().is_empty()
        && let Ok(nothing) = serde_json::from_slice(b"null")
    {
        return Ok(nothing);
    }
    response.json()
}

/// JSON, or text, or nothing: modules respond to a PUT or DELETE with any of them.
fn loosely(response: Response) -> Result<Value> {
    let is_json = response
        .header("content-type")
        .is_none_or(|media_type| media_type.contains("json"));
    if response.is_stray_page() {
        let exchange = response.exchange();
        let (sensitive, secrets) = (exchange.sensitive, exchange.secrets());
        let message = crate::wire::server_message::mistaken(response.body(), sensitive, &secrets);
        let message = message.unwrap_or_default();
        return Err(crate::Error::unexpected(
            response.exchange().clone(),
            message,
            response.body(),
        ));
    }
    if is_json || response.body().is_empty() {
        strictly(response)
    } else {
        response.text().map(Value::String)
    }
}

#[cfg(feature = "blocking")]
in_mode!(WriteRequest<T> { client, request, read });

debug!(WriteRequest<T>);
