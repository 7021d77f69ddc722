//! Views of inventory that other modules read.

use http::StatusCode;
use serde_json::{Value, json};

use crate::collections::lists::{compiled, number};
use crate::facts::documents::routes;
use crate::facts::kinds::ListFacts;
use crate::facts::paths::{HOLDINGS, INSTANCES, ITEMS};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::store::{Failure, Page};
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb::RecordList;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    Some(match (request.method.as_str(), path) {
        ("GET", "/inventory-view/instances") => instances(state, request, caller),
        ("GET", "/oai-pmh-view/instances" | "/oai-pmh-view/updatedInstanceIds") => {
            objects(state, caller, |record| {
                json!({
                    "instanceid": record["id"], "updateddate": record["metadata"]["updatedDate"], "deleted": "false",
                    "itemsandholdingsfields": "",
                })
            })
        }
        ("GET", "/inventory-hierarchy/updated-instance-ids") => {
            if let Some(text) = request.parameter("startDate")
                && text.parse::<jiff::Timestamp>().is_err()
            {
                let said = format!(
                    "java.time.format.DateTimeParseException: Text '{text}' could not be parsed at index {}",
                    text.len()
                );
                return Some(Ok(HttpResponse::new(
                    StatusCode::BAD_REQUEST,
                    "application/json",
                    said,
                )));
            }
            let since = request
                .parameter("startDate")
                .and_then(|text| text.parse::<jiff::Timestamp>().ok());
            objects_since(state, caller, since, |record| {
                let date = record["metadata"]["updatedDate"]
                    .as_str()
                    .and_then(|date| date.get(..19))
                    .map(|date| format!("{date}Z"));
                json!({
                    "instanceId": record["id"], "source": record["source"], "updatedDate": date,
                    "suppressFromDiscovery": record["discoverySuppress"].as_bool().unwrap_or(false).to_string(), "deleted": "false",
                })
            })
        }
        _ => return None,
    })
}

/// Instances with their holdings and items.
fn instances(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let facts = ListFacts::default();
    let bounds = number(request, "offset", 0, &facts)
        .and_then(|offset| Ok((offset, number(request, "limit", 10, &facts)?)));
    let (offset, limit) = match bounds {
        Ok(bounds) => bounds,
        Err(response) => return Ok(response),
    };
    let query = match (request.parameter("query"), routes().collection(INSTANCES)) {
        (Some(text), Some(collection)) => match compiled(state, caller, collection, text)? {
            Ok(query) => Some((text, query)),
            Err(error) => return Ok(HttpResponse::bad_request(format!("{error}: {text}"))),
        },
        _ => None,
    };
    let size = |n: i64| usize::try_from(n).unwrap_or_default();
    let page = Page {
        query: query.as_ref().map(|(_, query)| query),
        offset: size(offset),
        limit: size(limit),
    };
    let (records, total) = match state.store.list(&caller.tenant, INSTANCES, &page) {
        Ok(found) => found,
        Err(Failure::Store(error)) => return Err(error),
        Err(Failure::Query(error)) => {
            let text = query.as_ref().map_or("", |(text, _)| text);
            return Ok(HttpResponse::bad_request(format!("{error}: {text}")));
        }
    };
    let below = |path: &str, field: &str, record: &Value| {
        let id = text_at(record, "id").unwrap_or_default();
        state.store.with(&caller.tenant, path, field, &id)
    };
    let mut views = Vec::with_capacity(records.len());
    for instance in records {
        let own = below(HOLDINGS, "instanceId", &instance)?;
        let mut items = Vec::new();
        for holdings in &own {
            items.extend(below(ITEMS, "holdingsRecordId", holdings)?);
        }
        views.push(json!({
            "instanceId": instance["id"], "isBoundWith": false, "instance": instance, "holdingsRecords": own, "items": items,
        }));
    }
    Ok(RecordList::streamed("instances", &views, total).response())
}

fn objects(state: &State, caller: &Caller, view: impl Fn(&Value) -> Value) -> HandlerResult {
    objects_since(state, caller, None, view)
}

/// Objects one after the other, with nothing between them.
fn objects_since(
    state: &State,
    caller: &Caller,
    since: Option<jiff::Timestamp>,
    view: impl Fn(&Value) -> Value,
) -> HandlerResult {
    let records = state.store.all(&caller.tenant, INSTANCES)?;
    let body: String = records
        .iter()
        .filter(|record| {
            let updated = text_at(record, "metadata.updatedDate")
                .and_then(|date| date.parse::<jiff::Timestamp>().ok());
            since.is_none_or(|since| updated.is_some_and(|updated| updated >= since))
        })
        .map(|record| view(record).to_string())
        .collect();
    Ok(HttpResponse::new(StatusCode::OK, "application/json", body))
}
