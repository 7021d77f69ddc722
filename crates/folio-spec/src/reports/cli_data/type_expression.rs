//! The type of a schema in few characters: which fields a record has, and what they are.

use serde_json::{Map, Value, json};

use crate::canonical::reference::{LOCAL, SHARED};

/// A reference: `#User` of the same module, `common#Metadata` of the shared records.
pub(super) fn reference(reference: &str) -> String {
    match (
        reference.strip_prefix(LOCAL),
        reference.strip_prefix(SHARED),
    ) {
        (Some(name), _) => format!("#{name}"),
        (None, Some(name)) => format!("common#{name}"),
        (None, None) => reference.to_owned(),
    }
}

/// A type: a text is a reference or the name of a scalar type (its format, if it has one), `any` or
/// `object`; `[T]` is a list; an object has one member per field, and `*` for other fields; `{"&":
/// […]}` has the fields of all parts, `{"|": […]}` is one of the parts.
pub(super) fn type_expression(schema: &Value) -> Value {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(target) = text("$ref") {
        return reference(target).into();
    }
    let list = |key: &str| -> Option<Vec<Value>> {
        let parts = schema.get(key)?.as_array()?;
        Some(parts.iter().map(type_expression).collect())
    };
    let fields = fields(schema);
    for key in ["oneOf", "anyOf"] {
        if let Some(parts) = list(key) {
            return several("|", parts);
        }
    }
    if let Some(mut parts) = list("allOf") {
        if !fields.is_empty() {
            parts.insert(0, Value::Object(fields));
        }
        return several("&", parts);
    }
    if !fields.is_empty() {
        return Value::Object(fields);
    }
    if let Some(items) = schema.get("items") {
        return json!([type_expression(items)]);
    }
    match (text("type"), text("format")) {
        (Some("array"), _) => json!(["any"]),
        (Some("string"), Some("binary" | "byte")) => "binary".into(),
        (Some("string"), Some(format)) => format.into(),
        (Some(name), _) => name.into(),
        (None, _) => "any".into(),
    }
}

fn several(key: &str, mut parts: Vec<Value>) -> Value {
    match parts.len() {
        1 => parts.remove(0),
        _ => json!({ key: parts }),
    }
}

fn fields(schema: &Value) -> Map<String, Value> {
    let own = schema.get("properties").and_then(Value::as_object);
    let own = own.into_iter().flatten();
    let mut fields: Map<String, Value> = own
        .map(|(name, field)| (name.clone(), type_expression(field)))
        .collect();
    if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
        fields.insert("*".to_owned(), type_expression(others));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_names_what_it_is_made_of() {
        for (schema, expected) in [
            (json!({"$ref": "#/components/schemas/User"}), json!("#User")),
            (
                json!({"$ref": "common.json#/components/schemas/Metadata"}),
                json!("common#Metadata"),
            ),
            (json!({"type": "string", "format": "uuid"}), json!("uuid")),
            (
                json!({"type": "integer", "format": "int32"}),
                json!("integer"),
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!(["string"]),
            ),
            (json!({}), json!("any")),
            (json!({"type": "object"}), json!("object")),
            (
                json!({"additionalProperties": {"type": "string"}}),
                json!({"*": "string"}),
            ),
            (
                json!({"properties": {"a": {"allOf": [{"$ref": "#/components/schemas/A"}]}}}),
                json!({"a": "#A"}),
            ),
            (
                json!({"properties": {"a": {"type": "string"}}, "allOf": [{"$ref": "#/components/schemas/B"}]}),
                json!({"&": [{"a": "string"}, "#B"]}),
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
                json!({"|": ["string", "number"]}),
            ),
        ] {
            assert_eq!(type_expression(&schema), expected, "{schema}");
        }
    }
}
