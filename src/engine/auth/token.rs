//! Access tokens and refresh tokens, and their lifetimes.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::value::redact::Confidential;
use crate::wire::error::{Error, Result};

/// An access token. The generation counts the logins and renewals of this client: a call that was
/// rejected with an older one does not need a renewal.
pub(crate) struct Token {
    pub(crate) generation: u64,
    /// Marked as sensitive, so that it is never printed.
    pub(crate) header: HeaderValue,
    /// The tenant for which it was issued, if it states it.
    pub(crate) tenant: Option<Arc<str>>,
    /// The time of receipt.
    pub(crate) obtained: Instant,
    pub(super) lifetime: Option<Lifetime>,
}

impl Token {
    /// Whether it should be valid according to its stated lifetime.
    pub(crate) fn is_good(&self) -> bool {
        self.is_good_at(Instant::now())
    }

    pub(super) fn is_good_at(&self, now: Instant) -> bool {
        self.lifetime.is_none_or(|lifetime| now < lifetime.end)
    }
}

impl Confidential for Token {
    fn secret(&self) -> &HeaderValue {
        &self.header
    }
}

#[derive(Clone, Copy)]
pub(super) struct Lifetime {
    /// The time from which it is renewed while it is still used.
    pub(super) renew: Instant,
    /// The time from which it is no longer used.
    pub(super) end: Instant,
}

impl Lifetime {
    pub(super) fn new(now: Instant, length: Duration) -> Option<Self> {
        // A lifetime of zero indicates a wrong clock rather than an invalid token. Then the
        // server's 401 decides.
        (length > Duration::ZERO).then_some(())?;
        let end = now.checked_add(length - (length / 20).min(Duration::from_secs(2)))?;
        let renew = now.checked_add(length - (length / 4).min(Duration::from_secs(60)))?;
        Some(Self { renew, end })
    }
}

pub(super) struct RefreshToken {
    pub(super) value: SecretString,
    /// The tenant, if it is known.
    pub(super) tenant: HeaderValue,
    pub(super) end: Option<Instant>,
    /// Whether the session is this client's own, rather than a supplied one.
    pub(super) is_own: bool,
}

/// Text as a header that is never printed.
pub(super) fn secret_header(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::unusable_token())?;
    value.set_sensitive(true);
    Ok(value)
}
