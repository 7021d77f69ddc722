//! Objects: records, and maps from text to a type.

use serde_json::{Map, Value, json};

use super::lowering::Lowering;
use super::nullable::is_nullable;
use crate::error::Error;

impl Lowering<'_> {
    /// An object. Unknown fields are kept, whatever `additionalProperties` says: a server newer
    /// than the description sends them, and a PUT without them would drop them. What may be null
    /// may be absent, and so may `totalRecords`, which RMB leaves out when asked for
    /// `totalRecords=none`.
    pub(super) fn object(
        &mut self,
        at: &str,
        schema: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, Error> {
        let Some(Value::Object(properties)) = schema
            .get("properties")
            .filter(|p| p.as_object().is_some_and(|p| !p.is_empty()))
        else {
            let values = match schema.get("additionalProperties") {
                Some(values @ Value::Object(_)) => {
                    self.schema(&format!("{at}/additionalProperties"), values, depth + 1)?
                }
                Some(Value::Bool(true)) => json!({}),
                // An object of which nothing is said is what generators of descriptions write of
                // whatever they do not know: Java's Object.
                _ => return Ok(json!({})),
            };
            return Ok(json!({"type": "object", "additionalProperties": values}));
        };
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut fields = Map::new();
        let mut needed = Vec::new();
        for (name, property) in properties {
            fields.insert(
                name.clone(),
                self.schema(&format!("{at}/properties/{name}"), property, depth + 1)?,
            );
            let optional = is_nullable(self.home, property) || name == "totalRecords";
            if required.iter().any(|r| r == name.as_str()) && !optional {
                needed.push(name.clone());
            }
        }
        let mut object = json!({"type": "object", "properties": fields, "required": needed, "additionalProperties": {}});
        if let Some(name) = inline_name(at)
            && (self.home.document.schemas()?.contains_key(&name)
                || self.home.common.schemas()?.contains_key(&name))
        {
            object["title"] = format!("{name}Inline").into();
        }
        Ok(object)
    }
}

/// The name that typify gives a record without one, by the place where it stands: `TitleData` of
/// the property `data` of `Title`. It does not look whether a record is named so already.
fn inline_name(at: &str) -> Option<String> {
    let mut steps = at.strip_prefix("/components/schemas/")?.split('/');
    let mut name = steps.next()?.to_owned();
    let mut inner = false;
    while let Some(step) = steps.next() {
        inner = true;
        if step == "items" {
            name.push_str("Item");
            continue;
        }
        let words = steps.next()?.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words {
            let mut chars = word.chars();
            name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(chars.as_str());
        }
    }
    inner.then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    fn lowered(schema: Value) -> Value {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let mut lowering = Lowering::of_module(&document, &common);
        lowering.object("", schema.as_object().unwrap(), 0).unwrap()
    }

    #[test]
    fn unknown_fields_are_kept_whatever_the_source_says_of_them() {
        let fields = json!({"a": {"type": "string"}});
        for said in [json!(false), json!(true), json!({"type": "string"})] {
            let schema =
                json!({"type": "object", "properties": fields, "additionalProperties": said});
            let expected = json!({"type": "object", "properties": fields, "required": [], "additionalProperties": {}});
            assert_eq!(lowered(schema), expected);
        }
    }

    #[test]
    fn what_may_be_null_is_not_required() {
        let schema = json!({"type": "object", "required": ["a", "b", "totalRecords"], "properties": {
            "a": {"type": "string"}, "b": {"type": "string", "nullable": true}, "totalRecords": {"type": "integer"},
        }});
        assert_eq!(lowered(schema)["required"], json!(["a"]));
    }

    #[test]
    fn an_object_without_fields_is_a_map_or_any_json() {
        let map = |values: Value| json!({"type": "object", "additionalProperties": values});
        for (schema, expected) in [
            (
                map(json!({"type": "integer"})),
                map(json!({"type": "integer"})),
            ),
            (map(json!(true)), map(json!({}))),
            (map(json!(false)), json!({})),
            (json!({"type": "object"}), json!({})),
            (json!({"type": "object", "properties": {}}), json!({})),
        ] {
            assert_eq!(lowered(schema), expected);
        }
    }

    #[test]
    fn a_record_without_a_name_is_named_by_its_place() {
        for (at, expected) in [
            (
                "/components/schemas/Title/properties/data",
                Some("TitleData"),
            ),
            (
                "/components/schemas/Title/properties/a-b/items",
                Some("TitleABItem"),
            ),
            ("/components/schemas/Title", None),
            ("/paths/~1a", None),
        ] {
            assert_eq!(inline_name(at).as_deref(), expected);
        }
    }
}
