//! mod-login and mod-users-bl: logins, refresh, logout, credentials.

use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use crate::jackson;
use crate::modules::user_permissions::{expanded, permissions_record};
use crate::platform::access;
use crate::platform::auth::{BLOCKED, Caller, Session, WARNED, cookie_date, instant};
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// The user of the login.
struct LoggedIn {
    tenant: String,
    id: String,
    username: String,
    record: Option<Value>,
}

fn refused(message: &str, code: &str, username: &str) -> HttpResponse {
    let parameters = [("username", username)];
    let parameters = if code.contains("block") {
        &[][..]
    } else {
        &parameters
    };
    rmb::errors(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[rmb::error(message, code, "error", parameters)],
    )
}

/// Checks a name and a password, and counts failures.
fn check(
    state: &mut State,
    request: &HttpRequest,
) -> rusqlite::Result<Result<LoggedIn, HttpResponse>> {
    if let Some(response) = rmb::wrong_content_type(request) {
        return Ok(Err(response));
    }
    let body = match jackson::parse(&request.body) {
        Ok(Value::Null) => {
            return Ok(Err(HttpResponse::bad_request(
                "HV000116: The object to be validated must not be null.",
            )));
        }
        Ok(Value::Array(_)) => {
            return Ok(Err(HttpResponse::bad_request(
                "Cannot deserialize value of type `org.folio.rest.jaxrs.model.LoginCredentials` from Array value (token `JsonToken.START_ARRAY`)\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]",
            )));
        }
        Ok(body) => body,
        Err(response) => return Ok(Err(response)),
    };
    let (username, id) = (text_at(&body, "username"), text_at(&body, "userId"));
    if username.is_none() && id.is_none() {
        return Ok(Err(HttpResponse::bad_request(
            "You must provide a username or userId",
        )));
    }
    let Some(password) = text_at(&body, "password") else {
        return Ok(Err(HttpResponse::bad_request(
            "You must provide a password",
        )));
    };
    let tenant = request
        .header("x-okapi-tenant")
        .unwrap_or_default()
        .to_owned();
    let given = username.clone().or_else(|| id.clone()).unwrap_or_default();
    let tenant = match &state.consortium {
        Some(consortium) => consortium.home(&state.auth, &tenant, &given).to_owned(),
        None => tenant,
    };
    let found = access::user(state, &tenant, username.as_deref(), id.as_deref())?;
    let own_id = found
        .as_ref()
        .and_then(|user| text_at(user, "id"))
        .or_else(|| id.clone());
    let account = state
        .auth
        .account(&tenant, own_id.as_deref(), &given)
        .cloned();
    let (Some(user_id), name) = (match (&found, &account) {
        (Some(user), _) => (
            text_at(user, "id"),
            text_at(user, "username").unwrap_or_default(),
        ),
        (None, Some(account)) if !account.by_record => {
            (Some(account.id.clone()), account.username.clone())
        }
        _ => (None, String::new()),
    }) else {
        return Ok(Err(refused(
            &format!("Error verifying user existence: No user found by username {given}"),
            "username.incorrect",
            &given,
        )));
    };
    let inactive = found
        .as_ref()
        .is_some_and(|user| user.get("active") == Some(&Value::Bool(false)));
    if inactive || account.as_ref().is_some_and(|account| account.blocked) {
        return Ok(Err(refused(
            "User must be flagged as active",
            "user.blocked",
            &given,
        )));
    }
    let Some(own) = account
        .as_ref()
        .and_then(|account| account.password.clone())
    else {
        return Ok(Err(HttpResponse::bad_request(
            "No credentials match that login",
        )));
    };
    let wrong = own != password;
    let mut failures = 0;
    if let Some(account) = state.auth.account(&tenant, own_id.as_deref(), &given) {
        account.attempted = true;
        account.failures = if wrong { account.failures + 1 } else { 0 };
        failures = account.failures;
        if failures >= BLOCKED {
            account.failures = 0;
            account.blocked = found.is_none();
        }
    }
    if wrong {
        return Ok(Err(match failures {
            BLOCKED.. => {
                if let Some(mut user) = found {
                    user["active"] = false.into();
                    state.store.write(&tenant, "/users", &user_id, &user)?;
                }
                refused(
                    "Fifth failed attempt",
                    "password.incorrect.block.user",
                    &given,
                )
            }
            WARNED => refused(
                "Password does not match",
                "password.incorrect.warn.user",
                &given,
            ),
            _ => refused("Password does not match", "password.incorrect", &given),
        }));
    }
    state.auth.logins += 1;
    Ok(Ok(LoggedIn {
        tenant,
        id: user_id,
        username: name,
        record: found,
    }))
}

/// mod-login and the logins of mod-users-bl; none of other paths.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: Option<&Caller>,
    tenant: &str,
    path: &str,
) -> Option<HandlerResult> {
    Some(match (request.method.as_str(), path) {
        ("POST", "/authn/login-with-expiry") => login(state, request, false),
        ("POST", "/authn/login") => login(state, request, true),
        ("POST", "/bl-users/login-with-expiry") => login_of_users_bl(state, request, false),
        ("POST", "/bl-users/login") => login_of_users_bl(state, request, true),
        ("POST", "/authn/refresh") => Ok(refresh(state, request)),
        ("POST", "/authn/logout") => Ok(logout(state, request, caller, false)),
        ("POST", "/authn/logout-all") => Ok(logout(state, request, caller, true)),
        _ => return crate::modules::login::credentials::credentials(state, request, tenant, path),
    })
}

