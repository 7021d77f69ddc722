//! `POST /…-storage/batch/synchronous`: all records or none. An existing record is replaced only
//! with `upsert=true` and its `_version`.

use http::StatusCode;
use serde_json::Value;

use crate::collections::write::{insert, read_value, replace};
use crate::collections::{effects, hrid};
use crate::facts::constraints::Verb;
use crate::facts::documents::{routes, stored_at};
use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// How many HRIDs PostgreSQL gives in one statement.
const MOST_HRIDS: usize = 1_663;

pub(crate) fn synchronous(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> HandlerResult {
    if let Some(response) = rmb::wrong_content_type(request) {
        return Ok(response);
    }
    let body = match jackson::parse(&request.body) {
        Ok(Value::Object(body)) => body,
        Ok(_) => {
            return Ok(HttpResponse::bad_request(
                "HV000116: The object to be validated must not be null.",
            ));
        }
        Err(response) => return Ok(response),
    };
    let module = path.split('/').nth(1).unwrap_or_default();
    let listed = |items: &str| routes().listed(module, items).is_some();
    if let Some(unknown) = body.keys().find(|items| !listed(items)) {
        return Ok(unknown_list(module, unknown));
    }
    let found = body.iter().find_map(|(items, records)| {
        let collection = routes().listed(module, items)?;
        Some((collection, records.as_array()?))
    });
    let Some((collection, records)) = found else {
        // An object without the list is an empty list.
        return Ok(HttpResponse::empty(StatusCode::CREATED));
    };
    let is_unsafe = path.ends_with("-unsafe");
    let kind = state.kind(&collection.path);
    let mut read = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
        let stored = state
            .store
            .get(&caller.tenant, stored_at(&collection.path), id)?;
        match read_value(collection, kind, record, stored.as_ref()) {
            Ok(record) => read.push(record),
            Err(response) => return Ok(in_list(response, &collection.items, index)),
        }
    }
    if is_unsafe && !state.suppress_locking {
        // So it is: the status of a body that is too large for a variable that is not set.
        return Ok(HttpResponse::text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "DB_ALLOW_SUPPRESS_OPTIMISTIC_LOCKING environment variable doesn't allow to disable optimistic locking",
        ));
    }
    if read.len() > state.max_batch {
        let text = format!(
            "Expected a maximum of {} records to prevent out of memory but got {}",
            state.max_batch,
            read.len()
        );
        return Ok(HttpResponse::text(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    let without = read
        .iter()
        .filter(|record| record.get("hrid").is_none_or(Value::is_null))
        .count();
    if without > MOST_HRIDS && collection.has_field("hrid") {
        return Ok(HttpResponse::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERROR: target lists can have at most 1664 entries (54011)",
        ));
    }
    let path = stored_at(&collection.path);
    // Also the records that exist get an HRID where they have none: a new one.
    for record in &mut read {
        hrid::give_hrid(&state.store, &caller.tenant, path, record)?;
    }
    let upsert = is_unsafe || request.parameter("upsert") == Some("true");
    // The work needs the store and the rest of the state; the store is put back at once.
    state_all_or_nothing(state, |state| {
        for mut record in read {
            let id = record.get("id").and_then(Value::as_str).map(str::to_owned);
            let stored = match &id {
                Some(id) if upsert => state.store.get(&caller.tenant, path, id)?,
                _ => None,
            };
            let done = match (&id, stored) {
                (Some(id), Some(stored)) => {
                    if is_unsafe {
                        let version = stored.get("_version").cloned().unwrap_or_default();
                        record.insert("_version".into(), version);
                    }
                    replace(state, caller, collection, Verb::Batch, id, record, &stored)?
                        .map(|_| ())
                }
                _ => insert(state, caller, collection, Verb::Batch, record)?.map(|_| ()),
            };
            if let Err(response) = done {
                return Ok(Err(response));
            }
        }
        Ok(Ok(()))
    })
    .map(|done| match done {
        Ok(()) => HttpResponse::empty(StatusCode::CREATED),
        Err(response) => response,
    })
}

/// Jackson's error for a body with another list than that of the module.
fn unknown_list(module: &str, name: &str) -> HttpResponse {
    let (class, known) = match module {
        "holdings-storage" => ("HoldingsrecordsPost", "holdingsRecords"),
        "item-storage" => ("ItemsPost", "items"),
        _ => ("InstancesPost", "instances"),
    };
    let class = format!("org.folio.rest.jaxrs.model.{class}");
    let message = format!(
        "Unrecognized field {name:?} (class {class}), not marked as ignorable (one known property: {known:?}){} (through reference chain: {class}[{name:?}])",
        jackson::SOURCE
    );
    rmb::violations(&[rmb::error(&message, "-1", "1", &[("", "")])])
}

/// The violations of a record, with its place in the list.
fn in_list(response: HttpResponse, items: &str, index: usize) -> HttpResponse {
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return response;
    };
    let errors = body.get("errors").and_then(Value::as_array);
    let placed: Vec<Value> = errors
        .into_iter()
        .flatten()
        .cloned()
        .map(|mut error| {
            let is_violation = error
                .get("code")
                .and_then(Value::as_str)
                .is_some_and(|code| code.starts_with("jakarta.validation"));
            if is_violation
                && let Some(key) = error.pointer_mut("/parameters/0/key")
                && let Some(path) = key.as_str()
            {
                *key = format!("{items}[{index}].{path}").into();
            }
            error
        })
        .collect();
    if placed.is_empty() {
        return response;
    }
    rmb::violations(&placed)
}

fn state_all_or_nothing(
    state: &mut State,
    work: impl FnOnce(&State) -> effects::Outcome<()>,
) -> effects::Outcome<()> {
    state.store.begin()?;
    let done = work(state);
    state.store.end(matches!(done, Ok(Ok(()))))?;
    done
}
