//! `POST /circulation/requests/instances`: a request of the first available item of an instance. It
//! is not recorded: it follows the sources.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::HOLDINGS;
use crate::modules::circulation::blocks::Overrides;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::Loan;
use crate::modules::circulation::queue::Queue;
use crate::modules::circulation::requests::{create, stored, validate};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, Stop, ValidationError, body, failed, filled, shown};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// The kinds in the order in which they are tried.
const KINDS: [&str; 3] = ["Page", "Recall", "Hold"];

/// Fields that each try has from the request.
const TAKEN: [&str; 6] = [
    "requestDate",
    "requesterId",
    "pickupServicePointId",
    "requestExpirationDate",
    "patronComments",
    "instanceId",
];

pub(crate) fn respond(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let (titles, _) = library.title_level()?;
    let tries = if titles {
        of_title(&fields)
    } else {
        of_items(library, &fields)?
    };
    let mut reasons = Vec::new();
    for request in tries {
        let placed = validate::read(library, request, true);
        let placed =
            placed.and_then(|placed| create::place(library, placed, &Overrides::of(None), true));
        match placed {
            Ok(request) => {
                let request = stored::shown(library, &request, false)?;
                return Ok(shown(StatusCode::CREATED, &request, &stored::ORDER));
            }
            Err(Stop::Response(response)) => reasons.push(reason(&response)),
            Err(Stop::Store(error)) => return Err(error.into()),
        }
    }
    // The separator is an unapplied format string.
    Ok(failed(format!(
        "Failed to place a request for the instance. Reasons: \n{}",
        reasons.join("%n")
    )))
}

/// A rejection as Java writes it.
fn reason(response: &HttpResponse) -> String {
    let told: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let Some(errors) = told.get("errors").and_then(Value::as_array) else {
        return String::from_utf8_lossy(&response.body).into_owned();
    };
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        _ => "null".to_owned(),
    };
    let errors: Vec<String> = errors
        .iter()
        .map(|error| {
            let parameters = error.get("parameters").and_then(Value::as_array);
            let parameters: Vec<String> = parameters
                .into_iter()
                .flatten()
                .map(|parameter| {
                    let (key, value) = (parameter.get("key"), parameter.get("value"));
                    format!("key: {}, value: {}", text(key), text(value))
                })
                .collect();
            format!(
                "reason: \"{}\", parameters: {}",
                text(error.get("message")),
                parameters.join("%n")
            )
        })
        .collect();
    format!("validation failure:\n{}", errors.join("%n"))
}

fn of_title(fields: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let each = |kind: &str| {
        let mut request = fields.clone();
        request.insert("requestType".into(), kind.into());
        request.insert("requestLevel".into(), "Title".into());
        request.insert("fulfillmentPreference".into(), "Hold Shelf".into());
        request
    };
    KINDS.into_iter().map(each).collect()
}

/// Requests of the items of an instance: of those that are there first, then of those with the
/// shortest queues.
fn of_items(library: &Library<'_>, fields: &Map<String, Value>) -> Step<Vec<Map<String, Value>>> {
    for (name, what) in [
        ("requestDate", "a request date"),
        ("requesterId", "a requester id"),
        ("instanceId", "an instance id"),
    ] {
        if filled(fields, name).is_none() {
            return Err(
                ValidationError::new(format!("Request must have {what}"), name, None).into(),
            );
        }
    }
    let instance = filled(fields, "instanceId").unwrap_or_default();
    let requester = filled(fields, "requesterId").unwrap_or_default();
    if library
        .first(HOLDINGS, &exactly("instanceId", &instance))?
        .is_none()
    {
        let message = "There are no holdings for this instance";
        return Err(ValidationError::new(message, "holdingsRecords", Some("null")).into());
    }
    let items = Item::of_instance(library, &instance)?;
    if items.is_empty() {
        let message = "There are no items for this instance";
        return Err(ValidationError::new(message, "items", Some("empty")).into());
    }
    let pickup = filled(fields, "pickupServicePointId");
    let mut ranked = Vec::new();
    for item in items {
        let queue = Queue::of_item(library, &item.id())?;
        let own = queue
            .requests
            .iter()
            .any(|request| text_at(request, "requesterId").as_deref() == Some(requester.as_str()));
        if own {
            let message = "This requester already has an open request for an item of this instance";
            let item = item.id();
            let parameters = [
                ("requesterId", Some(requester.as_str())),
                ("itemId", Some(item.as_str())),
                ("instanceId", Some(instance.as_str())),
            ];
            return Err(ValidationError::with(message, &parameters).into());
        }
        let due = Loan::open_of(library, &item)?.and_then(|loan| loan.moment("dueDate"));
        let served = pickup.as_deref().is_some_and(|pickup| {
            let location = item.location.as_ref();
            location.is_some_and(|location| location.is_served_by(pickup))
        });
        let there = item.is("Available");
        let waiting = if there { 0 } else { queue.requests.len() };
        ranked.push(((!there, waiting, due.is_none(), due, !served), item));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut requests = Vec::new();
    for (_, item) in ranked {
        for kind in KINDS {
            let mut request = Map::new();
            for name in TAKEN {
                if let Some(value) = fields.get(name).filter(|value| !value.is_null()) {
                    request.insert(name.into(), value.clone());
                }
            }
            for (name, value) in [
                ("itemId", json!(item.id())),
                ("holdingsRecordId", json!(item.text("holdingsRecordId"))),
                ("requestType", kind.into()),
                ("requestLevel", "Item".into()),
                ("fulfillmentPreference", "Hold Shelf".into()),
            ] {
                request.insert(name.into(), value);
            }
            requests.push(request);
        }
    }
    Ok(requests)
}
