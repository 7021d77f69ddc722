//! Views of inventory that other modules read, and the circulation rules as text.

use http::StatusCode;
use serde_json::{Value, json};

use super::Done;
use super::lists::{compiled, number};
use crate::auth::Caller;
use crate::cql::fold::text_at;
use crate::documents::routes;
use crate::http::{Answer, Asked};
use crate::jackson;
use crate::kinds::ListFacts;
use crate::rmb::{self, Form, List};
use crate::state::State;
use crate::store::{Failure, Page};

const INSTANCES: &str = "/instance-storage/instances";
const HOLDINGS: &str = "/holdings-storage/holdings";
const ITEMS: &str = "/item-storage/items";
const RULES: &str = "/circulation-rules-storage";

/// The rules of a tenant that has none of its own: what a fallback looks like.
const NO_RULES: &str = "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line";

/// The answer of what this file has; none of other paths.
pub(crate) fn answer(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    path: &str,
) -> Option<Done> {
    Some(match (asked.method.as_str(), path) {
        ("GET", "/inventory-view/instances") => instances(state, asked, caller),
        ("GET", "/oai-pmh-view/instances" | "/oai-pmh-view/updatedInstanceIds") => {
            objects(state, caller, |record| {
                json!({
                    "instanceid": record["id"], "updateddate": record["metadata"]["updatedDate"], "deleted": "false",
                    "itemsandholdingsfields": "",
                })
            })
        }
        ("GET", "/inventory-hierarchy/updated-instance-ids") => {
            if let Some(text) = asked.parameter("startDate")
                && text.parse::<jiff::Timestamp>().is_err()
            {
                let said = format!(
                    "java.time.format.DateTimeParseException: Text '{text}' could not be parsed at index {}",
                    text.len()
                );
                return Some(Ok(Answer::new(
                    StatusCode::BAD_REQUEST,
                    "application/json",
                    said,
                )));
            }
            let since = asked
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
        ("GET", "/inventory-reports/items-in-transit") => in_transit(state, caller),
        ("GET", RULES | "/circulation/rules") => rules(state, caller, path),
        ("PUT", RULES | "/circulation/rules") => set_rules(state, asked, caller),
        _ => return None,
    })
}

/// Instances with their holdings and items.
fn instances(state: &State, asked: &Asked, caller: &Caller) -> Done {
    let facts = ListFacts::default();
    let bounds = number(asked, "offset", 0, &facts)
        .and_then(|offset| Ok((offset, number(asked, "limit", 10, &facts)?)));
    let (offset, limit) = match bounds {
        Ok(bounds) => bounds,
        Err(answer) => return Ok(answer),
    };
    let query = match (asked.parameter("query"), routes().collection(INSTANCES)) {
        (Some(text), Some(collection)) => match compiled(state, caller, collection, text)? {
            Ok(query) => Some((text, query)),
            Err(error) => return Ok(Answer::bad_request(format!("{error}: {text}"))),
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
            return Ok(Answer::bad_request(format!("{error}: {text}")));
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
    let list = List {
        form: Form::Streamed,
        key: "instances",
        records: &views,
        order: &[],
        total: Some(total),
        info: Some(total),
        diagnostics: json!([]),
    };
    Ok(Answer::new(
        StatusCode::OK,
        "application/json",
        list.written(),
    ))
}

fn objects(state: &State, caller: &Caller, view: impl Fn(&Value) -> Value) -> Done {
    objects_since(state, caller, None, view)
}

/// Objects one after the other, with nothing between them.
fn objects_since(
    state: &State,
    caller: &Caller,
    since: Option<jiff::Timestamp>,
    view: impl Fn(&Value) -> Value,
) -> Done {
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
    Ok(Answer::new(StatusCode::OK, "application/json", body))
}

/// Items in transit; what mod-circulation adds to each is not emulated.
fn in_transit(state: &State, caller: &Caller) -> Done {
    let items = state.store.all(&caller.tenant, ITEMS)?;
    if items
        .iter()
        .any(|item| item["status"]["name"] == "In transit")
    {
        return Ok(Answer::text(
            StatusCode::NOT_IMPLEMENTED,
            "The sandbox does not emulate the report of items in transit where there are some.",
        ));
    }
    let list = List {
        form: Form::Pretty,
        key: "items",
        records: &[],
        order: &[],
        total: Some(0),
        info: None,
        diagnostics: json!([]),
    };
    Ok(Answer::new(
        StatusCode::OK,
        "application/json; charset=utf-8",
        list.written(),
    ))
}

fn stored_rules(state: &State, caller: &Caller) -> rusqlite::Result<Value> {
    let stored = state.store.all(&caller.tenant, RULES)?.into_iter().next();
    Ok(stored.unwrap_or_else(|| {
        json!({"id": "1721f01b-e69d-5c4c-5df2-523428a04c54", "rulesAsText": NO_RULES, "metadata": {"createdDate": rmb::now()}})
    }))
}

fn rules(state: &State, caller: &Caller, path: &str) -> Done {
    let order = ["id", "rulesAsText", "metadata"].map(str::to_owned);
    let body = rmb::pretty(&stored_rules(state, caller)?, &order);
    let kind = if path == RULES {
        "application/json"
    } else {
        "application/json; charset=utf-8"
    };
    Ok(Answer::new(StatusCode::OK, kind, body))
}

/// Stores the text of the rules. Their grammar is not checked beyond the first word.
fn set_rules(state: &State, asked: &Asked, caller: &Caller) -> Done {
    let body = match jackson::parse(&asked.body) {
        Ok(body) => body,
        Err(answer) => return Ok(answer),
    };
    let text = text_at(&body, "rulesAsText").unwrap_or_default();
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.starts_with("priority") && !first.starts_with(['#', '/']) {
        let said = json!({"message": format!("mismatched input '{first}' expecting {{'priority', NEWLINE}}"), "line": 1, "column": 1});
        let order = ["message", "line", "column"].map(str::to_owned);
        let body = rmb::pretty(&said, &order);
        return Ok(Answer::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "application/json; charset=utf-8",
            body,
        ));
    }
    let mut rules = stored_rules(state, caller)?;
    rules["rulesAsText"] = text.into();
    rules["metadata"]["updatedDate"] = rmb::now().into();
    let id = text_at(&rules, "id").unwrap_or_default();
    state.store.write(&caller.tenant, RULES, &id, &rules)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
