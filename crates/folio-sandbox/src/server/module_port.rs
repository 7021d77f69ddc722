//! A module's own port, bypassing the gateway. Tokens and permissions are not checked there; the
//! headers identify the caller. Routes of the module respond that its descriptor does not list.

use http::StatusCode;
use serde_json::Value;

use crate::collections::deletion;
use crate::facts::documents::{MatchedRoute, routes};
use crate::modules::dispatch;
use crate::modules::login::{keycloak, sessions};
use crate::platform::access;
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    module: &'static str,
    path: &str,
    effect: Option<&Effect>,
) -> HandlerResult {
    if module == "mod-login-keycloak" {
        let done = keycloak::respond(state, request, None, path);
        return done.unwrap_or_else(|| Ok(keycloak::no_resource(path)));
    }
    let route = routes().find_of(module, &request.method, path);
    let whole = request.method == "DELETE" && deletion::is_at_port(state, module, path);
    if route.is_none() && !whole && !(module == "mod-login" && path.starts_with("/authn/")) {
        return Ok(HttpResponse::new(
            StatusCode::NOT_FOUND,
            "text/html; charset=utf-8",
            "<html><body><h1>Resource not found</h1></body></html>",
        ));
    }
    if module == "mod-settings" && request.header("x-okapi-permissions").is_none() {
        return Ok(HttpResponse::bad_request(
            "[Bad Request] Missing parameter X-Okapi-Permissions in HEADER",
        ));
    }
    let tenant = access::tenant(request).map(str::to_owned);
    let known = tenant
        .as_ref()
        .is_some_and(|tenant| state.auth.tenants.contains_key(tenant));
    if !known {
        return Ok(match &tenant {
            _ if module == "mod-circulation" => of_okapi(request, path, tenant.as_deref()),
            Some(tenant) => no_role(state, route.as_ref(), tenant),
            None if route.as_ref().is_some_and(|route| !route.raml) => keycloak::without_tenant(),
            None => HttpResponse::bad_request("Unable to process request Tenant must be set"),
        });
    }
    let caller = caller(state, request, &tenant.unwrap_or_default());
    if whole {
        return deletion::many_at_port(state, &caller, path);
    }
    if module == "mod-login" {
        let done = sessions::respond(state, request, Some(&caller), &caller.tenant, path);
        if let Some(done) = done {
            return done;
        }
    }
    match route {
        Some(route) => dispatch::module(state, request, &caller, &route, path, effect),
        None => Ok(HttpResponse::text(StatusCode::NOT_IMPLEMENTED, path)),
    }
}

/// The caller: the user of the header that the gateway sets, or of the token.
fn caller(state: &State, request: &HttpRequest, tenant: &str) -> Caller {
    let of_token = request
        .header("x-okapi-token")
        .and_then(|token| state.auth.caller(token));
    let mut caller = of_token.unwrap_or_else(Caller::nobody).within(tenant);
    if let Some(user) = request.header("x-okapi-user-id") {
        caller.user = user.to_owned();
    }
    caller
}

/// PostgreSQL's error for a tenant without a schema: its role does not exist. Most RMB modules
/// respond with 400; those whose queries fail with 500 do so here, too.
pub(crate) fn no_role(state: &State, route: Option<&MatchedRoute>, tenant: &str) -> HttpResponse {
    let (module, path) = route.map_or(("", ""), |route| (route.module, route.path));
    let role = format!(
        "FATAL: role \"{tenant}_{}\" does not exist (28000)",
        module.replace('-', "_")
    );
    let list = state.kind(path).list.as_ref();
    match list.and_then(|list| list.errors) {
        Some(StatusCode::INTERNAL_SERVER_ERROR) => {
            HttpResponse::text(StatusCode::INTERNAL_SERVER_ERROR, role)
        }
        _ => HttpResponse::bad_request(format!("{role}: null")),
    }
}

/// mod-circulation calls its storage through Okapi, and forwards that response.
fn of_okapi(request: &HttpRequest, path: &str, tenant: Option<&str>) -> HttpResponse {
    let (status, said) = match tenant {
        Some(tenant) => (400, format!("No such Tenant {tenant}")),
        None => (
            404,
            "No suitable module found for path and tenant".to_owned(),
        ),
    };
    let okapi = request
        .header("x-okapi-url")
        .unwrap_or("http://127.0.0.1:9130");
    let stored = crate::facts::documents::stored_at(path);
    HttpResponse::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "text/plain; ISO_8859_1",
        format!(
            "HTTP request to \"{okapi}{stored}\" failed, status code: {status}, response: {}",
            Value::from(said)
        ),
    )
}
