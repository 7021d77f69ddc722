//! mod-permissions: the permissions of users.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::documents::routes;
use crate::facts::paths::PERMISSIONS;
use crate::jackson;
use crate::modules::user_permissions::{list_of, permissions_record, whole};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, decoded};
use crate::wire::rmb;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let rest = path.strip_prefix(PERMISSIONS)?;
    let segments: Vec<&str> = rest.split('/').skip(1).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", []) => unknown(&request.body).map(Ok),
        ("GET", [id]) if request.parameter("indexField") == Some("userId") => {
            Some(found(state, caller, id, true).map(|record| match record {
                Ok(record) => {
                    let order = &state.kind(PERMISSIONS).order;
                    rmb::json_ordered(StatusCode::OK, &record, order)
                }
                Err(response) => response,
            }))
        }
        ("GET", [id, "permissions"]) => Some(names(state, request, caller, id)),
        ("POST", [id, "permissions"]) => Some(add(state, request, caller, id)),
        ("DELETE", [id, "permissions", name]) => Some(remove(state, request, caller, id, name)),
        _ => None,
    }
}

/// Whether a permission is one of a route.
fn exists(name: &str) -> bool {
    routes().has_permission(name)
}

/// A record that grants a missing permission is rejected.
fn unknown(body: &[u8]) -> Option<HttpResponse> {
    let record = jackson::parse(body).ok()?;
    let list = record.get("permissions")?.as_array()?;
    let unknown: Vec<&str> = list
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| !exists(name))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let id = text_at(&record, "id").unwrap_or_default();
    let message = format!(
        "Unable to update derived fields: Attempting to add non-existent permissions {} to permission user with id {id}",
        unknown.join(",")
    );
    Some(rmb::errors(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[rmb::error(&message, "-1", "1", &[("id", &id)])],
    ))
}

/// The record of a user, by its own id or the user's.
fn found(
    state: &State,
    caller: &Caller,
    id: &str,
    by_user: bool,
) -> rusqlite::Result<Result<Value, HttpResponse>> {
    let field = if by_user { "userId" } else { "id" };
    let records = state.store.all(&caller.tenant, PERMISSIONS)?;
    let own = records
        .into_iter()
        .find(|record| text_at(record, field).as_deref() == Some(id));
    Ok(own.ok_or_else(|| {
        HttpResponse::text(
            StatusCode::NOT_FOUND,
            format!("No user found by {field} {id}"),
        )
    }))
}

fn names(state: &State, request: &HttpRequest, caller: &Caller, id: &str) -> HandlerResult {
    let by_user = request.parameter("indexField") == Some("userId");
    // Users of the sandbox's builder have permissions without a stored record.
    let own = match by_user {
        true => permissions_record(state, &caller.tenant, id)?,
        false => None,
    };
    let record = match own {
        Some(record) => record,
        None => match found(state, caller, id, by_user)? {
            Ok(record) => record,
            Err(response) => return Ok(response),
        },
    };
    let list = list_of(&record);
    if request.parameter("full") == Some("true") {
        // The total is omitted then.
        let list: Vec<Value> = list.iter().map(whole).collect();
        return Ok(rmb::json_response(
            StatusCode::OK,
            &json!({"permissionNames": list}),
        ));
    }
    let total = list.len();
    Ok(rmb::json_response(
        StatusCode::OK,
        &json!({"permissionNames": list, "totalRecords": total}),
    ))
}

fn add(state: &State, request: &HttpRequest, caller: &Caller, id: &str) -> HandlerResult {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    let name = text_at(&body, "permissionName").unwrap_or_default();
    let by_user = request.parameter("indexField") == Some("userId");
    let mut record = match found(state, caller, id, by_user)? {
        Ok(record) => record,
        Err(response) => return Ok(response),
    };
    if !exists(&name) {
        return Ok(HttpResponse::bad_request(format!(
            "Permission by name '{name}' does not exist"
        )));
    }
    let mut list = list_of(&record);
    let own = text_at(&record, "id").unwrap_or_default();
    if list.contains(&Value::from(name.as_str())) {
        let field = if by_user { "userId" } else { "id" };
        let message = format!("User with {field} {id} already has permission {name}");
        let key = format!("'{field}'");
        return Ok(rmb::errors(
            StatusCode::UNPROCESSABLE_ENTITY,
            &[rmb::error(&message, "-1", "1", &[(&key, &own)])],
        ));
    }
    list.push(name.into());
    record["permissions"] = list.into();
    state
        .store
        .write(&caller.tenant, PERMISSIONS, &own, &record)?;
    Ok(rmb::json_response(StatusCode::OK, &body))
}

fn remove(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    id: &str,
    name: &str,
) -> HandlerResult {
    let by_user = request.parameter("indexField") == Some("userId");
    let mut record = match found(state, caller, id, by_user)? {
        Ok(record) => record,
        Err(response) => return Ok(response),
    };
    let name = decoded(name);
    let mut list = list_of(&record);
    list.retain(|own| own.as_str() != Some(&name));
    record["permissions"] = list.into();
    let own = text_at(&record, "id").unwrap_or_default();
    state
        .store
        .write(&caller.tenant, PERMISSIONS, &own, &record)?;
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}
