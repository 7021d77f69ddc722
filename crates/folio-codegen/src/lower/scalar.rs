//! Text, numbers and booleans: their types, without limits, which would turn every field into a
//! type.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The lowered schema of a type that has no parts; nothing for the other types.
pub(super) fn scalar(ty: &str, schema: &Map<String, Value>) -> Option<Value> {
    Some(match ty {
        "string" => text(schema),
        "integer" => match schema.get("format").and_then(Value::as_str) {
            Some("int32") => json!({"type": "integer", "format": "int32"}),
            _ => json!({"type": "integer"}),
        },
        "number" => json!({"type": "number"}),
        "boolean" => json!({"type": "boolean"}),
        _ => return None,
    })
}

/// Whether a lowered schema is one of those.
pub(super) fn is_scalar(lowered: &Value) -> bool {
    matches!(
        lowered["type"].as_str(),
        Some("string" | "integer" | "number" | "boolean")
    )
}

/// Text: an identifier, a date, one of several values, or any.
pub(super) fn text(schema: &Map<String, Value>) -> Value {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => return json!({"type": "string", "format": "uuid"}),
        // One type has all forms of a point in time, a plain date too.
        Some("date-time" | "date") => return json!({"type": "string", "format": "date-time"}),
        _ => {}
    }
    match schema.get("enum").and_then(Value::as_array) {
        Some(values) if makes_variants(values) => json!({"type": "string", "enum": values}),
        _ => json!({"type": "string"}),
    }
}

/// Whether each value gives a variant of its own. `a-b` and `a_b` do not; such a field is text.
fn makes_variants(values: &[Value]) -> bool {
    let mut seen = BTreeSet::new();
    !values.is_empty()
        && values.iter().all(|value| {
            let name: String = value
                .as_str()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect();
            !name.is_empty() && seen.insert(name)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn lowered(schema: &Value) -> Option<Value> {
        scalar(
            schema["type"].as_str().unwrap(),
            schema.as_object().unwrap(),
        )
    }

    #[test]
    fn a_scalar_has_a_type_and_no_limits() {
        for (schema, expected) in [
            (
                json!({"type": "string", "pattern": "^x$", "minLength": 1, "default": "x"}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": "string", "format": "uuid", "pattern": "x", "enum": ["a"]}),
                json!({"type": "string", "format": "uuid"}),
            ),
            (
                json!({"type": "string", "format": "date-time"}),
                json!({"type": "string", "format": "date-time"}),
            ),
            (
                json!({"type": "string", "format": "date"}),
                json!({"type": "string", "format": "date-time"}),
            ),
            (
                json!({"type": "string", "format": "time"}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": "string", "format": "email"}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": "integer", "format": "int32", "minimum": 0}),
                json!({"type": "integer", "format": "int32"}),
            ),
            (
                json!({"type": "integer", "format": "int64"}),
                json!({"type": "integer"}),
            ),
            (
                json!({"type": "number", "format": "double", "maximum": 1}),
                json!({"type": "number"}),
            ),
            (
                json!({"type": "boolean", "default": true}),
                json!({"type": "boolean"}),
            ),
        ] {
            let lowered = lowered(&schema).unwrap();
            assert_eq!(lowered, expected);
            assert!(is_scalar(&lowered));
        }
        assert_eq!(lowered(&json!({"type": "array"})), None);
    }

    #[test]
    fn values_that_make_one_variant_leave_a_field_text() {
        let text = json!({"type": "string"});
        let values = json!({"type": "string", "enum": ["a", "b"]});
        for (of, expected) in [
            (json!(["a-b", "a_b"]), &text),
            (json!(["a", ""]), &text),
            (json!(["a", 1]), &text),
            (json!([]), &text),
            (json!(["a", "b"]), &values),
        ] {
            let schema = json!({"type": "string", "enum": of});
            assert_eq!(lowered(&schema).unwrap(), *expected, "{of}");
        }
    }
}
