//! The JSON form of mod-calendar's calendars.

use http::StatusCode;
use serde_json::{Value, json};

use crate::wire::message::HttpResponse;

/// The order in which the module writes the fields of a calendar.
const ORDER: [&str; 8] = [
    "id",
    "name",
    "startDate",
    "endDate",
    "assignments",
    "normalHours",
    "exceptions",
    "metadata",
];

/// The order of the fields of a calendar's parts.
const INNER_ORDER: [&str; 8] = [
    "name",
    "startDay",
    "startDate",
    "startTime",
    "endDay",
    "endDate",
    "endTime",
    "openings",
];

/// A calendar as the module writes it.
pub(super) fn shown(record: &Value) -> String {
    ordered(record, &ORDER)
}

/// JSON on one line; the fields of the outermost object in the order given.
pub(super) fn ordered(value: &Value, order: &[&str]) -> String {
    match value {
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|value| ordered(value, order)).collect();
            format!("[{}]", list.join(","))
        }
        Value::Object(fields) => {
            let place = |name: &str| order.iter().position(|known| *known == name);
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", json!(name), ordered(value, &INNER_ORDER)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// The response about a calendar, as it is read.
pub(super) fn calendar_response(record: &Value) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, "application/json", shown(record))
}
