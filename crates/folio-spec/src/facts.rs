//! Derives the servers' behaviour (`x-folio.facts`) from the descriptions of operations.
//!
//! Derived from parameters, bodies, responses, schemas and collections. Recordings and module
//! sources correct it, by `[[fact]]` in the overrides.

pub(crate) mod deletion;
pub(crate) mod omits;
mod secrets;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::canonical::facts;
use crate::canonical::operation::METHODS;
use crate::canonical::schema::resolved;
use crate::corrections::overrides::Overrides;
use secrets::holds_secrets;

/// Writes the server's behaviour to each operation of a module's document: first the facts of the
/// schemas, then those of the overrides.
pub(crate) fn write(document: &mut Value, overrides: &Overrides, module: &str) {
    derive(document);
    let is_sent = overrides.sends_read_only(module);
    omits::derive(document, !is_sent);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let mut known = facts::read(operation);
            known.correct(&overrides.facts(module, method, path));
            facts::write(operation, &known);
        }
    }
}

/// Adds the facts of the schemas to the operations of a document: whether `_version` guards a
/// record, and whether bodies contain secrets.
fn derive(document: &mut Value) {
    let schemas = document
        .pointer("/components/schemas")
        .cloned()
        .unwrap_or_default();
    for item in document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            let mut known = facts::read(operation);
            let request = content(operation.get("requestBody"));
            if matches!(method, "put" | "patch")
                && request.iter().any(|schema| has_version(schema, &schemas))
            {
                known.versioned = Some(true);
            }
            let responses = operation.get("responses").and_then(Value::as_object);
            let bodies = responses
                .into_iter()
                .flat_map(Map::values)
                .flat_map(|response| content(Some(response)))
                .chain(request);
            if bodies
                .into_iter()
                .any(|schema| holds_secrets(schema, &schemas, &mut BTreeSet::new()))
            {
                known.sensitive = Some(true);
            }
            facts::write(operation, &known);
        }
    }
}

/// The schemas of a body, by media type.
fn content(of: Option<&Value>) -> Vec<&Value> {
    let content = of.and_then(|of| of.get("content")?.as_object());
    content
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|media| media.get("schema"))
        .collect()
}

fn has_version(schema: &Value, schemas: &Value) -> bool {
    let schema = resolved(schema, schemas);
    let parts = schema.get("allOf").and_then(Value::as_array);
    schema.pointer("/properties/_version").is_some()
        || parts
            .into_iter()
            .flatten()
            .any(|part| has_version(part, schemas))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_and_secrets_are_facts_of_the_operation() {
        let body = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}});
        let mut document = json!({
            "paths": {"/a/{id}": {
                "put": {"x-folio": {}, "requestBody": body("Versioned")},
                "post": {"x-folio": {}, "requestBody": body("Versioned")},
                "get": {"x-folio": {}, "responses": {"200": body("Secret")}},
            }},
            "components": {"schemas": {
                "Versioned": {"allOf": [{"properties": {"_version": {"type": "integer"}}}]},
                "Secret": {"properties": {"password": {"type": "string"}}},
            }},
        });
        derive(&mut document);
        let facts = |method: &str| facts::read(&document["paths"]["/a/{id}"][method]);
        assert_eq!(facts("put").versioned, Some(true));
        assert_eq!(facts("post").versioned, None);
        assert_eq!(facts("get").sensitive, Some(true));
        assert_eq!(facts("put").sensitive, None);
    }
}
