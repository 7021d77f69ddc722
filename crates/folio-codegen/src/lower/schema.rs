//! A schema, by kind: each kind has its own pass.

use serde_json::{Value, json};

use super::all_of::merge;
use super::lowering::Lowering;
use super::nested::stated_name;
use super::scalar::{scalar, text};
use crate::error::Error;
use crate::unions;

/// A schema deeper than this contains itself.
const DEEPEST: usize = 64;

impl Lowering<'_> {
    /// Lowers a schema at a place: the place says what is wrong, and gives names to what has none.
    pub(super) fn schema(
        &mut self,
        at: &str,
        schema: &Value,
        depth: usize,
    ) -> Result<Value, Error> {
        if depth > DEEPEST {
            return Err(self.home.error(at, "a schema deeper than 64 levels"));
        }
        let Value::Object(schema) = schema else {
            return Ok(json!({}));
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(at, reference, depth);
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            let mut merged = merge(self.home, at, schema, parts)?;
            if let (Some(folio), None) = (schema.get("x-folio"), merged.get("$ref")) {
                merged["x-folio"] = folio.clone();
            }
            return self.schema(at, &merged, depth + 1);
        }
        if let Some(parts) = unions::parts(schema) {
            let tag = unions::discriminator(schema).map(|(property, _)| property);
            let tag = tag.unwrap_or_default();
            return self.union(at, stated_name(schema), &tag, parts, depth);
        }
        if schema.contains_key("not") {
            return Ok(json!({}));
        }
        let mut lowered = match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(at, schema, depth)?,
            Some("array") => self.array(at, schema, depth)?,
            Some(ty) => scalar(ty, schema).ok_or_else(|| {
                let problem = format!("expected a type of OpenAPI 3.0, found `{ty}`");
                self.home.error(format!("{at}/type"), problem)
            })?,
            None if schema.contains_key("properties") => self.object(at, schema, depth)?,
            None if schema.contains_key("enum") => text(schema),
            None => json!({}),
        };
        if let Some(name) = stated_name(schema) {
            self.entitle(name, &mut lowered)?;
        }
        Ok(lowered)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    fn lowered(components: Value, schema: &Value) -> Result<Value, Error> {
        let document = Document::new("mod-test", json!({"components": {"schemas": components}}));
        let common = Document::new(COMMON, json!({}));
        Lowering::of_module(&document, &common).schema("/here", schema, 0)
    }

    #[test]
    fn each_kind_of_schema_is_lowered_as_what_it_is() {
        let fields = json!({"a": {"type": "string"}});
        let record = json!({"type": "object", "properties": fields, "required": [], "additionalProperties": {}});
        for (schema, expected) in [
            (json!(true), json!({})),
            (json!({}), json!({})),
            (json!({"not": {}, "type": "string"}), json!({})),
            (
                json!({"enum": ["a", "b"]}),
                json!({"type": "string", "enum": ["a", "b"]}),
            ),
            (json!({"properties": fields}), record),
            (
                json!({"type": "array", "items": {"type": "boolean"}}),
                json!({"type": "array", "items": {"type": "boolean"}}),
            ),
            (
                json!({"oneOf": [{"type": "integer"}, {"type": "null"}]}),
                json!({"type": "integer"}),
            ),
            (
                json!({"type": "string", "readOnly": true}),
                json!({"type": "string"}),
            ),
        ] {
            assert_eq!(lowered(json!({}), &schema).unwrap(), expected, "{schema}");
        }
    }

    #[test]
    fn a_schema_without_end_or_of_an_unknown_type_is_an_error_with_its_place() {
        let to = json!({"$ref": "#/components/schemas/Loop"});
        let endless = json!({"Loop": {"type": "array", "items": to}});
        for (schema, expected) in [
            (to, "a schema deeper than 64 levels"),
            (
                json!({"type": "strin"}),
                "at /here/type: expected a type of OpenAPI 3.0, found `strin`",
            ),
        ] {
            let error = lowered(endless.clone(), &schema).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
