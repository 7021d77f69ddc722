//! DELETE of a record, and of a whole collection.

use http::StatusCode;
use serde_json::Value;

use crate::collections::lists::compiled;
use crate::collections::{acquisitions, effects, loan_history};
use crate::facts::constraints::{Deleted, still_referred};
use crate::facts::documents::{Collection, routes, stored_at, unlisted};
use crate::facts::kinds::{DeleteAll, Placeholders, RecordKind};
use crate::facts::tables::tables;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::store::{Failure, Page};
use crate::value::uuid::{is_uuid, is_versioned_uuid};
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;
use crate::wire::rmb;

/// `DELETE` of a record.
pub(crate) fn one(
    state: &mut State,
    caller: &Caller,
    collection: &Collection,
    id: &str,
) -> HandlerResult {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let given = Placeholders::of_id(id);
    if let Some(case) = kind
        .case("delete invalid")
        .filter(|case| !case.is_success())
        && (!is_uuid(id) || case.is_by_pattern() && !is_versioned_uuid(id))
    {
        return Ok(case.response(given, rmb::INVALID_UUID));
    }
    if !state.store.has(&caller.tenant, path, id)? {
        return Ok(match kind.case("delete absent") {
            Some(case) => case.response(given, "Not found"),
            None => crate::collections::lists::not_found(),
        });
    }
    acquisitions::before_delete(&state.store, &caller.tenant, path, id)?;
    if let Some(table) = tables().of(path)
        && let Some((from, foreign)) = state.store.referred(&caller.tenant, table, id)?
    {
        return Ok(still_referred(
            kind,
            table,
            from,
            foreign,
            &id.to_ascii_lowercase(),
            Deleted::One,
        ));
    }
    if let Some(response) = effects::in_use(&state.store, &caller.tenant, path, kind, id)? {
        return Ok(response);
    }
    let stored = state.store.get(&caller.tenant, path, id)?;
    state.store.delete(&caller.tenant, path, id)?;
    if let Some(stored) = stored {
        loan_history::after_delete(&state.store, &caller.tenant, path, &stored)?;
    }
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}

/// `DELETE` of a whole collection: some modules take a query, some ignore it and delete all.
pub(crate) fn many(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    collection: &Collection,
) -> HandlerResult {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let mode = kind.delete.unwrap_or(DeleteAll::Query);
    let query = request.parameter("query");
    if mode == DeleteAll::OnlyRow && state.store.count(&caller.tenant, path)? != 1 {
        return Ok(HttpResponse::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "User-tenant table in member ECS tenant should contain 1 record",
        ));
    }
    let query = match (mode, query) {
        (DeleteAll::None, _) => return Ok(no_module()),
        (DeleteAll::All | DeleteAll::OnlyRow, _)
        | (DeleteAll::QueryOrAll | DeleteAll::EmptyToo, None) => None,
        (DeleteAll::EmptyToo, Some("")) => None,
        (DeleteAll::Query, None) => {
            return Ok(HttpResponse::bad_request(
                "Expected CQL but query parameter is empty",
            ));
        }
        (DeleteAll::Query, Some(text)) if text.trim().is_empty() => {
            return Ok(HttpResponse::bad_request(
                "Expected CQL but query parameter is empty",
            ));
        }
        (_, Some(text)) => match compiled(state, caller, collection, text)? {
            Ok(query) => Some(query),
            // mod-users does not state the reason.
            Err(_) if mode == DeleteAll::QueryOrAll => {
                return Ok(HttpResponse::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "null response from handler",
                ));
            }
            // mod-circulation-storage shows the message without RMB's class.
            Err(error) if mode == DeleteAll::EmptyToo => {
                let text = error.to_string();
                let plain = text
                    .split_once("QueryValidationException: ")
                    .map_or(text.as_str(), |(_, rest)| rest);
                return Ok(HttpResponse::bad_request(plain));
            }
            Err(error) => return Ok(HttpResponse::bad_request(error.to_string())),
        },
    };
    let page = Page {
        query: query.as_ref(),
        offset: 0,
        limit: usize::MAX,
    };
    let found = match state.store.list(&caller.tenant, path, &page) {
        Ok((found, _)) => found,
        Err(Failure::Store(error)) => return Err(error),
        Err(Failure::Query(error)) => return Ok(HttpResponse::bad_request(error.to_string())),
    };
    let whole = matches!(mode, DeleteAll::All | DeleteAll::OnlyRow);
    Ok(removed(state, caller, path, kind, &found, whole)?.unwrap_or_else(|response| response))
}

/// Whether `DELETE` of a path is one that a module has at its own port alone: there, it takes no
/// query.
pub(crate) fn is_at_port(state: &State, module: &str, path: &str) -> bool {
    unlisted(module).any(|(method, own)| method == "DELETE" && own == path)
        || state.kind(path).case("delete all").is_some()
}

/// Deletes a whole collection, regardless of the query.
pub(crate) fn many_at_port(state: &mut State, caller: &Caller, path: &str) -> HandlerResult {
    let path = stored_at(path);
    let kind = state.kind(path);
    if let Some(case) = kind.case("delete all") {
        return Ok(case.response(Placeholders::default(), ""));
    }
    if routes().collection(path).is_none() {
        let text = format!("The sandbox does not emulate DELETE {path}.");
        return Ok(HttpResponse::text(StatusCode::NOT_IMPLEMENTED, text));
    }
    let found = state.store.all(&caller.tenant, path)?;
    Ok(removed(state, caller, path, kind, &found, true)?.unwrap_or_else(|response| response))
}

/// Deletes records, or none of them where another record refers to one: a statement fails at the
/// first record that is referred to.
fn removed(
    state: &mut State,
    caller: &Caller,
    path: &str,
    kind: &RecordKind,
    found: &[Value],
    whole: bool,
) -> rusqlite::Result<Result<HttpResponse, HttpResponse>> {
    let ids: Vec<&str> = found
        .iter()
        .filter_map(|record| record.get("id").and_then(Value::as_str))
        .collect();
    if let Some(table) = tables().of(path) {
        for id in &ids {
            if let Some((from, foreign)) = state.store.referred(&caller.tenant, table, id)? {
                let how = if whole {
                    Deleted::Table
                } else {
                    Deleted::Query
                };
                return Ok(Err(still_referred(kind, table, from, foreign, id, how)));
            }
        }
    }
    state.store.all_or_nothing(|store| {
        for id in ids {
            store.delete(&caller.tenant, path, id)?;
        }
        Ok(Ok(HttpResponse::empty(StatusCode::NO_CONTENT)))
    })
}
