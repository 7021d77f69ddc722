//! The data of the command `folio`: modules, operations, records and changes of all releases, as
//! JSON Lines.

mod indexes;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::data::list_record::ListRecord;
use super::data::merged::{Merged, lines};
use super::data::releases::{Named, all_releases, operation_lines};
use super::data::type_expression::type_expression;
use super::diff::diff;
use crate::base::error::{Error, Result};
use crate::base::files::read_text;
use crate::canonical::operation::{Operation, json_response, json_schema};
use crate::canonical::release::{Release, handle};
use crate::canonical::schema::components;

/// The files of a folder, and their content. `evaluation`: how modules evaluate the fields of
/// queries, `cql-indexes.jsonl`.
///
/// # Errors
/// A release or that file cannot be read.
pub(crate) fn files(
    specs: &Path,
    evaluation: &Path,
    folder: &Path,
) -> Result<Vec<(PathBuf, String)>> {
    let releases = all_releases(specs)?;
    let evaluation: Vec<Value> = read_text(evaluation)?
        .lines()
        .map(serde_json::from_str)
        .collect::<serde_json::Result<_>>()
        .map_err(|error| Error::file(evaluation, format!("is not JSON Lines: {error}")))?;
    let file = |name: &str, text: String| (folder.join(name), text);
    Ok(vec![
        file("releases.jsonl", modules(&releases)),
        file("operations.jsonl", all_operations(&releases)),
        file("records.jsonl", all_records(&releases)),
        file("changes.jsonl", all_changes(&releases)),
        file("indexes.jsonl", indexes::indexes(&evaluation)),
    ])
}

/// One line per release, oldest first: its modules with their versions and interfaces.
fn modules(releases: &[Named]) -> String {
    lines(releases.iter().map(|(name, release)| {
        let modules = release.modules.iter().map(|(module, document)| {
            let version = document.pointer("/info/version").cloned();
            let interfaces = document.pointer("/x-folio/interfaces").cloned();
            let facts = json!({
                "version": version.unwrap_or_default(),
                "handle": handle(module),
                "interfaces": interfaces.unwrap_or_else(|| json!({})),
            });
            (module.clone(), facts)
        });
        json!({"release": name, "modules": Value::Object(modules.collect())})
    }))
}

/// One line per operation; equal ones of several releases are one.
fn all_operations(releases: &[Named]) -> String {
    operation_lines(releases, |module, document, release, operation| {
        Some(operation_row(module, document, release, operation))
    })
}

fn operation_row(
    module: &str,
    document: &Value,
    release: &Release,
    operation: &Operation<'_>,
) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("module".to_owned(), module.into());
    row.insert("method".to_owned(), operation.method.to_uppercase().into());
    row.insert("path".to_owned(), operation.path.into());
    row.insert("name".to_owned(), operation.name().into());
    for (name, fact) in [
        ("interface", "interface"),
        ("permissions", "permissions"),
        ("desired", "permissionsDesired"),
        ("ofModule", "modulePermissions"),
        ("untyped", "untyped"),
    ] {
        if let Some(value) = operation.fact(fact) {
            row.insert(name.to_owned(), value.clone());
        }
    }
    let facts = operation.fact("facts");
    for name in ["deletes", "effect"] {
        if let Some(value) = facts.and_then(|facts| facts.get(name)) {
            row.insert(name.to_owned(), value.clone());
        }
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        row.insert("parameters".to_owned(), parameters.into());
    }
    let body = operation.value.get("requestBody").and_then(json_schema);
    let response = json_response(operation.value);
    for (name, schema) in [("body", body), ("response", response)] {
        if let Some(schema) = schema {
            row.insert(name.to_owned(), type_expression(schema));
        }
    }
    if let Some(paging) = operation.fact("paging") {
        for name in ["style", "items", "key", "max"] {
            if let Some(value) = paging.get(name) {
                row.insert(name.to_owned(), value.clone());
            }
        }
        let record = ListRecord::of(document, release, operation);
        if let Some(name) = record.as_ref().and_then(ListRecord::name) {
            row.insert("record".to_owned(), name.into());
        }
    }
    row
}

/// The parameters of the query, in their order; a required one ends in `!`.
fn parameters(operation: &Operation<'_>) -> Vec<String> {
    let list = operation.value.get("parameters").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"))
        .filter_map(|parameter| {
            let name = parameter.get("name")?.as_str()?;
            let required = parameter.get("required") == Some(&Value::Bool(true));
            Some(format!("{name}{}", if required { "!" } else { "" }))
        })
        .collect()
}

