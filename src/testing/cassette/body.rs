//! Bodies in a cassette.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::redaction::Redaction;
use crate::value::redact;

/// A body in the file: JSON as it is, other text, or bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RecordedBody {
    None,
    /// It was streamed, and is unknown.
    Unknown,
    Json(Value),
    Text(String),
    Bytes(Bytes),
}

impl RecordedBody {
    pub(super) fn of(bytes: &Bytes, redaction: &mut Redaction) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Bytes(bytes.clone());
        };
        match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                redaction.value(&mut value);
                Self::Json(value)
            }
            Err(_) => Self::Text(redact::Secrets::default().redact(text).into_owned()),
        }
    }

    pub(super) fn write(&self, into: &mut Map<String, Value>) {
        match self {
            Self::None => {}
            Self::Unknown => {
                into.insert("streamed".into(), true.into());
            }
            Self::Json(value) => {
                into.insert("json".into(), value.clone());
            }
            Self::Text(text) => {
                into.insert("text".into(), text.as_str().into());
            }
            Self::Bytes(bytes) => {
                into.insert("base64".into(), STANDARD.encode(bytes).into());
            }
        }
    }

    pub(super) fn read(from: &Value) -> Result<Self, String> {
        if let Some(value) = from.get("json") {
            return Ok(Self::Json(value.clone()));
        }
        if let Some(text) = from.get("text").and_then(Value::as_str) {
            return Ok(Self::Text(text.to_owned()));
        }
        if let Some(text) = from.get("base64").and_then(Value::as_str) {
            let bytes = STANDARD
                .decode(text)
                .map_err(|error| format!("base64: {error}"))?;
            return Ok(Self::Bytes(bytes.into()));
        }
        Ok(match from.get("streamed") {
            Some(_) => Self::Unknown,
            None => Self::None,
        })
    }

    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::None | Self::Unknown => Bytes::new(),
            Self::Json(value) => value.to_string().into(),
            Self::Text(text) => text.clone().into(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}
