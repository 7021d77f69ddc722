//! Instances with their holdings and items, page by page.

use http::StatusCode;
use serde_json::{Value, json};

use crate::collections::lists::{compiled, number};
use crate::facts::documents::routes;
use crate::facts::kinds::ListFacts;
use crate::facts::paths::{HOLDINGS, INSTANCES, ITEMS};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    (request.method == "GET" && path == "/inventory-view/instance-set").then(|| match instance_set(
        state, request, caller,
    ) {
        Ok(done) => done,
        Err(response) => Ok(response),
    })
}

/// Instances with the requested parts, by id unless the query has an order.
fn instance_set(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
) -> Result<HandlerResult, HttpResponse> {
    let facts = ListFacts::default();
    let offset = number(request, "offset", 0, &facts)?;
    // The default is 0, which is not allowed.
    let limit = request.parameter("limit").unwrap_or("0");
    let bound = match limit.parse::<i32>() {
        Ok(number) if number >= 1 => usize::try_from(number).unwrap_or_default(),
        Ok(_) => {
            return Err(HttpResponse::bad_request(format!(
                "\n 'limit' parameter is incorrect. parameter value {{{limit}}} is not valid: must be greater than or equal to 1"
            )));
        }
        Err(_) => {
            return Err(HttpResponse::bad_request(format!(
                "For input string: {}",
                json!(limit)
            )));
        }
    };
    let mut records = match state.store.all(&caller.tenant, INSTANCES) {
        Ok(records) => records,
        Err(error) => return Ok(Err(error)),
    };
    let Some(collection) = routes().collection(INSTANCES) else {
        return Ok(Ok(no_module()));
    };
    if let Some(text) = request.parameter("query") {
        let query = match compiled(state, caller, collection, text) {
            Ok(Ok(query)) => query,
            Ok(Err(error)) => return Err(HttpResponse::bad_request(error.to_string())),
            Err(error) => return Ok(Err(error)),
        };
        query.select(&mut records);
    }
    let wants = |name: &str| request.parameter(name) == Some("true");
    let page = records
        .iter()
        .skip(usize::try_from(offset).unwrap_or_default())
        .take(bound);
    let mut rows = Vec::new();
    for instance in page {
        let id = text_at(instance, "id").unwrap_or_default();
        let mut row = format!("{{\"id\": {}", json!(id));
        if wants("instance") {
            row.push_str(&format!(",\n\"instance\": {instance}"));
        }
        if wants("holdingsRecords") || wants("items") {
            let (holdings, items) = match below(state, caller, &id) {
                Ok(below) => below,
                Err(error) => return Ok(Err(error)),
            };
            if wants("holdingsRecords") {
                row.push_str(&format!(",\n\"holdingsRecords\": {}", json!(holdings)));
            }
            if wants("items") {
                row.push_str(&format!(",\n\"items\": {}", json!(items)));
            }
        }
        row.push('}');
        rows.push(row);
    }
    let body = format!("{{\"instanceSets\":[\n{}\n]}}", rows.join(",\n"));
    Ok(Ok(HttpResponse::new(
        StatusCode::OK,
        "application/json",
        body,
    )))
}

/// The holdings of an instance, and their items.
fn below(
    state: &State,
    caller: &Caller,
    instance: &str,
) -> rusqlite::Result<(Vec<Value>, Vec<Value>)> {
    let with = |path, field, id: &str| state.store.with(&caller.tenant, path, field, id);
    let holdings = with(HOLDINGS, "instanceId", instance)?;
    let mut items = Vec::new();
    for one in &holdings {
        let id = text_at(one, "id").unwrap_or_default();
        items.extend(with(ITEMS, "holdingsRecordId", &id)?);
    }
    Ok((holdings, items))
}
