//! A `GET` that gives a value.

#[cfg(feature = "blocking")]
use super::common::in_mode;
use super::common::{common, debug, list};
use super::pick::value_of;
use crate::call::mode::{Mode, Sending};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::value::cql::Cql;
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::retry::RetryPolicy;
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

/// A `GET` that gives a value. Await it.
#[must_use = "a call is not sent before it is awaited"]
pub struct Get<T, M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
    pub(super) key: Option<String>,
    pub(super) answer: PhantomData<fn() -> T>,
}

impl<T, M> Get<T, M> {
    common!();
    list!();

    /// How many records at most. FOLIO's own default is 10, mostly.
    pub fn limit(mut self, limit: u32) -> Self {
        self.request.set_query("limit", limit.to_string());
        self
    }

    /// How many records to pass over.
    pub fn offset(mut self, offset: u32) -> Self {
        self.request.set_query("offset", offset.to_string());
        self
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> Get<T, M> {
    /// Sends it. (To await the call does the same.)
    ///
    /// # Errors
    /// Those of [`folio_get`](FolioClient::folio_get).
    pub fn send(self) -> M::Sent<T> {
        let answer = self.client.answer(self.request);
        self.mode.send(match self.key {
            None => Sending::answer(answer, |response| response.json()),
            Some(key) => Sending::other(async move { value_of(&answer.await?, &key) }),
        })
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Get<T> {
    type Output = Result<T>;
    type IntoFuture = Sending<T>;

    fn into_future(self) -> Sending<T> {
        self.send()
    }
}

#[cfg(feature = "blocking")]
in_mode!(Get<T> { client, request, key, answer });

debug!(Get<T>);
