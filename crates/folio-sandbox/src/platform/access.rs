//! Authorizes a request: its token, tenant, user and permissions. This is Okapi with mod-authtoken.
//! `server/kong.rs` has the differences on Eureka.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;

use crate::platform::auth::{Account, Caller};
use crate::platform::consortium::Consortium;
use crate::platform::state::State;
use crate::value::fold::Fold;
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HttpRequest, HttpResponse};

/// Okapi's message for an invalid or expired token.
pub(crate) fn invalid(status: StatusCode) -> HttpResponse {
    HttpResponse::text(status, "Invalid token")
}

/// The token of a request; an error where its carriers do not agree.
pub(crate) fn token(request: &HttpRequest) -> Result<Option<String>, HttpResponse> {
    let differ = || {
        HttpResponse::bad_request(
            "Different tokens in Authentication and X-Okapi-Token. Use only one of them",
        )
    };
    let cookies = request.cookies("folioAccessToken");
    if cookies.len() > 1 {
        return Err(differ());
    }
    let bearer = request.header("authorization").map(|value| {
        value
            .strip_prefix("Bearer ")
            .map_or_else(|| value.to_owned(), str::to_owned)
    });
    let header = request
        .header("x-okapi-token")
        .filter(|token| !token.is_empty())
        .map(str::to_owned);
    let mut tokens: Vec<String> = cookies.into_iter().chain(header).chain(bearer).collect();
    tokens.dedup();
    match tokens.len() {
        // An empty cookie alone does not count as a token.
        0 | 1 => Ok(tokens.pop().filter(|token| !token.is_empty())),
        _ => Err(differ()),
    }
}

/// The last tenant that the headers name.
pub(crate) fn tenant(request: &HttpRequest) -> Option<&str> {
    let all = request.headers.get_all("x-okapi-tenant");
    all.iter().next_back().and_then(|value| value.to_str().ok())
}

/// Authorizes the caller; otherwise returns the response of Okapi and mod-authtoken. For three
/// minutes Okapi does not call mod-authtoken again for the same token, method and path.
pub(crate) fn allowed(
    state: &mut State,
    request: &HttpRequest,
    required: &[&str],
    token: &str,
    tenant: &str,
    path: &str,
) -> rusqlite::Result<Result<Caller, HttpResponse>> {
    let Some(caller) = state.auth.caller(token) else {
        return Ok(Err(match state.auth.is_refresh(token) {
            true => HttpResponse::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Unexpected exception during token validation",
            ),
            false => invalid(StatusCode::UNAUTHORIZED),
        }));
    };
    let caller = Caller {
        tenant: tenant.to_owned(),
        ..caller
    };
    let now = state.auth.now();
    let of = (
        tenant.to_owned(),
        token.to_owned(),
        request.method.clone(),
        path.to_owned(),
    );
    if state.auth.memory.allows(now, &of) {
        return Ok(Ok(caller));
    }
    Ok(
        match asked_of_authtoken(state, request, required, &caller)? {
            Some(response) => Err(response),
            None => {
                state.auth.memory.allow(now, of);
                Ok(caller)
            }
        },
    )
}

/// Why mod-authtoken rejects a caller; none where it does not.
fn asked_of_authtoken(
    state: &mut State,
    request: &HttpRequest,
    required: &[&str],
    caller: &Caller,
) -> rusqlite::Result<Option<HttpResponse>> {
    if !may_act_in(state, caller) {
        return Ok(Some(invalid(StatusCode::FORBIDDEN)));
    }
    if let Some(user) = request.header("x-okapi-user-id")
        && user != caller.user
        && is_uuid(user)
    {
        return Ok(Some(invalid(StatusCode::FORBIDDEN)));
    }
    match active(state, caller)? {
        None => {
            return Ok(Some(HttpResponse::text(
                StatusCode::UNAUTHORIZED,
                format!("Invalid token: User with id {} does not exist", caller.user),
            )));
        }
        Some(false) => {
            return Ok(Some(HttpResponse::text(
                StatusCode::UNAUTHORIZED,
                format!("Invalid token: user with id {} is not active", caller.user),
            )));
        }
        Some(true) => {}
    }
    let missing = match permissions(state, caller)? {
        Granted::Nothing => {
            return Ok(Some(HttpResponse::bad_request(format!(
                "Unable to retrieve permissions for user with id '{0}': User does not exist: {0}",
                caller.user
            ))));
        }
        Granted::Everything => None,
        Granted::These(own) => required.iter().find(|wanted| !own.contains(**wanted)),
    };
    Ok(missing.map(|missing| {
        HttpResponse::text(
            StatusCode::FORBIDDEN,
            format!(
                "Access for user '{}' ({}) requires permission: {missing}",
                caller.username, caller.user
            ),
        )
    }))
}

