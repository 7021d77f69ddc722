//! PINs of patrons (mod-users). Deletions and statuses are recorded; the check of a PIN is from the
//! module's sources.

use http::StatusCode;
use serde_json::Value;

use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

const PATH: &str = "/patron-pin";

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let verify = path == "/patron-pin/verify";
    if path != PATH && !verify || !matches!(request.method.as_str(), "POST" | "DELETE") {
        return None;
    }
    let body = match jackson::parse(&request.body) {
        Ok(Value::Null) => {
            return Some(Ok(HttpResponse::bad_request(
                "HV000116: The object to be validated must not be null.",
            )));
        }
        Ok(body) => body,
        Err(response) => return Some(Ok(response)),
    };
    let pin = text_at(&body, "pin");
    // It is the id that a deletion goes by: the PIN is not compared.
    let Some(id) = text_at(&body, "id") else {
        return Some(Ok(HttpResponse::empty(StatusCode::UNPROCESSABLE_ENTITY)));
    };
    Some(match request.method.as_str() {
        "DELETE" => state
            .store
            .delete(&caller.tenant, PATH, &id)
            .map(|_| HttpResponse::empty(StatusCode::OK)),
        _ if verify => matches(state, caller, &id, pin.as_deref()),
        _ => stored(state, caller, &id, pin.as_deref(), &body),
    })
}

fn stored(
    state: &State,
    caller: &Caller,
    id: &str,
    pin: Option<&str>,
    body: &Value,
) -> HandlerResult {
    if pin.is_none() {
        let error = rmb::error(
            "must not be null",
            "jakarta.validation.constraints.NotNull.message",
            "1",
            &[("pin", "null")],
        );
        return Ok(rmb::violations(&[error]));
    }
    state.store.write(&caller.tenant, PATH, id, body)?;
    Ok(HttpResponse::empty(StatusCode::CREATED))
}

fn matches(state: &State, caller: &Caller, id: &str, pin: Option<&str>) -> HandlerResult {
    let own = state.store.get(&caller.tenant, PATH, id)?;
    let own = own.and_then(|own| text_at(&own, "pin"));
    Ok(HttpResponse::empty(
        match own.as_deref() == pin && pin.is_some() {
            true => StatusCode::OK,
            false => StatusCode::UNPROCESSABLE_ENTITY,
        },
    ))
}
