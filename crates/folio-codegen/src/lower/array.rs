//! Lists.

use serde_json::{Map, Value, json};

use super::lowering::Lowering;
use super::nullable::is_nullable;
use super::scalar::is_scalar;
use crate::error::Error;

impl Lowering<'_> {
    /// A list. Where the description knows `null` among the elements, its place has a meaning, such
    /// as a month without a value: an element that is text, a number or a truth value stays
    /// nullable.
    pub(super) fn array(
        &mut self,
        at: &str,
        schema: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, Error> {
        let described = schema.get("items").unwrap_or(&Value::Null);
        let mut items = self.schema(&format!("{at}/items"), described, depth + 1)?;
        if is_nullable(self.home, described) && is_scalar(&items) {
            items["nullable"] = true.into();
        }
        Ok(json!({"type": "array", "items": items}))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    #[test]
    fn elements_that_may_be_null_stay_so_if_they_are_scalars() {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let record = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        let mut nullable_record = record.clone();
        nullable_record["nullable"] = true.into();
        for (items, expected) in [
            (json!({"type": "integer"}), Some(json!({"type": "integer"}))),
            (
                json!({"type": "integer", "nullable": true}),
                Some(json!({"type": "integer", "nullable": true})),
            ),
            (json!({"nullable": true}), Some(json!({}))),
            (Value::Null, Some(json!({}))),
            (nullable_record, None),
        ] {
            let mut lowering = Lowering::of_module(&document, &common);
            let schema = json!({"type": "array", "items": items});
            let lowered = lowering.array("", schema.as_object().unwrap(), 0).unwrap();
            match expected {
                Some(items) => assert_eq!(lowered, json!({"type": "array", "items": items})),
                None => assert_eq!(lowered["items"].get("nullable"), None),
            }
        }
    }
}
