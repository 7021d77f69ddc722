//! mod-login-keycloak with Keycloak behind it, as recorded (`real-facts.md`, section 21).

use http::{HeaderName, StatusCode};
use serde_json::Value;

use crate::jackson;
use crate::modules::login::credentials;
use crate::modules::login::sessions::{clearing_cookies, session_response};
use crate::platform::access;
use crate::platform::auth::{BLOCKED, Caller};
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// An error of Spring modules: one line, the fields in this order. None as message is a field that
/// is not there.
fn error(
    status: StatusCode,
    message: Option<&str>,
    kind: &str,
    code: &str,
    parameters: &[(&str, &str)],
) -> HttpResponse {
    let text = |text: &str| Value::from(text).to_string();
    let message = message.map_or_else(String::new, |message| {
        format!("\"message\":{},", text(message))
    });
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(key, value)| format!("{{\"key\":{},\"value\":{}}}", text(key), text(value)))
        .collect();
    HttpResponse::new(
        status,
        "application/json",
        format!(
            "{{\"errors\":[{{{message}\"type\":{},\"code\":{},\"parameters\":[{}]}}],\"total_records\":1}}",
            text(kind),
            text(code),
            parameters.join(",")
        ),
    )
}

fn invalid(kind: &str, message: &str) -> HttpResponse {
    error(
        StatusCode::BAD_REQUEST,
        Some(message),
        kind,
        "validation_error",
        &[],
    )
}

/// Keycloak does not state the reason: the user is unknown or locked, or the password wrong.
fn unauthorized() -> HttpResponse {
    error(
        StatusCode::UNAUTHORIZED,
        Some("Unauthorized error"),
        "UnauthorizedException",
        "unauthorized_error",
        &[],
    )
}

fn no_token(cause: &str) -> HttpResponse {
    error(
        StatusCode::BAD_REQUEST,
        Some("Failed to obtain a token"),
        "ServiceException",
        "service_error",
        &[("cause", cause)],
    )
}

fn endpoint(tenant: &str) -> String {
    format!("http://keycloak:8080/realms/{tenant}/protocol/openid-connect/token")
}

/// The response of mod-login-keycloak; none for other paths. The caller is the user that the
/// sidecar found.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: Option<&Caller>,
    path: &str,
) -> Option<HandlerResult> {
    let named = access::tenant(request).map(str::to_owned);
    let Some(tenant) = named.or_else(|| caller.map(|caller| caller.home.clone())) else {
        return path.starts_with("/authn/").then(|| Ok(without_tenant()));
    };
    Some(match (request.method.as_str(), path) {
        ("POST", "/authn/login-with-expiry") => login(state, request, &tenant, false),
        ("POST", "/authn/login") => login(state, request, &tenant, true),
        ("POST", "/authn/refresh") => Ok(refresh(state, request)),
        ("POST", "/authn/logout") => Ok(logout(state, request, caller, &tenant, false)),
        ("POST", "/authn/logout-all") => Ok(logout(state, request, caller, &tenant, true)),
        ("GET", path) if path.starts_with("/authn/loginAttempts/") => {
            Ok(attempts(state, &tenant, path))
        }
        _ => return credentials::credentials(state, request, &tenant, path),
    })
}

/// The response of modules on folio-spring-support to a request without a tenant.
pub(crate) fn without_tenant() -> HttpResponse {
    HttpResponse::new(
        StatusCode::BAD_REQUEST,
        "text/plain;charset=ISO-8859-1",
        "x-okapi-tenant header must be provided\n",
    )
}

/// The response of the module at its own port to an unknown path.
pub(crate) fn no_resource(path: &str) -> HttpResponse {
    let message = format!("No static resource {}.", path.trim_start_matches('/'));
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        Some(&message),
        "NoResourceFoundException",
        "unknown_error",
        &[],
    )
}

/// Name and password of a login, or the reason why they are missing.
fn given(request: &HttpRequest) -> Result<(Option<String>, String), HttpResponse> {
    let unsupported = |message: &str| invalid("HttpMediaTypeNotSupportedException", message);
    match request.header("content-type") {
        None => return Err(unsupported("Content-Type is not supported")),
        Some(kind) if !kind.contains("json") => {
            let message = format!("Content-Type '{kind}' is not supported");
            return Err(unsupported(&message));
        }
        Some(_) => {}
    }
    let unreadable = |message: &str| invalid("HttpMessageNotReadableException", message);
    let body = match jackson::parse(&request.body) {
        Ok(Value::Null) => return Err(unreadable("Required request body is missing")),
        Ok(Value::Array(_)) => {
            return Err(unreadable(
                "JSON parse error: Cannot deserialize value of type `org.folio.login.domain.dto.LoginCredentials` from Array value (token `JsonToken.START_ARRAY`)",
            ));
        }
        Ok(body) => body,
        Err(response) => {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            let first = text.lines().next().unwrap_or_default();
            return Err(unreadable(&format!("JSON parse error: {first}")));
        }
    };
    let Some(password) = text_at(&body, "password") else {
        return Err(error(
            StatusCode::BAD_REQUEST,
            Some("must not be null"),
            "MethodArgumentNotValidException",
            "validation_error",
            &[("password", "null")],
        ));
    };
    Ok((text_at(&body, "username"), password))
}

