//! The request that a response or an error belongs to.

use crate::value::redact::{Secrets, SentSecrets};
use crate::wire::operation::Operation;
use crate::wire::target::Target;
use http::Method;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::time::Duration;

/// The request that a response or an error belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// Whether the bodies may contain tokens or passwords, so that they must not be shown.
    pub(crate) sensitive: bool,
    /// Whether an earlier attempt, which seemed to fail, may have been executed.
    pub(crate) in_doubt: bool,
    /// The sent data that must not be shown.
    pub(crate) sent: SentSecrets,
}

impl Exchange {
    /// The secrets that the server may echo.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = self.sent.secrets();
        for span in self.operation.secret_segments(self.target.shown()) {
            let segment = self.target.shown().get(span).unwrap_or_default();
            secrets.add(&percent_decode_str(segment).decode_utf8_lossy());
        }
        secrets
    }

    /// The URL without secrets.
    pub(crate) fn shown_url(&self) -> Cow<'_, str> {
        self.operation.without_secrets(self.target.shown())
    }
}
