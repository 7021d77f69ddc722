//! The calls that the client rejects, because their text would lead elsewhere.

use crate::document::Operation;
use crate::program::{Input, Sent};

/// Whether a path with these values would not be the path of the operation: no client can send it.
pub(crate) fn leads_elsewhere(operation: &Operation<'_>, input: &Input) -> bool {
    let is_dot = |segment: &str| matches!(segment, "." | "..");
    let is_alone = |name: &str| {
        operation
            .path
            .split('/')
            .any(|segment| segment == format!("{{{name}}}"))
    };
    input
        .path
        .iter()
        .any(|(name, value)| match name.starts_with('+') {
            true => value
                .split('/')
                .any(|segment| segment.is_empty() || is_dot(segment)),
            false => is_alone(name) && (value.is_empty() || is_dot(value)),
        })
}

/// Whether a DELETE would delete more than is meant: a selection that is empty, a query that the
/// server ignores.
pub(crate) fn deletes_more(operation: &Operation<'_>, input: &Input) -> bool {
    let is_empty = |name: &str| {
        input
            .query
            .iter()
            .any(|(known, values)| known == name && values.iter().any(String::is_empty))
    };
    let selects_nothing = match &input.body {
        Some((_, Sent::Json(json))) => json == "{}" || json == "[]",
        _ => false,
    };
    operation.ways.iter().flatten().any(|name| is_empty(name))
        || operation.deletes_body && selects_nothing
        || operation.deletes_all && input.query.iter().any(|(name, _)| name == "query")
}
