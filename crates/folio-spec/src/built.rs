//! Whether code can be generated from documents: by generating it. What cannot be is told with module, schema and operation, and an import
//! leaves only the operations untyped that are the reason.

use std::collections::BTreeSet;

use folio_codegen::{Document, Options, Specs, generate};
use serde_json::{Map, Value, json};

use crate::canonical::METHODS;
use crate::error::{Error, Result};

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";

/// Why no code can be generated: a JSON pointer, in the module's document or the shared one, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) document: String,
    pub(crate) at: String,
    pub(crate) problem: String,
}

/// An operation: its path and method.
type Place = (String, String);

/// Generates the code of a module.
pub(crate) fn obstacle(name: &str, module: &Value, common: &Value) -> Option<Obstacle> {
    let specs = Specs {
        common: Document::new("common", common.clone()),
        modules: vec![Document::new(name, module.clone())],
        files: Vec::new(),
    };
    let here = |at: String, problem: String| Obstacle {
        document: name.to_owned(),
        at,
        problem,
    };
    match generate(&specs, Options { schemas: true }).err()? {
        folio_codegen::Error::Document {
            document,
            pointer,
            problem,
        } => Some(Obstacle {
            document,
            at: pointer,
            problem,
        }),
        folio_codegen::Error::Model { problem, .. } => Some(here(String::new(), problem)),
        other => Some(here(String::new(), other.to_string())),
    }
}

/// Leaves the operations of a module untyped that no code can be generated for. Gives what was wrong, with the operations.
///
/// # Errors
/// It is not an operation that is the reason.
pub(crate) fn make_buildable(name: &str, module: &mut Value, common: &Value) -> Result<Vec<Error>> {
    let mut problems = Vec::new();
    let count = places(module).len();
    for _ in 0..=count {
        let Some(obstacle) = obstacle(name, module, common) else {
            return Ok(problems);
        };
        let file = format!("{}.json", obstacle.document);
        let guilty = guilty(name, module, common, &obstacle);
        if guilty.is_empty() {
            return Err(Error::at(file, obstacle.at, obstacle.problem));
        }
        for (path, method) in guilty {
            problems.push(Error::at(
                &file,
                &obstacle.at,
                format!(
                    "{}; {} {path} of {name} is left untyped",
                    obstacle.problem,
                    method.to_uppercase()
                ),
            ));
            if let Some(operation) = module
                .get_mut("paths")
                .and_then(|paths| paths.get_mut(&path)?.get_mut(&method))
            {
                untype(operation, &path, &method);
            }
        }
        crate::module::prune(module);
    }
    Ok(problems)
}

fn places(module: &Value) -> Vec<Place> {
    let paths = module.get("paths").and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        for method in METHODS {
            if item.get(method).is_some() {
                all.push((path.clone(), method.to_owned()));
            }
        }
    }
    all
}