/// Whether a caller may act in the tenant of the request: in their own, and in those of a
/// consortium where they have a shadow user.
pub(crate) fn may_act_in(state: &State, caller: &Caller) -> bool {
    let allows = |consortium: &Consortium| consortium.allows(&caller.user, &caller.tenant);
    caller.tenant == caller.home
        || state.cross_tenant
        || state.consortium.as_ref().is_some_and(allows)
}

fn account<'a>(state: &'a State, caller: &Caller) -> Option<&'a Account> {
    let accounts = state.auth.tenants.get(&caller.home)?;
    accounts.iter().find(|account| account.id == caller.user)
}

/// Whether a user is active, according to mod-authtoken; none if the user does not exist.
/// Configured users without a record are active.
pub(crate) fn active(state: &mut State, caller: &Caller) -> rusqlite::Result<Option<bool>> {
    let now = state.auth.now();
    let of = (caller.home.clone(), caller.user.clone());
    if let Some(active) = state.auth.memory.active(now, &of) {
        return Ok(Some(active));
    }
    let record = state.store.get(&caller.home, "/users", &caller.user)?;
    let active = match record {
        Some(user) => user.get("active") != Some(&Value::Bool(false)),
        None if account(state, caller).is_some_and(|account| !account.by_record) => true,
        None => return Ok(None),
    };
    state.auth.memory.set_active(now, of, active);
    Ok(Some(active))
}

/// The permissions of a user.
pub(crate) enum Granted {
    Everything,
    These(BTreeSet<String>),
    /// There is no record of permissions.
    Nothing,
}

/// The permissions of a user, according to mod-authtoken.
pub(crate) fn permissions(state: &mut State, caller: &Caller) -> rusqlite::Result<Granted> {
    if let Some(account) = account(state, caller).filter(|account| !account.by_record) {
        return Ok(match &account.permissions {
            None => Granted::Everything,
            Some(own) => Granted::These(own.clone()),
        });
    }
    let now = state.auth.now();
    let of = (caller.home.clone(), caller.user.clone());
    if let Some(own) = state.auth.memory.permissions(now, &of) {
        return Ok(Granted::These(own.clone()));
    }
    let records = state.store.all(&caller.home, "/perms/users")?;
    let own = records
        .iter()
        .find(|record| text_at(record, "userId").as_ref() == Some(&caller.user));
    let Some(own) = own else {
        return Ok(Granted::Nothing);
    };
    let list = own.get("permissions").and_then(Value::as_array);
    let own: BTreeSet<String> = list
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    state.auth.memory.set_permissions(now, of, own.clone());
    Ok(Granted::These(own))
}

/// The record of a user by name or id.
pub(crate) fn user(
    state: &State,
    tenant: &str,
    username: Option<&str>,
    id: Option<&str>,
) -> rusqlite::Result<Option<Value>> {
    if let Some(id) = id.filter(|_| username.is_none()) {
        return state.store.get(tenant, "/users", id);
    }
    let wanted = Fold::BOTH.apply(username.unwrap_or_default());
    let users = state.store.all(tenant, "/users")?;
    Ok(users.into_iter().find(|user| {
        text_at(user, "username").is_some_and(|name| Fold::BOTH.apply(&name) == wanted)
    }))
}
