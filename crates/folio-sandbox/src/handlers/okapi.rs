//! Okapi itself: its texts, and its own paths.

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::documents::{modules, routes};
use crate::http::{Answer, Asked};
use crate::kinds::Release;
use crate::rmb;
use crate::state::State;

/// What Okapi says of a path or a method that no module of the tenant has.
pub(crate) fn no_module() -> Answer {
    Answer::text(
        StatusCode::NOT_FOUND,
        "No suitable module found for path and tenant",
    )
}

/// What Kong says of a path that it does not know.
pub(crate) fn no_route() -> Answer {
    let body = json!({"message": "no Route matched with those values", "request_id": "0"});
    rmb::json_answer(StatusCode::NOT_FOUND, &body)
}

/// A request line that is too long.
pub(crate) fn too_long(release: Release) -> Answer {
    let mut answer = Answer::empty(StatusCode::URI_TOO_LONG);
    if release != Release::Quesnelia {
        answer.body = b"Your request URI is too long.".to_vec();
    }
    answer.with_header(http::header::CONNECTION, "close")
}

/// Headers that are too large.
pub(crate) fn headers_too_large() -> Answer {
    Answer::empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        .with_header(http::header::CONNECTION, "close")
}

/// A browser asks whether it may ask.
pub(crate) fn preflight(asked: &Asked) -> Option<Answer> {
    asked.header("origin")?;
    asked.header("access-control-request-method")?;
    let mut answer = Answer::empty(StatusCode::NO_CONTENT);
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "PUT,PATCH,DELETE,GET,POST"),
        (
            "access-control-allow-headers",
            "content-type,x-okapi-tenant,x-okapi-token,authorization",
        ),
        ("access-control-max-age", "3600"),
        ("access-control-allow-credentials", "true"),
    ] {
        answer = answer.with_header(HeaderName::from_static(name), value);
    }
    Some(answer)
}

fn ids(filter: Option<&str>) -> Vec<(String, &'static str)> {
    modules()
        .iter()
        .filter(|(name, _)| filter.is_none_or(|filter| name.starts_with(filter)))
        .map(|(name, version)| (format!("{name}-{version}"), name.as_str()))
        .collect()
}

fn ok(value: &Value) -> Answer {
    rmb::json_ordered(StatusCode::OK, value, &["id".to_owned(), "name".to_owned()])
}

fn absent(what: &str) -> Answer {
    Answer::text(StatusCode::NOT_FOUND, what)
}

/// `POST /_/proxy/tenants`: a tenant without modules.
pub(crate) fn create_tenant(state: &mut State, asked: &Asked) -> Answer {
    let body = match serde_json::from_slice::<Value>(&asked.body) {
        Ok(body) => body,
        Err(_) => {
            return Answer::bad_request(
                "Failed to decode:Unexpected end-of-input within/between Object entries\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 7]",
            );
        }
    };
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let good = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    if !good {
        return Answer::bad_request(format!("Invalid tenant id {id}"));
    }
    if state.auth.tenants.contains_key(id) {
        return Answer::bad_request(format!("Duplicate tenant id {id}"));
    }
    state.auth.tenants.insert(id.to_owned(), Vec::new());
    rmb::json_answer(StatusCode::CREATED, &body)
        .with_header(http::header::LOCATION, &format!("/_/proxy/tenants/{id}"))
}

/// The paths under `/_/` that Okapi answers itself, without tenant and token; none of other paths.
pub(crate) fn own(state: &State, asked: &Asked, path: &str) -> Option<Answer> {
    let segments: Vec<&str> = path.strip_prefix("/_/")?.split('/').collect();
    if asked.method != "GET" {
        return None;
    }
    let filter = asked.parameter("filter");
    let is_module = |id: &str| ids(None).iter().any(|(known, _)| known == id);
    let has_tenant = |tenant: &str| state.auth.tenants.contains_key(tenant);
    Some(match segments.as_slice() {
        ["version"] => Answer::text(
            StatusCode::OK,
            modules()
                .iter()
                .find(|(name, _)| name == "okapi")
                .map_or("6.1.3", |(_, version)| version.as_str()),
        ),
        ["proxy", "health"] | ["deployment", "modules"] | ["env"] => ok(&json!([])),
        ["proxy", "modules"] => ok(&ids(filter)
            .into_iter()
            .map(|(id, name)| json!({"id": id, "name": name}))
            .collect()),
        ["proxy", "modules", id] if is_module(id) => ok(&json!({"id": id})),
        ["proxy", "modules", id] => absent(id),
        ["proxy", "tenants"] => ok(&state
            .auth
            .tenants
            .keys()
            .map(|tenant| json!({"id": tenant, "name": tenant}))
            .collect()),
        ["proxy", "tenants", tenant, ..] if !has_tenant(tenant) => absent(tenant),
        ["proxy", "tenants", tenant] => {
            ok(&json!({"id": tenant, "name": tenant, "description": tenant}))
        }
        ["proxy", "tenants", _, "modules"] => ok(&ids(filter)
            .into_iter()
            .map(|(id, _)| json!({"id": id}))
            .collect()),
        ["proxy", "tenants", _, "modules", id] if is_module(id) => ok(&json!({"id": id})),
        ["proxy", "tenants", _, "modules", id] => absent(id),
        ["proxy", "tenants", _, "interfaces"] => ok(&routes()
            .interfaces()
            .into_iter()
            .map(|(_, id, version)| json!({"id": id, "version": version}))
            .collect()),
        ["proxy", "tenants", _, "interfaces", wanted] => ok(&routes()
            .interfaces()
            .into_iter()
            .filter(|(_, id, _)| id == wanted)
            .filter_map(|(module, ..)| {
                let (id, _) = ids(None).into_iter().find(|(_, name)| *name == module)?;
                Some(json!({"id": id}))
            })
            .collect()),
        ["discovery", "modules"] => ok(&ids(None).iter().map(|(id, _)| discovered(id)).collect()),
        ["discovery", "modules", id] if is_module(id) => ok(&json!([discovered(id)])),
        ["discovery", "modules", id] => absent(id),
        ["discovery", "health"] => ok(&ids(None).iter().map(|(id, _)| health(id)).collect()),
        ["discovery", "health", id] if is_module(id) => ok(&json!([health(id)])),
        ["discovery", "nodes"] => {
            ok(&json!([{"nodeId": "localhost", "url": "http://localhost:9130"}]))
        }
        _ => return None,
    })
}

fn discovered(id: &str) -> Value {
    json!({"instId": format!("{id}-1"), "srvcId": id, "url": "http://127.0.0.1:8081"})
}

fn health(id: &str) -> Value {
    json!({"instId": format!("{id}-1"), "srvcId": id, "healthMessage": "OK", "healthStatus": true})
}
