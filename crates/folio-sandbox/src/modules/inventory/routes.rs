//! Routes the requests of mod-inventory to its files, and serves its lists and deletions.

use http::StatusCode;
use serde_json::{Value, json};

use crate::collections::{deletion, lists};
use crate::facts::paths::{INSTANCES, ITEMS};
use crate::modules::inventory::support::{body, collection, in_set, passed_on, plain};
use crate::modules::inventory::{holdings, instances, items, status};
use crate::modules::library::Library;
use crate::modules::reply::{Step, finished, shown};
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// The response to a path of mod-inventory; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    http_request: &HttpRequest,
    caller: &Caller,
    path: &str,
    effect: Option<&Effect>,
) -> Option<HandlerResult> {
    let segments: Vec<&str> = path.strip_prefix("/inventory/")?.split('/').collect();
    let step = match (http_request.method.as_str(), segments.as_slice()) {
        ("GET", [kind @ ("items" | "instances")]) => {
            listed(state, http_request, caller, stored(kind), effect)
        }
        ("POST", ["items", "retrieve"]) => retrieved(state, http_request, caller),
        ("DELETE", [kind @ ("items" | "instances")]) => {
            delete_many(state, http_request, caller, stored(kind))
        }
        ("DELETE", [kind @ ("items" | "instances"), id]) => {
            delete_one(state, caller, stored(kind), id)
        }
        _ => routed(&Library { state, caller }, http_request, &segments)?,
    };
    Some(finished(step))
}

fn routed(
    library: &Library<'_>,
    http_request: &HttpRequest,
    segments: &[&str],
) -> Option<Step<HttpResponse>> {
    Some(match (http_request.method.as_str(), segments) {
        ("POST", ["items"]) => items::create(library, http_request),
        ("GET", ["items", id]) => items::read(library, id),
        ("PUT", ["items", id]) => items::replace(library, http_request, id),
        ("POST", ["items", id, mark]) => status::mark(library, id, mark.strip_prefix("mark-")?),
        ("POST", ["instances"]) => instances::create(library, http_request),
        ("GET", ["instances", id]) => instances::read(library, id),
        ("PUT", ["instances", id]) => instances::replace(library, http_request, id),
        ("DELETE", ["instances", id, "mark-deleted"]) => instances::mark_deleted(library, id),
        ("PUT", ["holdings", id]) => holdings::replace(library, http_request, id),
        ("GET", ["config", "holdings", "blocked-fields"]) => Ok(blocked(&holdings::OF_MARC)),
        ("GET", ["config", "instances", "blocked-fields"]) => Ok(blocked(&instances::OF_MARC)),
        _ => return None,
    })
}

fn blocked(fields: &[&str]) -> HttpResponse {
    let fields = json!({ "blockedFields": in_set(fields) });
    shown(StatusCode::OK, &fields, &[])
}

/// Where the records of a kind are stored.
fn stored(kind: &str) -> &'static str {
    if kind == "items" { ITEMS } else { INSTANCES }
}

/// The limit and the offset are digits.
fn paged(http_request: &HttpRequest) -> Step<()> {
    let digits = |name: &str| {
        http_request.parameter(name).is_none_or(|value| {
            !value.is_empty() && value.chars().all(|digit| digit.is_ascii_digit())
        })
    };
    if digits("limit") && digits("offset") {
        return Ok(());
    }
    let text = "limit and offset must be numeric when supplied";
    Err(plain(StatusCode::BAD_REQUEST, text).into())
}

fn listed(
    state: &mut State,
    http_request: &HttpRequest,
    caller: &Caller,
    path: &str,
    effect: Option<&Effect>,
) -> Step<HttpResponse> {
    paged(http_request)?;
    let response = lists::list(state, http_request, caller, collection(path)?, effect)?;
    extended(&Library { state, caller }, path, response)
}

fn retrieved(state: &mut State, http_request: &HttpRequest, caller: &Caller) -> Step<HttpResponse> {
    let fields = body(http_request)?;
    let query = fields.iter().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    let inner = HttpRequest {
        method: "GET".to_owned(),
        path: "/inventory/items".to_owned(),
        raw_query: String::new(),
        query: query.collect(),
        headers: http_request.headers.clone(),
        body: bytes::Bytes::new(),
        port: http_request.port,
    };
    listed(state, &inner, caller, ITEMS, None)
}

/// A list of the storage module, its records as mod-inventory shows them.
fn extended(library: &Library<'_>, path: &str, response: HttpResponse) -> Step<HttpResponse> {
    if !response.status.is_success() {
        return Ok(passed_on(response));
    }
    let Ok(list) = serde_json::from_slice::<Value>(&response.body) else {
        return Ok(plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the sandbox cannot read its own list",
        ));
    };
    let (key, order): (&str, &[&str]) = if path == ITEMS {
        ("items", &items::ORDER)
    } else {
        ("instances", &instances::ORDER)
    };
    let mut records = Vec::new();
    for record in list
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        records.push(if path == ITEMS {
            items::represented(library, record, false)?
        } else {
            instances::represented(library, record)?
        });
    }
    let total = list.get("totalRecords").and_then(Value::as_u64);
    let total = usize::try_from(total.unwrap_or_default()).unwrap_or_default();
    Ok(crate::modules::reply::list(key, &records, order, total))
}

fn delete_one(state: &mut State, caller: &Caller, path: &str, id: &str) -> Step<HttpResponse> {
    let response = deletion::one(state, caller, collection(path)?, id)?;
    // Of items the response is forwarded with its content type.
    Ok(if path == ITEMS {
        response
    } else {
        passed_on(response)
    })
}

fn delete_many(
    state: &mut State,
    http_request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Step<HttpResponse> {
    if http_request.parameter("query").is_none() {
        return Ok(plain(
            StatusCode::BAD_REQUEST,
            "query parameter is required",
        ));
    }
    let response = deletion::many(state, http_request, caller, collection(path)?)?;
    Ok(passed_on(response))
}
