//! Lists and single records, read.

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::collections::effects;
use crate::cql::{self, Compiled, CqlError};
use crate::facts::documents::{Collection, routes, stored_at};
use crate::facts::kinds::{ListFacts, Placeholders};
use crate::facts::tables::tables;
use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::faults::Effect;
use crate::platform::state::State;
use crate::store::{Failure, Page};
use crate::value::uuid::{is_uuid, is_versioned_uuid};
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb::{self, Form, RecordList};

/// From how many matches on PostgreSQL's estimate is the total of a query.
const ESTIMATED: usize = 1_000;

pub(crate) fn not_found() -> HttpResponse {
    HttpResponse::text(StatusCode::NOT_FOUND, "Not found")
}

/// Whether a request has one of the parameters that a route has beyond those of every list.
pub(crate) fn has_own_parameter(request: &HttpRequest, module: &str, path: &str) -> bool {
    let own = routes().own_parameters(module, path);
    request
        .query
        .iter()
        .any(|(name, _)| own.iter().any(|own| own.eq_ignore_ascii_case(name)))
}

/// Parses a query about a collection, and runs its subqueries on others.
pub(crate) fn compiled(
    state: &State,
    caller: &Caller,
    collection: &Collection,
    text: &str,
) -> rusqlite::Result<Result<Compiled, CqlError>> {
    let path = stored_at(&collection.path);
    let table = tables().of(path);
    // mod-users joins users and groups where the text has this.
    let text = text.to_owned();
    let mut query = match cql::compiled(&text, table) {
        Ok(query) => query,
        Err(error) => return Ok(Err(error)),
    };
    let done = query
        .resolve(&mut |path, test, field| state.store.texts(&caller.tenant, path, test, field))?;
    Ok(done.map(|()| query))
}

/// A numeric parameter: RMB's response if it is not a number.
pub(crate) fn number(
    request: &HttpRequest,
    name: &str,
    default: i64,
    facts: &ListFacts,
) -> Result<i64, HttpResponse> {
    let Some(text) = request.parameter(name) else {
        return Ok(default);
    };
    if text.is_empty() {
        return Err(HttpResponse::bad_request(format!(
            "{name} does not have a default value in the RAML and has been passed empty"
        )));
    }
    let Ok(number) = text.parse::<i32>() else {
        return Err(HttpResponse::bad_request(format!(
            "For input string: {}",
            json!(text)
        )));
    };
    if number < 0 && !(facts.negative_limit && name == "limit") {
        let told = match &facts.limit_text {
            Some(text) => text.clone(),
            None => format!("'{name}' parameter is incorrect"),
        };
        return Err(HttpResponse::bad_request(format!(
            "\n {told}. parameter value {{{text}}} is not valid: must be greater than or equal to 0"
        )));
    }
    Ok(i64::from(number))
}

/// A number that mod-settings, which is not an RMB module, rejects.
fn wrong_number(request: &HttpRequest) -> HttpResponse {
    let wrong = ["offset", "limit"].iter().find_map(|name| {
        let text = request.parameter(name)?;
        match text.parse::<i32>() {
            Ok(number) if number >= 0 => None,
            Ok(_) => Some(format!(
                "[Bad Request] Validation error for parameter {name} in location QUERY: value should be >= 0.0"
            )),
            Err(_) => Some(format!(
                "[Bad Request] Parsing error for parameter {name} in location QUERY: java.lang.NumberFormatException: For input string: {}",
                json!(text)
            )),
        }
    });
    HttpResponse::bad_request(wrong.unwrap_or_default())
}

/// The response to a query that cannot be run.
fn rejected(error: &CqlError, facts: &ListFacts, text: &str, title: bool) -> HttpResponse {
    let status = facts.errors.unwrap_or(StatusCode::BAD_REQUEST);
    if title && !error.is_parse() {
        return match error.of_database() {
            Some(text) => HttpResponse::text(StatusCode::INTERNAL_SERVER_ERROR, text),
            None => HttpResponse::bad_request(error.message()),
        };
    }
    if let Some(prefix) = &facts.prefix {
        return HttpResponse::text(status, format!("{prefix}{error}"));
    }
    let suffix = if facts.form == Form::Streamed {
        format!(": {text}")
    } else {
        String::new()
    };
    HttpResponse::text(status, format!("{error}{suffix}"))
}

