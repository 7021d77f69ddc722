//! The type of a schema in few characters: which fields a record has, and what they are.

use serde_json::{Map, Value, json};

use crate::canonical::reference::{LOCAL, SHARED};

/// A reference: `#User` of the same module, `common#Metadata` of the shared records.
pub(in crate::reports) fn reference(reference: &str) -> String {
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
pub(in crate::reports) fn type_expression(schema: &Value) -> Value {
    expression(schema, false)
}

/// A type with more facts: a text of which the values are listed is `{"=": […]}`, and an integer of
/// 32 bits is `int32`.
pub(in crate::reports) fn detailed_expression(schema: &Value) -> Value {
    expression(schema, true)
}

fn expression(schema: &Value, is_detailed: bool) -> Value {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(target) = text("$ref") {
        return reference(target).into();
    }
    let list = |key: &str| -> Option<Vec<Value>> {
        let parts = schema.get(key)?.as_array()?;
        let parts = parts.iter();
        Some(parts.map(|part| expression(part, is_detailed)).collect())
    };
    let fields = fields(schema, is_detailed);
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
        return json!([expression(items, is_detailed)]);
    }
    if is_detailed && let Some(values) = values(schema) {
        return json!({ "=": values });
    }
    match (text("type"), text("format")) {
        (Some("array"), _) => json!(["any"]),
        (Some("string"), Some("binary" | "byte")) => "binary".into(),
        (Some("string"), Some(format)) => format.into(),
        (Some("integer"), Some("int32")) if is_detailed => "int32".into(),
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

/// The values of a text, if they are listed.
fn values(schema: &Value) -> Option<Vec<Value>> {
    let is_text = schema.get("type").is_none_or(|name| name == "string");
    let values = schema.get("enum")?.as_array().filter(|_| is_text)?;
    let texts = values.iter().filter(|value| value.is_string()).cloned();
    Some(texts.collect()).filter(|texts: &Vec<Value>| !texts.is_empty())
}

fn fields(schema: &Value, is_detailed: bool) -> Map<String, Value> {
    let own = schema.get("properties").and_then(Value::as_object);
    let own = own.into_iter().flatten();
    let mut fields: Map<String, Value> = own
        .map(|(name, field)| (name.clone(), expression(field, is_detailed)))
        .collect();
    if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
        fields.insert("*".to_owned(), expression(others, is_detailed));
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

    #[test]
    fn a_detailed_type_has_the_values_of_a_text_and_the_size_of_an_integer() {
        let schema = json!({"properties": {
            "status": {"type": "string", "enum": ["Open", "Closed", null]},
            "size": {"type": "integer", "format": "int32"},
            "level": {"type": "integer", "enum": [1, 2]},
        }});
        assert_eq!(
            detailed_expression(&schema),
            json!({"status": {"=": ["Open", "Closed"]}, "size": "int32", "level": "integer"})
        );
        assert_eq!(
            type_expression(&schema),
            json!({"status": "string", "size": "integer", "level": "integer"})
        );
    }
}
