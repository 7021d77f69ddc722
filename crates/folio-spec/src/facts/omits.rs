//! The fields that a client omits from a request's body: fields that only responses contain. They
//! are facts of the schemas, written to each operation as `x-folio.facts.omits`.
//!
//! - `x-folio.responseOnly` of a schema names them, from a recording: the server adds them, and
//!   rejects them in a request.
//! - A body whose schema has no further properties (`additionalProperties: false`) cannot have what
//!   the record of the response beside it has more: `childOf` of a permission.
//! - A `readOnly` property, where `[read-only]` in the overrides states that the module does not
//!   read what is sent. Elsewhere it is sent. OpenAPI forbids it, but modules act on such
//!   properties: mod-ebsconet on `type` and `workflowStatus` of an order line, mod-inn-reach on the
//!   ids of a hold, mod-data-export on `default` of a profile (their sources); transactions of
//!   mod-finance-storage need their `metadata` (recorded). One that is required is always sent:
//!   servers check it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::canonical::facts;
use crate::canonical::operation::METHODS;
use crate::canonical::schema::resolved;

/// How deep bodies are looked into.
const DEPTH: usize = 6;

/// Writes the omitted fields of their bodies to the operations of a document. `without_read_only`
/// states that the module ignores the sent values of its read-only properties.
pub(crate) fn derive(document: &mut Value, without_read_only: bool) {
    let schemas = document
        .pointer("/components/schemas")
        .cloned()
        .unwrap_or_default();
    let paths = document["paths"].clone();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            let content = operation.pointer("/requestBody/content");
            let Some(body) =
                content.and_then(|content| content.get("application/json")?.get("schema"))
            else {
                continue;
            };
            let mut reading = Reading {
                schemas: &schemas,
                without_read_only,
                found: BTreeSet::new(),
            };
            reading.read(body, "", DEPTH);
            if let Some(response) = beside(&paths, path, method) {
                reading.compare(body, response);
            }
            if reading.found.is_empty() {
                continue;
            }
            let mut known = facts::read(operation);
            known.omits = Some(reading.found.into_iter().collect());
            facts::write(operation, &known);
        }
    }
}

/// The schema of the record that the same thing is read as: of a PUT or PATCH by the GET of its
/// path, of a POST by that of one path below it.
fn beside<'a>(paths: &'a Value, path: &str, method: &str) -> Option<&'a Value> {
    let item = match method {
        "put" | "patch" => paths.get(path)?,
        "post" => {
            let below = format!("{path}/{{");
            let mut records = paths.as_object()?.iter().filter(|(other, _)| {
                let rest = other.strip_prefix(&below);
                rest.is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
            });
            let (_, item) = records.next()?;
            item
        }
        _ => return None,
    };
    item.pointer("/get/responses/200/content")?
        .get("application/json")?
        .get("schema")
}

struct Reading<'a> {
    schemas: &'a Value,
    without_read_only: bool,
    found: BTreeSet<String>,
}

impl Reading<'_> {
    fn read(&mut self, schema: &Value, path: &str, depth: usize) {
        let schema = resolved(schema, self.schemas);
        let parts = schema.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter(|_| depth > 0) {
            self.read(part, path, depth - 1);
        }
        if let Some(items) = schema.get("items").filter(|_| depth > 0) {
            self.read(items, &format!("{path}[]"), depth - 1);
        }
        let names = |key: &str| {
            let names = schema.pointer(key).and_then(Value::as_array);
            names.into_iter().flatten().filter_map(Value::as_str)
        };
        let only_in_responses: BTreeSet<&str> = names("/x-folio/responseOnly").collect();
        let required: BTreeSet<&str> = names("/required").collect();
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        self.found
            .extend(only_in_responses.iter().map(|name| below(name)));
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if only_in_responses.contains(&**name) {
                continue;
            }
            let inner = resolved(property, self.schemas);
            let is_read_only = [property, inner]
                .iter()
                .any(|schema| schema.get("readOnly") == Some(&Value::Bool(true)));
            if self.without_read_only && is_read_only && !required.contains(&**name) {
                self.found.insert(below(name));
            } else if depth > 0 {
                self.read(property, &below(name), depth - 1);
            }
        }
    }

    /// Adds the fields that the record of the response has and the body cannot have.
    fn compare(&mut self, body: &Value, response: &Value) {
        let (body, response) = (
            resolved(body, self.schemas),
            resolved(response, self.schemas),
        );
        if body.get("additionalProperties") != Some(&Value::Bool(false))
            || body.get("allOf").is_some()
        {
            return;
        }
        let properties = |schema: &'_ Value| -> Map<String, Value> {
            let properties = schema.get("properties").and_then(Value::as_object);
            properties.cloned().unwrap_or_default()
        };
        let (body, response) = (properties(body), properties(response));
        // A record of another kind shows nothing about this one.
        let alike = body
            .keys()
            .filter(|name| response.contains_key(*name))
            .count();
        if alike < 2 || alike * 4 < body.len() * 3 {
            return;
        }
        let more = response.into_iter().map(|(name, _)| name);
        self.found
            .extend(more.filter(|name| !body.contains_key(name)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn omitted(document: &Value, without_read_only: bool, path: &str, method: &str) -> Vec<String> {
        let mut document = document.clone();
        derive(&mut document, without_read_only);
        let at = path.replace('/', "~1");
        let operation = document.pointer(&format!("/paths/{at}/{method}"));
        facts::read(operation.unwrap_or(&Value::Null))
            .omits
            .unwrap_or_default()
    }

    fn document() -> Value {
        let body = |name: &str| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"x-folio": {}, "requestBody": {"content": {"application/json": {"schema": schema}}}})
        };
        let response = |name: &str| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"responses": {"200": {"content": {"application/json": {"schema": schema}}}}})
        };
        json!({
            "paths": {
                "/things": {"post": body("Upload")},
                "/things/{id}": {"get": response("Thing"), "put": body("Upload")},
                "/things/{id}/parts": {"get": response("Thing")},
                "/batch": {"post": body("Batch")},
                "/others/{id}": {"get": response("Thing"), "put": body("Thing")},
            },
            "components": {"schemas": {
                "Upload": {"additionalProperties": false, "properties": {"id": {}, "name": {}, "metadata": {"readOnly": true}}},
                "Thing": {
                    "properties": {
                        "id": {}, "name": {}, "childOf": {}, "metadata": {"readOnly": true},
                        "key": {"readOnly": true}, "added": {},
                        "of": {"items": {"properties": {"state": {"readOnly": true}}}},
                    },
                    "required": ["key"],
                    "x-folio": {"responseOnly": ["added"]},
                },
                "Batch": {"properties": {"things": {"items": {"$ref": "#/components/schemas/Thing"}}}},
            }},
        })
    }

    #[test]
    fn what_only_responses_contain_is_left_out() {
        let of =
            |without_read_only, path, method| omitted(&document(), without_read_only, path, method);
        // Fields that the body cannot have. Read-only properties are sent.
        let more = ["added", "childOf", "key", "of"];
        assert_eq!(of(false, "/things/{id}", "put"), more);
        assert_eq!(of(false, "/things", "post"), more);
        assert_eq!(of(false, "/others/{id}", "put"), ["added"]);
        assert_eq!(of(false, "/batch", "post"), ["things[].added"]);
        // Read-only properties, too, unless they are required.
        assert_eq!(
            of(true, "/others/{id}", "put"),
            ["added", "metadata", "of[].state"]
        );
    }
}
