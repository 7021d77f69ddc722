//! The names of what stands within records: the importer states them (`x-folio.name`).

use serde_json::{Map, Value};

use super::lowering::Lowering;
use crate::error::Error;
use crate::names::component_type;

/// The name that a document states for a schema that is no component.
pub(super) fn stated_name(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("x-folio")?.get("name")?.as_str()
}

impl Lowering<'_> {
    /// Gives a record or an enum its name. typify makes one type of all that have one name: what
    /// has another content gets another.
    pub(super) fn entitle(&mut self, stated: &str, lowered: &mut Value) -> Result<(), Error> {
        if lowered.get("properties").is_none() && lowered.get("enum").is_none() {
            return Ok(());
        }
        let mut content = lowered.clone();
        if let Some(content) = content.as_object_mut() {
            content.retain(|key, _| key != "description" && key != "title");
        }
        let mut name = component_type(&separated(stated));
        while self.home.document.schemas()?.contains_key(&name)
            || self
                .nested
                .get(&name)
                .is_some_and(|known| *known != content)
        {
            name.push_str("Inline");
        }
        self.nested.insert(name.clone(), content);
        lowered["title"] = separated(&name).into();
        Ok(())
    }
}

/// The name as typify keeps it: it writes a word behind digits in lower case, if nothing is between
/// them.
fn separated(name: &str) -> String {
    let mut separated = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && separated.ends_with(|c: char| c.is_ascii_digit()) {
            separated.push('_');
        }
        separated.push(c);
    }
    separated
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    #[test]
    fn records_and_enums_have_the_stated_name_and_two_contents_have_two() {
        let named = |mut schema: Value| {
            schema["x-folio"] = json!({"name": "Part"});
            schema
        };
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let mut lowering = Lowering::of_module(&document, &common);
        let fields = json!({"properties": {"a": {"type": "string"}}});
        let both = json!({"allOf": [fields, {"properties": {"b": {"type": "string"}}}]});
        for (schema, expected) in [
            (fields.clone(), Some("Part")),
            (fields, Some("Part")),
            (json!({"type": "string", "enum": ["a"]}), Some("PartInline")),
            (both, Some("PartInlineInline")),
            (json!({"type": "string"}), None),
        ] {
            let lowered = lowering.schema("/x", &named(schema), 0).unwrap();
            assert_eq!(lowered["title"].as_str(), expected, "{lowered}");
        }
    }
}
