//! Routes the requests of mod-circulation to its files, and serves its lists.

use serde_json::Value;

use crate::collections::lists;
use crate::facts::documents::routes;
use crate::modules::circulation::renewal::{self, By};
use crate::modules::circulation::{
    actions, checkin, checkout, loan, loans, reports, requests, rules,
};
use crate::modules::library::Library;
use crate::modules::reply::{self, Step, Stop, failed, finished};
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// The response to a path of mod-circulation; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    http_request: &HttpRequest,
    caller: &Caller,
    path: &str,
    effect: Option<&Effect>,
) -> Option<HandlerResult> {
    if http_request.method == "GET"
        && matches!(path, "/circulation/loans" | "/circulation/requests")
    {
        return Some(listed(state, http_request, caller, path, effect));
    }
    let library = Library { state, caller };
    Some(finished(routed(&library, http_request, path)?))
}

fn routed(
    library: &Library<'_>,
    http_request: &HttpRequest,
    path: &str,
) -> Option<Step<HttpResponse>> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    Some(match (http_request.method.as_str(), segments.as_slice()) {
        ("POST", ["circulation", "check-out-by-barcode"]) => {
            checkout::respond(library, http_request)
        }
        ("POST", ["circulation", "check-in-by-barcode"]) => checkin::respond(library, http_request),
        ("POST", ["circulation", "renew-by-barcode"]) => {
            renewal::respond(library, http_request, By::Barcode)
        }
        ("POST", ["circulation", "renew-by-id"]) => renewal::respond(library, http_request, By::Id),
        ("POST", ["circulation", "end-patron-action-session"]) => {
            reports::end_sessions(library, http_request)
        }
        ("POST", ["circulation", "loans"]) => loans::create(library, http_request),
        ("GET", ["circulation", "loans", id]) => loans::read(library, id),
        ("PUT", ["circulation", "loans", id]) => loans::replace(library, http_request, id),
        ("DELETE", ["circulation", "loans", id]) => loans::delete(library, id),
        ("POST", ["circulation", "loans", id, action]) => {
            actions::respond(library, http_request, id, action)?
        }
        ("GET", ["circulation", "requests", "allowed-service-points"]) => {
            requests::allowed::respond(library, http_request)
        }
        ("POST", ["circulation", "requests"]) => requests::create::respond(library, http_request),
        ("POST", ["circulation", "requests", "instances"]) => {
            requests::instances::respond(library, http_request)
        }
        ("GET", ["circulation", "requests", id]) => requests::change::read(library, id),
        ("PUT", ["circulation", "requests", id]) => {
            requests::change::replace(library, http_request, id)
        }
        ("DELETE", ["circulation", "requests", id]) => requests::change::delete(library, id),
        ("POST", ["circulation", "requests", id, "move"]) => {
            requests::change::to_item(library, http_request, id)
        }
        (
            "GET",
            [
                "circulation",
                "requests",
                "queue",
                of @ ("item" | "instance"),
                id,
            ],
        ) => requests::queues::read(library, of, id),
        (
            "POST",
            [
                "circulation",
                "requests",
                "queue",
                of @ ("item" | "instance"),
                id,
                "reorder",
            ],
        ) => requests::queues::reorder(library, http_request, of, id),
        ("GET", ["circulation", "pick-slips", place]) => {
            reports::slips_of(library, place, "pickSlips")
        }
        ("GET", ["circulation", "search-slips", place]) => {
            reports::slips_of(library, place, "searchSlips")
        }
        (
            "GET",
            [
                "circulation",
                "requests-reports",
                "hold-shelf-clearance",
                place,
            ],
        ) => reports::hold_shelf_clearance(library, place),
        ("GET", ["inventory-reports", "items-in-transit"]) => reports::in_transit(library),
        ("POST", ["loan-anonymization", "by-user", user]) => reports::anonymize(library, user),
        ("GET", ["circulation", "rules"]) => rules::routes::read(library, false),
        ("PUT", ["circulation", "rules"]) => rules::routes::put(library, http_request),
        ("GET", ["circulation-rules-storage"]) => rules::routes::read(library, true),
        ("PUT", ["circulation-rules-storage"]) => rules::routes::put_stored(library, http_request),
        ("GET", ["circulation", "rules", last]) => {
            rules::routes::respond(library, http_request, last)?
        }
        _ => return None,
    })
}

/// A list: that of the storage module, each record with its referenced records.
fn listed(
    state: &mut State,
    http_request: &HttpRequest,
    caller: &Caller,
    path: &str,
    effect: Option<&Effect>,
) -> HandlerResult {
    let Some(collection) = routes().collection(path) else {
        return Ok(reply::not_emulated(&format!("GET {path}")));
    };
    let response = lists::list(state, http_request, caller, collection, effect)?;
    if !response.status.is_success() {
        return Ok(response);
    }
    let Ok(mut list) = serde_json::from_slice::<Value>(&response.body) else {
        return Ok(failed("the sandbox cannot read its own list"));
    };
    let library = Library { state, caller };
    let records = list
        .get_mut(&collection.items)
        .map(Value::take)
        .unwrap_or_default();
    let mut shown = Vec::new();
    for record in records.as_array().into_iter().flatten() {
        let extended = match path {
            _ if record.is_null() => Ok(Value::Null),
            "/circulation/loans" => loans::extended(&library, record),
            _ => requests::stored::shown(&library, record, true),
        };
        match extended {
            Ok(record) => shown.push(record),
            Err(Stop::Response(response)) => return Ok(*response),
            Err(Stop::Store(error)) => return Err(error),
        }
    }
    let total = list.get("totalRecords").and_then(Value::as_u64);
    let total = usize::try_from(total.unwrap_or_default()).unwrap_or_default();
    let order: &[&str] = match path {
        "/circulation/loans" => &loan::ORDER,
        _ => &requests::stored::ORDER,
    };
    Ok(reply::list(&collection.items, &shown, order, total))
}
