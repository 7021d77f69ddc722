//! The components that become Rust types: records and enums.

use serde_json::{Map, Value};

use super::lowering::Lowering;
use super::scalar::text;
use crate::error::Error;
use crate::unions;

/// Whether a component becomes a Rust type: a record or an enum.
pub(crate) fn is_type(schema: &Value) -> bool {
    let has_fields = schema["properties"]
        .as_object()
        .is_some_and(|fields| !fields.is_empty());
    let union = schema
        .as_object()
        .is_some_and(|schema| unions::parts(schema).is_some())
        || schema.get("not").is_some();
    let merged = schema["allOf"]
        .as_array()
        .is_some_and(|parts| match &parts[..] {
            [only] => has_fields || only.get("$ref").is_none(),
            parts => !parts.is_empty(),
        });
    let text = schema["type"] == "string"
        && text(schema.as_object().unwrap_or(&Map::new()))
            .get("enum")
            .is_some();
    !union && (has_fields || merged || text)
}

impl Lowering<'_> {
    /// All components that become types, lowered. A base with subtypes is a union wherever it is
    /// named.
    pub(super) fn components(&mut self) -> Result<Map<String, Value>, Error> {
        let document = self.home.document;
        let mut lowered = Map::new();
        for (name, schema) in document.schemas()? {
            if unions::subtypes(document, name).is_some() {
                continue;
            }
            if is_type(schema) || unions::is_subtype(document, schema) {
                let at = format!("/components/schemas/{name}");
                lowered.insert(name.clone(), self.schema(&at, schema, 0)?);
            }
        }
        Ok(lowered)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn records_and_enums_are_types_and_what_only_leads_to_them_is_none() {
        let reference = json!({"$ref": "#/components/schemas/Book"});
        for (schema, expected) in [
            (json!({"type": "object", "properties": {"a": {}}}), true),
            (json!({"properties": {"a": {}}}), true),
            (json!({"type": "object"}), false),
            (json!({"type": "object", "properties": {}}), false),
            (json!({"type": "string", "enum": ["a", "b"]}), true),
            (json!({"type": "string", "enum": ["a-b", "a_b"]}), false),
            (json!({"type": "string", "format": "uuid"}), false),
            (json!({"type": "array", "items": {}}), false),
            (json!({"allOf": [reference, {"properties": {}}]}), true),
            (json!({"allOf": [reference]}), false),
            (json!({"allOf": [reference], "properties": {"a": {}}}), true),
            (json!({"allOf": []}), false),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "integer"}], "properties": {"a": {}}}),
                false,
            ),
            (
                json!({"oneOf": [{"required": ["a"]}], "properties": {"a": {}}}),
                true,
            ),
            (json!({"not": {}, "properties": {"a": {}}}), false),
        ] {
            assert_eq!(is_type(&schema), expected, "{schema}");
        }
    }
}
