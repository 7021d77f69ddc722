//! Passwords of users.

use http::StatusCode;
use serde_json::json;

use crate::jackson;
use crate::platform::access::user as record;
use crate::platform::auth::Account;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// `/authn/credentials` and related paths; none for paths that are not emulated.
pub(crate) fn credentials(
    state: &mut State,
    request: &HttpRequest,
    tenant: &str,
    path: &str,
) -> Option<HandlerResult> {
    Some(match (request.method.as_str(), path) {
        ("POST", "/authn/credentials") => create_credentials(state, request, tenant),
        ("DELETE", "/authn/credentials") => {
            let Some(id) = request.parameter("userId") else {
                return Some(Ok(HttpResponse::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Internal Server error",
                )));
            };
            let own = state.auth.tenants.get_mut(tenant).and_then(|accounts| {
                accounts
                    .iter_mut()
                    .find(|account| account.id == id && account.password.is_some())
            });
            Ok(match own {
                Some(account) => {
                    account.password = None;
                    HttpResponse::empty(StatusCode::NO_CONTENT)
                }
                None => HttpResponse::text(
                    StatusCode::NOT_FOUND,
                    format!("No credentials for userId {id} found"),
                ),
            })
        }
        ("GET", "/authn/credentials-existence") => {
            let Some(id) = request.parameter("userId") else {
                return Some(Ok(HttpResponse {
                    body: b"Internal Server error".to_vec(),
                    ..HttpResponse::empty(StatusCode::INTERNAL_SERVER_ERROR)
                }));
            };
            let exists = state.auth.tenants.get(tenant).is_some_and(|accounts| {
                accounts
                    .iter()
                    .any(|account| account.id == id && account.password.is_some())
            });
            Ok(HttpResponse::new(
                StatusCode::OK,
                "application/json",
                format!("{{\"credentialsExist\":{exists}}}"),
            ))
        }
        ("POST", "/authn/update") => update_credentials(state, request, tenant),
        ("POST", "/authn/password/repeatable") => repeatable(state, request, tenant),
        ("GET", path) => {
            let id = path.strip_prefix("/authn/loginAttempts/")?;
            let accounts = state.auth.tenants.get(tenant);
            let account =
                accounts.and_then(|accounts| accounts.iter().find(|account| account.id == id));
            Ok(match account.filter(|account| account.attempted) {
                Some(account) => rmb::json_response(
                    StatusCode::OK,
                    &json!({"id": account.id, "userId": account.id, "lastAttempt": rmb::now(), "attemptCount": account.failures}),
                ),
                None => HttpResponse::text(
                    StatusCode::NOT_FOUND,
                    format!("No user login attempts found for id {id}"),
                ),
            })
        }
        _ => return None,
    })
}

fn create_credentials(state: &mut State, request: &HttpRequest, tenant: &str) -> HandlerResult {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    let (id, username, password) = (
        text_at(&body, "userId"),
        text_at(&body, "username"),
        text_at(&body, "password").filter(|password| !password.is_empty()),
    );
    let rejected = |message: &str, value: Option<&str>| {
        let mut error = rmb::error(
            message,
            "-1",
            "1",
            &[("'userId'", value.unwrap_or_default())],
        );
        if value.is_none() {
            error["parameters"] = json!([{"key": "'userId'"}]);
        }
        rmb::errors(StatusCode::UNPROCESSABLE_ENTITY, &[error])
    };
    let Some(password) = password else {
        return Ok(rejected("Password is missing or empty", id.as_deref()));
    };
    let id = match id {
        Some(id) => id,
        None => {
            let user = record(state, tenant, username.as_deref(), None)?;
            match user.and_then(|user| text_at(&user, "id")) {
                Some(id) => id,
                None => return Ok(HttpResponse::bad_request("No user found")),
            }
        }
    };
    let accounts = state.auth.tenants.entry(tenant.to_owned()).or_default();
    match accounts.iter_mut().find(|account| account.id == id) {
        Some(account) if account.password.is_some() => {
            return Ok(rejected(
                &format!("There already exists credentials for user id '{id}'"),
                Some(&id),
            ));
        }
        Some(account) => account.password = Some(password),
        None => accounts.push(Account::by_record(
            id,
            username.unwrap_or_default(),
            password,
        )),
    }
    Ok(HttpResponse::empty(StatusCode::CREATED))
}

/// `POST /authn/update` needs only the old password.
fn update_credentials(state: &mut State, request: &HttpRequest, tenant: &str) -> HandlerResult {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    let (id, username) = (
        text_at(&body, "userId"),
        text_at(&body, "username").unwrap_or_default(),
    );
    let Some(new) = text_at(&body, "newPassword").filter(|new| !new.is_empty()) else {
        return Ok(HttpResponse::bad_request(
            "You must provide a new password that isn't empty",
        ));
    };
    // A user is looked up by id, if it is sent, and the message contains the name, which is unknown
    // then.
    let (by_name, by_id) = match &id {
        Some(id) => (None, Some(id.as_str())),
        None => (Some(username.as_str()), None),
    };
    let own = record(state, tenant, by_name, by_id)?.and_then(|user| text_at(&user, "id"));
    let by_program = |account: &Account| {
        !account.by_record && (Some(&account.id) == id.as_ref() || account.username == username)
    };
    let accounts = state.auth.tenants.get(tenant);
    if own.is_none() && !accounts.is_some_and(|accounts| accounts.iter().any(by_program)) {
        let name = by_name.unwrap_or("null");
        return Ok(HttpResponse::bad_request(format!(
            "Error verifying user existence: No user found by username {name}"
        )));
    }
    let old = text_at(&body, "password");
    Ok(
        match state.auth.account(tenant, own.or(id).as_deref(), &username) {
            Some(account) if account.password == old => {
                account.set_password(new);
                HttpResponse::empty(StatusCode::NO_CONTENT)
            }
            _ => HttpResponse::text(StatusCode::UNAUTHORIZED, "Invalid credentials"),
        },
    )
}

/// Whether a password may be used: not where it is the present one or one of the last ten.
fn repeatable(state: &State, request: &HttpRequest, tenant: &str) -> HandlerResult {
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    let (id, password) = (
        text_at(&body, "userId").unwrap_or_default(),
        text_at(&body, "password").unwrap_or_default(),
    );
    let accounts = state.auth.tenants.get(tenant);
    let account = accounts.and_then(|accounts| accounts.iter().find(|account| account.id == id));
    let used = account.is_some_and(|account| account.used(&password));
    let result = if used { "invalid" } else { "valid" };
    Ok(rmb::json_response(
        StatusCode::OK,
        &json!({"result": result}),
    ))
}
