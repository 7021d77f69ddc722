//! `allOf`: its parts are merged into one schema, because a record is one struct.

use serde_json::{Map, Value, json};

use crate::document::{Home, LOCAL, SHARED};
use crate::error::Error;
use crate::unions;

/// Parts deeper than this contain themselves.
const DEEPEST: usize = 64;

/// Merges the parts of an `allOf` and what stands beside it into one schema.
pub(super) fn merge(
    home: Home<'_>,
    at: &str,
    schema: &Map<String, Value>,
    parts: &[Value],
) -> Result<Value, Error> {
    merge_at(home, at, schema, parts, 0)
}

fn merge_at(
    home: Home<'_>,
    at: &str,
    schema: &Map<String, Value>,
    parts: &[Value],
    depth: usize,
) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(home.error(at, "an allOf deeper than 64 levels"));
    }
    let mut beside = schema.clone();
    beside.remove("allOf");
    // One reference with facts beside it is how OpenAPI 3.0 says "read-only" of a reference.
    if let ([part @ Value::Object(only)], false) = (parts, beside.contains_key("properties"))
        && only.contains_key("$ref")
        && !(is_component(at) && unions::is_subtype(home.document, &Value::Object(schema.clone())))
    {
        return Ok(part.clone());
    }
    let mut merged = json!({"type": "object", "properties": {}, "required": []});
    for part in parts.iter().chain([&Value::Object(beside)]) {
        let mut part = named(home, at, part)?;
        // The tag is a field, whether it is described as one or not.
        if let Some((tag, _)) = part.as_object().and_then(unions::discriminator)
            && let Some(Value::Object(to)) = merged.get_mut("properties")
        {
            to.entry(tag).or_insert_with(|| json!({"type": "string"}));
        }
        if let Some(Value::Array(inner)) = part.get("allOf") {
            let outer = part.as_object().cloned().unwrap_or_default();
            part = merge_at(home, at, &outer, inner, depth + 1)?;
        }
        add(home, &mut merged, &part);
    }
    Ok(merged)
}

/// A part as it is or, if it is a reference, what it leads to: as it would stand in this document.
fn named(home: Home<'_>, at: &str, part: &Value) -> Result<Value, Error> {
    let Some(Value::String(reference)) = part.get("$ref") else {
        return Ok(part.clone());
    };
    let component = home.document.resolve(home.common, at, reference)?;
    let mut part = component.schema.clone();
    if component.document.name != home.document.name {
        share(&mut part);
    }
    Ok(part)
}

/// Adds the fields of a part, and what it requires.
fn add(home: Home<'_>, merged: &mut Value, part: &Value) {
    if let (Some(Value::Object(from)), Some(Value::Object(to))) =
        (part.get("properties"), merged.get_mut("properties"))
    {
        for (name, property) in from {
            let both = match to.get(name) {
                Some(known) => both(home, known, property),
                None => property.clone(),
            };
            to.insert(name.clone(), both);
        }
    }
    if let (Some(Value::Array(from)), Some(Value::Array(to))) =
        (part.get("required"), merged.get_mut("required"))
    {
        to.extend(from.iter().cloned());
    }
}

/// What a property is that two parts of an `allOf` describe: a value that fits both. The order of
/// the parts is of no matter, except that of two that differ the latter names the type.
fn both(home: Home<'_>, one: &Value, other: &Value) -> Value {
    if says_nothing(other) || one == other {
        return one.clone();
    }
    let values = |schema: &Value| schema["enum"].as_array().map_or(usize::MAX, Vec::len);
    let (first, second) = (home.follow(one).1, home.follow(other).1);
    let has_fields = |schema: &Value| schema["properties"].is_object();
    if has_fields(first) && has_fields(second) && !std::ptr::eq(first, second) {
        return json!({"allOf": [one, other]});
    }
    // The fewer values, and the format, are the narrower.
    let is_narrower = first["type"] == second["type"]
        && (values(first) < values(second)
            || first.get("format").is_some() && second.get("format").is_none()
            || first["type"] == "array"
                && first.get("items").is_some_and(|items| !says_nothing(items))
                && second.get("items").is_none_or(says_nothing));
    if is_narrower {
        one.clone()
    } else {
        other.clone()
    }
}

