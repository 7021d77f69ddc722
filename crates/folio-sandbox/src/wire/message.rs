//! A complete request, and a response.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;

/// Where a request came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Port {
    /// The gateway's.
    #[default]
    Gateway,
    /// A module's own port, bypassing the gateway: tokens are not verified there.
    Module(&'static str),
}

/// A request, read whole.
#[derive(Clone)]
pub(crate) struct HttpRequest {
    pub(crate) port: Port,
    pub(crate) method: String,
    /// The path as it was sent, with dot-dot segments resolved.
    pub(crate) path: String,
    /// The query string as it was sent.
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first parameter with a name, case-insensitively.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The values of a cookie.
    pub(crate) fn cookies(&self, name: &str) -> Vec<String> {
        let all = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'));
        all.filter_map(|pair| pair.trim().split_once('='))
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.trim_matches('"').to_owned())
            .collect()
    }
}

/// A request that goes to a module that runs elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    pub(crate) module: String,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Everything up to the body.
    pub(crate) head: String,
    pub(crate) body: Bytes,
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: Box<HeaderMap>,
    pub(crate) body: Vec<u8>,
    /// Nothing comes, and the connection stays open until the client closes it.
    pub(crate) hangs: bool,
    /// The body is cut off, and the connection stays open.
    pub(crate) stalls: bool,
    /// The response comes from a module that runs elsewhere.
    pub(crate) forward: Option<Box<Forward>>,
}

impl HttpResponse {
    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let mut response = Self::empty(status);
        response
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.body = body.into();
        response
    }

    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain", text.into())
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Box::default(),
            body: Vec::new(),
            hangs: false,
            stalls: false,
            forward: None,
        }
    }

    /// A request without any response.
    pub(crate) fn never() -> Self {
        Self {
            hangs: true,
            ..Self::empty(StatusCode::OK)
        }
    }

    pub(crate) fn with_header(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.append(name, value);
        }
        self
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::text(StatusCode::BAD_REQUEST, text)
    }
}

/// A response, unless the storage fails.
pub(crate) type HandlerResult = rusqlite::Result<HttpResponse>;

/// The pairs of a query string.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decoded(&name.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Text without percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The first `%` without two following hexadecimal digits: its position, and the following text.
pub(crate) fn broken_percent(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find_map(|at| {
        let digits = bytes.get(at + 1..at + 3);
        let broken = bytes[at] == b'%'
            && !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        broken.then(|| (at, text.get(at + 1..(at + 3).min(text.len())).unwrap_or("")))
    })
}
