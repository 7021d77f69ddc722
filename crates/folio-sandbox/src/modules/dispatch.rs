//! Dispatches a request to the module that owns its path.

use http::StatusCode;

use crate::collections::{batch, deletion, lists, write};
use crate::facts::documents::{MatchedRoute, routes};
use crate::facts::kinds::ListFacts;
use crate::modules::{
    acquisitions, circulation, consortia, data_import, fixed, inventory, inventory_storage,
    permissions, pubsub, spring, users,
};
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, broken_percent};
use crate::wire::rmb;

/// Whether a request would change data: it is not a read, a login or a list that is requested with
/// POST.
pub(crate) fn changes(request: &HttpRequest) -> bool {
    let session = [
        "/authn/login",
        "/authn/refresh",
        "/authn/logout",
        "/bl-users/login",
    ];
    let reads = request.method == "POST"
        && (session.iter().any(|part| request.path.contains(part))
            || request.path.ends_with("/retrieve"));
    !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !reads
}

fn not_implemented(request: &HttpRequest, module: &str) -> HttpResponse {
    let text = format!(
        "The sandbox knows {} {} of {module} and does not emulate it.",
        request.method, request.path
    );
    HttpResponse::text(StatusCode::NOT_IMPLEMENTED, text)
}

/// The response of the module that serves a path.
pub(crate) fn module(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    served: &MatchedRoute,
    path: &str,
    effect: Option<&Effect>,
) -> HandlerResult {
    if let Some(response) = rejected(request, served) {
        return Ok(response);
    }
    if let Some(done) = fixed::respond(request, path)
        .or_else(|| inventory_storage::instance_sets::respond(state, request, caller, path))
    {
        return done;
    }
    if let Some(response) = of_bare_list(state, request, served) {
        return Ok(response);
    }
    of_module(state, request, caller, path, effect)
        .or_else(|| of_collection(state, request, caller, served, effect))
        .unwrap_or_else(|| Ok(not_implemented(request, served.module)))
}

/// The error of the query string or a header, before the module evaluates the path.
fn rejected(request: &HttpRequest, served: &MatchedRoute) -> Option<HttpResponse> {
    if let Some((at, digits)) = broken_percent(&request.raw_query)
        && served.raml
    {
        let whole = format!("{}?{}", request.path, request.raw_query);
        return Some(HttpResponse::bad_request(format!(
            "invalid hex byte '{digits}' at index {} of '{whole}'",
            request.path.len() + 1 + at + 1
        )));
    }
    let is_json = matches!(request.method.as_str(), "GET" | "POST");
    // mod-circulation ignores the header.
    if served.raml
        && served.module != "mod-circulation"
        && let Some(response) = rmb::not_acceptable(request, is_json)
    {
        return Some(response);
    }
    if served.module == "mod-settings"
        && request.header("accept").is_some_and(|accept| {
            !accept.is_empty()
                && !["*/*", "application/*", "json"]
                    .iter()
                    .any(|kind| accept.contains(kind))
        })
    {
        return Some(HttpResponse::new(
            StatusCode::NOT_FOUND,
            "text/html; charset=utf-8",
            "<html><body><h1>Resource not found</h1></body></html>",
        ));
    }
    None
}

/// A list with a constant response, regardless of the stored records.
fn of_bare_list(
    state: &State,
    request: &HttpRequest,
    served: &MatchedRoute,
) -> Option<HttpResponse> {
    let kind = state.kind(served.path);
    let bare = kind.bare.as_ref()?;
    if lists::has_own_parameter(request, served.module, served.path) {
        return None;
    }
    let least = ListFacts {
        negative_limit: kind.negative_limit,
        ..Default::default()
    };
    // Of mod-circulation's routes, none checks a number that it does not read.
    if served.module != "mod-circulation"
        && let Err(response) = lists::number(request, "limit", 0, &least)
    {
        return Some(response);
    }
    Some(bare.response(Default::default(), ""))
}

/// The routes of modules beyond collections of records: the first that knows the path responds.
fn of_module(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
    effect: Option<&Effect>,
) -> Option<HandlerResult> {
    permissions::respond(state, request, caller, path)
        .or_else(|| users::pins::respond(state, request, caller, path))
        .or_else(|| users::passwords::respond(state, request, caller, path))
        .or_else(|| pubsub::respond(state, request, caller, path))
        .or_else(|| inventory_storage::source_records::respond(state, request, caller, path))
        .or_else(|| inventory_storage::hrid_settings::respond(state, request, caller, path))
        .or_else(|| acquisitions::numbers::respond(state, request, caller, path))
        .or_else(|| inventory_storage::bulk_ids::respond(state, request, caller, path))
        .or_else(|| circulation::routes::respond(state, request, caller, path, effect))
        .or_else(|| inventory::routes::respond(state, request, caller, path, effect))
        .or_else(|| users::users_bl::respond(state, request, caller, path))
        .or_else(|| users::users_keycloak::respond(state, request, caller, path))
        .or_else(|| inventory_storage::views::respond(state, request, caller, path))
        .or_else(|| consortia::respond(state, request, caller, path).map(Ok))
        .or_else(|| acquisitions::routes::respond(state, request, caller, path))
        .or_else(|| data_import::respond(state, request, caller, path))
        .or_else(|| spring::routes::other_paths(state, request, caller, path))
}

/// A collection of records, a record of one, or a batch of them.
fn of_collection(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    served: &MatchedRoute,
    effect: Option<&Effect>,
) -> Option<HandlerResult> {
    let is_batch = served.path.ends_with("/batch/synchronous")
        || served.path.ends_with("/batch/synchronous-unsafe");
    let (above, id) = match served.arguments.as_slice() {
        [] => (Some(served.path), None),
        [id] => (
            served.path.rsplit_once('/').map(|(above, _)| above),
            Some(id.as_str()),
        ),
        _ => (None, None),
    };
    if let Some(collection) = above.and_then(|above| routes().collection(above))
        && let Some(done) = spring::routes::respond(state, request, caller, collection, id)
    {
        return Some(done);
    }
    match served.arguments.as_slice() {
        [] if is_batch => Some(batch::synchronous(state, request, caller, served.path)),
        [] if request.method == "POST" && served.path.ends_with("/retrieve") => {
            lists::retrieve(state, request, caller, served.path)
        }
        [] => routes()
            .collection(served.path)
            .map(|collection| match request.method.as_str() {
                "GET" => lists::list(state, request, caller, collection, effect),
                "POST" => write::create(state, request, caller, collection),
                "DELETE" => deletion::many(state, request, caller, collection),
                _ => Ok(not_implemented(request, served.module)),
            }),
        [id] => served
            .path
            .rsplit_once('/')
            .and_then(|(above, _)| routes().collection(above))
            .map(|collection| match request.method.as_str() {
                "GET" => lists::read(state, caller, collection, id),
                "PUT" => write::update(state, request, caller, collection, id),
                "DELETE" => deletion::one(state, caller, collection, id),
                _ => Ok(not_implemented(request, served.module)),
            }),
        _ => None,
    }
}
