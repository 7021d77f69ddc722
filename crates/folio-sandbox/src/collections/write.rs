//! POST and PUT of a record.

use http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::collections::effects::{self, Outcome};
use crate::collections::{acquisitions, hrid, loan_history};
use crate::facts::constraints::Verb;
use crate::facts::documents::{Collection, routes, stored_at};
use crate::facts::kinds::{Case, LocationForm, Placeholders, RecordKind};
use crate::facts::tables::tables;
use crate::jackson::{self, Reader};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::value::uuid::{is_uuid, is_versioned_uuid};
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// The JSON of a request, read as a record of a collection.
pub(crate) fn read(
    request: &HttpRequest,
    collection: &Collection,
    kind: &RecordKind,
    known: Option<&Value>,
) -> Result<(Map<String, Value>, Value), HttpResponse> {
    if let Some(response) = rmb::wrong_content_type(request) {
        return Err(response);
    }
    let value = jackson::parse(&request.body)?;
    let record = read_value(collection, kind, &value, known)?;
    Ok((record, value))
}

/// A value, read as a record of a collection.
pub(crate) fn read_value(
    collection: &Collection,
    kind: &RecordKind,
    value: &Value,
    known: Option<&Value>,
) -> Result<Map<String, Value>, HttpResponse> {
    let Some((document, schema)) = &collection.schema else {
        return match value {
            Value::Object(fields) => Ok(fields.clone()),
            _ => Err(HttpResponse::bad_request("expected an object")),
        };
    };
    let mut reader = Reader {
        routes: routes(),
        keeps_unknown: kind.keeps_unknown,
        money: collection.module == "mod-feesfines",
        spring: collection.spring,
        unbounded: &kind.unbounded,
        violations: Vec::new(),
    };
    let class = kind.class.as_deref().unwrap_or(&collection.class);
    // The server sets the metadata and ignores sent values.
    let value = match value {
        Value::Object(fields)
            if fields.contains_key("metadata") && collection.has_field("metadata") =>
        {
            let mut fields = fields.clone();
            fields.remove("metadata");
            Value::Object(fields)
        }
        other => other.clone(),
    };
    let mut record = reader.record(document, schema, class, &value, known)?;
    for (name, default) in kind.defaults.iter().filter(|_| known.is_none()) {
        if !record.contains_key(name) {
            record.insert(name.clone(), default.clone());
        }
    }
    Ok(record)
}

/// The id of a record before it is stored: its own or a new one, or the reason why its own is
/// invalid.
fn own_id(
    collection: &Collection,
    kind: &RecordKind,
    record: &Map<String, Value>,
) -> Result<String, HttpResponse> {
    let Some(id) = record
        .get("id")
        .and_then(Value::as_str)
        .filter(|_| !collection.spring)
    else {
        if let Some(case) = kind.case("post no id") {
            return Err(case.response(Placeholders::default(), "must not be null"));
        }
        // Spring modules ignore the id that a client sends.
        return Ok(uuid::Uuid::new_v4().to_string());
    };
    let given = Placeholders::of_id(id);
    let case = if id.is_empty() {
        if kind.case("post id empty").is_some_and(Case::is_success) {
            return Ok(uuid::Uuid::new_v4().to_string());
        }
        kind.case("post id empty")
            .or_else(|| kind.case("post id invalid"))
    } else if !is_uuid(id) {
        kind.case("post id invalid")
    } else if !is_versioned_uuid(id) {
        return match kind
            .case("post id version 0")
            .filter(|case| !case.is_success())
        {
            Some(case) => Err(case.response(given, rmb::INVALID_UUID)),
            None => Ok(id.to_owned()),
        };
    } else {
        return Ok(id.to_owned());
    };
    match case.filter(|case| !case.is_success()) {
        Some(case) => Err(case.response(given, &format!("Invalid UUID string: {id}"))),
        // Kinds whose ids are not UUIDs, and kinds without recordings.
        None if !collection.has_field("id") => Ok(id.to_owned()),
        None => Err(HttpResponse::bad_request(format!(
            "Invalid UUID string: {id}"
        ))),
    }
}

/// PostgreSQL's JSON has no NUL.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(fields) => fields.values().any(has_nul),
        _ => false,
    }
}

