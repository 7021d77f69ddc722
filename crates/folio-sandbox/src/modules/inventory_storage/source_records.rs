//! MARC records of instances (mod-inventory-storage). Deletions are recorded, the rest is from the
//! module's sources.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::paths::INSTANCES;
use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

const STORED: &str = "/instance-storage/instances/{instanceId}/source-record";

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let rest = path.strip_prefix(INSTANCES)?.strip_prefix('/')?;
    let segments: Vec<&str> = rest.split('/').collect();
    let id = match segments.as_slice() {
        [id, "source-record"] if request.method == "DELETE" => *id,
        [id, "source-record", "marc-json"] => *id,
        _ => return None,
    };
    let not_found = || HttpResponse::text(StatusCode::NOT_FOUND, "Not found");
    Some(match request.method.as_str() {
        "DELETE" => state
            .store
            .delete(&caller.tenant, STORED, id)
            .map(|was| match was {
                true => HttpResponse::empty(StatusCode::NO_CONTENT),
                false => not_found(),
            }),
        "GET" => state.store.get(&caller.tenant, STORED, id).map(|found| {
            found.map_or_else(not_found, |record| {
                rmb::json_response(StatusCode::OK, record.get("marc").unwrap_or(&Value::Null))
            })
        }),
        "PUT" => put(state, request, caller, id),
        _ => return None,
    })
}

fn put(state: &State, request: &HttpRequest, caller: &Caller, id: &str) -> HandlerResult {
    let marc = match jackson::parse(&request.body) {
        Ok(marc) => marc,
        Err(response) => return Ok(response),
    };
    if !state.store.has(&caller.tenant, INSTANCES, id)? {
        return Ok(HttpResponse::text(StatusCode::NOT_FOUND, "Not found"));
    }
    let record = json!({"id": id, "marc": marc});
    state.store.write(&caller.tenant, STORED, id, &record)?;
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}
