//! The body of an error response, as far as an error has it.

use crate::value::redact::Secrets;
use crate::wire::server_message::without_mark;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::borrow::Cow;
use std::sync::Arc;

/// The longest body that an error has as JSON. FOLIO's modules mostly send some hundred bytes; a
/// report of failed records has as many errors as it has failures, so that memory must be bounded.
const LONGEST: usize = 64 * 1024;

/// The body of an error response.
#[derive(Clone, Default)]
pub(super) enum ErrorBody {
    /// The error is not that of a response, or what was sent must not be shown.
    #[default]
    Absent,
    NotJson,
    TooLong(usize),
    /// Without secrets.
    Json(Arc<str>),
}

impl ErrorBody {
    pub(super) fn of(body: &[u8], secrets: &Secrets) -> Self {
        // As all bodies are read: a byte order mark is not part of JSON.
        let body = without_mark(body);
        if body.len() > LONGEST {
            return Self::TooLong(body.len());
        }
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        let text = std::str::from_utf8(body).ok().filter(|text| is_json(text));
        // What is redacted replaces whole values, so that the rest is JSON still. If not, nothing of
        // it is shown.
        match text.map(|text| secrets.redact(text)) {
            Some(Cow::Borrowed(text)) => Self::Json(text.trim().into()),
            Some(Cow::Owned(text)) if is_json(&text) => Self::Json(text.trim().into()),
            _ => Self::NotJson,
        }
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        match self {
            Self::Absent => Err("this error has no body of a response".to_owned()),
            Self::NotJson => Err("the body of the error response is not JSON".to_owned()),
            Self::TooLong(bytes) => Err(format!(
                "the body of the error response has {bytes} bytes, more than the {LONGEST} that an error can have"
            )),
            Self::Json(text) => serde_json::from_str(text).map_err(|error| {
                format!("the body of the error response is not what was expected: {error}")
            }),
        }
    }
}
