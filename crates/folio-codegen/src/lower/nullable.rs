//! Nullable fields become optional.

use serde_json::{Value, json};

use crate::document::Home;

/// References deeper than this lead in a circle.
const DEEPEST: usize = 16;

/// Whether a value may be null: by itself, by what it refers to, or as one of several things.
pub(super) fn is_nullable(home: Home<'_>, schema: &Value) -> bool {
    is_nullable_at(home, schema, 0)
}

fn is_nullable_at(home: Home<'_>, schema: &Value, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let parts = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let below = |part: &Value| is_nullable_at(home, part, depth + 1);
    let any_of = ["oneOf", "anyOf"]
        .iter()
        .any(|key| parts(key).any(|part| is_null(part) || below(part)));
    // All parts have to allow it; mostly the one part is a reference.
    let all_of = match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) if schema.get("properties").is_none() => below(only),
        _ => false,
    };
    if schema.get("nullable") == Some(&Value::Bool(true)) || any_of || all_of {
        return true;
    }
    let (home, target) = home.follow(schema);
    !std::ptr::eq(target, schema) && is_nullable_at(home, target, depth + 1)
}

/// Whether only `null` is of a schema.
fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
        || *schema == json!({"nullable": true})
        || schema["enum"] == json!([null])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    #[test]
    fn a_value_may_be_null_by_itself_by_its_parts_or_by_what_it_refers_to() {
        let schemas = |schemas: Value| json!({"components": {"schemas": schemas}});
        let document = Document::new(
            "mod-test",
            schemas(json!({
                "Nullable": {"type": "string", "nullable": true},
                "Text": {"type": "string"},
                "Alias": {"$ref": "#/components/schemas/Nullable"},
                "Loop": {"$ref": "#/components/schemas/Loop"},
            })),
        );
        let common = Document::new(
            COMMON,
            schemas(json!({
                "Alias": {"$ref": "#/components/schemas/Own"},
                "Own": {"nullable": true},
            })),
        );
        let home = Home {
            document: &document,
            common: &common,
        };
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let shared = json!({"$ref": "common.json#/components/schemas/Alias"});
        for (schema, expected) in [
            (json!({}), false),
            (json!({"nullable": true}), true),
            (json!({"nullable": false}), false),
            (to("Text"), false),
            (to("Nullable"), true),
            (to("Alias"), true),
            (to("Loop"), false),
            (to("Nowhere"), false),
            (shared, true),
            (json!({"oneOf": [to("Text"), {"type": "null"}]}), true),
            (json!({"anyOf": [to("Text"), {"enum": [null]}]}), true),
            (json!({"anyOf": [to("Text"), to("Nullable")]}), true),
            (json!({"oneOf": [to("Text"), {"type": "integer"}]}), false),
            (json!({"allOf": [to("Nullable")]}), true),
            (json!({"allOf": [to("Nullable"), to("Text")]}), false),
            (json!({"allOf": [to("Nullable")], "properties": {}}), false),
        ] {
            assert_eq!(is_nullable(home, &schema), expected, "{schema}");
        }
    }
}