/// Checks a new record and stores it.
pub(crate) fn insert(
    state: &State,
    caller: &Caller,
    collection: &Collection,
    verb: Verb,
    mut record: Map<String, Value>,
) -> Outcome<(String, Value)> {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let id = match own_id(collection, kind, &record) {
        Ok(id) => id,
        Err(response) => return Ok(Err(response)),
    };
    record.insert("id".into(), id.to_ascii_lowercase().into());
    hrid::give_hrid(&state.store, &caller.tenant, path, &mut record)?;
    if let Err(response) = effects::before_create(&state.store, &caller.tenant, path, &mut record)?
    {
        return Ok(Err(response));
    }
    if let Some(response) =
        acquisitions::before_create(&state.store, &caller.tenant, path, &mut record)?
    {
        return Ok(Err(response));
    }
    effects::set_metadata(collection, &caller.user, &mut record, None);
    if collection.locking && !kind.no_locking {
        record.insert("_version".into(), 1.into());
    }
    let record = Value::Object(record);
    if has_nul(&record) {
        return Ok(Err(HttpResponse::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERROR: unsupported Unicode escape sequence (22P05)",
        )));
    }
    let table = tables().of(path);
    if let Some(table) = table
        && let Some(missing) = state.store.missing(&caller.tenant, table, &record)?
        && missing.is_found_first(kind, verb)
    {
        let declares = collection.declares_422;
        return Ok(Err(missing.response(kind, table, verb, &id, declares)));
    }
    if state.store.has(&caller.tenant, path, &id)? {
        let name = table.map_or_else(
            || path.trim_start_matches('/').replace(['/', '-'], "_"),
            |table| table.name.clone(),
        );
        let message = format!("id value already exists in table {name}: {id}");
        let name_of_record = text_at(&record, "name").unwrap_or_default();
        let given = Placeholders {
            id: &id,
            value: &id,
            folded: &id,
            name: &name_of_record,
        };
        let case = kind
            .case("post id taken")
            .filter(|case| verb != Verb::Batch && !case.is_success());
        return Ok(Err(match case {
            Some(case) => case.response(given, &message),
            None if collection.declares_422 || verb == Verb::Batch => rmb::errors(
                StatusCode::UNPROCESSABLE_ENTITY,
                &[rmb::error(&message, "-1", "1", &[("id", &id)])],
            ),
            None => HttpResponse::bad_request(message),
        }));
    }
    let declares = collection.declares_422 || verb == Verb::Batch;
    if let Some(response) = violated(state, caller, collection, &id, &record, (verb, declares))? {
        return Ok(Err(response));
    }
    state.store.write(&caller.tenant, path, &id, &record)?;
    loan_history::after_write(&state.store, &caller.tenant, path, "I", &record)?;
    acquisitions::after_write(&state.store, &caller.tenant, path, &record, &caller.user)?;
    Ok(Ok((id, record)))
}

/// The response where a unique value is taken, or a reference leads nowhere.
fn violated(
    state: &State,
    caller: &Caller,
    collection: &Collection,
    id: &str,
    record: &Value,
    (verb, declares_422): (Verb, bool),
) -> rusqlite::Result<Option<HttpResponse>> {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let Some(table) = tables().of(path) else {
        return Ok(None);
    };
    let tenant = &caller.tenant;
    if let Some(duplicate) = state.store.taken(tenant, path, table, id, record)? {
        return Ok(Some(duplicate.response(kind, verb, id, declares_422)));
    }
    let dangling = state.store.missing(tenant, table, record)?;
    Ok(dangling.map(|dangling| dangling.response(kind, table, verb, id, declares_422)))
}

/// `POST` of a record.
pub(crate) fn create(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    collection: &Collection,
) -> HandlerResult {
    let kind = state.kind(&collection.path);
    let (record, sent) = match read(request, collection, kind, None) {
        Ok(read) => read,
        Err(response) => return Ok(response),
    };
    let (id, mut record) = match insert(state, caller, collection, Verb::Post, record)? {
        Ok(stored) => stored,
        Err(response) => return Ok(response),
    };
    if collection.module == "mod-settings" {
        return Ok(HttpResponse::empty(StatusCode::NO_CONTENT));
    }
    if let Some(fields) = record.as_object_mut() {
        // A list that was null on purpose is empty only when it is read again.
        fields.retain(|name, value| {
            !kind.omitted.contains(name)
                && (!kind.null_lists_omitted
                    || sent.get(name) != Some(&Value::Null)
                    || value.as_array().is_none_or(|list| !list.is_empty()))
        });
    }
    let response = rmb::json_ordered(StatusCode::CREATED, &record, &kind.order);
    Ok(match &kind.location {
        LocationForm::None => response,
        LocationForm::Form(form) => {
            let form = form.replace("{path}", &collection.path);
            response.with_header(header::LOCATION, &form.replace("{id}", &id))
        }
        LocationForm::Unknown if collection.spring => response,
        LocationForm::Unknown => {
            response.with_header(header::LOCATION, &format!("{}/{id}", collection.path))
        }
    })
}

