//! The secrets of a request, which must not be shown.

use super::secrets::Secrets;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use std::fmt;
use std::sync::Arc;

/// The secret that can be redacted because it was sent: the client's token.
pub(crate) trait Confidential: Send + Sync {
    fn secret(&self) -> &HeaderValue;
}

/// The secrets that a request carried, stored with the response for later errors. They are
/// collected only when an error occurs.
#[derive(Clone, Default)]
pub(crate) struct SentSecrets {
    /// The client's token.
    pub(crate) token: Option<Arc<dyn Confidential>>,
    /// The request's own headers, parameters and body, if these may have secrets.
    pub(crate) own: Option<Arc<Own>>,
}

/// The secrets that a request carried itself.
pub(crate) struct Own {
    pub(crate) headers: HeaderMap,
    /// The values of parameters with a secret name.
    pub(crate) values: Vec<String>,
    pub(crate) body: Option<Bytes>,
    /// Whether the body as a whole is a secret.
    pub(crate) sensitive: bool,
}

impl fmt::Debug for SentSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Sent")
    }
}

impl SentSecrets {
    /// The secrets in it.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        if let Some(token) = &self.token {
            secrets.add_header(token.secret());
        }
        if let Some(own) = &self.own {
            own.add_to(&mut secrets);
        }
        secrets
    }
}

impl Own {
    fn add_to(&self, secrets: &mut Secrets) {
        secrets.add_headers(&self.headers);
        for value in &self.values {
            secrets.add(value);
        }
        if let Some(body) = &self.body {
            let media_type = self.headers.get(CONTENT_TYPE);
            let media_type = media_type.and_then(|value| value.to_str().ok());
            secrets.add_body(body, media_type.unwrap_or_default(), self.sensitive);
        }
    }
}
