//! Common code of items, instances and holdings: responses, versions, access to storage.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::collections::lists;
use crate::facts::documents::{Collection, routes};
use crate::modules::library::Library;
use crate::modules::reply::{Step, Stop, shown};
use crate::value::java::bucket;
use crate::wire::message::{HttpRequest, HttpResponse};

/// Names as Java's set of them has them one after the other.
pub(super) fn in_set<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_by_key(|name| bucket(name, 32));
    names
}

/// Whether fields that a MARC record has would change.
pub(super) fn changes(fields: &[&str], old: &Value, new: &Value) -> bool {
    let filled = |record: &Value, name: &str| {
        let value = record.get(name).cloned().unwrap_or_default();
        let empty = value.as_array().is_some_and(Vec::is_empty);
        if empty { Value::Null } else { value }
    };
    fields
        .iter()
        .any(|name| filled(old, name) != filled(new, name))
}

pub(super) fn collection(path: &str) -> Step<&'static Collection> {
    routes().collection(path).ok_or_else(|| {
        crate::modules::reply::not_emulated(&format!("{path}, which its documents lack")).into()
    })
}

/// A rejection of the storage module, as mod-inventory passes it on: a text.
pub(super) fn passed_on(mut response: HttpResponse) -> HttpResponse {
    if !response.status.is_success() {
        response.headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("text/plain"),
        );
    }
    response
}

/// The same of a step.
pub(super) fn as_text<T>(step: Step<T>) -> Step<T> {
    step.map_err(|stop| match stop {
        Stop::Response(response) => passed_on(*response).into(),
        Stop::Store(error) => error.into(),
    })
}

pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> HttpResponse {
    HttpResponse::new(status, "text/plain", text.into())
}

/// 404, without a content type.
pub(super) fn absent(text: &str) -> HttpResponse {
    let mut response = HttpResponse::text(StatusCode::NOT_FOUND, text);
    response.headers.remove(header::CONTENT_TYPE);
    response
}

/// 422 with one error and its parameter.
pub(super) fn rejected(message: &str, key: Value, value: Value) -> HttpResponse {
    let errors =
        json!({"errors": [{"message": message, "parameters": [{"key": key, "value": value}]}]});
    let mut response = shown(StatusCode::UNPROCESSABLE_ENTITY, &errors, &[]);
    response.headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// The object in a request's body; if there is none, Vert.x responds without a reason.
pub(super) fn body(http_request: &HttpRequest) -> Step<Map<String, Value>> {
    match crate::jackson::parse(&http_request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(
            HttpResponse::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into(),
        ),
    }
}

/// A version that is a text here is a number in storage.
pub(super) fn version_as_number(record: &mut Map<String, Value>) {
    let number = record
        .get("_version")
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<i64>().ok());
    if let Some(number) = number {
        record.insert("_version".into(), number.into());
    }
}

pub(super) fn version_as_text(record: &mut Map<String, Value>) {
    if let Some(version) = record
        .get("_version")
        .filter(|version| !version.is_string())
    {
        let text = version.to_string();
        record.insert("_version".into(), text.into());
    }
}

/// The record with an id in storage, as its storage module returns it.
pub(super) fn found(library: &Library<'_>, path: &str, id: &str) -> Step<Option<Value>> {
    if let Some(record) = library.get(path, id)? {
        return Ok(Some(record));
    }
    let response = lists::read(library.state, library.caller, collection(path)?, id)?;
    if response.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    Err(passed_on(response).into())
}

/// The rejection of a record whose MARC record controls the changed fields. `what` is `Holdings` or
/// `Instance`.
pub(super) fn controlled_by_marc(
    what: &str,
    fields: &[&str],
    old: &Value,
    new: &Value,
) -> Option<HttpResponse> {
    changes(fields, old, new).then(|| {
        let message = format!(
            "{what} is controlled by MARC record, these fields are blocked and can not be updated: {}",
            in_set(fields).join(",")
        );
        rejected(&message, Value::Null, Value::Null)
    })
}

/// The rejection of another HRID than the stored one.
pub(super) fn changed_hrid(stored: &Value, hrid: Option<&Value>) -> Option<HttpResponse> {
    let hrid = hrid.cloned().unwrap_or_default();
    let is_same = stored.get("hrid").cloned().unwrap_or_default() == hrid;
    (!is_same).then(|| rejected("HRID can not be updated", "hrid".into(), hrid))
}
