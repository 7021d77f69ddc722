//! What the descriptions say about the fields of stored records: which the server sets, and which
//! it gives a default.
//!
//! A client that writes records again must know it: a field that the server filled in is no
//! difference between the record that is stored and the one that was sent. What recordings show
//! besides is in the SDK's `same_record.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{Document, Home};
use crate::template::{Code, fill, literal};

/// How deep records are looked into.
const DEPTH: usize = 6;

/// The facts about the fields of a collection's records. A field is named by its path,
/// `cost.discountType`; a field of list elements by the path of the list followed by its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordFacts {
    /// The server sets the field and ignores sent values: it is read-only.
    set: BTreeSet<String>,
    /// The value, as JSON, that the server gives the field if none is sent.
    defaults: BTreeMap<String, String>,
}

impl RecordFacts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.set.extend(other.set);
        self.defaults.extend(other.defaults);
    }

    fn read<'a>(&mut self, home: Home<'a>, schema: &'a Value, path: &str, depth: usize) {
        let (home, schema) = home.follow(schema);
        let parts = schema.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter(|_| depth > 0) {
            self.read(home, part, path, depth - 1);
        }
        if let Some(items) = schema.get("items").filter(|_| depth > 0) {
            self.read(home, items, path, depth - 1);
        }
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        // Fields that only responses contain.
        let added = schema.pointer("/x-folio/responseOnly");
        let added = added.and_then(Value::as_array).into_iter().flatten();
        self.set.extend(added.filter_map(Value::as_str).map(below));
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            let path = below(key);
            if self.set.contains(&path) {
                continue;
            }
            let (inner, resolved) = home.follow(property);
            let says = |keyword: &str| property.get(keyword).or_else(|| resolved.get(keyword));
            if path == "id" || path == "metadata" || path == "_version" {
                // Of every record.
            } else if says("readOnly") == Some(&Value::Bool(true)) {
                self.set.insert(path);
            } else {
                // `false` and an empty list do not count as differences anyway.
                if let Some(default) = says("default").filter(|default| !is_nothing(default)) {
                    self.defaults.insert(path.clone(), default.to_string());
                }
                if depth > 0 {
                    self.read(inner, resolved, &path, depth - 1);
                }
            }
        }
    }
}

/// The values that the SDK does not count as differences anyway.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// The facts about the records of each path of a document that lists and creates them.
pub(crate) fn of(document: &Document, common: &Document) -> Vec<(String, RecordFacts)> {
    let home = Home { document, common };
    let paths = document.root.get("paths").and_then(Value::as_object);
    let mut found = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let Some(item) = item.as_object().filter(|item| item.contains_key("get")) else {
            continue;
        };
        let schema = item
            .get("post")
            .and_then(|post| post.pointer("/requestBody/content"))
            .and_then(|content| content.get("application/json")?.get("schema"));
        let mut facts = RecordFacts::default();
        if let Some(schema) = schema {
            facts.read(home, schema, "", DEPTH);
        }
        found.push((path.clone(), facts));
    }
    found
}

const ROW: &str = "({path}, RecordFacts { set: &{set}, defaults: &{defaults} }),";

/// The rows of the table.
pub(crate) fn rows(records: &BTreeMap<String, RecordFacts>) -> Code {
    let mut rows = Code::default();
    for (path, facts) in records.iter().filter(|(_, facts)| !facts.is_empty()) {
        let set = Vec::from_iter(&facts.set);
        let defaults = Vec::from_iter(&facts.defaults);
        fill!(
            &mut rows,
            ROW,
            path = literal(path),
            set = literal(&set),
            defaults = literal(&defaults),
        );
    }
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_the_server_sets_and_defaults_are_found_through_references_and_lists() {
        let common = Document::new(
            "common",
            json!({"components": {"schemas": {
                "Cost": {"properties": {"discountType": {"default": "percentage"}, "fixed": {"default": false}}},
                "Metadata": {"properties": {"createdDate": {"readOnly": true}}},
            }}}),
        );
        let document = Document::new(
            "mod-things",
            json!({
                "paths": {"/things": {"get": {}, "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}},
                    "/things/{id}": {"get": {}}},
                "components": {"schemas": {"Thing": {"allOf": [{"properties": {"total": {"readOnly": true}}}], "properties": {
                    "id": {"readOnly": true}, "metadata": {"$ref": "common.json#/components/schemas/Metadata"},
                    "cost": {"$ref": "common.json#/components/schemas/Cost"},
                    "lines": {"type": "array", "items": {"properties": {"state": {"default": "open"}, "parent": {"$ref": "#/components/schemas/Thing"}}}},
                }}}},
            }),
        );
        let mut facts: BTreeMap<_, _> = of(&document, &common).into_iter().collect();
        let facts = facts.remove("/things").unwrap();
        assert!(facts.set.contains("total") && !facts.set.contains("id"));
        assert!(!facts.set.iter().any(|path| path.starts_with("metadata")));
        assert_eq!(facts.defaults["cost.discountType"], "\"percentage\"");
        assert_eq!(facts.defaults["lines.state"], "\"open\"");
        assert!(!facts.defaults.contains_key("cost.fixed"));
    }
}
