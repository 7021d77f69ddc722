//! A module's document, pass after pass.

use serde_json::{Map, Value};

use super::lowering::Lowering;
use super::names::check_names;
use super::openapi::{declare_shared, declare_unions, openapi, type_operation};
use crate::document::{Document, METHODS, list, object};
use crate::error::Error;
use crate::facts::{self, Operation};
use crate::lowered::Lowered;
use crate::module_name::handle_name;

/// Lowers a module's document.
pub(crate) fn module(document: &Document, common: &Document) -> Result<Lowered, Error> {
    check_names(document)?;
    let mut lowering = Lowering::of_module(document, common);
    let mut schemas = lowering.components()?;
    let (mut operations, mut paths) = lowering.operations()?;
    facts::name_types(&mut operations, &handle_name(document.feature()));
    for (name, response) in std::mem::take(&mut lowering.type_operations) {
        paths.insert(format!("/-/{name}"), type_operation(&name, response));
    }
    schemas.append(&mut lowering.unions.inline);
    declare_unions(&lowering.unions.list, &mut paths, &mut schemas);
    declare_shared(&lowering.used, &mut schemas);
    Ok(Lowered {
        openapi: openapi(document, paths, schemas),
        operations,
        common: lowering.used,
        unions: lowering.unions.list,
    })
}

impl Lowering<'_> {
    /// The operations of the document: their facts, and the paths with what progenitor takes of
    /// them.
    fn operations(&mut self) -> Result<(Vec<Operation>, Map<String, Value>), Error> {
        let document = self.home.document;
        let mut operations = Vec::new();
        let mut paths = Map::new();
        for (path, item) in object(document, "/paths", document.root.get("paths"))? {
            let mut lowered = Map::new();
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let mut facts = facts::read(document, path, method, operation)?;
                let shared = list(item, "parameters");
                lowered.insert(
                    method.to_owned(),
                    self.operation(&mut facts, operation, shared)?,
                );
                operations.push(facts);
            }
            // progenitor knows no parameter for the rest of a path.
            paths.insert(path.replace("{+", "{"), Value::Object(lowered));
        }
        Ok((operations, paths))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::COMMON;

    #[test]
    fn what_is_not_canonical_is_named_with_its_place() {
        let broken = [
            (
                json!({"post": {"responses": {}}}),
                "mod-test: at /paths/~1a/post: an operation without `operationId`",
            ),
            (
                json!({"post": {"operationId": "a b", "responses": {}}}),
                "cannot be the name of a Rust function",
            ),
            (
                json!({"post": {"operationId": "a", "responses": {"200": {"content": {"application/json": {"schema":
                    {"$ref": "other.json#/X"}}}}}}}),
                "the reference `other.json#/X` leads nowhere",
            ),
            (
                json!({"post": {"operationId": "a", "responses": {"200": {"content": {"application/json": {"schema":
                    {"type": "strin"}}}}}}}),
                "expected a type of OpenAPI 3.0, found `strin`",
            ),
            (
                json!({"post": {"operationId": "a", "responses": []}}),
                "expected an object, found an array",
            ),
        ];
        for (item, said) in broken {
            let document = Document::new("mod-test", json!({"paths": {"/a": item}}));
            let error = super::module(&document, &Document::new(COMMON, json!({})))
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_record_within_a_record_takes_the_name_of_no_other() {
        let module = Document::new(
            "mod-test",
            json!({"paths": {}, "components": {"schemas": {
                "Title": {"type": "object", "properties": {
                    "data": {"type": "object", "properties": {"a": {"type": "string"}}},
                    "more": {"type": "object", "properties": {"a": {"type": "string"}}},
                }},
                "TitleData": {"type": "object", "properties": {"b": {"type": "string"}}},
            }}}),
        );
        let lowered = super::module(&module, &Document::new(COMMON, json!({}))).unwrap();
        let title = &lowered.openapi["components"]["schemas"]["Title"]["properties"];
        assert_eq!(title["data"]["title"], "TitleDataInline");
        assert_eq!(title["more"].get("title"), None);
    }
}
