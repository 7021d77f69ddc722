//! A typed call on its way: what every generated builder holds.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::client::FolioClient;
use crate::deletion::Deletion;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::paging::{Items, Paging};
use crate::record::Field;
use crate::request::Request;
use crate::response::Response;
use crate::retry::RetryPolicy;

/// The client, the request, and what a list was asked for. Not generic over the operation: all calls share its code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Call {
    client: FolioClient,
    request: Request,
    limit: Option<u32>,
    offset: Option<u32>,
    has_body: bool,
}

impl Call {
    pub fn new(client: &FolioClient, operation: &'static Operation, arguments: &[&str]) -> Self {
        Self {
            client: client.clone(),
            request: Request::new(operation, arguments),
            limit: None,
            offset: None,
            has_body: false,
        }
    }

    /// Sets a query parameter; setting it again replaces it.
    pub fn query(&mut self, name: &'static str, value: impl Display) {
        self.request.set_query(name, value.to_string());
    }

    /// Sets a query parameter that may stand several times.
    pub fn queries(&mut self, name: &'static str, values: impl IntoIterator<Item = impl Display>) {
        for value in values {
            self.request.add_query(name, value.to_string());
        }
    }

    pub fn limit(&mut self, limit: u32) {
        self.limit = Some(limit);
    }

    pub fn offset(&mut self, offset: u32) {
        self.offset = Some(offset);
    }

    pub fn json<T: Serialize + ?Sized>(&mut self, media_type: &'static str, body: &T) {
        self.has_body = true;
        self.request.set_json(media_type, body);
    }

    pub fn bytes(&mut self, media_type: &'static str, body: Bytes) {
        self.has_body = true;
        self.request.set_body(media_type, body);
    }

    pub fn confirm(&mut self, deletion: Deletion) {
        self.request.set_deletion(deletion);
    }

    pub fn header(&mut self, name: &str, value: &str) {
        self.request.set_header(name, value);
    }

    pub fn retry(&mut self, policy: RetryPolicy) {
        self.request.set_retry(policy);
    }

    pub fn timeout(&mut self, timeout: Duration) {
        self.request.set_timeout(timeout);
    }

    pub fn parameter(&mut self, name: &str, value: String) {
        self.request.add_query(name.to_owned(), value);
    }

    /// Sends the request; the answer is a record, or a list of them.
    #[inline]
    pub fn record<T: Field>(
        self,
        needs_body: bool,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        let answer = self.response(needs_body);
        async move { Ok(answer.await?.json::<Typed<T>>()?.0) }
    }

    /// As [`record`](Self::record), where the server may also say nothing.
    #[inline]
    pub fn record_or_nothing<T: Field>(
        self,
        needs_body: bool,
    ) -> impl Future<Output = Result<Option<T>>> + Send + 'static {
        let answer = self.response(needs_body);
        async move {
            let answer = answer.await?;
            if answer.body().is_empty() {
                return Ok(None);
            }
            Ok(Some(answer.json::<Typed<T>>()?.0))
        }
    }

    pub fn nothing(self, needs_body: bool) -> impl Future<Output = Result<()>> + Send + 'static {
        let answer = self.response(needs_body);
        async move { answer.await.map(drop) }
    }

    pub fn text(self, needs_body: bool) -> impl Future<Output = Result<String>> + Send + 'static {
        let answer = self.response(needs_body);
        async move { answer.await?.text() }
    }

    pub fn text_or_nothing(
        self,
        needs_body: bool,
    ) -> impl Future<Output = Result<Option<String>>> + Send + 'static {
        let answer = self.text(needs_body);
        async move { Ok(Some(answer.await?).filter(|text| !text.is_empty())) }
    }

    pub fn binary(self, needs_body: bool) -> impl Future<Output = Result<Bytes>> + Send + 'static {
        let answer = self.response(needs_body);
        async move { Ok(answer.await?.into_body()) }
    }

    pub fn binary_or_nothing(
        self,
        needs_body: bool,
    ) -> impl Future<Output = Result<Option<Bytes>>> + Send + 'static {
        let answer = self.binary(needs_body);
        async move { Ok(Some(answer.await?).filter(|bytes| !bytes.is_empty())) }
    }

    /// Sends the request; the answer is handed out as it came.
    pub fn response(
        mut self,
        needs_body: bool,
    ) -> impl Future<Output = Result<Response>> + Send + 'static {
        if let Some(limit) = self.limit {
            self.request.set_query("limit", limit.to_string());
        }
        if let Some(offset) = self.offset {
            self.request.set_query("offset", offset.to_string());
        }
        let forgotten =
            (needs_body && !self.has_body).then(|| Error::no_body(self.request.operation()));
        async move {
            match forgotten {
                Some(error) => Err(error),
                None => self.client.execute(self.request).await,
            }
        }
    }

    /// The records of a list, page by page. A `limit` is the size of a page, an `offset` where to begin.
    #[inline]
    pub fn stream<T: DeserializeOwned + Send + 'static>(self) -> Items<T> {
        let paging = self.request.operation().paging.unwrap_or_default();
        self.items(paging)
    }

    fn items<T: DeserializeOwned + Send + 'static>(self, paging: Paging) -> Items<T> {
        Items::new(self.client, self.request, paging, self.limit, self.offset)
    }
}

/// An answer read by the rules of records' fields: `null` elements of lists are passed over.
struct Typed<T>(T);

impl<'de, T: Field> Deserialize<'de> for Typed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        T::decode(deserializer).map(Typed)
    }
}

/// Defines the builder of an operation.
#[doc(hidden)]
#[macro_export]
macro_rules! __call {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[must_use = "a call is not sent before `send`"]
        #[derive(Debug)]
        pub struct $name(pub(crate) $crate::runtime::Call);
    };
}

/// What all builders can do, as part of their one `impl`: each `impl` has its cost.
#[doc(hidden)]
#[macro_export]
macro_rules! __call_items {
    () => {
        /// A header of this request; it replaces what the client would send. `x-okapi-tenant` sends it to another tenant.
        #[inline]
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.0.header(name, value);
            self
        }

        /// When this call is repeated, in place of the client's policy.
        #[inline]
        pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
            self.0.retry(policy);
            self
        }

        /// How long one attempt may take, in place of the client's timeout.
        #[inline]
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.0.timeout(timeout);
            self
        }

        /// A query parameter that the description does not have.
        pub fn param(mut self, name: &str, value: impl $crate::runtime::Display) -> Self {
            self.0.parameter(name, value.to_string());
            self
        }
    };
}
