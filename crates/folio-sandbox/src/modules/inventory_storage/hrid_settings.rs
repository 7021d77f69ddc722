//! The settings of HRIDs.

use http::StatusCode;
use serde_json::json;

use crate::collections::hrid::{HRID_SETTINGS, hrid_settings, set_hrid_settings};
use crate::facts::documents::routes;
use crate::jackson::{self, Reader};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    Some(match (request.method.as_str(), path) {
        ("GET", HRID_SETTINGS) => hrid_settings(&state.store, &caller.tenant).map(|settings| {
            let order = [
                "id",
                "instances",
                "holdings",
                "items",
                "commonRetainLeadingZeroes",
            ];
            rmb::json_ordered(StatusCode::OK, &settings, &order.map(str::to_owned))
        }),
        ("PUT", HRID_SETTINGS) => put_hrid_settings(state, request, caller),
        _ => return None,
    })
}

fn put_hrid_settings(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let mut body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    // The server sets the metadata and ignores sent values.
    if let Some(fields) = body.as_object_mut() {
        fields.remove("metadata");
    }
    let Some((document, schema)) = routes().body_of("mod-inventory-storage", HRID_SETTINGS, "put")
    else {
        return Ok(HttpResponse::empty(StatusCode::NOT_IMPLEMENTED));
    };
    let mut reader = Reader::new(routes());
    let mut settings = match reader.record(document, schema, "HridSettings", &body, None) {
        Ok(settings) => settings,
        Err(response) => return Ok(response),
    };
    let now = rmb::now();
    settings.insert(
        "metadata".into(),
        json!({
            "createdDate": now, "createdByUserId": caller.user,
            "updatedDate": now, "updatedByUserId": caller.user,
        }),
    );
    set_hrid_settings(&state.store, &caller.tenant, &settings)?;
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}