/// `POST /authn/login-with-expiry` and `/authn/login`.
fn login(state: &mut State, request: &HttpRequest, legacy: bool) -> HandlerResult {
    let user = match check(state, request)? {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    if legacy {
        let token = state.auth.legacy(&user.tenant, &user.id, &user.username);
        let response = rmb::json_response(StatusCode::CREATED, &json!({"okapiToken": token}));
        return Ok(response.with_header(HeaderName::from_static("x-okapi-token"), &token));
    }
    let session = state.auth.session(&user.tenant, &user.id, &user.username);
    Ok(session_response(&session, false, None))
}

/// `POST /bl-users/login-with-expiry` and `/bl-users/login`: the user too.
fn login_of_users_bl(state: &mut State, request: &HttpRequest, legacy: bool) -> HandlerResult {
    let user = match check(state, request)? {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let Some(permissions) = permissions_record(state, &user.tenant, &user.id)? else {
        return Ok(HttpResponse::text(
            StatusCode::NOT_FOUND,
            format!(
                "No record found for query '/perms/users?query=userId%3D%3D{}'",
                user.id
            ),
        ));
    };
    let permissions = match request.parameter("expandPermissions") {
        Some("true") => expanded(&permissions),
        _ => permissions,
    };
    let record = user.record.clone().unwrap_or_else(
        || json!({"id": user.id, "username": user.username, "active": true, "personal": {"lastName": user.username}}),
    );
    let mut body = json!({"user": record, "permissions": permissions, "proxiesFor": [], "tenant": user.tenant});
    if legacy {
        let token = state.auth.legacy(&user.tenant, &user.id, &user.username);
        let response = rmb::json_ordered(StatusCode::CREATED, &body, &order());
        return Ok(response.with_header(HeaderName::from_static("x-okapi-token"), &token));
    }
    let session = state.auth.session(&user.tenant, &user.id, &user.username);
    body["tokenExpiration"] = json!({
        "accessTokenExpiration": instant(session.access_expires), "refreshTokenExpiration": instant(session.refresh_expires),
    });
    Ok(session_response(&session, state.eureka, Some(&body)))
}

fn order() -> Vec<String> {
    [
        "user",
        "permissions",
        "proxiesFor",
        "servicePointsUser",
        "tokenExpiration",
        "tenant",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(super) fn session_response(
    session: &Session,
    eureka: bool,
    body: Option<&Value>,
) -> HttpResponse {
    let mut response = match body {
        Some(body) => rmb::json_ordered(StatusCode::CREATED, body, &order()),
        None => HttpResponse::new(
            StatusCode::CREATED,
            "application/json",
            json!({
                "accessTokenExpiration": instant(session.access_expires), "refreshTokenExpiration": instant(session.refresh_expires),
            })
            .to_string(),
        ),
    };
    let cookies = [
        (
            "folioAccessToken",
            &session.access,
            session.access_seconds,
            session.access_expires,
            "/",
        ),
        (
            "folioRefreshToken",
            &session.refresh,
            session.refresh_seconds,
            session.refresh_expires,
            "/authn",
        ),
    ];
    for (name, token, seconds, expires, path) in cookies {
        let expires = cookie_date(expires);
        let cookie = if eureka {
            format!(
                "{name}={token}; Path={path}; Max-Age={seconds}; Expires={expires}; Secure; HttpOnly; SameSite=None"
            )
        } else {
            format!(
                "{name}={token}; Max-Age={seconds}; Expires={expires}; Path={path}; Secure; HTTPOnly; SameSite=Lax"
            )
        };
        response = response.with_header(header::SET_COOKIE, &cookie);
    }
    response
}

fn unprocessable(what: &str) -> HttpResponse {
    let message = format!("Authorization server unable to process token {what} request");
    rmb::errors(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[rmb::error(
            &message,
            &format!("token.{what}.unprocessable"),
            "error",
            &[],
        )],
    )
}

/// `POST /authn/refresh`.
fn refresh(state: &mut State, request: &HttpRequest) -> HttpResponse {
    match &request.cookies("folioRefreshToken")[..] {
        [token] => state.auth.refresh(token).map_or_else(
            || unprocessable("refresh"),
            |session| session_response(&session, false, None),
        ),
        _ => rmb::errors(
            StatusCode::BAD_REQUEST,
            &[rmb::error(
                "Bad request",
                "token.parse.failure",
                "error",
                &[],
            )],
        ),
    }
}

/// `POST /authn/logout` and `/authn/logout-all`. With a refresh cookie it ends one session, with a
/// token alone all of the user's.
fn logout(
    state: &mut State,
    request: &HttpRequest,
    caller: Option<&Caller>,
    all: bool,
) -> HttpResponse {
    let refresh = request.cookies("folioRefreshToken");
    let only_cookie = !request.cookies("folioAccessToken").is_empty();
    match (&refresh[..], caller, all) {
        ([token], _, false) if state.auth.logout(token) => {}
        (_, Some(caller), _) => {
            if only_cookie && refresh.is_empty() && !all {
                return HttpResponse::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Internal Server error",
                );
            }
            state.auth.revoke_all(&caller.home, &caller.user);
        }
        _ => return unprocessable("logout"),
    }
    clearing_cookies(false)
}

/// The response to a logout: the cookies without their values.
pub(super) fn clearing_cookies(eureka: bool) -> HttpResponse {
    let mut response = HttpResponse::empty(StatusCode::NO_CONTENT);
    for (name, path) in [("folioAccessToken", "/"), ("folioRefreshToken", "/authn")] {
        let cookie = if eureka {
            format!(
                "{name}=; Path={path}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=None"
            )
        } else {
            format!(
                "{name}=; SameSite=None; Secure; Path={path}; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
            )
        };
        response = response.with_header(header::SET_COOKIE, &cookie);
    }
    response
}
