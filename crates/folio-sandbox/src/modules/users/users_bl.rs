//! mod-users-bl: users with their groups, permissions, service points and open business. The list's
//! rejections are recorded. The rest follows the module's sources and schema (mod-users-bl 7.7).

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::collections::{deletion, lists};
use crate::facts::documents::routes;
use crate::facts::paths::{LOANS, PERMISSIONS, REQUESTS, SERVICE_POINTS, USERS};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, finished};
use crate::modules::user_permissions::{expanded, permissions_record};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, decoded};
use crate::wire::rmb;

const GROUPS: &str = "/groups";
const ORDER: [&str; 5] = [
    "user",
    "patronGroup",
    "permissions",
    "proxiesFor",
    "servicePointsUser",
];
const OF_TRANSACTIONS: [&str; 8] = [
    "userId",
    "userBarcode",
    "hasOpenTransactions",
    "loans",
    "requests",
    "feesFines",
    "proxies",
    "blocks",
];

/// The response to a path of mod-users-bl; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let rest = path.strip_prefix("/bl-users")?;
    let segments: Vec<&str> = rest.split('/').skip(1).collect();
    let step = match (request.method.as_str(), segments.as_slice()) {
        ("GET", []) => listed(state, request, caller),
        ("GET", ["_self"]) => {
            let own = caller.user.clone();
            one(&Library { state, caller }, request, "by-id", &own)
        }
        ("DELETE", ["by-id", id]) => delete(state, caller, &decoded(id)),
        ("GET", [by @ ("by-id" | "by-username"), of]) => {
            one(&Library { state, caller }, request, by, &decoded(of))
        }
        ("GET", [by @ ("by-id" | "by-username"), of, "open-transactions"]) => {
            open_transactions(&Library { state, caller }, by, &decoded(of))
        }
        _ => return None,
    };
    Some(finished(step))
}

fn shown(status: StatusCode, value: &Value, order: &[&str]) -> HttpResponse {
    let order: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
    rmb::json_ordered(status, value, &order)
}

fn absent(query: &str) -> HttpResponse {
    let text = format!("No record found for query '{query}'");
    HttpResponse::text(StatusCode::NOT_FOUND, text)
}

