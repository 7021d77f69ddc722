//! The annotations of a schema. Defaults and limits do not affect the types: a default would be
//! written into records that lack the field. They become documentation.

use serde_json::{Map, Value};

use crate::names::is_name;
use crate::text::code;

/// What a field's documentation says of it, from facts.
pub(super) fn field_facts(schema: &Map<String, Value>) -> Option<String> {
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let mut facts = Vec::new();
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid" | "date-time") | None => {}
        Some(format) if is_name(&format.replace('-', "_")) => {
            facts.push(format!("format {format}"));
        }
        Some(format) => facts.push(format!("format {}", code(format))),
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        facts.push(format!("matches {}", code(pattern)));
    }
    if let Some(default) = schema.get("default") {
        facts.push(format!(
            "the server's default is {}",
            code(&default.to_string())
        ));
    }
    if flag("readOnly") {
        facts.push("read-only".into());
    }
    if flag("deprecated") {
        facts.push("deprecated".into());
    }
    (!facts.is_empty()).then(|| facts.join("; "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_field_says_beside_its_type_is_documentation() {
        for (schema, expected) in [
            (json!({"type": "string"}), None),
            (json!({"format": "uuid"}), None),
            (json!({"format": "date-time"}), None),
            (json!({"format": "int32"}), Some("format int32")),
            (json!({"format": "x y"}), Some("format `x y`")),
            (
                json!({"pattern": "^x`$", "default": "x", "minLength": 1}),
                Some("matches `^x'$`; the server's default is `\"x\"`"),
            ),
            (
                json!({"readOnly": true, "deprecated": true}),
                Some("read-only; deprecated"),
            ),
            (json!({"readOnly": false}), None),
        ] {
            let facts = field_facts(schema.as_object().unwrap());
            assert_eq!(facts.as_deref(), expected, "{schema}");
        }
    }
}
