//! The schemas of a document: its components, the targets of references, properties of all parts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::reference::LOCAL;

/// The components of a document, by their names.
pub(crate) fn components(document: &Value) -> Option<&Map<String, Value>> {
    document.pointer("/components/schemas")?.as_object()
}

/// The components of a document.
pub(crate) fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    components(document).into_iter().flatten()
}

/// The files that a schema was made from, `mod-users/ramls/userdata.json`.
pub(crate) fn sources(schema: &Value) -> impl Iterator<Item = &str> {
    let sources = schema.pointer("/x-folio/sources").and_then(Value::as_array);
    sources.into_iter().flatten().filter_map(Value::as_str)
}

/// The target of a reference to a component.
pub(crate) fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    name.and_then(|name| schemas.get(name.strip_prefix(LOCAL)?))
        .unwrap_or(schema)
}

/// The properties of an object and of all its parts, references in them followed.
pub(crate) fn all_properties<'a>(
    schema: &'a Value,
    schemas: &'a Value,
) -> BTreeMap<&'a str, &'a Value> {
    let mut properties = BTreeMap::new();
    collect_properties(schema, schemas, &mut Vec::new(), &mut properties);
    properties
}

fn collect_properties<'a>(
    schema: &'a Value,
    schemas: &'a Value,
    seen: &mut Vec<&'a Value>,
    properties: &mut BTreeMap<&'a str, &'a Value>,
) {
    // Parts may lead back to the whole.
    if seen.iter().any(|other| std::ptr::eq(*other, schema)) {
        return;
    }
    seen.push(schema);
    let own = schema.get("properties").and_then(Value::as_object);
    for (name, property) in own.into_iter().flatten() {
        properties.insert(name, resolved(property, schemas));
    }
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        collect_properties(resolved(part, schemas), schemas, seen, properties);
    }
}

/// Whether it is an object of which nothing is described.
pub(crate) fn is_undescribed(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
        && schema.as_object().is_some_and(|schema| {
            schema.iter().all(|(key, value)| match key.as_str() {
                "type" | "x-folio" | "nullable" | "readOnly" | "deprecated" => true,
                "additionalProperties" | "properties" => {
                    value.is_boolean() || value.as_object().is_some_and(Map::is_empty)
                }
                _ => false,
            })
        })
}
