//! What the modules answer: which of the handlers a request is for.

use http::StatusCode;

use crate::collections::{batch, deletion, lists, write};
use crate::facts::documents::{Served, routes};
use crate::modules::acquisitions::routes;
use crate::modules::inventory_storage::{source_records, views};
use crate::modules::{
    circulation, consortia, fixed, inventory, numbers, passwords, permissions, pins, pubsub,
    spring, users_bl,
};
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::wire::message::{Answer, Asked, Done, broken_percent};
use crate::wire::rmb;

/// Whether a request would change something: it is no read, no login and no list that is asked for by POST.
pub(crate) fn changes(asked: &Asked) -> bool {
    let session = [
        "/authn/login",
        "/authn/refresh",
        "/authn/logout",
        "/bl-users/login",
    ];
    let reads = asked.method == "POST"
        && (session.iter().any(|part| asked.path.contains(part))
            || asked.path.ends_with("/retrieve"));
    !matches!(asked.method.as_str(), "GET" | "HEAD" | "OPTIONS") && !reads
}

fn not_implemented(asked: &Asked, module: &str) -> Answer {
    let text = format!(
        "The sandbox knows {} {} of {module} and does not emulate it.",
        asked.method, asked.path
    );
    Answer::text(StatusCode::NOT_IMPLEMENTED, text)
}

/// The answer of the module that serves a path.
pub(crate) fn module(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    served: &Served,
    path: &str,
    effect: Option<&Effect>,
) -> Done {
    if let Some((at, digits)) = broken_percent(&asked.raw_query)
        && served.raml
    {
        let whole = format!("{}?{}", asked.path, asked.raw_query);
        return Ok(Answer::bad_request(format!(
            "invalid hex byte '{digits}' at index {} of '{whole}'",
            asked.path.len() + 1 + at + 1
        )));
    }
    let is_json = matches!(asked.method.as_str(), "GET" | "POST");
    // mod-circulation ignores the header.
    if served.raml
        && served.module != "mod-circulation"
        && let Some(answer) = rmb::not_acceptable(asked, is_json)
    {
        return Ok(answer);
    }
    if served.module == "mod-settings"
        && asked.header("accept").is_some_and(|accept| {
            !accept.is_empty()
                && !["*/*", "application/*", "json"]
                    .iter()
                    .any(|kind| accept.contains(kind))
        })
    {
        return Ok(Answer::new(
            StatusCode::NOT_FOUND,
            "text/html; charset=utf-8",
            "<html><body><h1>Resource not found</h1></body></html>",
        ));
    }
    if let Some(done) = fixed::answer(state, asked, caller, path) {
        return done;
    }
    let kind = state.kind(served.path);
    if let Some(bare) = &kind.bare
        && !lists::has_own_parameter(asked, served.module, served.path)
    {
        let least = crate::facts::kinds::ListFacts {
            negative_limit: kind.negative_limit,
            ..Default::default()
        };
        // Of mod-circulation's routes, none checks a number that it does not read.
        if served.module != "mod-circulation"
            && let Err(answer) = lists::number(asked, "limit", 0, &least)
        {
            return Ok(answer);
        }
        return Ok(bare.answer(Default::default(), ""));
    }
    if let Some(done) = permissions::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = pins::answer(state, asked, caller, path)
        .or_else(|| passwords::answer(state, asked, caller, path))
        .or_else(|| pubsub::answer(state, asked, caller, path))
        .or_else(|| source_records::answer(state, asked, caller, path))
    {
        return done;
    }
    if let Some(done) = numbers::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = circulation::answer(state, asked, caller, path, effect)
        .or_else(|| inventory::answer(state, asked, caller, path, effect))
        .or_else(|| users_bl::answer(state, asked, caller, path))
    {
        return done;
    }
    if let Some(done) = views::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(answer) = consortia::answer(state, asked, caller, path) {
        return Ok(answer);
    }
    if let Some(done) = routes::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = spring::routes::other_paths(state, asked, caller, path) {
        return done;
    }
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
        && let Some(done) = spring::routes::answer(state, asked, caller, collection, id)
    {
        return done;
    }
    let done = match served.arguments.as_slice() {
        [] if is_batch => Some(batch::synchronous(state, asked, caller, served.path)),
        [] if asked.method == "POST" && served.path.ends_with("/retrieve") => {
            lists::retrieve(state, asked, caller, served.path)
        }
        [] => routes()
            .collection(served.path)
            .map(|collection| match asked.method.as_str() {
                "GET" => lists::list(state, asked, caller, collection, effect),
                "POST" => write::create(state, asked, caller, collection),
                "DELETE" => deletion::many(state, asked, caller, collection),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        [id] => served
            .path
            .rsplit_once('/')
            .and_then(|(above, _)| routes().collection(above))
            .map(|collection| match asked.method.as_str() {
                "GET" => lists::read(state, caller, collection, id),
                "PUT" => write::update(state, asked, caller, collection, id),
                "DELETE" => deletion::one(state, caller, collection, id),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        _ => None,
    };
    done.unwrap_or_else(|| Ok(not_implemented(asked, served.module)))
}