/// The operations that are the reason why no code can be generated; those that are untyped already cannot be it.
fn guilty(name: &str, module: &Value, common: &Value, obstacle: &Obstacle) -> Vec<Place> {
    let operation = |(path, method): &Place| module.get("paths")?.get(path)?.get(method);
    let typed: Vec<Place> = places(module)
        .into_iter()
        .filter(|place| {
            operation(place).is_some_and(|operation| {
                operation.pointer("/x-folio/untyped") != Some(&Value::Bool(true))
            })
        })
        .collect();
    let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
    let mut steps = obstacle.at.split('/').skip(1).map(unescaped);
    let found: Vec<Place> = match (steps.next().as_deref(), steps.next(), steps.next()) {
        (Some("paths"), Some(path), Some(method)) => typed
            .iter()
            .filter(|place| **place == (path.clone(), method.clone()))
            .cloned()
            .collect(),
        (Some("components"), Some(_), Some(schema)) => {
            let is_shared = obstacle.document != name;
            typed
                .iter()
                .filter(|place| {
                    operation(place).is_some_and(|operation| {
                        reaches(operation, module, common, &schema, is_shared)
                    })
                })
                .cloned()
                .collect()
        }
        _ => Vec::new(),
    };
    if !found.is_empty() {
        return found;
    }
    // It is not told which: those that cannot stand alone, else those with which what was taken so far cannot be.
    let only = |kept: &[Place]| {
        let mut paths = Map::new();
        for place in kept {
            if let Some(operation) = operation(place) {
                let item = paths.entry(place.0.clone()).or_insert_with(|| json!({}));
                item[&place.1] = operation.clone();
            }
        }
        let mut alone = module.clone();
        alone["paths"] = paths.into();
        crate::module::prune(&mut alone);
        obstacle_of(name, &alone, common)
    };
    let alone: Vec<Place> = typed
        .iter()
        .filter(|place| only(std::slice::from_ref(place)))
        .cloned()
        .collect();
    if !alone.is_empty() {
        return alone;
    }
    let mut kept: Vec<Place> = places(module);
    kept.retain(|place| !typed.contains(place));
    let mut guilty = Vec::new();
    for place in typed {
        kept.push(place);
        if only(&kept)
            && let Some(place) = kept.pop()
        {
            guilty.push(place);
        }
    }
    guilty
}

fn obstacle_of(name: &str, module: &Value, common: &Value) -> bool {
    obstacle(name, module, common).is_some()
}

/// Whether a schema is part of what an operation takes or gives.
fn reaches(
    operation: &Value,
    module: &Value,
    common: &Value,
    schema: &str,
    is_shared: bool,
) -> bool {
    fn references(value: &Value, in_shared: bool, out: &mut Vec<(bool, String)>) {
        match value {
            Value::Object(map) => {
                map.values()
                    .for_each(|value| references(value, in_shared, out));
            }
            Value::Array(list) => list
                .iter()
                .for_each(|value| references(value, in_shared, out)),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix(SHARED) {
                    out.push((true, name.to_owned()));
                } else if let Some(name) = text.strip_prefix(LOCAL) {
                    out.push((in_shared, name.to_owned()));
                }
            }
            _ => {}
        }
    }
    let mut open = Vec::new();
    references(operation, false, &mut open);
    let mut seen = BTreeSet::new();
    while let Some((in_shared, name)) = open.pop() {
        if in_shared == is_shared && name == schema {
            return true;
        }
        let home = if in_shared { common } else { module };
        let found = home
            .pointer("/components/schemas")
            .and_then(|all| all.get(&name));
        if let Some(found) = found.filter(|_| seen.insert((in_shared, name.clone()))) {
            references(found, in_shared, &mut open);
        }
    }
    false
}

/// Leaves of an operation what its route says: JSON in, JSON out. The facts of what the server does stay.
fn untype(operation: &mut Value, path: &str, method: &str) {
    let names = path
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0));
    let mut known = BTreeSet::new();
    let parameters: Vec<Value> = names
        .filter(|name| known.insert(*name))
        .map(|name| json!({"in": "path", "name": name, "required": true, "schema": {"type": "string"}}))
        .collect();
    let json_body = json!({"application/json": {}});
    let Value::Object(operation) = operation else {
        return;
    };
    operation.retain(|key, _| matches!(key.as_str(), "operationId" | "x-folio"));
    operation.insert("parameters".into(), parameters.into());
    if matches!(method, "post" | "put" | "patch") {
        operation.insert(
            "requestBody".into(),
            json!({"required": false, "content": json_body}),
        );
    }
    operation.insert(
        "responses".into(),
        json!({"200": {"description": "", "content": json_body}, "204": {"description": ""}}),
    );
    if let Some(Value::Object(folio)) = operation.get_mut("x-folio") {
        for key in [
            "source",
            "paging",
            "upstreamId",
            "responseFrom",
            "supplement",
        ] {
            folio.remove(key);
        }
        folio.insert("untyped".into(), true.into());
    }
}
