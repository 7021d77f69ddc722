//! `/circulation/requests/queue`: the requests for an item or an instance, and their order.

use serde_json::Value;

use crate::modules::circulation::queue::{NOT_YET_FILLED, Queue, is_status, is_type, position};
use crate::modules::circulation::requests::stored;
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, absent, body, failed, list};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

fn queue(library: &Library<'_>, of: &str, id: &str) -> Step<Queue> {
    match of {
        "instance" => Queue::of_instance(library, id),
        _ => Queue::of_item(library, id),
    }
}

fn listed(library: &Library<'_>, queue: &Queue) -> Step<HttpResponse> {
    let mut shown = Vec::new();
    for request in &queue.requests {
        shown.push(stored::shown(library, request, true)?);
    }
    Ok(list("requests", &shown, &stored::ORDER, shown.len()))
}

pub(crate) fn read(library: &Library<'_>, of: &str, id: &str) -> Step<HttpResponse> {
    listed(library, &queue(library, of, id)?)
}

/// `POST …/reorder`.
pub(crate) fn reorder(
    library: &Library<'_>,
    http_request: &HttpRequest,
    of: &str,
    id: &str,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let wanted: Vec<(String, i64)> = fields
        .get("reorderedQueue")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|entry| {
            let place = entry.get("newPosition").and_then(Value::as_i64);
            Some((text_at(entry, "id").unwrap_or_default(), place?))
        })
        .collect::<Option<_>>()
        // Without a position there is nothing to compare; the text is not recorded.
        .ok_or_else(|| failed("java.lang.NullPointerException"))?;
    let (titles, _) = library.title_level()?;
    if (of == "instance") != titles {
        let (word, key) = match of {
            "instance" => ("DISABLED", "instanceId"),
            _ => ("ENABLED", "itemId"),
        };
        return Err(ValidationError::new(
            format!("Refuse to reorder request queue, TLR feature status is {word}."),
            key,
            Some(id),
        )
        .into());
    }
    let mut queue = queue(library, of, id)?;
    if queue.requests.is_empty() {
        let kind = if of == "instance" { "Instance" } else { "Item" };
        return Err(absent(kind, id).into());
    }
    let mut places: Vec<i64> = wanted.iter().map(|(_, place)| *place).collect();
    places.sort_unstable();
    if places
        .iter()
        .zip(1..)
        .any(|(place, wanted)| *place != wanted)
    {
        return Err(at("Positions must have sequential order.").into());
    }
    let place_of = |request: &Value| {
        let id = text_at(request, "id");
        wanted
            .iter()
            .find(|(known, _)| Some(known) == id.as_ref())
            .map(|(_, place)| *place)
    };
    if wanted.len() != queue.requests.len()
        || queue
            .requests
            .iter()
            .any(|request| place_of(request).is_none())
    {
        return Err(ValidationError::of_nothing(
            "There is inconsistency between provided reordered queue and existing queue.",
        )
        .into());
    }
    check_tops(&queue, of, &place_of)?;
    for request in &mut queue.requests {
        if let Some(place) = place_of(request) {
            request["position"] = place.into();
        }
    }
    queue.requests.sort_by_key(position);
    queue.store_positions(library)?;
    listed(library, &self::queue(library, of, id)?)
}

fn at(message: &str) -> ValidationError {
    ValidationError::new(message, "newPosition", None)
}

/// Requests whose filling has started keep their position, and so do page requests of an item.
fn check_tops(queue: &Queue, of: &str, place: &dyn Fn(&Value) -> Option<i64>) -> Step<()> {
    let begun = |request: &&Value| !is_status(request, NOT_YET_FILLED);
    if of == "instance" {
        let mut places: Vec<i64> = queue
            .requests
            .iter()
            .filter(begun)
            .filter_map(place)
            .collect();
        places.sort_unstable();
        if places
            .iter()
            .zip(1..)
            .any(|(place, wanted)| *place != wanted)
        {
            return Err(at(
                "Requests can not be displaced from top positions when fulfillment begun.",
            )
            .into());
        }
        return Ok(());
    }
    let displaced = |request: &Value| place(request) != Some(1);
    if queue
        .requests
        .iter()
        .any(|request| is_type(request, "Page") && displaced(request))
    {
        return Err(at("Page requests can not be displaced from position 1.").into());
    }
    if queue.requests.iter().filter(begun).any(displaced) {
        return Err(
            at("Requests can not be displaced from position 1 when fulfillment begun.").into(),
        );
    }
    Ok(())
}