/// Whether a schema says nothing of a value but its name: annotations are no description.
fn says_nothing(schema: &Value) -> bool {
    schema.as_object().is_none_or(|schema| {
        schema.iter().all(|(key, value)| match key.as_str() {
            "readOnly" | "writeOnly" | "deprecated" | "nullable" | "default" | "x-folio" => true,
            "type" => value == "object",
            "additionalProperties" => value.is_boolean(),
            _ => false,
        })
    })
}

/// Whether a place is a component's.
fn is_component(at: &str) -> bool {
    at.strip_prefix("/components/schemas/")
        .is_some_and(|name| !name.contains('/'))
}

/// Makes a part of the shared document say where its references lead, before it becomes part of a
/// module's.
fn share(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(LOCAL)
            {
                *reference = format!("{SHARED}{name}");
            }
            map.values_mut().for_each(share);
        }
        Value::Array(list) => list.iter_mut().for_each(share),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    /// Merges the parts of an `allOf` beside nothing.
    fn merged(parts: Value) -> Result<Value, Error> {
        let document = Document::new(
            "mod-test",
            json!({"components": {"schemas": {
                "Base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
                "Deeper": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"c": {"type": "number"}}}]},
                "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}, {}]},
            }}}),
        );
        let common = Document::new(
            COMMON,
            json!({"components": {"schemas": {
                "Tagged": {"properties": {"tags": {"$ref": "#/components/schemas/Tags"}}},
            }}}),
        );
        let home = Home {
            document: &document,
            common: &common,
        };
        let schema = json!({"allOf": parts});
        let parts = schema["allOf"].as_array().unwrap();
        merge(home, "/here", schema.as_object().unwrap(), parts)
    }

    #[test]
    fn the_parts_are_one_record() {
        let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required});
        let base = json!({"$ref": "#/components/schemas/Base"});
        let own = json!({"required": ["b"], "properties": {"b": {"type": "integer"}}});
        let both = json!({"a": {"type": "string"}, "b": {"type": "integer"}});
        let deeper = json!({"$ref": "#/components/schemas/Deeper"});
        let tagged = json!({"$ref": "common.json#/components/schemas/Tagged"});
        let tags = json!({"b": {"type": "integer"}, "tags": {"$ref": "common.json#/components/schemas/Tags"}});
        for (parts, expected) in [
            (json!([base, own]), object(both.clone(), json!(["a", "b"]))),
            (json!([own, base]), object(both, json!(["b", "a"]))),
            (
                json!([deeper, {}]),
                object(
                    json!({"a": {"type": "string"}, "c": {"type": "number"}}),
                    json!(["a"]),
                ),
            ),
            (json!([tagged, own]), object(tags, json!(["b"]))),
            // A reference with facts beside it stays one.
            (json!([base]), base.clone()),
        ] {
            assert_eq!(merged(parts.clone()).unwrap(), expected, "{parts}");
        }
    }

    #[test]
    fn a_property_of_two_parts_is_what_fits_both() {
        let part = |property: &Value| json!({"properties": {"p": property}});
        let text = json!({"type": "string"});
        let uuid = json!({"type": "string", "format": "uuid"});
        let few = json!({"type": "string", "enum": ["a"]});
        let many = json!({"type": "string", "enum": ["a", "b"]});
        let any = json!({"type": "object", "readOnly": true});
        let list = json!({"type": "array", "items": {"type": "string"}});
        let any_list = json!({"type": "array", "items": {}});
        let one = json!({"properties": {"x": {}}});
        let other = json!({"properties": {"y": {}}});
        for (first, second, expected) in [
            (&text, &any, &text),
            (&uuid, &text, &uuid),
            (&text, &uuid, &uuid),
            (&few, &many, &few),
            (&many, &few, &few),
            (&list, &any_list, &list),
            (
                &text,
                &json!({"type": "integer"}),
                &json!({"type": "integer"}),
            ),
            (&one, &other, &json!({"allOf": [one, other]})),
        ] {
            let merged = merged(json!([part(first), part(second)])).unwrap();
            assert_eq!(merged["properties"]["p"], *expected, "{first} {second}");
        }
    }

    #[test]
    fn parts_without_end_or_place_are_errors() {
        for (part, expected) in [
            ("Loop", "an allOf deeper than 64 levels"),
            (
                "X",
                "at /here: the reference `#/components/schemas/X` leads nowhere",
            ),
        ] {
            let part = json!({"$ref": format!("{LOCAL}{part}")});
            let error = merged(json!([part, {}])).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
