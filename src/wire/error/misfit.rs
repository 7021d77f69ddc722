//! Describes why JSON does not match the expected type, without secrets.

use super::kinds::Error;
use crate::value::json_path;
use crate::value::redact::{self, Secrets};
use std::fmt;

/// The reason why JSON does not match, without the value of a secret: serde's message shows the
/// value that does not match.
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
        // For a value that is itself secret, only the position is shown.
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

    /// The number of bytes read before the error.
    pub(super) fn offset(&self, json: &[u8]) -> usize {
        json_path::offset(json, &self.source)
    }

    /// The error with its cause, unless the cause shows a secret.
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
