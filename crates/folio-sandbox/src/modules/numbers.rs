//! Routes that are no collections: the settings of HRIDs, numbers that a request uses up, ids in bulk.

use http::StatusCode;
use serde_json::{Value, json};

use crate::collections::hrid::{HRID_SETTINGS, hrid_settings, set_hrid_settings};
use crate::facts::documents::routes;
use crate::jackson::{self, Reader};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{Answer, Asked, Done};
use crate::wire::rmb::{self, Form, List};

/// The answer of what this file has; none of other paths.
pub(crate) fn answer(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    path: &str,
) -> Option<Done> {
    Some(match (asked.method.as_str(), path) {
        ("GET", HRID_SETTINGS) => hrid_settings(&state.store, &caller.tenant).map(|settings| {
            let order = [
                "id",
                "instances",
                "holdings",
                "items",
                "commonRetainLeadingZeroes",
            ];
            rmb::json_ordered(StatusCode::OK, &settings, &order.map(str::to_owned))
        }),
        ("PUT", HRID_SETTINGS) => put_hrid_settings(state, asked, caller),
        ("GET", "/orders-storage/po-number") => number(state, caller, "poNumber", 10_000),
        ("GET", "/invoice-storage/invoice-number") => {
            number(state, caller, "folioInvoiceNo", 10_000)
        }
        ("GET", "/voucher-storage/voucher-number") => number(state, caller, "voucherNumber", 0),
        ("GET", "/record-bulk/ids") => bulk_ids(state, asked, caller),
        _ => return None,
    })
}

/// A number that is used up by asking for it.
fn number(state: &State, caller: &Caller, name: &str, start: i64) -> Done {
    let next = state.store.next(&caller.tenant, name)? - 1;
    // The first of each sequence is as the modules' schemas have it: 10000, and 0 for vouchers.
    let text = (start + next).to_string();
    Ok(rmb::json_answer(StatusCode::OK, &json!({ name: text })))
}

fn put_hrid_settings(state: &State, asked: &Asked, caller: &Caller) -> Done {
    let mut body = match jackson::parse(&asked.body) {
        Ok(body) => body,
        Err(answer) => return Ok(answer),
    };
    // Metadata is set by the server, whatever is sent.
    if let Some(fields) = body.as_object_mut() {
        fields.remove("metadata");
    }
    let Some((document, schema)) = routes().body_of("mod-inventory-storage", HRID_SETTINGS, "put")
    else {
        return Ok(Answer::empty(StatusCode::NOT_IMPLEMENTED));
    };
    let mut reader = Reader {
        routes: routes(),
        keeps_unknown: None,
        money: false,
        spring: false,
        unbounded: &[],
        violations: Vec::new(),
    };
    let mut settings = match reader.record(document, schema, "HridSettings", &body, None) {
        Ok(settings) => settings,
        Err(answer) => return Ok(answer),
    };
    let now = rmb::now();
    settings.insert(
        "metadata".into(),
        json!({
            "createdDate": now, "createdByUserId": caller.user,
            "updatedDate": now, "updatedByUserId": caller.user,
        }),
    );
    set_hrid_settings(&state.store, &caller.tenant, &settings)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// `/record-bulk/ids`: objects with an id, and no limit unless one is given.
fn bulk_ids(state: &State, asked: &Asked, caller: &Caller) -> Done {
    let path = match asked.parameter("recordType") {
        Some("HOLDING") => "/holdings-storage/holdings",
        _ => "/instance-storage/instances",
    };
    let size = |name: &str, default| {
        match asked.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<i32>().map_err(|_| {
            Answer::bad_request(format!("For input string: {}", json!(text)))
        }).and_then(|number| usize::try_from(number).map_err(|_| {
            Answer::bad_request(format!(
                "\n '{name}' parameter is incorrect. parameter value {{{text}}} is not valid: must be greater than or equal to 0"
            ))
        })),
    }
    };
    let (offset, limit) = match (size("offset", 0), size("limit", usize::MAX)) {
        (Ok(offset), Ok(limit)) => (offset, limit),
        (Err(answer), _) | (_, Err(answer)) => return Ok(answer),
    };
    let Some(collection) = routes().collection(path) else {
        return Ok(Answer::empty(StatusCode::NOT_IMPLEMENTED));
    };
    let mut records = state.store.all(&caller.tenant, path)?;
    if let Some(text) = asked.parameter("query") {
        let query = match crate::collections::lists::compiled(state, caller, collection, text)? {
            Ok(query) => query,
            Err(error) => return Ok(Answer::bad_request(format!("{error}: {text}"))),
        };
        records.retain(|record| query.wants(record).unwrap_or(false));
        if !query.sort.is_empty() {
            records.sort_by(|a, b| query.compare(a, b));
        }
    }
    let total = records.len();
    let ids: Vec<Value> = records
        .iter()
        .skip(offset)
        .take(limit)
        .map(|record| json!({"id": text_at(record, "id")}))
        .collect();
    let list = List {
        form: Form::Streamed,
        key: "ids",
        records: &ids,
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
