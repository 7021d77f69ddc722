//! Why JSON is not what was expected, without secrets.

use super::kinds::Error;
use crate::value::json_path;
use crate::value::redact::{self, Secrets};
use std::fmt;

/// Why JSON is not what was expected, without the value of a secret: serde shows the value that
/// does not fit.
pub(super) struct Misfit {
    text: String,
    pub(super) source: serde_json::Error,
    is_redacted: bool,
}

impl Misfit {
    pub(super) fn new(
        path: &str,
        source: serde_json::Error,
        sensitive: bool,
        secrets: &Secrets,
    ) -> Self {
        let text = source.to_string();
        let is_secret = sensitive || path.split(['.', '[']).any(redact::is_secret);
        // Of a value that is itself secret only the place is told.
        let shown = if is_secret && source.is_data() {
            format!(
                "wrong type of value at line {} column {}",
                source.line(),
                source.column()
            )
        } else {
            secrets.shown(&text)
        };
        Self {
            is_redacted: shown != text,
            text: shown,
            source,
        }
    }

    /// How many bytes were read when it was found.
    pub(super) fn offset(&self, json: &[u8]) -> usize {
        json_path::offset(json, &self.source)
    }

    /// The error with its cause, unless that shows a secret.
    pub(super) fn cause(self, error: Error) -> Error {
        if self.is_redacted {
            error
        } else {
            error.because(self.source)
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