/// One line per record of a module or of the shared ones.
fn all_records(releases: &[Named]) -> String {
    let mut merged = Merged::default();
    for (name, release) in releases {
        let common = "common".to_owned();
        let documents = release.modules.iter().chain([(&common, &release.common)]);
        for (module, document) in documents {
            for (record, schema) in components(document).into_iter().flatten() {
                let row =
                    json!({"module": module, "record": record, "type": type_expression(schema)});
                if let Value::Object(row) = row {
                    merged.add(vec![module.clone(), record.clone()], row, name);
                }
            }
        }
    }
    lines(merged.rows())
}

/// One line per change from a release to a later one.
fn all_changes(releases: &[Named]) -> String {
    let mut rows = Vec::new();
    for (index, (from, old)) in releases.iter().enumerate() {
        for (to, new) in releases.iter().skip(index + 1) {
            rows.extend(diff(old, new).iter().map(|change| {
                let mut row = change.json();
                row["from"] = from.as_str().into();
                row["to"] = to.as_str().into();
                row
            }));
        }
    }
    lines(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn release(version: &str, operation: Value, fields: Value) -> Release {
        let user = json!({"type": "object", "properties": fields});
        let users = json!({"type": "object", "properties": {
            "users": {"type": "array", "items": {"$ref": "#/components/schemas/User"}},
            "totalRecords": {"type": "integer"},
        }});
        Release {
            modules: BTreeMap::from([(
                "mod-user-things".to_owned(),
                json!({
                    "info": {"version": version},
                    "x-folio": {"interfaces": {"users": "1.0"}},
                    "paths": {"/users": {"get": operation}},
                    "components": {"schemas": {"User": user, "Users": users}},
                }),
            )]),
            common: json!({"components": {"schemas": {"Metadata": {"properties": {"createdDate": {"type": "string", "format": "date-time"}}}}}}),
        }
    }

    fn list(permission: &str) -> Value {
        json!({
            "operationId": "list_users",
            "parameters": [
                {"in": "query", "name": "query", "required": true},
                {"in": "header", "name": "x"},
                {"in": "query", "name": "limit"},
            ],
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Users"}}}}},
            "x-folio": {"interface": "users 1.0", "permissions": [permission], "paging": {"style": "cql", "items": "users", "key": "id"}},
        })
    }

    fn rows(text: &str) -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<serde_json::Result<_>>().unwrap()
    }

    #[test]
    fn equal_rows_of_several_releases_are_one() {
        let id = json!({"id": {"type": "string", "format": "uuid"}});
        let releases = [
            ("r1".to_owned(), release("1.0.0", list("a"), id.clone())),
            ("r2".to_owned(), release("1.1.0", list("a"), id.clone())),
            ("r3".to_owned(), release("2.0.0", list("b"), json!({}))),
        ];
        let found = rows(&all_operations(&releases));
        let expected = json!({
            "module": "mod-user-things", "method": "GET", "path": "/users", "name": "list_users", "interface": "users 1.0",
            "permissions": ["a"], "parameters": ["query!", "limit"], "response": "#Users", "style": "cql", "items": "users",
            "key": "id", "record": "#User", "releases": ["r1", "r2"],
        });
        assert_eq!(found[0], expected);
        assert_eq!(found[1]["permissions"], json!(["b"]));
        assert_eq!(found[1]["releases"], json!(["r3"]));
        assert_eq!(found.len(), 2);

        let found = rows(&modules(&releases));
        assert_eq!(found[2]["release"], "r3");
        assert_eq!(
            found[2]["modules"]["mod-user-things"],
            json!({"version": "2.0.0", "handle": "user_things", "interfaces": {"users": "1.0"}})
        );

        let found = rows(&all_records(&releases));
        let user: Vec<&Value> = found.iter().filter(|row| row["record"] == "User").collect();
        assert_eq!(user[0]["type"], json!({"id": "uuid"}));
        assert_eq!(user[0]["releases"], json!(["r1", "r2"]));
        assert_eq!(user[1]["releases"], json!(["r3"]));
        assert_eq!(found[0]["module"], "common");
    }

    #[test]
    fn changes_are_those_of_each_pair_of_releases() {
        let none = json!({});
        let releases = [
            ("r1".to_owned(), release("1.0.0", list("a"), none.clone())),
            ("r2".to_owned(), release("1.0.0", list("b"), none.clone())),
            ("r3".to_owned(), release("1.0.0", list("b"), none)),
        ];
        let found = rows(&all_changes(&releases));
        let pairs: BTreeSet<(&str, &str)> = found
            .iter()
            .map(|row| (row["from"].as_str().unwrap(), row["to"].as_str().unwrap()))
            .collect();
        assert_eq!(pairs, BTreeSet::from([("r1", "r2"), ("r1", "r3")]));
        assert_eq!(found.len(), 4);
        assert_eq!(found[0]["subject"], "GET /users");
    }
}
