//! A received request and its response, for tests and logs.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::wire::message::HttpRequest;

/// A received request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The pairs of the query string.
    pub query: Vec<(String, String)>,
    /// The headers; tokens and cookies show only that they were there.
    pub headers: Vec<(String, String)>,
    /// The body, unless it held a password.
    pub body: Vec<u8>,
    /// The response; none where the connection was dropped.
    pub status: Option<u16>,
}

impl Exchange {
    pub(crate) fn of(request: &HttpRequest, status: Option<StatusCode>) -> Self {
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| {
                let secret = matches!(name.as_str(), "x-okapi-token" | "authorization" | "cookie");
                let value = if secret {
                    "(secret)"
                } else {
                    value.to_str().unwrap_or("(not text)")
                };
                (name.as_str().to_owned(), value.to_owned())
            })
            .collect();
        let secret = request.path.contains("/authn/") || request.path.contains("/bl-users/");
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers,
            body: if secret {
                b"(secret)".to_vec()
            } else {
                request.body.to_vec()
            },
            status: status.map(|status| status.as_u16()),
        }
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The listener for each request, with its duration.
pub(crate) type Listener = Arc<dyn Fn(&Exchange, Answered) + Send + Sync>;

/// The response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// The time from the last byte of the request to the response; faults and latency are in it.
    pub time: Duration,
    /// The bytes of the response's body, before compression.
    pub bytes: usize,
    /// Whether a fault was at work.
    pub fault: bool,
}
