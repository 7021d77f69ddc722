//! Okapi's own paths: permissions, and writes of tenants, modules and deployments. The texts of
//! rejected tenants are recorded. The rest follows Okapi's sources.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::kinds::Release;
use crate::platform::access;
use crate::platform::state::State;
use crate::platform::wiring::{Module, name_of};
use crate::server::okapi::{SUPERTENANT, absent, modules, ok, read};
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;
use crate::wire::rmb;

/// The paths under `/_/`. Reading them needs no tenant and no token, but a token that is sent must
/// be good.
pub(crate) fn own(
    state: &mut State,
    request: &HttpRequest,
    path: &str,
    named: Option<&str>,
    token: Option<&str>,
) -> HandlerResult {
    let tenant = named
        .or_else(|| token.and_then(|token| state.auth.tenant_of(token)))
        .unwrap_or(SUPERTENANT)
        .to_owned();
    let segments: Vec<&str> = path
        .strip_prefix("/_/")
        .unwrap_or_default()
        .split('/')
        .collect();
    if !state.wiring.has(&tenant, "okapi") {
        return Ok(no_module());
    }
    let required = permission(&request.method, &segments);
    let checked = tenant != SUPERTENANT && state.wiring.has(&tenant, "mod-authtoken");
    match token {
        Some(token) if checked => {
            let required: Vec<&str> = required.as_deref().into_iter().collect();
            if let Err(response) = access::allowed(state, request, &required, token, &tenant, path)?
            {
                return Ok(response);
            }
        }
        None if checked => {
            // Okapi 6 wants a permission for its version too.
            let version = segments == ["version"] && state.release == Release::Ramsons;
            let wanted = required.or_else(|| version.then(|| "okapi.version.get".to_owned()));
            if let Some(wanted) = wanted {
                return Ok(HttpResponse::bad_request(format!(
                    "Token missing, access requires permission: {wanted}"
                )));
            }
        }
        _ => {}
    }
    match request.method.as_str() {
        "GET" => Ok(read(state, request, &segments)),
        _ => Ok(write(state, request, &segments)),
    }
}

/// The permission that a request wants which changes something: `okapi.`, the parts of the path
/// without ids, the method.
fn permission(method: &str, segments: &[&str]) -> Option<String> {
    let words: &[&str] = match (method, segments) {
        ("POST", ["proxy", "tenants"]) | ("PUT" | "DELETE", ["proxy", "tenants", _]) => {
            &["proxy", "tenants"]
        }
        ("POST", ["proxy", "modules"]) | ("PUT" | "DELETE", ["proxy", "modules", _]) => {
            &["proxy", "modules"]
        }
        ("POST" | "DELETE", ["proxy", "tenants", _, "modules"])
        | ("POST" | "DELETE", ["proxy", "tenants", _, "modules", _]) => {
            &["proxy", "tenants", "modules"]
        }
        ("POST", ["proxy", "tenants", _, "install"]) => &["proxy", "tenants", "install"],
        ("POST", ["discovery", "modules"]) | ("DELETE", ["discovery", "modules", ..]) => {
            &["discovery"]
        }
        _ => return None,
    };
    Some(format!(
        "okapi.{}.{}",
        words.join("."),
        method.to_lowercase()
    ))
}

fn write(state: &mut State, request: &HttpRequest, segments: &[&str]) -> HttpResponse {
    let body = || parsed(request);
    let done = match (request.method.as_str(), segments) {
        ("POST", ["proxy", "tenants"]) => body().map(|body| create_tenant(state, &body)),
        ("DELETE", ["proxy", "tenants", id]) => Ok(delete_tenant(state, id)),
        ("POST", ["proxy", "modules"]) => body().map(|body| register(state, &body)),
        ("DELETE", ["proxy", "modules", id]) => Ok(unregister(state, id)),
        ("POST", ["discovery", "modules"]) => body().map(|body| discover(state, &body)),
        ("DELETE", ["discovery", "modules", id, ..]) => Ok(undiscover(state, id)),
        (_, ["proxy", "tenants", tenant, ..]) if !state.auth.tenants.contains_key(*tenant) => {
            Ok(absent(tenant))
        }
        ("POST", ["proxy", "tenants", tenant, "modules"]) => {
            body().map(|body| enable(state, tenant, &body))
        }
        ("DELETE", ["proxy", "tenants", tenant, "modules", id]) => Ok(disable(state, tenant, id)),
        ("POST", ["proxy", "tenants", tenant, "install"]) => {
            body().map(|body| install(state, tenant, &body))
        }
        _ => Ok(no_module()),
    };
    done.unwrap_or_else(|response| response)
}

fn parsed(request: &HttpRequest) -> Result<Value, HttpResponse> {
    // Okapi parses a JSON document as modules do, with different messages.
    crate::jackson::parse(&request.body).map_err(|response| {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        HttpResponse::bad_request(format!("Failed to decode:{text}"))
    })
}

