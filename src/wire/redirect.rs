//! The remedy for a redirect, which the client does not follow.

use http::HeaderMap;

use crate::value::redact::{self, Secrets};

/// The help text for a redirect: the URL to configure, if the redirect leads to the same path
/// elsewhere.
pub(crate) fn help(headers: &HeaderMap, path: &str, secrets: &Secrets) -> String {
    let location = headers
        .get("location")
        .and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return "the server sent a redirect without a target: check the URL of the gateway"
            .to_owned();
    };
    let target = secrets.shown(&redact::url(location));
    let base = location
        .split(['?', '#'])
        .next()
        .filter(|location| location.starts_with("http") && !location.contains('@'))
        .and_then(|location| location.strip_suffix(path));
    let remedy = match base {
        Some(base) => format!(
            "configure the URL of the gateway as `{}`",
            secrets.shown(base)
        ),
        None => "check the URL of the gateway".to_owned(),
    };
    format!(
        "the server redirects to {target}; redirects are not followed, because they would leak the token. {remedy}"
    )
}
