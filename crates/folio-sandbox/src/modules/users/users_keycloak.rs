//! mod-users-keycloak: the current user with all their permissions. From its sources
//! (`UserService.getUserBySelfReference`, 4.0.2), not recorded.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::paths::USERS;
use crate::modules::user_permissions::permissions_record;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest};
use crate::wire::rmb;

/// The response to a path of mod-users-keycloak; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    if request.method != "GET" || path != "/users-keycloak/_self" {
        return None;
    }
    Some(own(state, request, caller))
}

fn own(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let user = state.store.get(&caller.tenant, USERS, &caller.user)?;
    let user = user
        .unwrap_or_else(|| json!({"id": caller.user, "username": caller.username, "active": true}));
    let record = permissions_record(state, &caller.home, &caller.user)?;
    let names = record.as_ref().and_then(|record| record.get("permissions"));
    let names = names.and_then(Value::as_array).cloned().unwrap_or_default();
    let is_expanded = request.parameter("expandPermissions") == Some("true");
    let names: Vec<Value> = names
        .into_iter()
        .map(|name| match is_expanded {
            true => json!({"permissionName": name}),
            false => name,
        })
        .collect();
    let body = json!({"user": user, "permissions": {"permissions": names}});
    Ok(rmb::json_response(StatusCode::OK, &body))
}