/// The rejection by another module, as text.
fn failed(endpoint: &str, response: &HttpResponse) -> HttpResponse {
    let message = String::from_utf8_lossy(&response.body);
    let told = json!({
        "endpoint": endpoint, "statusCode": response.status.as_u16(), "errorMessage": message,
    });
    let order = ["endpoint", "statusCode", "errorMessage"].map(str::to_owned);
    let status = match response.status {
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => response.status,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    HttpResponse::text(status, rmb::pretty(&told, &order))
}

/// Percent-encoding of all but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The parts of a user that are wanted.
fn includes(request: &HttpRequest) -> Vec<&str> {
    let wanted: Vec<&str> = request
        .query
        .iter()
        .filter(|(name, _)| name == "include")
        .map(|(_, value)| value.as_str())
        .collect();
    if wanted.is_empty() {
        vec!["groups", "perms", "servicepoints"]
    } else {
        wanted
    }
}

fn listed(state: &mut State, request: &HttpRequest, caller: &Caller) -> Step<HttpResponse> {
    let mut bounds = Vec::new();
    for (name, default) in [("offset", "0"), ("limit", "10")] {
        let text = request.parameter(name).unwrap_or(default);
        if text.parse::<i32>().is_err() {
            return Ok(HttpResponse::bad_request(format!(
                "For input string: \"{text}\""
            )));
        }
        bounds.push((name.to_owned(), text.to_owned()));
    }
    let query = request.parameter("query");
    let mut endpoint = "/users?".to_owned();
    if let Some(query) = query {
        endpoint.push_str(&format!("query={}&", encoded(query)));
        bounds.push(("query".to_owned(), query.to_owned()));
    }
    let bound = |place: usize| bounds.get(place).map_or("", |(_, value)| value.as_str());
    endpoint.push_str(&format!("offset={}&limit={}", bound(0), bound(1)));
    let inner = HttpRequest {
        method: "GET".to_owned(),
        path: USERS.to_owned(),
        raw_query: String::new(),
        query: bounds,
        headers: request.headers.clone(),
        body: bytes::Bytes::new(),
        port: request.port,
    };
    let Some(collection) = routes().collection(USERS) else {
        return Ok(absent(&endpoint));
    };
    let response = lists::list(state, &inner, caller, collection, None)?;
    if !response.status.is_success() {
        return Ok(failed(&endpoint, &response));
    }
    let list: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if list.get("totalRecords").and_then(Value::as_u64) == Some(0) {
        return Ok(absent(&endpoint));
    }
    let users = list.get("users").and_then(Value::as_array);
    let users = users.cloned().unwrap_or_default();
    let library = Library { state, caller };
    let mut all = Vec::new();
    let include = includes(request);
    for (part, path, of_user, field) in [
        ("groups", GROUPS, "patronGroup", "id"),
        ("perms", PERMISSIONS, "id", "userId"),
    ] {
        let mut ids: Vec<String> = Vec::new();
        for id in users.iter().filter_map(|user| text_at(user, of_user)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if !include.contains(&part) || ids.is_empty() {
            all.push(Vec::new());
            continue;
        }
        let joined = |quote: bool| {
            let each = |id: &String| {
                if quote {
                    exactly(field, id)
                } else {
                    format!("{field}=={id}")
                }
            };
            ids.iter().map(each).collect::<Vec<_>>().join(" or ")
        };
        let found = library.find(path, &joined(true))?;
        if found.is_empty() {
            let query = encoded(&joined(false));
            return Ok(absent(&format!("{path}?query={query}")));
        }
        all.push(found);
    }
    let of = |place: usize, field: &str, id: Option<String>| {
        let records: &[Value] = all.get(place).map_or(&[], Vec::as_slice);
        let mut records = records.iter();
        records
            .find(|record| id.is_some() && text_at(record, field) == id)
            .cloned()
    };
    let mut composite = Vec::new();
    for user in users {
        let mut one = Map::new();
        if let Some(group) = of(0, "id", text_at(&user, "patronGroup")) {
            one.insert("patronGroup".into(), group);
        }
        if let Some(record) = of(1, "userId", text_at(&user, "id")) {
            let names = record.get("permissions").cloned();
            one.insert("permissions".into(), json!({ "permissions": names }));
        }
        one.insert("user".into(), user);
        composite.push(Value::Object(one));
    }
    let list = json!({ "compositeUsers": composite });
    Ok(shown(StatusCode::OK, &list, &["compositeUsers"]))
}

/// The user of an id or a name.
fn user_of(library: &Library<'_>, by: &str, of: &str) -> Step<Option<Value>> {
    if by == "by-id" {
        library.get(USERS, of)
    } else {
        library.first(USERS, &exactly("username", of))
    }
}

fn one(library: &Library<'_>, request: &HttpRequest, by: &str, of: &str) -> Step<HttpResponse> {
    let Some(user) = user_of(library, by, of)? else {
        if by == "by-username" {
            return Ok(absent(&format!("/users?query=username=={of}")));
        }
        let Some(users) = routes().collection(USERS) else {
            return Ok(absent(&format!("/users/{of}")));
        };
        let response = lists::read(library.state, library.caller, users, of)?;
        return Ok(failed(&format!("/users/{of}"), &response));
    };
    let include = includes(request);
    let id = text_at(&user, "id").unwrap_or_default();
    let mut one = json!({ "proxiesFor": [] });
    if include.contains(&"groups")
        && let Some(group) = text_at(&user, "patronGroup")
        && let Some(group) = library.get(GROUPS, &group)?
    {
        one["patronGroup"] = group;
    }
    if include.contains(&"perms") {
        let record = permissions_record(library.state, &library.caller.tenant, &id)?;
        let Some(record) = record else {
            return Ok(absent(&format!("/perms/users?query=userId=={id}")));
        };
        let record = match request.parameter("expandPermissions") {
            Some("true") => expanded(&record),
            _ => record,
        };
        one["permissions"] = json!({ "permissions": record.get("permissions") });
    }
    if include.contains(&"proxiesfor") {
        let proxies = library.find("/proxiesfor", &exactly("userId", &id))?;
        if proxies.is_empty() {
            return Ok(absent(&format!("/proxiesfor?query=userId=={id}")));
        }
        one["proxiesFor"] = proxies.into();
    }
    if include.contains(&"servicepoints")
        && let Some(mut of_user) =
            library.first("/service-points-users", &exactly("userId", &id))?
    {
        let mut places = Vec::new();
        let ids = of_user.get("servicePointsIds").and_then(Value::as_array);
        for place in ids.into_iter().flatten().filter_map(Value::as_str) {
            places.extend(library.get(SERVICE_POINTS, place)?);
        }
        of_user["servicePoints"] = places.into();
        one["servicePointsUser"] = of_user;
    }
    one["user"] = user;
    Ok(shown(StatusCode::OK, &one, &ORDER))
}

/// How much is open for a user.
fn transactions(library: &Library<'_>, user: &Value) -> Step<Value> {
    let id = text_at(user, "id").unwrap_or_default();
    let own = exactly("userId", &id);
    let count = |path: &str, query: &str| library.find(path, query).map(|found| found.len());
    let loans = count(LOANS, &format!("{own} and status.name==Open"))?;
    let requests = count(
        REQUESTS,
        &format!("{} and status==\"Open*\"", exactly("requesterId", &id)),
    )?;
    let fees = count("/accounts", &format!("{own} and status.name==Open"))?;
    let blocks = count("/manualblocks", &own)?;
    let proxies = count(
        "/proxiesfor",
        &format!("{own} or {}", exactly("proxyUserId", &id)),
    )?;
    let any = [loans, requests, fees, blocks, proxies]
        .iter()
        .any(|count| *count > 0);
    let mut told = json!({
        "userId": id, "hasOpenTransactions": any, "loans": loans, "requests": requests, "feesFines": fees, "proxies": proxies,
        "blocks": blocks,
    });
    if let Some(barcode) = text_at(user, "barcode") {
        told["userBarcode"] = barcode.into();
    }
    Ok(told)
}

fn nobody(by: &str, of: &str) -> HttpResponse {
    let text = if by == "by-id" {
        format!("User with id '{of}' not found")
    } else {
        format!("Users with username '{of}' not found")
    };
    HttpResponse::text(StatusCode::NOT_FOUND, text)
}

fn open_transactions(library: &Library<'_>, by: &str, of: &str) -> Step<HttpResponse> {
    let Some(user) = user_of(library, by, of)? else {
        return Ok(nobody(by, of));
    };
    let told = transactions(library, &user)?;
    Ok(shown(StatusCode::OK, &told, &OF_TRANSACTIONS))
}

/// `DELETE`: only for users without open business.
fn delete(state: &mut State, caller: &Caller, id: &str) -> Step<HttpResponse> {
    let library = Library { state, caller };
    let Some(user) = library.get(USERS, id)? else {
        return Ok(nobody("by-id", id));
    };
    let told = transactions(&library, &user)?;
    if told.get("hasOpenTransactions") == Some(&Value::Bool(true)) {
        return Ok(shown(StatusCode::CONFLICT, &told, &OF_TRANSACTIONS));
    }
    match routes().collection(USERS) {
        Some(users) => Ok(deletion::one(state, caller, users, id)?),
        None => Ok(nobody("by-id", id)),
    }
}