fn text(body: &Value, name: &str) -> String {
    let value = body.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn created(body: &Value, location: &str) -> HttpResponse {
    rmb::json_ordered(StatusCode::CREATED, body, &["id".to_owned()])
        .with_header(http::header::LOCATION, location)
}

/// A tenant without modules, Okapi itself apart.
fn create_tenant(state: &mut State, body: &Value) -> HttpResponse {
    let id = match text(body, "id") {
        empty if empty.is_empty() => uuid::Uuid::new_v4().to_string(),
        id => id,
    };
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if !id.starts_with(letters) || !id.chars().all(letters) {
        return HttpResponse::bad_request(format!("Invalid tenant id {id}"));
    }
    if state.auth.tenants.contains_key(&id) || id == SUPERTENANT {
        return HttpResponse::bad_request(format!("Duplicate tenant id {id}"));
    }
    state.auth.tenants.insert(id.clone(), Vec::new());
    let own = std::iter::once("okapi".to_owned()).collect();
    state.wiring.enabled.insert(id.clone(), own);
    let mut body = body.clone();
    body["id"] = id.as_str().into();
    created(&body, &format!("/_/proxy/tenants/{id}"))
}

fn delete_tenant(state: &mut State, id: &str) -> HttpResponse {
    if state.auth.tenants.remove(id).is_none() {
        return absent(id);
    }
    state.wiring.enabled.remove(id);
    HttpResponse::empty(StatusCode::NO_CONTENT)
}

/// A module descriptor: the gateway sends the requests of its handlers to it.
fn register(state: &mut State, body: &Value) -> HttpResponse {
    let id = text(body, "id");
    if id.is_empty() || name_of(&id) == id {
        return HttpResponse::bad_request(format!("missing semantic version in module: {id}"));
    }
    if modules(state).iter().any(|(known, _)| *known == id) {
        return HttpResponse::bad_request(format!("create: module {id} exists already"));
    }
    let list = |value: &Value, key: &str| {
        let list = value.get(key).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    for handler in list(body, "provides")
        .iter()
        .flat_map(|own| list(own, "handlers"))
    {
        let methods = list(&handler, "methods");
        let methods = methods.iter().filter_map(Value::as_str);
        let pattern = match text(&handler, "pathPattern") {
            empty if empty.is_empty() => format!("{}*", text(&handler, "path")),
            pattern => pattern,
        };
        let module = Module::new(id.as_str(), methods, pattern);
        state.wiring.modules.push(module);
    }
    created(body, &format!("/_/proxy/modules/{id}"))
}

fn unregister(state: &mut State, id: &str) -> HttpResponse {
    let before = state.wiring.modules.len();
    state.wiring.modules.retain(|module| module.id != id);
    match state.wiring.modules.len() == before {
        true => absent(id),
        false => HttpResponse::empty(StatusCode::NO_CONTENT),
    }
}

/// Where a module runs.
fn discover(state: &mut State, body: &Value) -> HttpResponse {
    let (id, url) = (text(body, "srvcId"), text(body, "url"));
    let own = state.wiring.modules.iter_mut();
    let mut own = own.filter(|module| module.id == id).peekable();
    if own.peek().is_none() {
        return absent(&id);
    }
    own.for_each(|module| module.url = Some(url.trim_end_matches('/').to_owned()));
    let instance = match text(body, "instId") {
        empty if empty.is_empty() => format!("{id}-1"),
        given => given,
    };
    let mut body = body.clone();
    body["instId"] = instance.as_str().into();
    created(&body, &format!("/_/discovery/modules/{id}/{instance}"))
}

fn undiscover(state: &mut State, id: &str) -> HttpResponse {
    let own = state.wiring.modules.iter_mut();
    let mut own = own.filter(|module| module.id == id).peekable();
    if own.peek().is_none() {
        return absent(id);
    }
    own.for_each(|module| module.url = None);
    HttpResponse::empty(StatusCode::NO_CONTENT)
}

/// The names of all modules: the default for a tenant.
fn names(state: &State) -> std::collections::BTreeSet<String> {
    modules(state).into_iter().map(|(_, name)| name).collect()
}

fn change(state: &mut State, tenant: &str, id: &str, enable: bool) -> Result<(), HttpResponse> {
    let all = modules(state);
    // An id without a version is that of the newest.
    let Some((_, name)) = all.iter().find(|(known, name)| known == id || name == id) else {
        return Err(absent(id));
    };
    let name = name.clone();
    let all = names(state);
    let own = state.wiring.enabled.entry(tenant.to_owned()).or_insert(all);
    match enable {
        true => own.insert(name),
        false => own.remove(&name),
    };
    Ok(())
}

fn enable(state: &mut State, tenant: &str, body: &Value) -> HttpResponse {
    let id = text(body, "id");
    match change(state, tenant, &id, true) {
        Ok(()) => created(
            &json!({"id": id}),
            &format!("/_/proxy/tenants/{tenant}/modules/{id}"),
        ),
        Err(response) => response,
    }
}

fn disable(state: &mut State, tenant: &str, id: &str) -> HttpResponse {
    match change(state, tenant, id, false) {
        Ok(()) => HttpResponse::empty(StatusCode::NO_CONTENT),
        Err(response) => response,
    }
}

fn install(state: &mut State, tenant: &str, body: &Value) -> HttpResponse {
    for step in body.as_array().into_iter().flatten() {
        let enable = text(step, "action") != "disable";
        if let Err(response) = change(state, tenant, &text(step, "id"), enable) {
            return response;
        }
    }
    ok(body)
}