fn login(state: &mut State, request: &HttpRequest, tenant: &str, legacy: bool) -> HandlerResult {
    let (username, password) = match given(request) {
        Ok(given) => given,
        Err(response) => return Ok(response),
    };
    if !state.auth.tenants.contains_key(tenant) {
        let message = format!(
            "Failed to get value from secure store [tenantId: {tenant}, clientId: {tenant}-login-application]"
        );
        return Ok(error(
            StatusCode::BAD_REQUEST,
            Some(&message),
            "IllegalStateException",
            "service_error",
            &[],
        ));
    }
    let Some(username) = username else {
        // A login by the id of the user is one that the module does not expect.
        return Ok(error(
            StatusCode::INTERNAL_SERVER_ERROR,
            None,
            "NullPointerException",
            "unknown_error",
            &[],
        ));
    };
    if state.wiring.keycloak_down {
        return Ok(no_token(&format!(
            "Failed to connect to keycloak:8080 executing POST {}",
            endpoint(tenant)
        )));
    }
    let home = match &state.consortium {
        Some(consortium) => consortium.home(&state.auth, tenant, &username).to_owned(),
        None => tenant.to_owned(),
    };
    let found = access::user(state, &home, Some(&username), None)?;
    let id = found.as_ref().and_then(|user| text_at(user, "id"));
    let disabled = found
        .as_ref()
        .is_some_and(|user| user.get("active") == Some(&Value::Bool(false)));
    let Some(account) = state.auth.account(&home, id.as_deref(), &username) else {
        return Ok(unauthorized());
    };
    if disabled {
        let said = r#"[{"error":"invalid_grant","error_description":"Account disabled"}]"#;
        return Ok(no_token(&format!(
            "[400 Bad Request] during [POST] to [{}] [KeycloakClient#callTokenEndpoint(String,Map,String,String)]: {said}",
            endpoint(&home)
        )));
    }
    account.attempted = true;
    if account.blocked {
        return Ok(unauthorized());
    }
    if account.password.as_ref() != Some(&password) {
        account.failures += 1;
        account.blocked = account.failures >= BLOCKED;
        return Ok(unauthorized());
    }
    account.failures = 0;
    let user = id.unwrap_or_else(|| account.id.clone());
    let name = found
        .as_ref()
        .and_then(|user| text_at(user, "username"))
        .unwrap_or_else(|| account.username.clone());
    state.auth.logins += 1;
    let session = state.auth.session(&home, &user, &name);
    if !legacy {
        return Ok(session_response(&session, true, None));
    }
    let mut response = session_response(&session, true, None);
    let text = |text: &str| Value::from(text).to_string();
    response.body = format!(
        "{{\"okapiToken\":{},\"refreshToken\":{}}}",
        text(&session.access),
        text(&session.refresh)
    )
    .into_bytes();
    Ok(response.with_header(HeaderName::from_static("x-okapi-token"), &session.access))
}

fn unprocessable(what: &str, kind: &str) -> HttpResponse {
    let message = format!("Authorization server unable to process token {what} request");
    error(
        StatusCode::UNPROCESSABLE_ENTITY,
        Some(&message),
        kind,
        &format!("token.{what}.unprocessable"),
        &[],
    )
}

/// The tenant is that of the token, regardless of the header. An unreachable Keycloak has the same
/// symptom as an invalid token.
fn refresh(state: &mut State, request: &HttpRequest) -> HttpResponse {
    let cookies = request.cookies("folioRefreshToken");
    let Some(token) = cookies.first() else {
        return invalid(
            "MissingRequestCookieException",
            "Required cookie 'folioRefreshToken' for method parameter type String is not present",
        );
    };
    let session = match state.wiring.keycloak_down {
        true => None,
        false => state.auth.refresh(token),
    };
    session.map_or_else(
        || unprocessable("refresh", "TokenRefreshException"),
        |session| session_response(&session, true, None),
    )
}

/// Ends the session of the refresh cookie, or all of the user's without one; `X-Okapi-User-Id`,
/// which the sidecar sets, identifies the user.
fn logout(
    state: &mut State,
    request: &HttpRequest,
    caller: Option<&Caller>,
    tenant: &str,
    all: bool,
) -> HttpResponse {
    let failed = || unprocessable("logout", "TokenLogoutException");
    if state.wiring.keycloak_down {
        return failed();
    }
    let cookies = request.cookies("folioRefreshToken");
    match cookies.first().filter(|token| !all && !token.is_empty()) {
        Some(token) if state.auth.logout(token) => {}
        Some(_) => return failed(),
        None => {
            let user = match caller {
                Some(caller) => Some(caller.user.clone()),
                None => request.header("x-okapi-user-id").map(str::to_owned),
            };
            if let Some(user) = user {
                state.auth.revoke_all(tenant, &user);
            }
        }
    }
    clearing_cookies(true)
}

/// The failed logins that Keycloak counts since the last one that succeeded.
fn attempts(state: &State, tenant: &str, path: &str) -> HttpResponse {
    let id = path.rsplit('/').next().unwrap_or_default();
    let accounts = state.auth.tenants.get(tenant);
    let account = accounts.and_then(|accounts| accounts.iter().find(|account| account.id == id));
    match account.filter(|account| account.attempted) {
        Some(account) => HttpResponse::new(
            StatusCode::OK,
            "application/json",
            format!(
                "{{\"userId\":{},\"lastAttempt\":\"{}\",\"attemptCount\":{}}}",
                Value::from(id),
                rmb::now(),
                account.failures
            ),
        ),
        None => error(
            StatusCode::NOT_FOUND,
            Some(&format!("No user login attempts found for id {id}")),
            "EntityNotFoundException",
            "not_found_error",
            &[],
        ),
    }
}
