//! Keywords that differ only in spelling from draft to draft: limits, values, formats.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Facts that are copied unchanged.
const KEPT: [&str; 15] = [
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "default",
    "nullable",
    "writeOnly",
    "deprecated",
];

/// Formats that have a meaning for a program.
const FORMATS: [&str; 14] = [
    "date-time",
    "date",
    "uuid",
    "int32",
    "int64",
    "float",
    "double",
    "byte",
    "binary",
    "email",
    "uri",
    "base64",
    "password",
    "time",
];

/// Copies the facts of a schema, in the spelling of OpenAPI 3.0.
pub(super) fn copy(schema: &Map<String, Value>, out: &mut Map<String, Value>, kind: Option<&str>) {
    for key in KEPT {
        if let Some(value) = schema.get(key).filter(|value| {
            (!value.is_null() && **value != Value::Bool(false) || key == "default")
                && !has_reference(value)
        }) {
            out.insert(key.into(), value.clone());
        }
    }
    if out
        .get("nullable")
        .is_some_and(|nullable| *nullable != Value::Bool(true))
    {
        out.remove("nullable");
    }
    // RMB writes `readonly`, as an early draft did.
    if ["readOnly", "readonly"]
        .iter()
        .any(|key| schema.get(*key) == Some(&Value::Bool(true)))
    {
        out.insert("readOnly".into(), true.into());
    }
    exclusive(schema, out);
    values(schema, out, kind);
    format(schema, out, kind);
}

/// Whether a value that should be a fact has a reference in it, which no pass would follow.
fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("$ref") || map.values().any(has_reference),
        Value::Array(list) => list.iter().any(has_reference),
        _ => false,
    }
}

/// Later drafts give the limit itself where OpenAPI 3.0 has a flag.
fn exclusive(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    for (key, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        match schema.get(key) {
            Some(Value::Bool(true)) if out.contains_key(limit) => {
                out.insert(key.into(), true.into());
            }
            Some(value @ Value::Number(_)) => {
                out.insert(limit.into(), value.clone());
                out.insert(key.into(), true.into());
            }
            _ => {}
        }
    }
}

/// `enum` without null, `const` as an enum of one.
fn values(schema: &Map<String, Value>, out: &mut Map<String, Value>, kind: Option<&str>) {
    let values = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (_, Some(value)) => vec![value.clone()],
        _ => return,
    };
    if values.iter().any(Value::is_null) {
        out.insert("nullable".into(), true.into());
    }
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        // YAML reads some words as numbers or booleans; where the type is text they are text.
        let value = match (kind, &value) {
            (Some("string"), Value::Number(_) | Value::Bool(_)) => Value::String(value.to_string()),
            _ => value,
        };
        // A value that is no scalar is none that a program could name.
        let is_scalar = !(value.is_null() || value.is_object() || value.is_array());
        if is_scalar && !kept.contains(&value) {
            kept.push(value);
        }
    }
    if !kept.is_empty() {
        out.insert("enum".into(), kept.into());
    }
}

/// Formats a program can use; FOLIO's patterns for UUIDs are the format `uuid`.
fn format(schema: &Map<String, Value>, out: &mut Map<String, Value>, kind: Option<&str>) {
    let stated = schema
        .get("format")
        .and_then(Value::as_str)
        .map(str::to_lowercase);
    // OpenAPI's name of the format is `date-time`; RAML's is `datetime`.
    let date = schema.get("type").and_then(Value::as_str) == Some("date-time")
        || kind == Some("string") && stated.as_deref() == Some("datetime");
    let uuid = kind == Some("string")
        && (stated.as_deref() == Some("uuid")
            || schema
                .get("pattern")
                .and_then(Value::as_str)
                .is_some_and(is_uuid_pattern));
    if uuid {
        out.insert("format".into(), "uuid".into());
        for implied in ["pattern", "minLength", "maxLength"] {
            out.remove(implied);
        }
    } else if date {
        out.insert("format".into(), "date-time".into());
    } else if let Some(format) =
        stated.filter(|format| FORMATS.contains(&format.as_str()) && kind.is_some())
    {
        out.insert("format".into(), format.into());
    }
}

/// Whether a pattern is one of the spellings of "a UUID".
fn is_uuid_pattern(pattern: &str) -> bool {
    let squeezed: String = pattern
        .chars()
        .filter(|c| !matches!(c, '^' | '$' | '(' | ')' | '\\'))
        .collect();
    let hex = |part: &str| {
        let (class, count) = part.split_once(']').unwrap_or((part, ""));
        let class = class.trim_start_matches('[');
        let chars: BTreeSet<char> = class
            .replace("0-9", "")
            .replace("a-f", "")
            .replace("A-F", "")
            .chars()
            .collect();
        // Versions and variants are narrowed to some digits: `[1-5]`, `[89ab]`.
        (class.contains("0-9")
            || class.contains("a-f")
            || class.contains("1-5")
            || class.contains("89"))
            && chars
                .iter()
                .all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '1'..='9'))
            && (count.is_empty() || count.starts_with('{') || count.starts_with('['))
    };
    squeezed.contains("{8}-")
        && squeezed.ends_with("{12}")
        && squeezed.split('-').count() >= 5
        && hex(squeezed.split("{8}").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_draft_is_written_as_openapi() {
        for (schema, kind, expected) in [
            (
                json!({"minimum": 1, "default": false, "x-more": 1}),
                "integer",
                json!({"minimum": 1, "default": false}),
            ),
            (
                json!({"exclusiveMinimum": 1}),
                "integer",
                json!({"minimum": 1, "exclusiveMinimum": true}),
            ),
            (
                json!({"maximum": 5, "exclusiveMaximum": true}),
                "integer",
                json!({"maximum": 5, "exclusiveMaximum": true}),
            ),
            (json!({"exclusiveMaximum": true}), "integer", json!({})),
            (
                json!({"readonly": true, "nullable": false}),
                "string",
                json!({"readOnly": true}),
            ),
            (
                json!({"enum": ["a", null, "a", 1, {}]}),
                "string",
                json!({"enum": ["a", "1"], "nullable": true}),
            ),
            (json!({"const": "x"}), "string", json!({"enum": ["x"]})),
            (
                json!({"format": "DATE-TIME"}),
                "string",
                json!({"format": "date-time"}),
            ),
            (
                json!({"format": "datetime"}),
                "string",
                json!({"format": "date-time"}),
            ),
            (json!({"format": "datetime"}), "integer", json!({})),
            (json!({"format": "isbn"}), "string", json!({})),
            (
                json!({"type": "date-time"}),
                "string",
                json!({"format": "date-time"}),
            ),
            (
                json!({"format": "UUID", "minLength": 36}),
                "string",
                json!({"format": "uuid"}),
            ),
            (json!({"default": {"$ref": "#/x"}}), "object", json!({})),
        ] {
            let mut out = Map::new();
            copy(schema.as_object().unwrap(), &mut out, Some(kind));
            assert_eq!(Value::Object(out), expected, "{schema}");
        }
    }

    #[test]
    fn patterns_of_uuids_are_known_in_all_spellings() {
        for pattern in [
            "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$",
            "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        ] {
            assert!(is_uuid_pattern(pattern), "{pattern}");
        }
        for pattern in ["^[a-z]{8}-[a-z]{12}$", "[0-9]{8}-[0-9]{12}", "^.*$", ""] {
            assert!(!is_uuid_pattern(pattern), "{pattern}");
        }
    }
}
