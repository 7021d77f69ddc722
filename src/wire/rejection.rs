//! Determines whether gateway or module rejected a request.

use http::{HeaderMap, StatusCode};

use crate::wire::error::Error;

/// Whether the gateway rejected the token, so that no module received the request. Usually 401;
/// Okapi responds with 400 "Token missing" and Kong with 404 if tokens do not match.
pub(crate) fn is_token_rejected(
    status: StatusCode,
    content_type: Option<&str>,
    error: &Error,
) -> bool {
    let says = |words: &[&str]| {
        let message = error
            .server_message()
            .unwrap_or_default()
            .to_ascii_lowercase();
        message.len() < 400
            && message.contains("token")
            && words.iter().any(|word| message.contains(word))
    };
    match status.as_u16() {
        401 => true,
        400 => {
            content_type.is_none_or(|media_type| media_type.starts_with("text/plain"))
                && says(&["missing"])
        }
        404 => {
            content_type.is_some_and(|media_type| media_type.starts_with("application/json"))
                && says(&["match", "differ"])
        }
        _ => false,
    }
}

/// Whether a 403 comes from Eureka: Kong names itself in `Server` or `Via`, and sidecars respond
/// with JSON and these words, whereas Okapi responds with text that names the permission. Eureka's
/// sidecars have returned 403 for any fault of Keycloak (MODSIDECAR-192).
pub(crate) fn is_of_eureka(headers: &HeaderMap, content_type: Option<&str>, error: &Error) -> bool {
    let names_kong = ["server", "via"].iter().any(|name| {
        headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains("kong"))
    });
    names_kong
        || content_type.is_some_and(|media_type| media_type.starts_with("application/json"))
            && error
                .server_message()
                .is_some_and(|message| message.to_ascii_lowercase().contains("access denied"))
}

/// Whether a final failure leaves the outcome unknown: a 5xx. Modules report failures after some or
/// all of the work was done (recorded: a check-in whose event cannot be published returns 500 after
/// item and loan were changed), and Okapi returns 500 when a module drops the connection.
pub(crate) fn leaves_outcome_open(error: &Error) -> bool {
    let is_open =
        |status: StatusCode| status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    // Okapi did not reach the module (recorded: `proxyClient failure: mod-x http://…:
    // finishConnect(..) failed: Connection refused: …`).
    let is_connection_refused = || {
        let message = error.server_message().unwrap_or_default();
        message.starts_with("proxyClient failure:") && message.contains("Connection refused")
    };
    error.status().is_some_and(is_open) && !is_connection_refused()
}
