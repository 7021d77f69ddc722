//! Problems of lists.

use serde_json::Value;

use super::checker::Checker;
use crate::canonical::operation::json_response;

/// How many parts of a record are looked through for a property.
const MOST_PARTS: usize = 64;

/// How lists are paged.
const STYLES: [&str; 7] = [
    "browse", "cql", "erm", "offset", "retrieve", "search", "whole",
];

impl Checker<'_> {
    /// Checks that the response contains the facts of a list.
    pub(super) fn paging(&mut self, document: &str, operation: &Value, at: &str) {
        let Some(paging @ Value::Object(_)) = operation.pointer("/x-folio/paging") else {
            return;
        };
        let at = format!("{at}/x-folio/paging");
        let text = |key: &str| paging.get(key).and_then(Value::as_str);
        let style = text("style").unwrap_or_default();
        if !STYLES.contains(&style) {
            let problem = format!("expected one of {}, found `{style}`", STYLES.join(", "));
            self.add(document, format!("{at}/style"), problem);
        }
        if let Some(record) = text("record") {
            self.reference(document, record, &format!("{at}/record"));
        }
        let Some(response) = json_response(operation) else {
            return self.add(document, at, "is a list, but no JSON response is described");
        };
        let list = match text("items") {
            Some(items) => self.property(document, response, items, &mut Vec::new()),
            None => self.array(document, response),
        };
        let Some((home, list)) = list else {
            let what = match text("items") {
                Some(items) => format!("the response has no list `{items}`"),
                None => "the response is not a list, and `items` does not name one".to_owned(),
            };
            return self.add(document, format!("{at}/items"), what);
        };
        if let (Some(key), Some(items)) = (text("key"), list.get("items"))
            && self.property(home, items, key, &mut Vec::new()).is_none()
        {
            let problem = format!("the records have no `{key}`");
            self.add(document, format!("{at}/key"), problem);
        }
    }

    /// A property of an object or of one of its parts, with its reference resolved.
    fn property<'b>(
        &'b self,
        document: &'b str,
        schema: &'b Value,
        name: &str,
        seen: &mut Vec<&'b Value>,
    ) -> Option<(&'b str, &'b Value)> {
        let (home, schema) = self.resolve(document, schema);
        // Parts may lead back to the whole.
        if seen.len() > MOST_PARTS || seen.iter().any(|other| std::ptr::eq(*other, schema)) {
            return None;
        }
        seen.push(schema);
        if let Some(property) = schema.get("properties").and_then(|all| all.get(name)) {
            return Some(self.resolve(home, property));
        }
        let parts = ["allOf", "oneOf", "anyOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array());
        parts
            .flatten()
            .find_map(|part| self.property(home, part, name, seen))
    }

    /// The response itself or one of its variants, if it is a list.
    fn array<'b>(&'b self, document: &'b str, schema: &'b Value) -> Option<(&'b str, &'b Value)> {
        let (home, schema) = self.resolve(document, schema);
        let variants = ["oneOf", "anyOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array());
        std::iter::once((home, schema))
            .chain(variants.flatten().map(|part| self.resolve(home, part)))
            .find(|(_, schema)| schema.get("type").and_then(Value::as_str) == Some("array"))
    }
}
