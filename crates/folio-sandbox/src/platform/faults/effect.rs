//! The possible failures between a client and a FOLIO system.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::platform::faults::pages::{self, Gateway};

/// Something that goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// A response with a status, headers and text, instead of the real one. Nothing is done.
    Answer {
        /// The status.
        status: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The connection is closed before anything is done.
    Drop,
    /// The request is executed, and the connection is closed instead of the response.
    DropAnswer,
    /// The request is executed, and the connection breaks in the middle of the response's body.
    BreakBody,
    /// The response comes later.
    Delay(Duration),
    /// A list with status 200 that ends early and reports it in `resultInfo.diagnostics`, as RMB's
    /// streamed lists do.
    Truncate,
    /// A list with a `null` among its records.
    NullElement,
    /// The connection is closed immediately, and the request is executed that much later: a
    /// premature lookup does not find the written record.
    DropThenDo(Duration),
    /// The access token of the request is invalid from now on, as if its time were over.
    ExpireToken,
    /// The body of the response comes in pieces of so many bytes, and each so much later than the
    /// one before.
    SlowBytes {
        /// How many bytes come at a time.
        bytes: usize,
        /// The time between them.
        pause: Duration,
    },
    /// A list with fewer records than its limit, though more follow: the last half is missing. The
    /// total is that of the full list.
    ShrinkPage,
    /// A list without records, though there are some at that place. The total is that of the full
    /// list.
    EmptyPage,
}

impl Effect {
    /// A response of a status with text.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: body.into(),
        }
    }

    /// A response with a status and text that states when to retry.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        Self::Answer {
            status,
            headers: vec![
                ("content-type".into(), "text/plain".into()),
                ("retry-after".into(), seconds.to_string()),
            ],
            body: "Try again later".into(),
        }
    }

    /// The page of a gateway: of nginx and HAProxy for 502, 503 and 504, of Squid for 502, 503 and
    /// 504. Nothing is done.
    pub fn gateway(gateway: Gateway, status: u16) -> Self {
        let (headers, body) = pages::page(gateway, status);
        Self::Answer {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn response(&self) -> Option<(StatusCode, HeaderMap, String)> {
        let Self::Answer {
            status,
            headers,
            body,
        } = self
        else {
            return None;
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            ) {
                map.append(name, value);
            }
        }
        Some((
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            map,
            body.clone(),
        ))
    }
}
