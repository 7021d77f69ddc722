//! Passwords by mod-users-bl, as far as they were recorded.

use http::StatusCode;
use serde_json::Value;

use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::fold::Fold;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// The lookup of a user who forgot a password or a name.
const FIELDS: [&str; 4] = [
    "username",
    "personal.email",
    "personal.phone",
    "personal.mobilePhone",
];

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    if request.method != "POST" {
        return None;
    }
    match path {
        // It waits for mod-password-validator, which was not there.
        "/bl-users/settings/myprofile/password" => Some(Ok(HttpResponse::never())),
        "/bl-users/forgotten/password" | "/bl-users/forgotten/username" => {
            forgotten(state, request, caller)
        }
        _ => None,
    }
}

/// Rejects an unknown user; the rest is not emulated.
fn forgotten(state: &State, request: &HttpRequest, caller: &Caller) -> Option<HandlerResult> {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Some(Ok(response)),
    };
    let wanted = text_at(&body, "id").unwrap_or_default();
    let folded = Fold::BOTH.apply(&wanted);
    let is = |user: &Value| {
        FIELDS
            .iter()
            .filter_map(|field| text_at(user, field))
            .any(|value| Fold::BOTH.apply(&value) == folded)
    };
    match state.store.all(&caller.tenant, "/users") {
        Ok(users) if users.iter().any(is) => None,
        Ok(_) => Some(Ok(HttpResponse::text(
            StatusCode::BAD_REQUEST,
            format!("User is not found: {wanted}"),
        ))),
        Err(error) => Some(Err(error)),
    }
}
