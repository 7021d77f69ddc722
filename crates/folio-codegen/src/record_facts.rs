//! What servers do to the fields of the records that they store: which they set, which they number, which they give a default.
//!
//! A client that writes records again must know it: a field that the server filled in is no difference between the record that is stored and
//! the one that was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::document::Document;

/// How deep records are looked into.
const DEPTH: usize = 6;

/// What is known of the fields of a collection's records. A field is named by its path: `status.date`, `notes[].staffOnly`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordFacts {
    /// The server sets the field, whatever is sent.
    set: BTreeSet<String>,
    /// The server gives the field a value if none is sent, and keeps one that is sent.
    assigned: BTreeSet<String>,
    /// The value, as JSON, that the server gives the field if none is sent.
    defaults: BTreeMap<String, String>,
    /// Lists show the field, and the server rejects it in a record that is written.
    shown: BTreeSet<String>,
}

/// What recordings of running servers and the modules' sources show, and the descriptions do not state:
/// path of the collection, fields that the server sets, that it assigns, that only lists show.
///
/// - inventory: `HridManager` numbers a record without `hrid`, and a single PUT cannot change or leave out the number; `status.date` and
///   `statusUpdatedDate` become the time of the write; a holding's effective location follows from its other locations; lists of holdings
///   show two fields that a PUT rejects (422, unrecognized field);
/// - users: `createdDate` and `updatedDate` become the time of the write with every PUT;
/// - accounts take holding and instance from the item;
/// - orders and finance: statuses and amounts that workflows and transactions compute. A PUT without them sets them back.
const RECORDED: &[(&str, &[&str], &[&str], &[&str])] = &[
    (
        "/instance-storage/instances",
        &["statusUpdatedDate"],
        &["hrid", "publicationPeriod"],
        &[],
    ),
    (
        "/holdings-storage/holdings",
        &["effectiveLocationId"],
        &["hrid"],
        &["holdingsItems", "bareHoldingsItems"],
    ),
    ("/item-storage/items", &["status.date"], &["hrid"], &[]),
    ("/users", &["createdDate", "updatedDate"], &[], &[]),
    ("/accounts", &[], &["holdingsRecordId", "instanceId"], &[]),
    (
        "/orders-storage/po-lines",
        &[],
        &["paymentStatus", "receiptStatus"],
        &[],
    ),
    (
        "/orders-storage/pieces",
        &["statusUpdatedDate"],
        &["receivingStatus"],
        &[],
    ),
    (
        "/orders-storage/purchase-orders",
        &[],
        &["workflowStatus"],
        &[],
    ),
    (
        "/finance-storage/budgets",
        &[],
        &[
            "allocationFrom",
            "allocationTo",
            "awaitingPayment",
            "credits",
            "encumbered",
            "expenditures",
            "initialAllocation",
            "netTransfers",
        ],
        &[],
    ),
];

impl RecordFacts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.set.extend(other.set);
        self.assigned.extend(other.assigned);
        self.defaults.extend(other.defaults);
        self.shown.extend(other.shown);
    }

    fn read(&mut self, origin: &Origin<'_>, schema: &Value, path: &str, depth: usize) {
        let (origin, schema) = &origin.resolved(schema);
        let parts = schema.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter(|_| depth > 0) {
            self.read(origin, part, path, depth - 1);
        }
        if let Some(items) = schema.get("items").filter(|_| depth > 0) {
            self.read(origin, items, &format!("{path}[]"), depth - 1);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            let path = match path {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            let (inner, resolved) = origin.resolved(property);
            let says = |keyword: &str| property.get(keyword).or_else(|| resolved.get(keyword));
            if path == "id" || path == "metadata" || path == "_version" {
                // Of every record.
            } else if says("readOnly") == Some(&Value::Bool(true)) {
                self.set.insert(path);
            } else {
                // What says nothing (`false`, 0, an empty list) is known to be none anyway.
                if let Some(default) = says("default").filter(|default| !is_nothing(default)) {
                    self.defaults.insert(path.clone(), default.to_string());
                }
                if depth > 0 {
                    self.read(&inner, resolved, &path, depth - 1);
                }
            }
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// The document that references are read in, and the one of shared records.
#[derive(Clone, Copy)]
struct Origin<'a> {
    document: &'a Document,
    common: &'a Document,
}

impl<'a> Origin<'a> {
    /// The schema that is meant, and the document that it is in.
    fn resolved(&self, schema: &'a Value) -> (Self, &'a Value) {
        let (mut origin, mut schema) = (*self, schema);
        for _ in 0..DEPTH {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let (file, pointer) = reference.split_once('#').unwrap_or(("", reference));
            if !file.is_empty() {
                origin.document = self.common;
            }
            match origin.document.root.pointer(pointer) {
                Some(found) => schema = found,
                None => break,
            }
        }
        (origin, schema)
    }
}

/// What is known of the records of each path of a document that lists and creates them.
pub(crate) fn of(document: &Document, common: &Document) -> Vec<(String, RecordFacts)> {
    let origin = Origin { document, common };
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
            facts.read(&origin, schema, "", DEPTH);
        }
        found.push((path.clone(), facts));
    }
    found
}

/// Writes the table.
pub(crate) fn table(mut records: BTreeMap<String, RecordFacts>) -> String {
    for (path, set, assigned, shown) in RECORDED {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut facts = RecordFacts {
            set: texts(set),
            assigned: texts(assigned),
            defaults: BTreeMap::new(),
            shown: texts(shown),
        };
        if let Some(known) = records.remove(*path) {
            facts.add(known);
        }
        records.insert((*path).to_owned(), facts);
    }
    let mut text = String::from(
        "\n/// What servers do to the fields of the records of a collection, in the order of the paths.\npub(crate) static RECORDS: &[(&str, RecordFacts)] = &[\n",
    );
    for (path, facts) in records {
        if facts.is_empty() {
            continue;
        }
        let RecordFacts {
            set,
            assigned,
            defaults,
            shown,
        } = facts;
        let assigned: Vec<_> = assigned.difference(&set).cloned().collect();
        let _ = writeln!(
            text,
            "    ({path:?}, RecordFacts {{ set: &{:?}, assigned: &{:?}, defaults: &{:?}, shown: &{:?} }}),",
            Vec::from_iter(set),
            assigned,
            Vec::from_iter(defaults),
            Vec::from_iter(shown),
        );
    }
    text.push_str("];\n");
    text
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
        assert_eq!(facts.defaults["lines[].state"], "\"open\"");
        assert!(!facts.defaults.contains_key("cost.fixed"));
    }
}
