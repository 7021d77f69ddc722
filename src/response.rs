//! An answer of the server: status, headers and the whole body.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, Exchange, Result};
use crate::redact::Sent;

/// A successful answer. (One that is no success is an [`Error`].)
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    exchange: Exchange,
}

impl Response {
    pub(crate) fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        exchange: Exchange,
    ) -> Self {
        let mut headers = headers;
        if exchange.sensitive {
            // Tokens and cookies, should somebody print the headers.
            headers
                .values_mut()
                .for_each(|value| value.set_sensitive(true));
        }
        Self {
            status,
            headers,
            body,
            exchange,
        }
    }

    /// The status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text; none if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, decompressed.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, decompressed. Cheap: it is not copied.
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// The body, decompressed. Cheap: it is not copied.
    pub fn bytes(self) -> Bytes {
        self.body
    }

    /// The URL that was asked, but for the values of parameters that are secrets.
    pub fn url(&self) -> &str {
        &self.exchange.url
    }

    /// How often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.exchange.attempts
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with the place in the JSON and what stands around it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| self.wrong(error))
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is not UTF-8.
    pub fn text(&self) -> Result<String> {
        match std::str::from_utf8(&self.body) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Error::unexpected(
                self.exchange.clone(),
                format!("the answer is not UTF-8 text ({error}): use `bytes`"),
                &self.body,
            )),
        }
    }

    /// The same answer, given to another request.
    pub(crate) fn of(self, exchange: Option<Exchange>) -> Self {
        Self {
            exchange: exchange.unwrap_or(self.exchange),
            ..self
        }
    }

    /// The media type of the body without its parameters, `text/csv`; empty if the server names none.
    pub(crate) fn media_type(&self) -> &str {
        let named = self.header("content-type").unwrap_or_default();
        named.split(';').next().unwrap_or_default().trim()
    }

    /// The same answer with another body.
    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// What was sent, for errors that follow.
    pub(crate) fn remember(&mut self, sent: Sent) {
        let token = self.exchange.sent.token.take();
        self.exchange.sent = Sent { token, ..sent };
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// A decoding error of the body as a whole.
    pub(crate) fn wrong(&self, error: serde_json::Error) -> Error {
        Error::decode(self.exchange.clone(), Some(self.status), &self.body, error)
    }
}

impl fmt::Debug for Response {
    /// Shows neither headers nor body: an answer to a login has tokens in both.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &self.exchange.shown_url())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
