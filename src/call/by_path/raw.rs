//! A call with any method that gives the response as it is.

use super::common::debug;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::call::mode::{Mode, ResponseFuture};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Result;
use crate::wire::request::{Request, request_setters};
use crate::wire::response::Response;
use std::fmt;
use std::future::IntoFuture;

/// Any request. [`send`](Self::send) sends it, and so does awaiting it.
#[must_use = "a call is not sent before `send`"]
pub struct RequestBuilder<M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
}

impl<M: Mode> RequestBuilder<M> {
    request_setters!(self => self.request; sending tenant param query body write);

    /// Sends it and reads the whole response.
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn send(self) -> M::Sent<Response> {
        let response = self.client.response(self.request);
        self.mode.send(response)
    }

    /// Sends it and gives the response as soon as its headers arrived: see [`FolioClient::open`].
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn download(self) -> M::Sent<M::Download> {
        let download = self.client.download(self.request);
        self.mode.download(download)
    }
}

impl IntoFuture for RequestBuilder {
    type Output = Result<Response>;
    type IntoFuture = ResponseFuture<Response>;

    fn into_future(self) -> ResponseFuture<Response> {
        self.send()
    }
}

#[cfg(feature = "blocking")]
in_mode!(RequestBuilder<> { client, request });

debug!(RequestBuilder);
