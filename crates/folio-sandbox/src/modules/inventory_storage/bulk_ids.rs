//! Identifiers in bulk.

use http::StatusCode;
use serde_json::{Value, json};

use crate::collections::lists::compiled;
use crate::facts::documents::routes;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb::RecordList;

/// `/record-bulk/ids`: objects with an id, and no limit unless one is given.
fn bulk_ids(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let path = match request.parameter("recordType") {
        Some("HOLDING") => "/holdings-storage/holdings",
        _ => "/instance-storage/instances",
    };
    let size = |name: &str, default| {
        match request.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<i32>().map_err(|_| {
            HttpResponse::bad_request(format!("For input string: {}", json!(text)))
        }).and_then(|number| usize::try_from(number).map_err(|_| {
            HttpResponse::bad_request(format!(
                "\n '{name}' parameter is incorrect. parameter value {{{text}}} is not valid: must be greater than or equal to 0"
            ))
        })),
    }
    };
    let (offset, limit) = match (size("offset", 0), size("limit", usize::MAX)) {
        (Ok(offset), Ok(limit)) => (offset, limit),
        (Err(response), _) | (_, Err(response)) => return Ok(response),
    };
    let Some(collection) = routes().collection(path) else {
        return Ok(HttpResponse::empty(StatusCode::NOT_IMPLEMENTED));
    };
    let mut records = state.store.all(&caller.tenant, path)?;
    if let Some(text) = request.parameter("query") {
        let query = match compiled(state, caller, collection, text)? {
            Ok(query) => query,
            Err(error) => return Ok(HttpResponse::bad_request(format!("{error}: {text}"))),
        };
        query.select(&mut records);
    }
    let total = records.len();
    let ids: Vec<Value> = records
        .iter()
        .skip(offset)
        .take(limit)
        .map(|record| json!({"id": text_at(record, "id")}))
        .collect();
    Ok(RecordList::streamed("ids", &ids, total).response())
}

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    (request.method == "GET" && path == "/record-bulk/ids")
        .then(|| bulk_ids(state, request, caller))
}
