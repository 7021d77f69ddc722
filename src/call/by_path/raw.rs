//! A call with any method that gives the response as it is.

use super::common::debug;
#[cfg(feature = "blocking")]
use super::common::in_mode;
use crate::call::mode::{Mode, ResponseFuture};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::request::{Request, request_setters};
use crate::wire::response::Response;
use std::fmt;

/// Any request. [`send`](Self::send) sends it.
#[must_use = "a call is not sent before `send`"]
pub struct RequestBuilder<M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
}

impl<M: Mode> RequestBuilder<M> {
    request_setters!(self => self.request; sending tenant param query body write);

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn send(self) -> M::Sent<Response> {
        let answer = self.client.answer(self.request);
        self.mode.send(ResponseFuture::answer(answer, Ok))
    }

    /// Sends it and gives the answer as soon as its head is there, see [`FolioClient::open`].
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn download(self) -> M::Sent<M::Download> {
        let download = self.client.download(self.request);
        self.mode
            .download(ResponseFuture::download(download, |it| it))
    }
}

#[cfg(feature = "blocking")]
in_mode!(RequestBuilder<> { client, request });

debug!(RequestBuilder);
