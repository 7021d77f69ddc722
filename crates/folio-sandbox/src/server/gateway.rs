//! The gateway: Okapi, or Kong and the sidecars of Eureka. It rejects requests itself, or forwards
//! them to modules.

use http::StatusCode;

use crate::facts::documents::{MatchedRoute, routes};
use crate::facts::kinds::Release;
use crate::modules::dispatch;
use crate::modules::login::{keycloak, sessions};
use crate::platform::access;
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::server::{kong, module_port, okapi, okapi_admin, proxy};
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, Port, broken_percent};
use crate::wire::okapi::no_module;
use crate::wire::rmb;

/// Paths of interfaces that several modules provide.
const SEVERAL: [&str; 2] = ["/custom-fields", "/_/jsonSchemas"];

/// The response to a request.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    effect: Option<&Effect>,
) -> HttpResponse {
    if request.body.len() > state.max_body {
        // A gateway rejects it before any module receives it.
        return HttpResponse::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/html",
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n",
        );
    }
    let path = request
        .path
        .strip_prefix(&state.base)
        .unwrap_or(&request.path)
        .to_owned();
    if broken_percent(&path).is_some() {
        return HttpResponse {
            body: b"Bad Request".to_vec(),
            ..HttpResponse::empty(StatusCode::BAD_REQUEST)
        };
    }
    let done = match request.port {
        Port::Module(module) => module_port::respond(state, request, module, &path, effect),
        Port::Gateway if state.eureka => of_kong(state, request, &path, effect),
        Port::Gateway => of_okapi(state, request, &path, effect),
    };
    let response = done.unwrap_or_else(|error| rmb::storage(&error));
    okapi::with_origin(request, response)
}

/// Paths that need no token.
pub(crate) fn is_open(method: &str, path: &str) -> bool {
    method == "POST"
        && matches!(
            path,
            "/authn/login"
                | "/authn/login-with-expiry"
                | "/authn/refresh"
                | "/authn/logout"
                | "/authn/logout-all"
                | "/authn/update"
                | "/authn/token"
                | "/bl-users/login"
                | "/bl-users/login-with-expiry"
        )
}

/// The route of a request, where the gateway has it: not those of edge modules, which listen
/// elsewhere, nor those of a later release.
fn route_of(state: &State, request: &HttpRequest, path: &str) -> Option<MatchedRoute> {
    let later = state.release == Release::Quesnelia && path.ends_with("/retrieve");
    routes()
        .find(&request.method, path)
        .filter(|route| !later && !route.module.starts_with("edge-"))
}