/// A list.
pub(crate) fn list(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    collection: &Collection,
    effect: Option<&Effect>,
) -> HandlerResult {
    let kind = state.kind(&collection.path);
    let default = ListFacts {
        total: true,
        ..ListFacts::default()
    };
    let facts = kind.list.as_ref().unwrap_or(&default);
    let bounds = number(request, "offset", 0, facts)
        .and_then(|offset| Ok((offset, number(request, "limit", 10, facts)?)));
    let (offset, limit) = match bounds {
        Ok(bounds) => bounds,
        Err(_) if collection.module == "mod-settings" => return Ok(wrong_number(request)),
        Err(response) => return Ok(response),
    };
    if limit < 0 && facts.negative_fails {
        // A limit without a least value reaches the database.
        return Ok(HttpResponse::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERROR: LIMIT must not be negative (2201W)",
        ));
    }
    let totals = request.parameter("totalRecords").unwrap_or("auto");
    if !matches!(totals, "exact" | "estimated" | "none" | "auto")
        && !collection.spring
        && (facts.checks_totals || kind.list.is_none())
    {
        let told = facts
            .limit_text
            .as_deref()
            .unwrap_or("'totalRecords' parameter is incorrect");
        return Ok(HttpResponse::bad_request(format!(
            "\n {told}. parameter value {{{totals}}} is not valid: must match \"exact|estimated|none|auto\""
        )));
    }
    let empty_is_none = facts.empty_query || collection.spring;
    let text = request
        .parameter("query")
        .filter(|text| !(facts.ignores_query || empty_is_none && text.trim().is_empty()));
    if collection.module == "mod-settings"
        && let Some(message) = text.and_then(rejected_setting)
    {
        return Ok(HttpResponse::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            message,
        ));
    }
    let query = match text {
        None => None,
        Some(text) => {
            let wrapped = if facts.wrapped {
                format!("({text})")
            } else {
                text.to_owned()
            };
            match compiled(state, caller, collection, &wrapped)? {
                Ok(query) => Some(query),
                Err(error) => {
                    let title = error.message().starts_with("CQL: Unsupported modifier")
                        && text.to_lowercase().contains("sortby title/");
                    return Ok(rejected(&error, facts, text, title));
                }
            }
        }
    };
    let by_title = collection.path == "/instance-storage/instances"
        && query
            .as_ref()
            .is_some_and(|query| matches!(&query.sort[..], [only] if only.field == "title"))
        && limit > 0;
    if by_title
        && let Some(query) = &query
        && let Some(modifier) = query.sort.iter().find_map(|key| key.beyond.as_ref())
    {
        // The module has a way of its own for lists by title, which takes the direction only.
        return Ok(HttpResponse::bad_request(format!(
            "CQL: Unsupported modifier {modifier}"
        )));
    }
    let size = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    let page = Page {
        query: query.as_ref(),
        offset: size(offset),
        limit: size(limit),
    };
    let wanted: Vec<(&str, &str)> = collection
        .filters
        .iter()
        .filter_map(|name| Some((name.as_str(), request.parameter(name)?)))
        .collect();
    let path = stored_at(&collection.path);
    let failed = |failure| match failure {
        Failure::Store(error) => Err(error),
        Failure::Query(error) => Ok(rejected(&error, facts, text.unwrap_or_default(), by_title)),
    };
    // Most records are written as they are stored.
    let (mut records, matches) = if wanted.is_empty() && !effects::changes_on_read(path) {
        match state.store.list_texts(&caller.tenant, path, &page) {
            Ok(found) => found,
            Err(failure) => return failed(failure),
        }
    } else {
        let (mut found, matches) = if wanted.is_empty() {
            match state.store.list(&caller.tenant, path, &page) {
                Ok(found) => found,
                Err(failure) => return failed(failure),
            }
        } else {
            let mut all = state.store.all(&caller.tenant, path)?;
            all.retain(|record| {
                wanted
                    .iter()
                    .all(|(name, text)| record.get(name).and_then(Value::as_str) == Some(text))
            });
            let total = all.len();
            let page = all.into_iter().skip(page.offset).take(page.limit);
            (page.collect(), total)
        };
        for record in &mut found {
            effects::on_read(&state.store, &caller.tenant, path, record)?;
        }
        let texts = found.iter().map(Value::to_string).collect();
        (texts, matches)
    };
    let total = reported(
        matches,
        query.is_some(),
        page.offset,
        page.limit,
        records.len(),
    );
    let mut diagnostics = json!([]);
    match effect {
        Some(Effect::Truncate) => {
            records.truncate(records.len() / 2);
            diagnostics =
                json!([{"source": "database", "code": "500", "message": "the list ended early"}]);
        }
        Some(Effect::ShrinkPage) => records.truncate(records.len() / 2),
        Some(Effect::EmptyPage) => records.clear(),
        Some(Effect::NullElement) => records.insert(records.len() / 2, "null".to_owned()),
        _ => {}
    }
    let truncated = matches!(effect, Some(Effect::Truncate));
    let written = RecordList {
        form: if by_title { Form::Pretty } else { facts.form },
        key: &collection.items,
        records: &[],
        order: &kind.order,
        total: (facts.total && !(facts.none && totals == "none")).then_some(
            if by_title && records.is_empty() {
                0
            } else {
                total
            },
        ),
        info: (facts.info && !by_title || truncated).then_some(total),
        diagnostics,
    };
    let mut response = HttpResponse::new(
        StatusCode::OK,
        "application/json",
        written.written_of(&records),
    );
    if let Some(content_type) = &facts.content_type
        && let Ok(value) = HeaderValue::try_from(content_type.as_str())
    {
        response.headers.insert(header::CONTENT_TYPE, value);
    }
    Ok(response)
}

