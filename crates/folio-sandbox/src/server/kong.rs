//! Kong with folio-kong's plugin, and the sidecar of each module of Eureka. From sources; not
//! recorded.

use http::StatusCode;
use serde_json::Value;

use crate::platform::access::{self, Granted};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HttpRequest, HttpResponse};

/// Kong's own responses. The id of the request differs each time.
fn kong(message: &str) -> HttpResponse {
    let text = format!(
        "{{\n  \"message\":{},\n  \"request_id\":\"{}\"\n}}",
        Value::from(message),
        uuid::Uuid::new_v4().simple()
    );
    HttpResponse::new(StatusCode::NOT_FOUND, "application/json", text)
}

/// Kong's response to an unknown path.
pub(crate) fn no_route() -> HttpResponse {
    kong("no Route matched with those values")
}

/// The token as folio-kong's plugin finds it: it rejects carriers that do not agree, with 404.
pub(crate) fn token(request: &HttpRequest) -> Result<Option<String>, HttpResponse> {
    let header = request.header("x-okapi-token").map(str::to_owned);
    let mut source = "X-Okapi-Token";
    let mut found = header.clone();
    if let Some(authorization) = request.header("authorization") {
        let Some(bearer) = authorization.strip_prefix("Bearer ") else {
            return Err(kong(
                "Invalid authorization header, value must start with Bearer",
            ));
        };
        if header.is_some_and(|header| header != bearer) {
            return Err(kong("X-Okapi-Token is not equal to Authorization token"));
        }
        source = "Authorization";
        found = Some(bearer.to_owned());
    }
    // The last cookie with the name counts, and an empty one is ignored.
    let cookie = request
        .cookies("folioAccessToken")
        .into_iter()
        .rfind(|cookie| !cookie.is_empty());
    if let Some(cookie) = cookie {
        if found.is_some_and(|found| found != cookie) {
            return Err(kong(&format!(
                "{source} token is not equal to folioAccessToken token in cookies"
            )));
        }
        found = Some(cookie);
    }
    Ok(found.filter(|token| !token.is_empty()))
}

/// An error of the sidecar.
fn sidecar(status: StatusCode, kind: &str, code: &str, message: &str) -> HttpResponse {
    let text = |text: &str| Value::from(text).to_string();
    HttpResponse::new(
        status,
        "application/json",
        format!(
            "{{\"errors\":[{{\"type\":{},\"code\":{},\"message\":{}}}],\"total_records\":1}}",
            text(kind),
            text(code),
            text(message)
        ),
    )
}

/// Authorizes the caller, as the sidecar does; none if the route needs no permission and no token
/// was sent. In the order of its filters: a GET with a body, the token, the tenant of the token,
/// whether the tenant has the module, the permissions.
pub(crate) fn allowed(
    state: &mut State,
    request: &HttpRequest,
    required: &[&str],
    token: Option<&str>,
    module: &str,
) -> rusqlite::Result<Result<Option<Caller>, HttpResponse>> {
    let unauthorized = || {
        sidecar(
            StatusCode::UNAUTHORIZED,
            "UnauthorizedException",
            "authorization_error",
            "Unauthorized",
        )
    };
    if request.method == "GET" && !request.body.is_empty() {
        return Ok(Err(sidecar(
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            "service_error",
            "GET requests should not have a body",
        )));
    }
    let caller = token.and_then(|token| state.auth.caller(token));
    if caller.is_none() && !required.is_empty() {
        return Ok(Err(unauthorized()));
    }
    let named = access::tenant(request).map(str::to_owned);
    let caller = caller.map(|caller| Caller {
        tenant: named.clone().unwrap_or_else(|| caller.home.clone()),
        ..caller
    });
    if let Some(caller) = &caller
        && !required.is_empty()
        && !access::may_act_in(state, caller)
    {
        return Ok(Err(unauthorized()));
    }
    let enabled = named.as_deref().is_some_and(|tenant| {
        state.auth.tenants.contains_key(tenant) && state.wiring.has(tenant, module)
    });
    if !enabled && (named.is_some() || caller.is_none()) {
        let tenant = named.as_deref().unwrap_or("null");
        return Ok(Err(sidecar(
            StatusCode::BAD_REQUEST,
            "TenantNotEnabledException",
            "tenant_not_enabled",
            &format!("Application is not enabled for tenant: {tenant}"),
        )));
    }
    if let Some(caller) = &caller
        && !required.is_empty()
    {
        let may = match access::permissions(state, caller)? {
            Granted::Everything => true,
            Granted::These(own) => required.iter().all(|wanted| own.contains(*wanted)),
            Granted::Nothing => false,
        };
        if !may {
            return Ok(Err(sidecar(
                StatusCode::FORBIDDEN,
                "ForbiddenException",
                "authorization_error",
                "Access Denied",
            )));
        }
    }
    Ok(Ok(caller))
}
