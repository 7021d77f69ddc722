//! A typed response of each module, as a snapshot: what its richest list (or else its richest response) is, made of the schema, read into the generated
//! type and written again.
//!
//! A generated type that loses a field, gives it another name or another form changes a snapshot. The modules are those that are enabled and have
//! a stored snapshot: those of the default features. `INSTA_UPDATE=always cargo test -p folio-sdk --features full --test records module_snapshots`
//! makes them anew, and those of all other modules.

#![cfg(not(any(feature = "sunflower", feature = "ramsons")))]

use std::collections::BTreeMap;
use std::path::Path;

use folio_sdk::testing::redacted;
use folio_test_support::files::documents;
use serde_json::{Map, Value, json};

use crate::through;

type Documents = BTreeMap<String, Value>;

/// The document and the name of what a schema refers to.
fn target<'a>(
    documents: &'a Documents,
    home: &'a str,
    schema: &'a Value,
) -> Option<(&'a str, &'a str)> {
    let (file, name) = schema
        .get("$ref")?
        .as_str()?
        .split_once("#/components/schemas/")?;
    let file = match file.trim_end_matches(".json") {
        "" => home,
        file => file,
    };
    documents.contains_key(file).then_some((file, name))
}

/// The response that a module is shown by.
fn response<'a>(documents: &'a Documents, module: &'a str) -> Option<(&'a str, &'a str)> {
    let paths = documents.get(module)?.get("paths")?.as_object()?;
    let mut found: Vec<(bool, &str, &str)> = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "put"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let is_list =
                operation.pointer("/x-folio/paging/items").is_some() && !path.contains('{');
            let responses = operation.get("responses").and_then(Value::as_object);
            let bodies = responses
                .into_iter()
                .flatten()
                .filter(|(status, _)| status.starts_with('2'))
                .filter_map(|(_, response)| {
                    response
                        .get("content")?
                        .as_object()?
                        .values()
                        .next()?
                        .get("schema")
                })
                .chain(
                    operation
                        .pointer("/requestBody/content")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flatten()
                        .filter_map(|(_, media)| media.get("schema")),
                );
            for schema in bodies {
                let schema = schema
                    .get("items")
                    .filter(|items| items.get("$ref").is_some())
                    .unwrap_or(schema);
                if let Some((file, name)) = target(documents, module, schema)
                    && through(file, name, "{}").is_some()
                {
                    found.push((!is_list, file, name));
                }
            }
        }
    }
    // The list with the most in it, or else the response.
    let size = |file: &str, name: &str| {
        let schema = &documents[file]["components"]["schemas"][name];
        let value = sample(documents, file, schema, name, 0);
        value.map_or(0, |value| value.to_string().len())
    };
    found.sort_by_key(|(is_other, file, name)| (*is_other, std::cmp::Reverse(size(file, name))));
    found.first().map(|(_, file, name)| (*file, *name))
}

/// A value of a schema, with all its fields.
fn sample(
    documents: &Documents,
    home: &str,
    schema: &Value,
    name: &str,
    depth: usize,
) -> Option<Value> {
    if depth > 40 {
        return None;
    }
    if let Some((file, name)) = target(documents, home, schema) {
        let schema = &documents[file]["components"]["schemas"][name];
        return sample(documents, file, schema, name, depth + 1);
    }
    if let Some(first) = schema
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|list| list.first())
    {
        return Some(first.clone());
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(list) = schema.get(several).and_then(Value::as_array) {
            return list
                .iter()
                .find_map(|one| sample(documents, home, one, name, depth + 1));
        }
    }
    let mut fields = Map::new();
    for part in schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(Value::Object(own)) = sample(documents, home, part, name, depth + 1) {
            fields.extend(own);
        }
    }
    // Further in only what has to be there.
    let required = schema.get("required").and_then(Value::as_array);
    let is_wanted = |name: &str| {
        depth < 6 || required.is_some_and(|list| list.iter().any(|own| own.as_str() == Some(name)))
    };
    for (name, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| is_wanted(name))
    {
        if let Some(value) = sample(documents, home, schema, name, depth + 1) {
            fields.insert(name.clone(), value);
        }
    }
    if !fields.is_empty() || schema.get("properties").is_some() {
        return Some(fields.into());
    }
    Some(match schema.get("type").and_then(Value::as_str) {
        Some("array") => match sample(documents, home, &schema["items"], name, depth + 1) {
            Some(element) => json!([element]),
            None => json!([]),
        },
        Some("boolean") => true.into(),
        Some("integer") => 7.into(),
        Some("number") => 1.5.into(),
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some("uuid") => "5b2be56c-2371-435d-83fe-8cce0fe3d51d".into(),
            Some("date-time") => "2025-05-01T02:00:17.887+00:00".into(),
            Some("date") => "2025-05-01".into(),
            _ => format!("a {name}").into(),
        },
        Some("object") => json!({"key": "value"}),
        _ => return None,
    })
}

#[test]
fn a_response_of_each_module_is_read_and_written_without_loss() {
    let documents = documents(env!("FOLIO_SPECS_READ"));
    let mut without = Vec::new();
    let mut shown = 0;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/modules");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (module, document) in &documents {
            let schemas = document
                .pointer("/components/schemas")
                .and_then(Value::as_object);
            let is_enabled = schemas.is_some_and(|schemas| {
                schemas
                    .keys()
                    .any(|name| through(module, name, "{}").is_some())
            });
            if matches!(&**module, "release" | "common") || !is_enabled {
                continue;
            }
            // Those of the default features are stored; `INSTA_UPDATE=always` adds the others that are enabled.
            let stored = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("tests/records/snapshots/modules/{module}.snap"))
                .exists();
            if !stored && std::env::var_os("INSTA_UPDATE").is_none_or(|update| update != "always") {
                println!("{module}: no snapshot is stored");
                continue;
            }
            let Some((file, name)) = response(&documents, module) else {
                without.push(module.clone());
                continue;
            };
            let sample = sample(
                &documents,
                file,
                &documents[file]["components"]["schemas"][name],
                name,
                0,
            )
            .unwrap();
            let read = through(file, name, &sample.to_string()).unwrap();
            let read = read.unwrap_or_else(|error| panic!("{module}, {name}: {error}\n{sample:#}"));
            let read: Value = serde_json::from_str(&read).unwrap();
            assert_eq!(read, sample, "{module}, {name}");
            insta::assert_json_snapshot!(&**module, json!({name: redacted(&read)}));
            shown += 1;
        }
    });
    let default = [cfg!(feature = "users"), cfg!(feature = "inventory-storage")];
    let expected = default.into_iter().filter(|is_enabled| *is_enabled).count();
    assert!(shown >= expected, "{shown} of {expected}");
    assert_eq!(
        without,
        Vec::<String>::new(),
        "modules without a response that is a record"
    );
}
