//! The errors of the storage modules of acquisitions.

use http::StatusCode;
use serde_json::{Value, json};

use crate::wire::message::HttpResponse;
use crate::wire::rmb;

/// An error in the form of the acquisition modules.
pub(super) fn error(
    status: StatusCode,
    message: &str,
    code: &str,
    parameters: &[(&str, &str)],
) -> HttpResponse {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    rmb::errors(
        status,
        &[json!({"message": message, "code": code, "parameters": parameters})],
    )
}

pub(super) fn bad(message: &str) -> HttpResponse {
    error(StatusCode::BAD_REQUEST, message, "genericError", &[])
}

pub(super) fn failed(message: &str) -> HttpResponse {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        message,
        "genericError",
        &[],
    )
}

pub(super) fn not_emulated(kind: &str) -> HttpResponse {
    HttpResponse::text(
        StatusCode::NOT_IMPLEMENTED,
        format!("The sandbox does not emulate transactions of type {kind}."),
    )
}
