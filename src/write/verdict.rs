//! Classifies the error of a request for its records.

use http::StatusCode;

use crate::wire::error::{Error, ErrorKind};

/// The class of a request's error for its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// None was written, and one of them is the reason.
    Rejected,
    Conflict,
    /// There are too many of them.
    TooMany,
    /// There are too many of them, or one is too large.
    TooLarge,
    /// They may have been written.
    Unknown,
    /// They were not written.
    Unsent,
    NoEndpoint,
    /// The user lacks the permission; Eureka also reports this when it has internal problems.
    Forbidden,
    /// No other write would succeed.
    Stop,
}

pub(super) fn verdict(error: &Error) -> Verdict {
    match error.kind() {
        ErrorKind::ClientClosed
        | ErrorKind::Login
        | ErrorKind::Configuration
        | ErrorKind::Credentials
        | ErrorKind::Runtime => Verdict::Stop,
        ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Truncated => Verdict::Unknown,
        ErrorKind::Connect => Verdict::Unsent,
        _ => match error.status() {
            Some(StatusCode::UNAUTHORIZED) => Verdict::Stop,
            Some(StatusCode::FORBIDDEN) => Verdict::Forbidden,
            Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => Verdict::NoEndpoint,
            Some(StatusCode::CONFLICT) => Verdict::Conflict,
            Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => Verdict::Unknown,
            Some(StatusCode::PAYLOAD_TOO_LARGE) if is_of_number(error) => Verdict::TooMany,
            Some(StatusCode::PAYLOAD_TOO_LARGE) => Verdict::TooLarge,
            // PostgreSQL rejected the statement, so that nothing was written.
            Some(status) if status.is_server_error() && is_of_number(error) => Verdict::TooMany,
            Some(status) if status.is_server_error() => Verdict::Unknown,
            _ => Verdict::Rejected,
        },
    }
}

/// Whether the server rejects a batch because of the number of its records (recorded: `Expected a
/// maximum of 10000 records to prevent out of memory but got 10001`, `target lists can have at most
/// 1664 entries`).
fn is_of_number(error: &Error) -> bool {
    let says = |text: &str| {
        text.contains("target lists can have at most") || text.contains("Expected a maximum of")
    };
    error.server_message().is_some_and(says)
}

/// Whether a server reports that a record with this id exists. There is no specific status for it:
/// RMB responds with 422, others with 400 or 409.
pub(super) fn says_exists(error: &Error) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("exist") || text.contains("duplicate") || text.contains("already been taken")
    };
    error.server_message().is_some_and(says)
}
