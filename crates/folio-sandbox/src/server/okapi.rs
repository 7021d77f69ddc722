//! Okapi itself: its texts, and its own paths. Permissions and writes are in `okapi_admin.rs`.

use std::collections::BTreeSet;

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::facts::descriptors;
use crate::facts::kinds::Release;
use crate::platform::state::State;
use crate::wire::message::{HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;
use crate::wire::rmb;

/// The tenant of requests that name none.
pub(super) const SUPERTENANT: &str = "supertenant";

/// The module that has a route on Okapi: there mod-login has the logins.
pub(crate) fn module_of<'a>(module: &'a str, path: &str) -> &'a str {
    match path.starts_with("/authn/") {
        true => "mod-login",
        false => module,
    }
}

/// A request line that is too long.
pub(crate) fn too_long(release: Release) -> HttpResponse {
    let mut response = HttpResponse::empty(StatusCode::URI_TOO_LONG);
    if release != Release::Quesnelia {
        response.body = b"Your request URI is too long.".to_vec();
    }
    response.with_header(http::header::CONNECTION, "close")
}

/// Headers that are too large.
pub(crate) fn headers_too_large() -> HttpResponse {
    HttpResponse::empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        .with_header(http::header::CONNECTION, "close")
}

fn with(mut response: HttpResponse, headers: &[(&'static str, &str)]) -> HttpResponse {
    for (name, value) in headers {
        response = response.with_header(HeaderName::from_static(name), value);
    }
    response
}

/// A browser's preflight request.
pub(crate) fn preflight(request: &HttpRequest) -> Option<HttpResponse> {
    request.header("origin")?;
    request.header("access-control-request-method")?;
    Some(with(
        HttpResponse::empty(StatusCode::NO_CONTENT),
        &[
            ("access-control-allow-methods", "PUT,PATCH,DELETE,GET,POST"),
            (
                "access-control-allow-headers",
                "content-type,X-Okapi-Tenant,X-Okapi-Token,Authorization,X-Okapi-Request-Id,X-Okapi-Module-Id,Credentials",
            ),
            ("access-control-max-age", "7200"),
        ],
    ))
}

/// The additional headers of a response to a request from a page.
pub(crate) fn with_origin(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    let Some(origin) = request.header("origin") else {
        return response;
    };
    let response = with(
        response,
        &[
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", origin),
        ],
    );
    if request.method == "OPTIONS" {
        return response;
    }
    with(
        response,
        &[
            ("vary", "origin"),
            (
                "access-control-expose-headers",
                "location,X-Okapi-Trace,X-Okapi-Token,Authorization,X-Okapi-Request-Id,X-Okapi-Module-Id,Credentials",
            ),
        ],
    )
}

/// The order of the fields of Okapi's records.
fn order() -> [String; 8] {
    [
        "id",
        "instId",
        "srvcId",
        "name",
        "description",
        "version",
        "methods",
        "pathPattern",
    ]
    .map(str::to_owned)
}

pub(super) fn ok(value: &Value) -> HttpResponse {
    rmb::json_ordered(StatusCode::OK, value, &order())
}

pub(super) fn absent(what: &str) -> HttpResponse {
    HttpResponse::text(StatusCode::NOT_FOUND, what)
}

/// Ids and names of the modules that are known.
pub(super) fn modules(state: &State) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = descriptors::all(state.release)
        .into_iter()
        .map(|(id, name)| (id, name.to_owned()))
        .collect();
    let elsewhere: BTreeSet<&str> = state
        .wiring
        .modules
        .iter()
        .map(|own| own.id.as_str())
        .collect();
    list.extend(elsewhere.into_iter().map(|id| {
        (
            id.to_owned(),
            crate::platform::wiring::name_of(id).to_owned(),
        )
    }));
    list.sort();
    list
}

/// Those of a tenant.
fn modules_of(state: &State, tenant: &str) -> Vec<(String, String)> {
    let has = |name: &str| match tenant {
        SUPERTENANT if !state.auth.tenants.contains_key(tenant) => name == "okapi",
        _ => state.wiring.has(tenant, name),
    };
    let all = modules(state).into_iter();
    all.filter(|(_, name)| has(name)).collect()
}

fn is_true(request: &HttpRequest, name: &str) -> bool {
    request.parameter(name) == Some("true")
}

/// A list of modules, filtered by name or provided interface, with or without details.
fn listed(request: &HttpRequest, mut list: Vec<(String, String)>, names: bool) -> HttpResponse {
    if let Some(filter) = request.parameter("filter") {
        list.retain(|(id, name)| name == filter || id.starts_with(filter));
    }
    if let Some(provide) = request.parameter("provide") {
        let interfaces = crate::facts::documents::routes().interfaces();
        list.retain(|(_, own)| {
            interfaces
                .iter()
                .any(|(module, id, _)| module == own && id == provide)
        });
    }
    let list: Vec<Value> = list
        .iter()
        .map(|(id, name)| match (is_true(request, "full"), names) {
            (true, _) => descriptors::descriptor(id, name),
            (false, true) => json!({"id": id, "name": name}),
            (false, false) => json!({"id": id}),
        })
        .collect();
    ok(&list.into())
}

/// The responses to GETs under `/_/`.
pub(super) fn read(state: &State, request: &HttpRequest, segments: &[&str]) -> HttpResponse {
    let of = |id: &str| modules(state).into_iter().find(|(known, _)| known == id);
    let has_tenant =
        |tenant: &str| tenant == SUPERTENANT || state.auth.tenants.contains_key(tenant);
    match segments {
        ["version"] => {
            let [_, (_, version)] = descriptors::okapi(state.release);
            HttpResponse::text(StatusCode::OK, version)
        }
        ["proxy", "health"] | ["deployment", "modules"] | ["env"] => ok(&json!([])),
        ["proxy", "modules"] => listed(request, modules(state), true),
        ["proxy", "modules", id] => match of(id) {
            Some((id, name)) => ok(&descriptors::descriptor(&id, &name)),
            None => absent(id),
        },
        ["proxy", "tenants"] => {
            let mut tenants: Vec<&str> = state.auth.tenants.keys().map(String::as_str).collect();
            if !tenants.contains(&SUPERTENANT) {
                tenants.push(SUPERTENANT);
                tenants.sort_unstable();
            }
            ok(&tenants.into_iter().map(tenant_record).collect())
        }
        ["proxy", "tenants", tenant, ..] if !has_tenant(tenant) => absent(tenant),
        ["proxy", "tenants", tenant] => ok(&tenant_record(tenant)),
        ["proxy", "tenants", tenant, "modules"] => {
            listed(request, modules_of(state, tenant), false)
        }
        ["proxy", "tenants", tenant, "modules", id] => {
            let own = modules_of(state, tenant);
            match own.iter().any(|(known, _)| known == id) {
                true => ok(&json!({"id": id})),
                false => absent(id),
            }
        }
        ["proxy", "tenants", tenant, "interfaces"] => {
            let own = modules_of(state, tenant);
            let has = |module: &str| own.iter().any(|(_, name)| name == module);
            ok(&descriptors::interfaces(has, is_true(request, "full")).into())
        }
        ["proxy", "tenants", tenant, "interfaces", wanted] => {
            let interfaces = crate::facts::documents::routes().interfaces();
            let provides = |name: &str| {
                interfaces
                    .iter()
                    .any(|(module, id, _)| *module == name && id == wanted)
            };
            let own = modules_of(state, tenant).into_iter();
            ok(&own
                .filter(|(_, name)| provides(name))
                .map(|(id, _)| json!({"id": id}))
                .collect())
        }
        // The documents do not contain the timers of modules.
        ["proxy", "tenants", _, "timers", ..] => HttpResponse::text(
            StatusCode::NOT_IMPLEMENTED,
            format!("The sandbox does not emulate GET {}.", request.path),
        ),
        ["discovery", "modules"] => ok(&running(state)
            .iter()
            .map(|of| discovered(state, of))
            .collect()),
        ["discovery", "modules", id] => match running(state).iter().find(|(own, _)| own == id) {
            Some(of) => ok(&json!([discovered(state, of)])),
            None => absent(id),
        },
        ["discovery", "health"] => ok(&running(state).iter().map(|(id, _)| health(id)).collect()),
        ["discovery", "health", id] => match running(state).iter().find(|(own, _)| own == id) {
            Some((id, _)) => ok(&json!([health(id)])),
            None => absent(id),
        },
        ["discovery", "nodes"] => {
            ok(&json!([{"nodeId": "localhost", "url": "http://localhost:9130"}]))
        }
        _ => no_module(),
    }
}

fn tenant_record(id: &str) -> Value {
    let description = match id {
        SUPERTENANT => "Okapi built-in super tenant".to_owned(),
        other => format!("Tenant {other}"),
    };
    json!({"id": id, "name": id, "description": description})
}

/// The modules of which an instance is running.
fn running(state: &State) -> Vec<(String, String)> {
    let nowhere = |id: &str| {
        let mut own = state
            .wiring
            .modules
            .iter()
            .filter(|module| module.id == id)
            .peekable();
        own.peek().is_some() && own.all(|module| module.url.is_none())
    };
    let mut list = modules(state);
    list.retain(|(id, _)| !nowhere(id));
    list
}

fn discovered(state: &State, (id, name): &(String, String)) -> Value {
    let own = state
        .wiring
        .listening
        .iter()
        .find(|(known, _)| known == name);
    let elsewhere = state.wiring.modules.iter().find(|module| module.id == *id);
    let url = match (own, elsewhere.and_then(|module| module.url.clone())) {
        (Some((_, address)), _) => format!("http://{address}"),
        (None, Some(url)) => url,
        (None, None) => format!("http://{name}"),
    };
    json!({"instId": format!("{id}-1"), "srvcId": id, "url": url})
}

fn health(id: &str) -> Value {
    json!({"instId": format!("{id}-1"), "srvcId": id, "healthMessage": "OK", "healthStatus": true})
}
