//! Responses of Okapi itself, and of modules in its place.

use http::StatusCode;

use crate::wire::message::HttpResponse;

/// Okapi's response to a path or a method that no module of the tenant has.
pub(crate) fn no_module() -> HttpResponse {
    HttpResponse::text(
        StatusCode::NOT_FOUND,
        "No suitable module found for path and tenant",
    )
}