/// Okapi with mod-authtoken.
fn of_okapi(
    state: &mut State,
    request: &HttpRequest,
    path: &str,
    effect: Option<&Effect>,
) -> HandlerResult {
    if request.method == "OPTIONS"
        && let Some(response) = okapi::preflight(request)
    {
        return Ok(response);
    }
    let token = match access::token(request) {
        Ok(token) => token,
        Err(response) => return Ok(response),
    };
    let named = access::tenant(request).map(str::to_owned);
    if let Some(tenant) = &named
        && !state.auth.tenants.contains_key(tenant)
    {
        return Ok(HttpResponse::bad_request(format!(
            "No such Tenant {tenant}"
        )));
    }
    if path.starts_with("/_/") && !path.starts_with("/_/invoke/") {
        return okapi_admin::own(state, request, path, named.as_deref(), token.as_deref());
    }
    let tenant = named.or_else(|| {
        let token = token.as_deref()?;
        state.auth.tenant_of(token).map(str::to_owned)
    });
    let Some(tenant) = tenant else {
        return Ok(no_module());
    };
    // The tenant of `/_/invoke/tenant/{tenant}/…` is the one in which the module is called; the
    // permission is checked in the other.
    let (within, path) = match invoked(path) {
        Some((within, path)) => (within.to_owned(), path),
        None => (tenant.clone(), path.to_owned()),
    };
    let path = path.as_str();
    if let Some(module) = state
        .wiring
        .elsewhere(&tenant, &request.method, path)
        .cloned()
    {
        return proxy::forward(state, request, &tenant, token, &module);
    }
    let route = route_of(state, request, path);
    // Several modules have such an interface: Okapi requires the module's id for it, and rejects it
    // for others.
    let several = SEVERAL.iter().any(|start| path.starts_with(start));
    if several != request.headers.contains_key("x-okapi-module-id") {
        return Ok(no_module());
    }
    let open = is_open(&request.method, path);
    let module = match &route {
        Some(route) => okapi::module_of(route.module, path),
        None if open => okapi::module_of("mod-login", path),
        // Okapi looks for the path before it looks at the token.
        None => return Ok(no_module()),
    };
    if !state.wiring.has(&tenant, module) {
        return Ok(no_module());
    }
    let required = route.as_ref().map_or(&[][..], |route| route.permissions);
    let caller = match &token {
        _ if !state.wiring.has(&tenant, "mod-authtoken") => {
            let known = token.as_deref().and_then(|token| state.auth.caller(token));
            Some(known.unwrap_or_else(Caller::nobody).within(&tenant))
        }
        None if required.is_empty() || open => None,
        None => {
            let wanted = required.first().copied().unwrap_or_default();
            return Ok(HttpResponse::bad_request(format!(
                "Token missing, access requires permission: {wanted}"
            )));
        }
        Some(token) => match access::allowed(state, request, required, token, &tenant, path)? {
            Ok(caller) => Some(caller),
            Err(response) => return Ok(response),
        },
    };
    if within != tenant && !state.auth.tenants.contains_key(&within) {
        return Ok(module_port::no_role(state, route.as_ref(), &within));
    }
    let caller = caller.map(|caller| caller.within(&within));
    if let Some(done) = sessions::respond(state, request, caller.as_ref(), &within, path) {
        return done;
    }
    let Some(route) = route else {
        return Ok(no_module());
    };
    let caller = caller.unwrap_or_else(|| Caller::nobody().within(&within));
    dispatch::module(state, request, &caller, &route, path, effect)
}

/// Tenant and path of `/_/invoke/tenant/{tenant}/{path}`.
fn invoked(path: &str) -> Option<(&str, String)> {
    let (tenant, rest) = path.strip_prefix("/_/invoke/tenant/")?.split_once('/')?;
    Some((tenant, format!("/{rest}")))
}

/// Kong with folio-kong's plugin, and the sidecar of the module that it sends a request to. From
/// sources, not recorded.
fn of_kong(
    state: &mut State,
    request: &HttpRequest,
    path: &str,
    effect: Option<&Effect>,
) -> HandlerResult {
    if request.method == "OPTIONS"
        && let Some(response) = okapi::preflight(request)
    {
        return Ok(response);
    }
    let open = is_open(&request.method, path);
    let route = route_of(state, request, path);
    if path.starts_with("/_/") || route.is_none() && !open {
        return Ok(kong::no_route());
    }
    let token = match kong::token(request) {
        Ok(token) => token,
        Err(response) => return Ok(response),
    };
    let required = match &route {
        Some(route) if !open => route.permissions,
        _ => &[],
    };
    let module = route
        .as_ref()
        .map_or("mod-login-keycloak", |route| route.module);
    let caller = match kong::allowed(state, request, required, token.as_deref(), module)? {
        Ok(caller) => caller,
        Err(response) => return Ok(response),
    };
    if let Some(done) = keycloak::respond(state, request, caller.as_ref(), path) {
        return done;
    }
    let tenant = access::tenant(request).unwrap_or_default().to_owned();
    if let Some(done) = sessions::respond(state, request, caller.as_ref(), &tenant, path) {
        return done;
    }
    let Some(route) = route else {
        return Ok(kong::no_route());
    };
    let caller = caller.unwrap_or_else(|| Caller::nobody().within(&tenant));
    dispatch::module(state, request, &caller, &route, path, effect)
}
