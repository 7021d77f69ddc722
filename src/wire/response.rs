//! A response of the server: status, headers and the complete body.

use std::fmt;

use bytes::{Buf, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::record::lenient;
use crate::value::redact::SentSecrets;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::operation::Operation;
use crate::wire::server_message::is_page;

/// A successful response. (An unsuccessful one is an [`Error`].)
pub struct Response {
    received: http::Response<Bytes>,
    exchange: Exchange,
}

impl Response {
    pub(crate) fn new(mut received: http::Response<Bytes>, exchange: Exchange) -> Self {
        if exchange.sensitive {
            // Tokens and cookies, in case the headers are printed.
            received
                .headers_mut()
                .values_mut()
                .for_each(|value| value.set_sensitive(true));
        }
        Self { received, exchange }.without_mark()
    }

    /// JSON without the byte order mark that some servers put before it (RFC 8259, 8.1: it may be
    /// ignored). Other text retains it.
    fn without_mark(mut self) -> Self {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.body().starts_with(MARK)
            && (self.media_type().is_empty() || self.media_type().ends_with("json"))
        {
            self.received.body_mut().advance(MARK.len());
        }
        self
    }

    /// The status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.received.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.received.headers()
    }

    /// A header as text; none if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The body, decompressed. A byte order mark before JSON is removed.
    pub fn body(&self) -> &Bytes {
        self.received.body()
    }

    /// The body, decompressed. Cheap: it is not copied.
    pub fn into_body(self) -> Bytes {
        self.received.into_body()
    }

    /// The body, decompressed. Cheap: it is not copied.
    pub fn bytes(self) -> Bytes {
        self.received.into_body()
    }

    /// The requested URL, without the values of secret parameters.
    pub fn url(&self) -> &str {
        self.exchange.target.shown()
    }

    /// The number of attempts.
    pub fn attempts(&self) -> u32 {
        self.exchange.attempts
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with the place in the JSON and what stands
    /// around it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let read = || serde_json::from_slice(self.body());
        lenient::reading(read).map_err(|error| self.wrong(error))
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is not UTF-8.
    pub fn text(&self) -> Result<String> {
        match std::str::from_utf8(self.body()) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Error::unexpected(
                self.exchange.clone(),
                format!(
                    "the response is not UTF-8 text ({error}){}: use `bytes`",
                    self.charset()
                        .map(|charset| format!("; its declared charset is {charset}"))
                        .unwrap_or_default()
                ),
                self.body(),
            )),
        }
    }

    /// The same response, for another request.
    pub(crate) fn of(self, exchange: Option<Exchange>) -> Self {
        Self {
            exchange: exchange.unwrap_or(self.exchange),
            ..self
        }
    }

    /// The media type of the body without its parameters, `text/csv`; empty if the server states
    /// none.
    pub(crate) fn media_type(&self) -> &str {
        let named = self.header("content-type").unwrap_or_default();
        named.split(';').next().unwrap_or_default().trim()
    }

    /// The charset that the server states.
    fn charset(&self) -> Option<&str> {
        let (_, parameters) = self.header("content-type")?.split_once(';')?;
        let parameters = parameters.trim();
        Some(parameters.strip_prefix("charset=").unwrap_or(parameters)).filter(|it| !it.is_empty())
    }

    /// Whether the body is an unexpected HTML page: of a proxy, or a login form.
    pub(crate) fn is_stray_page(&self) -> bool {
        is_stray_page(self.headers(), self.body(), self.exchange.operation)
    }

    /// The same response with another body.
    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self {
            received: self.received.map(|_| body),
            exchange: self.exchange,
        }
        .without_mark()
    }

    /// The sent request, for later errors.
    pub(crate) fn remember(&mut self, sent: SentSecrets) {
        let token = self.exchange.sent.token.take();
        self.exchange.sent = SentSecrets { token, ..sent };
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// A decoding error of the body as a whole.
    pub(crate) fn wrong(&self, error: serde_json::Error) -> Error {
        Error::decode(
            self.exchange.clone(),
            Some(self.status()),
            self.body(),
            error,
        )
    }
}

/// A successful response without a body, as a server sends it.
pub(crate) fn no_content() -> http::Response<Bytes> {
    let mut response = http::Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Whether a response is an HTML page although the operation does not return HTML.
pub(crate) fn is_stray_page(headers: &HeaderMap, body: &[u8], operation: &Operation) -> bool {
    let is_html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    is_html && is_page(body) && !operation.accept.contains("html")
}

impl fmt::Debug for Response {
    /// Shows neither headers nor body: a login response has tokens in both.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &self.exchange.shown_url())
            .field("bytes", &self.body().len())
            .finish_non_exhaustive()
    }
}
