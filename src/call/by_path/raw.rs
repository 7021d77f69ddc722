//! A call with any method that gives the response as it is.

#[cfg(feature = "blocking")]
use super::common::in_mode;
use super::common::{common, debug, list};
use crate::call::mode::{Mode, Sending};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::value::body::Body;
use crate::value::cql::Cql;
use crate::value::multipart::Multipart;
use crate::wire::deletion::Deletion;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Any request. [`send`](Self::send) sends it.
#[must_use = "a call is not sent before `send`"]
pub struct RequestBuilder<M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
}

impl<M: Mode> RequestBuilder<M> {
    common!();
    list!();

    /// The body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// The body as it is, and its media type: bytes, text, or a [`Body`] that is sent while it is read.
    pub fn body(mut self, body: impl Into<Body>, content_type: &str) -> Self {
        self.request = self.request.body(body, content_type);
        self
    }

    /// The body, as a form of fields and files (`multipart/form-data`).
    pub fn multipart(mut self, form: Multipart) -> Self {
        self.request = self.request.multipart(form);
        self
    }

    /// The body, as a form of pairs (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.request = self.request.form(pairs);
        self
    }

    /// Says whether the request may be carried out twice without harm, see [`Request::idempotent`].
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request = self.request.idempotent(idempotent);
        self
    }

    /// Confirms that records are to be deleted by a query: see [`Deletion`].
    pub fn confirm(mut self, deletion: Deletion) -> Self {
        self.request = self.request.confirm(deletion);
        self
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn send(self) -> M::Sent<Response> {
        let answer = self.client.answer(self.request);
        self.mode.send(Sending::answer(answer, Ok))
    }

    /// Sends it and gives the answer as soon as its head is there, see [`FolioClient::open`].
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn download(self) -> M::Sent<M::Download> {
        let download = self.client.download(self.request);
        self.mode.download(Sending::download(download, |it| it))
    }
}

#[cfg(feature = "blocking")]
in_mode!(RequestBuilder<> { client, request });

debug!(RequestBuilder);
