//! The texts in the records of a document: which properties of a schema are text, and where.

use serde_json::{Map, Value};

use super::schema::sources;

/// Visits every property of a schema that is text or a list of texts, in objects within it, too:
/// the names of the properties that lead to it, and its schema or that of the elements.
pub(crate) fn each_text_field(schema: &mut Value, visit: &mut dyn FnMut(&[String], &mut Value)) {
    walk(schema, &mut Vec::new(), visit);
}

fn walk(schema: &mut Value, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &mut Value)) {
    let Value::Object(schema) = schema else {
        return;
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            path.push(name.clone());
            let element = element(property);
            if element.get("type").is_some_and(|kind| kind == "string") {
                visit(path, element);
            } else {
                walk(element, path, visit);
            }
            path.pop();
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(part) = schema.get_mut(key) {
            walk(part, path, visit);
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        let parts = schema.get_mut(key).and_then(Value::as_array_mut);
        for part in parts.into_iter().flatten() {
            walk(part, path, visit);
        }
    }
}

/// The elements of a list, or of a list of lists; the schema itself, if it is none.
fn element(mut schema: &mut Value) -> &mut Value {
    while schema.get("items").is_some_and(Value::is_object) {
        schema = &mut schema["items"];
    }
    schema
}

/// Whether text is described no further: without a format, a pattern, values, or a length that no
/// UUID has.
pub(crate) fn is_plain_text(schema: &Value) -> bool {
    is_text_of_any_form(schema, 36, 36)
}

/// Whether text is described no further: without a format, a pattern, values, or a length that no
/// date has (`2025-05-01` and `2025-05-01 02:00:17.887498+00:00`).
pub(crate) fn is_date_sized(schema: &Value) -> bool {
    is_text_of_any_form(schema, 10, 32)
}

/// Text without a format, a pattern and values, of which a value with a length between these is
/// possible.
fn is_text_of_any_form(schema: &Value, least: u64, most: u64) -> bool {
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    schema.get("type").is_some_and(|kind| kind == "string")
        && !["format", "pattern", "enum"]
            .iter()
            .any(|key| schema.get(*key).is_some())
        && length("maxLength").is_none_or(|limit| limit >= least)
        && length("minLength").is_none_or(|limit| limit <= most)
}

/// The names of a component: of the files that it was made from, or of the definitions in them; its
/// own, if it has none.
pub(crate) fn record_names(name: &str, schema: &Value) -> Vec<String> {
    let names: Vec<String> = sources(schema).filter_map(source_name).collect();
    match names.is_empty() {
        true => vec![name.to_owned()],
        false => names,
    }
}

/// `item` of `mod-a/ramls/item.json` and of `mod-a/api.yaml#/components/schemas/item`.
fn source_name(source: &str) -> Option<String> {
    let (file, pointer) = source.split_once('#').unwrap_or((source, ""));
    let is_name =
        |step: &&str| !step.is_empty() && !["items", "properties", "definitions"].contains(step);
    if let Some(step) = pointer.rsplit('/').find(is_name) {
        return Some(step.to_owned());
    }
    let file = file.rsplit('/').next()?;
    Some(file.split('.').next()?.to_owned())
}

/// States that text is a UUID by the rule of this name.
pub(crate) fn make_uuid(schema: &mut Value, rule: &str) {
    state_format(schema, "uuid", "uuid", rule);
}

/// States that text is a point in time by the rule of this name.
pub(crate) fn make_date(schema: &mut Value, rule: &str) {
    state_format(schema, "date-time", "date", rule);
}

/// States the format of text, and under `key` of `x-folio` the rule by which it has it.
fn state_format(schema: &mut Value, format: &str, key: &str, rule: &str) {
    if let Value::Object(schema) = schema {
        let folio = schema
            .entry("x-folio")
            .or_insert_with(|| Value::Object(Map::new()));
        folio[key] = rule.into();
        schema.insert("format".to_owned(), format.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_found_in_lists_parts_and_objects() {
        let text = json!({"type": "string"});
        let mut schema = json!({
            "properties": {"id": text, "count": {"type": "integer"}, "ids": {"type": "array", "items": text},
                "item": {"type": "object", "properties": {"id": text}}},
            "allOf": [{"properties": {"part": text}}],
            "additionalProperties": {"properties": {"value": text}},
        });
        let mut found = Vec::new();
        each_text_field(&mut schema, &mut |path, text| {
            found.push(path.join("."));
            make_uuid(text, "a-rule");
        });
        found.sort();
        assert_eq!(found, ["id", "ids", "item.id", "part", "value"]);
        let uuid = json!({"type": "string", "format": "uuid", "x-folio": {"uuid": "a-rule"}});
        assert_eq!(schema["properties"]["ids"]["items"], uuid);
        assert!(!is_plain_text(&uuid));
    }

    #[test]
    fn text_with_a_form_of_its_own_is_not_plain() {
        for (schema, expected) in [
            (json!({"type": "string"}), true),
            (
                json!({"type": "string", "readOnly": true, "minLength": 1, "maxLength": 36}),
                true,
            ),
            (json!({"type": "string", "maxLength": 32}), false),
            (json!({"type": "string", "minLength": 40}), false),
            (json!({"type": "string", "pattern": "^\\d+$"}), false),
            (json!({"type": "string", "enum": ["a"]}), false),
            (json!({"type": "string", "format": "date-time"}), false),
            (json!({"type": "integer"}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_plain_text(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn a_record_is_named_by_its_file_or_by_its_definition() {
        for (source, expected) in [
            ("mod-a/ramls/item.json", "item"),
            ("mod-a/api.yaml#/components/schemas/a-thing", "a-thing"),
            ("mod-a/ramls/item.json#/properties/notes/items", "notes"),
            ("mod-a/ramls/item.schema.json#/properties/items", "item"),
        ] {
            assert_eq!(source_name(source).as_deref(), Some(expected), "{source}");
        }
        assert_eq!(record_names("Item", &json!({})), ["Item"]);
    }
}
