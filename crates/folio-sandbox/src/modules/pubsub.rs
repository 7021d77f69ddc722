//! mod-pubsub: publishers and subscribers of events. The deletions are recorded, the declarations
//! are from the module's sources.

use http::StatusCode;
use serde_json::{Value, json};

use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, decoded};
use crate::wire::rmb;

const MODULES: &str = "/pubsub/messaging-modules";

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let rest = path.strip_prefix("/pubsub/")?;
    let segments: Vec<&str> = rest.split('/').collect();
    let role = |segment: &str| match segment {
        "publishers" | "publisher" => Some("PUBLISHER"),
        "subscribers" | "subscriber" => Some("SUBSCRIBER"),
        _ => None,
    };
    Some(match (request.method.as_str(), segments.as_slice()) {
        ("DELETE", ["messaging-modules"]) => delete_modules(state, request, caller),
        ("POST", ["event-types", "declare", kind]) => declare(state, request, caller, role(kind)?),
        ("DELETE", ["event-types", event, kind]) => {
            let event = decoded(event);
            let module = request.parameter("moduleId");
            remove(state, caller, Some(&event), module, role(kind)?)
        }
        ("GET", ["event-types", event, kind]) => {
            listed(state, caller, &decoded(event), role(kind)?)
        }
        _ => return None,
    })
}

/// Both parameters are needed, and nothing else is looked at.
fn delete_modules(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let (Some(module), Some(role)) = (
        request.parameter("moduleId"),
        request.parameter("moduleRole"),
    ) else {
        return Ok(HttpResponse::bad_request(
            "ModuleId and moduleRole are required query parameters",
        ));
    };
    if !matches!(role, "PUBLISHER" | "SUBSCRIBER") {
        return Ok(HttpResponse::bad_request(format!(
            "Invalid moduleRole was specified: {role}. Acceptable moduleRole values are: PUBLISHER, SUBSCRIBER."
        )));
    }
    remove(state, caller, None, Some(module), role)
}

fn fits(own: &Value, event: Option<&str>, module: Option<&str>, role: &str) -> bool {
    let has = |name: &str, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| text_at(own, name).as_deref() == Some(wanted))
    };
    has("eventType", event) && has("moduleId", module) && has("moduleRole", Some(role))
}

fn remove(
    state: &State,
    caller: &Caller,
    event: Option<&str>,
    module: Option<&str>,
    role: &str,
) -> HandlerResult {
    for own in state.store.all(&caller.tenant, MODULES)? {
        if let Some(id) = text_at(&own, "id")
            && fits(&own, event, module, role)
        {
            state.store.delete(&caller.tenant, MODULES, &id)?;
        }
    }
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}

/// A publisher names events with `eventDescriptors`, a subscriber with `subscriptionDefinitions`.
fn declare(state: &State, request: &HttpRequest, caller: &Caller, role: &str) -> HandlerResult {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    let module = text_at(&body, "moduleId").unwrap_or_default();
    let list = ["eventDescriptors", "subscriptionDefinitions"]
        .iter()
        .find_map(|name| body.get(*name)?.as_array());
    for event in list.into_iter().flatten() {
        let name = text_at(event, "eventType").unwrap_or_default();
        let id = uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_OID,
            format!("{name} {module} {role}").as_bytes(),
        )
        .to_string();
        let own = json!({
            "id": id, "eventType": name, "moduleId": module, "tenantId": caller.tenant, "moduleRole": role, "activated": true,
            "subscriberCallback": event.get("callbackAddress").cloned().unwrap_or(Value::Null),
        });
        state.store.write(&caller.tenant, MODULES, &id, &own)?;
    }
    Ok(HttpResponse::empty(StatusCode::CREATED))
}

fn listed(state: &State, caller: &Caller, event: &str, role: &str) -> HandlerResult {
    let mut own = state.store.all(&caller.tenant, MODULES)?;
    own.retain(|own| fits(own, Some(event), None, role));
    let total = own.len();
    Ok(rmb::json_response(
        StatusCode::OK,
        &json!({"messagingModules": own, "totalRecords": total}),
    ))
}
