//! Responses in a cassette.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::body::RecordedBody;
use super::pairs::{self, Pairs};
use super::redaction::Redaction;
use crate::engine::http::HttpResponse;

/// Response headers that are not written: those of the connection, and those of the encoding of a
/// body that is written decoded.
const LEFT_OUT: [&str; 7] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "server",
    "transfer-encoding",
    "vary",
];

/// A response of a file.
pub(super) struct RecordedResponse {
    status: StatusCode,
    headers: Pairs,
    body: RecordedBody,
}

impl RecordedResponse {
    pub(super) fn of(
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
        redaction: &mut Redaction,
    ) -> Self {
        let headers = headers
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
            .filter_map(|(name, value)| {
                let value = redaction.header(name.as_str(), value.to_str().ok()?);
                Some((name.to_string(), value))
            })
            .collect();
        Self {
            status,
            headers,
            body: RecordedBody::of(body, redaction),
        }
    }

    pub(super) fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("status".into(), self.status.as_u16().into());
        pairs::write(&self.headers, "headers", &mut value);
        self.body.write(&mut value);
        Value::Object(value)
    }

    pub(super) fn read(from: &Value) -> Result<Self, String> {
        let status = from.get("status").and_then(Value::as_u64);
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or("a response has no \"status\"")?;
        Ok(Self {
            status,
            headers: pairs::read(from, "headers"),
            body: RecordedBody::read(from)?,
        })
    }

    pub(super) fn replayed(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.body.bytes().into());
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