/// The total that RMB reports: exact without a query and for few matches, else PostgreSQL's
/// estimate, which a page corrects.
fn reported(matches: usize, query: bool, offset: usize, limit: usize, page: usize) -> usize {
    let count = if !query || limit == 0 || matches < ESTIMATED {
        matches
    } else {
        // The recorded estimates were off by some percent; this one always is.
        (matches - matches / 40).max(ESTIMATED)
    };
    if limit == 0 {
        count
    } else if page == 0 {
        if query { offset.min(count) } else { count }
    } else if page == limit {
        count.max(offset.saturating_add(limit))
    } else {
        offset + page
    }
}

/// mod-settings knows few indexes.
fn rejected_setting(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("expected index or term, got EOF".to_owned());
    }
    if text.replace(['"', ' '], "") == "id==*" {
        return Some("Invalid UUID for: id == *".to_owned());
    }
    let index = text
        .trim_start_matches('(')
        .split(['=', '<', '>', ' '])
        .next()
        .unwrap_or_default();
    let known = matches!(index, "id" | "scope" | "key" | "userId");
    if known && !text.contains("id=*") {
        return None;
    }
    let index = if text.contains(['=', '<', '>']) {
        index
    } else {
        "cql.serverChoice"
    };
    Some(format!("Unsupported CQL index: {index}"))
}

/// `POST …/retrieve`: a list whose query is in the body, which has no length limit. None if no such
/// list is known.
pub(crate) fn retrieve(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let collection = routes().collection(path.strip_suffix("/retrieve")?)?;
    if let Some(response) = rmb::wrong_content_type(request) {
        return Some(Ok(response));
    }
    let body = match jackson::parse(&request.body) {
        Ok(Value::Object(body)) => body,
        Ok(_) => {
            return Some(Ok(HttpResponse::bad_request(
                "HV000116: The object to be validated must not be null.",
            )));
        }
        Err(response) => return Some(Ok(response)),
    };
    let query = body.iter().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    let request = HttpRequest {
        port: request.port,
        method: "GET".to_owned(),
        path: collection.path.clone(),
        raw_query: String::new(),
        query: query.collect(),
        headers: request.headers.clone(),
        body: bytes::Bytes::new(),
    };
    Some(list(state, &request, caller, collection, None))
}

/// A record.
pub(crate) fn read(
    state: &State,
    caller: &Caller,
    collection: &Collection,
    id: &str,
) -> HandlerResult {
    let kind = state.kind(&collection.path);
    let given = Placeholders::of_id(id);
    let is_uuid = is_uuid(id);
    match kind.case("get invalid") {
        Some(case) if !is_uuid || case.is_by_pattern() && !is_versioned_uuid(id) => {
            return Ok(case.response(given, rmb::INVALID_UUID));
        }
        None if !is_uuid && collection.has_field("id") && !collection.spring => {
            return Ok(HttpResponse::text(StatusCode::NOT_FOUND, rmb::INVALID_UUID));
        }
        _ => {}
    }
    if let Some(case) = kind.case("get any") {
        return Ok(case.response(given, "Not supported yet."));
    }
    let path = stored_at(&collection.path);
    let found = state.store.get(&caller.tenant, path, id)?;
    let found = found.filter(|record| {
        !kind.case_sensitive || record.get("id").and_then(Value::as_str) == Some(id)
    });
    let Some(mut record) = found else {
        return Ok(match kind.case("get absent") {
            Some(case) => case.response(given, "Not found"),
            None => not_found(),
        });
    };
    effects::on_read(&state.store, &caller.tenant, path, &mut record)?;
    Ok(rmb::json_ordered(StatusCode::OK, &record, &kind.order))
}
