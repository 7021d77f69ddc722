//! Routes requests to the Spring modules.

use http::StatusCode;

use crate::facts::documents::Collection;
use crate::modules::spring::facts::Dialect;
use crate::modules::spring::kinds::KINDS;
use crate::modules::spring::records::Spring;
use crate::modules::spring::{note_links, openings};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// The response of a module that is known here; none of others.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    collection: &Collection,
    id: Option<&str>,
) -> Option<HandlerResult> {
    let facts = KINDS.iter().find(|facts| facts.path == collection.path)?;
    let spring = Spring {
        facts,
        collection,
        caller,
    };
    let accept = request.header("accept").unwrap_or("*/*");
    let json = accept.contains("json") || accept.contains("*/*");
    if !json && !accept.contains("text/plain") && facts.dialect != Dialect::Calendar {
        return Some(Ok(HttpResponse::empty(StatusCode::NOT_ACCEPTABLE)));
    }
    let is_calendar = facts.dialect == Dialect::Calendar;
    let done = match (request.method.as_str(), id) {
        ("GET", None) if is_calendar => spring.calendars(state, request),
        ("POST", None) if is_calendar => spring.create_calendar(state, request),
        ("DELETE", None) if is_calendar => spring.delete_calendars(state, request),
        ("PUT", Some(id)) if is_calendar => spring.update_calendar(state, request, id),
        ("GET", None) => spring.list(state, request),
        ("POST", None) => spring.create(state, request),
        ("GET", Some(id)) => spring.read(state, id),
        ("PUT", Some(id)) => spring.update(state, request, id),
        ("DELETE", Some(id)) => spring.delete(state, id),
        _ => return None,
    };
    Some(done.map(|response| {
        // It is done, and then the response cannot be written as text.
        if !json && facts.dialect != Dialect::Calendar && !response.body.is_empty() {
            return HttpResponse::empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        response
    }))
}

/// The response to a path of these modules other than a collection or its records; none for other
/// paths.
pub(crate) fn other_paths(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    openings::respond(state, request, caller, path)
        .or_else(|| note_links::respond(state, request, caller, path))
}
