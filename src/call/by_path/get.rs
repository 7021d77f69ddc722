//! A `GET` that gives a value.

use super::common::debug;
use super::pick::value_of;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::call::mode::{Mode, ResponseFuture, reading};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Result;
use crate::wire::request::{Request, request_setters};
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

/// A `GET` that gives a value. Await it.
#[must_use = "a call is not sent before it is awaited"]
pub struct GetRequest<T, M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
    pub(super) key: Option<String>,
    pub(super) output: PhantomData<fn() -> T>,
}

impl<T, M> GetRequest<T, M> {
    request_setters!(self => self.request; sending tenant param query);

    /// The maximum number of records. FOLIO's own default is 10, mostly.
    pub fn limit(mut self, limit: u32) -> Self {
        self.request.set_query("limit", limit.to_string());
        self
    }

    /// The number of records to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.request.set_query("offset", offset.to_string());
        self
    }

    /// What it is made of, without the key.
    pub(crate) fn into_parts(self) -> (FolioClient, Request, M) {
        (self.client, self.request, self.mode)
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> GetRequest<T, M> {
    /// Sends it. (To await the call does the same.)
    ///
    /// # Errors
    /// Those of [`folio_get`](FolioClient::folio_get).
    pub fn send(self) -> M::Sent<T> {
        let response = self.client.response(self.request);
        self.mode.send(match self.key {
            None => reading(response, |response| response.json()),
            Some(key) => Box::pin(async move { value_of(&response.await?, &key) }),
        })
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for GetRequest<T> {
    type Output = Result<T>;
    type IntoFuture = ResponseFuture<T>;

    fn into_future(self) -> ResponseFuture<T> {
        self.send()
    }
}

#[cfg(feature = "blocking")]
in_mode!(GetRequest<T> { client, request, key, output });

debug!(GetRequest<T>);
