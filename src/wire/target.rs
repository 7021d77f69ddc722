//! The URL of a request, built once: in its sent form, and without secrets for display.

use std::fmt;

/// The destination of a request.
#[derive(Clone)]
pub(crate) struct Target {
    /// The complete URL, without the values of secret parameters.
    shown: String,
    /// The length of the gateway's address, which path and query follow.
    base: usize,
    /// Whether secrets were removed, so that it differs from the sent URL.
    is_redacted: bool,
}

impl Target {
    /// A URL that starts with a gateway address of `base` bytes. `is_redacted` states whether
    /// secrets were removed.
    pub(crate) fn new(shown: String, base: usize, is_redacted: bool) -> Self {
        Self {
            shown,
            base,
            is_redacted,
        }
    }

    /// The complete URL, without secrets.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Path and query as they are sent; none if secrets were removed.
    pub(crate) fn sent(&self) -> Option<&str> {
        match self.is_redacted {
            true => None,
            false => self.shown.get(self.base..),
        }
    }

    /// The value of a parameter of the query, encoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.shown.get(self.base..)?.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// Removes more secrets: `shown` is the complete URL without them.
    pub(crate) fn redact(&mut self, shown: String) {
        self.shown = shown;
        self.is_redacted = true;
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_known_as_long_as_nothing_is_left_out() {
        let base = "https://folio.example.edu/okapi";
        let whole = format!("{base}/users?query=a%3D%3D1&offset=20&offsets=7");
        let mut target = Target::new(whole.clone(), base.len(), false);
        assert_eq!(target.shown(), whole);
        assert_eq!(target.sent(), whole.strip_prefix(base));
        assert_eq!(target.parameter("offset"), Some("20"));
        assert_eq!(target.parameter("limit"), None);
        target.redact(format!("{base}/users?query=***"));
        assert_eq!(target.sent(), None);
        assert_eq!(format!("{target:?}"), format!("\"{base}/users?query=***\""));
        let bare = Target::new(base.to_owned(), base.len(), false);
        assert_eq!((bare.sent(), bare.parameter("offset")), (Some(""), None));
    }
}
