//! The endpoints that write many records of a collection at once, found in the documents.

use serde_json::Value;

use crate::document::{Document, Home};

/// How the paths of batches that check `_version` end, by the naming of mod-inventory-storage.
const SUFFIX: &str = "/batch/synchronous";

/// A collection whose records can be sent together.
#[derive(Debug, PartialEq)]
pub(crate) struct Batch<'a> {
    /// The path of the collection.
    pub(crate) collection: &'a str,
    /// The path that takes many records.
    pub(crate) path: &'a str,
    /// The key of the records in its body.
    pub(crate) key: &'a str,
}

/// The batches of a document. The records of a batch are those that the collection creates one by
/// one: both bodies refer to the same schema.
pub(crate) fn of<'a>(document: &'a Document, common: &'a Document) -> Vec<Batch<'a>> {
    let home = Home { document, common };
    let paths = document.root.get("paths").and_then(Value::as_object);
    let mut found = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let batch = body(item).filter(|_| path.ends_with(SUFFIX));
        let Some((key, record)) = batch.and_then(|schema| records(home, schema)) else {
            continue;
        };
        let mut collections = paths.into_iter().flatten().filter(|(_, item)| {
            item.pointer("/get/x-folio/paging").is_some()
                && body(item).and_then(reference) == Some(record)
        });
        // Where two collections take the record, it is not clear which one the batch writes.
        if let (Some((collection, _)), None) = (collections.next(), collections.next()) {
            found.push(Batch {
                collection,
                path,
                key,
            });
        }
    }
    found
}

/// The schema of the body of a path's POST.
fn body(item: &Value) -> Option<&Value> {
    let content = item.pointer("/post/requestBody/content")?;
    content.get("application/json")?.get("schema")
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()
}

/// The list in a schema: its key, and the schema that its elements refer to.
fn records<'a>(home: Home<'a>, schema: &'a Value) -> Option<(&'a str, &'a str)> {
    let (_, schema) = home.follow(schema);
    let properties = schema.get("properties")?.as_object()?;
    properties
        .iter()
        .find_map(|(key, property)| Some((key.as_str(), reference(property.get("items")?)?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, LOCAL};

    #[test]
    fn a_batch_writes_the_collection_that_takes_its_records() {
        let body = |schema: &str| {
            let schema = json!({"$ref": format!("{LOCAL}{schema}")});
            json!({"requestBody": {"content": {"application/json": {"schema": schema}}}})
        };
        let list = json!({"x-folio": {"paging": {"style": "cql"}}});
        let root = json!({
            "paths": {
                "/a/batch/synchronous": {"post": body("As")},
                "/a/batch/synchronous-unsafe": {"post": body("As")},
                "/a/records": {"get": list, "post": body("A")},
                "/a/moves": {"post": body("A")},
                "/b/batch/synchronous": {"post": body("Bs")},
                "/b/records": {"get": list, "post": body("B")},
                "/b/others": {"get": list, "post": body("B")},
            },
            "components": {"schemas": {
                "A": {}, "B": {},
                "As": {"properties": {
                    "totalRecords": {"type": "integer"},
                    "as": {"type": "array", "items": {"$ref": format!("{LOCAL}A")}},
                }},
                "Bs": {"properties": {"bs": {"type": "array", "items": {"$ref": format!("{LOCAL}B")}}}},
            }},
        });
        let document = Document::new("mod-things", root);
        let common = Document::new(COMMON, Value::Null);
        let expected = Batch {
            collection: "/a/records",
            path: "/a/batch/synchronous",
            key: "as",
        };
        assert_eq!(of(&document, &common), [expected]);
    }
}