/// Checks a record and stores it in place of another.
pub(crate) fn replace(
    state: &State,
    caller: &Caller,
    collection: &Collection,
    verb: Verb,
    id: &str,
    mut record: Map<String, Value>,
    stored: &Value,
) -> Outcome<Value> {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let id = stored
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or(id)
        .to_owned();
    record.insert("id".into(), id.clone().into());
    if verb == Verb::Put
        && let Some(response) = hrid::changed_hrid(path, &record, stored)
    {
        return Ok(Err(response));
    }
    if let Err(response) =
        effects::before_update(&state.store, &caller.tenant, path, &mut record, stored)?
    {
        return Ok(Err(response));
    }
    acquisitions::before_update(path, &mut record, stored);
    effects::set_metadata(collection, &caller.user, &mut record, Some(stored));
    if collection.locking && !kind.no_locking {
        if let Some(response) = effects::stale(&id, &record, stored) {
            return Ok(Err(response));
        }
        let version = stored.get("_version").and_then(Value::as_i64);
        record.insert("_version".into(), (version.unwrap_or_default() + 1).into());
    }
    let record = Value::Object(record);
    let declares = verb == Verb::Batch;
    if let Some(response) = violated(state, caller, collection, &id, &record, (verb, declares))? {
        return Ok(Err(response));
    }
    state.store.write(&caller.tenant, path, &id, &record)?;
    loan_history::after_write(&state.store, &caller.tenant, path, "U", &record)?;
    effects::after_update(&state.store, &caller.tenant, path, &record, stored)?;
    acquisitions::after_write(&state.store, &caller.tenant, path, &record, &caller.user)?;
    Ok(Ok(record))
}

/// `PUT` of a record.
pub(crate) fn update(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    collection: &Collection,
    id: &str,
) -> HandlerResult {
    let path = stored_at(&collection.path);
    let kind = state.kind(&collection.path);
    let stored = state.store.get(&caller.tenant, path, id)?;
    let (record, sent) = match read(request, collection, kind, stored.as_ref()) {
        Ok(read) => read,
        Err(response) => return Ok(response),
    };
    let given = Placeholders::of_id(id);
    if let Some(case) = kind.case("put invalid").filter(|case| !case.is_success())
        && (!is_uuid(id) || case.is_by_pattern() && !is_versioned_uuid(id))
    {
        return Ok(case.response(given, rmb::INVALID_UUID));
    }
    let own = record.get("id").and_then(Value::as_str);
    let case = match own {
        None => kind.case("put no id"),
        Some(own) if !own.eq_ignore_ascii_case(id) => kind.case("put other id"),
        Some(_) => None,
    };
    if let Some(case) = case.filter(|case| !case.is_success()) {
        return Ok(case.response(given, "The id in the path and the body differ"));
    }
    let Some(stored) = stored else {
        if kind.put_stores {
            let mut record = record;
            record.insert("id".into(), id.into());
            return Ok(
                match insert(state, caller, collection, Verb::Put, record)? {
                    Ok(_) => HttpResponse::empty(StatusCode::NO_CONTENT),
                    Err(response) => response,
                },
            );
        }
        return Ok(match kind.case("put absent") {
            // Some modules report success, and store nothing.
            Some(case) => case.response(given, "Not found"),
            None => crate::collections::lists::not_found(),
        });
    };
    Ok(
        match replace(state, caller, collection, Verb::Put, id, record, &stored)? {
            // The record as it was sent.
            Ok(_) if kind.put_returns => {
                let mut sent = sent;
                if let Some(fields) = sent.as_object_mut() {
                    fields.remove("metadata");
                }
                rmb::json_ordered(StatusCode::OK, &sent, &kind.order)
            }
            Ok(_) => HttpResponse::empty(StatusCode::NO_CONTENT),
            Err(response) => response,
        },
    )
}
