//! Determines whether code can be generated from documents, by generating it. Failures are reported
//! with module, schema and operation, and an import makes only the responsible operations untyped.

use std::collections::BTreeSet;

use folio_codegen::{Document, Options, Specs, generate};
use serde_json::{Map, Value, json};

use crate::base::error::{Error, Result};
use crate::base::pointer::unescaped;
use crate::canonical::operation::operations;
use crate::canonical::reference::{LOCAL, SHARED, each_text, prune};
use crate::canonical::route::parameter_names;

/// The reason why no code can be generated: a JSON pointer, in the module's document or the shared
/// one, and the problem there.
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

/// Makes the operations of a module untyped for which no code can be generated. Returns the
/// problems, with the operations.
///
/// # Errors
/// An operation is not the reason.
pub(crate) fn make_buildable(name: &str, module: &mut Value, common: &Value) -> Result<Vec<Error>> {
    let mut problems = Vec::new();
    let count = places(module).len();
    for _ in 0..=count {
        let Some(obstacle) = obstacle(name, module, common) else {
            return Ok(problems);
        };
        let file = format!("{}.json", obstacle.document);
        let culprits = culprits(name, module, common, &obstacle);
        if culprits.is_empty() {
            return Err(Error::at(file, obstacle.at, obstacle.problem));
        }
        for (path, method) in culprits {
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
        prune(module);
    }
    Ok(problems)
}

fn places(module: &Value) -> Vec<Place> {
    operations(module)
        .map(|operation| (operation.path.to_owned(), operation.method.to_owned()))
        .collect()
}

/// The operations that are the reason why no code can be generated; those that are untyped already
/// cannot be it.
fn culprits(name: &str, module: &Value, common: &Value, obstacle: &Obstacle) -> Vec<Place> {
    let operation = |(path, method): &Place| module.get("paths")?.get(path)?.get(method);
    let typed: Vec<Place> = places(module)
        .into_iter()
        .filter(|place| {
            operation(place).is_some_and(|operation| {
                operation.pointer("/x-folio/untyped") != Some(&Value::Bool(true))
            })
        })
        .collect();
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
    // The error does not name them: those that fail alone, else those that fail together with the
    // ones accepted so far.
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
        prune(&mut alone);
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
    let mut culprits = Vec::new();
    for place in typed {
        kept.push(place);
        if only(&kept)
            && let Some(place) = kept.pop()
        {
            culprits.push(place);
        }
    }
    culprits
}

fn obstacle_of(name: &str, module: &Value, common: &Value) -> bool {
    obstacle(name, module, common).is_some()
}

/// Whether a schema is part of what an operation accepts or returns.
fn reaches(
    operation: &Value,
    module: &Value,
    common: &Value,
    schema: &str,
    is_shared: bool,
) -> bool {
    fn references(value: &Value, in_shared: bool, out: &mut Vec<(bool, String)>) {
        each_text(value, &mut |text| {
            if let Some(name) = text.strip_prefix(SHARED) {
                out.push((true, name.to_owned()));
            } else if let Some(name) = text.strip_prefix(LOCAL) {
                out.push((in_shared, name.to_owned()));
            }
        });
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

/// Reduces an operation to the facts of its route: JSON in, JSON out. The facts of the server's
/// behaviour are preserved.
fn untype(operation: &mut Value, path: &str, method: &str) {
    let mut known = BTreeSet::new();
    let parameters: Vec<Value> = parameter_names(path)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn common() -> Value {
        json!({"components": {"schemas": {}}, "paths": {}})
    }

    fn module() -> Value {
        let response = |schema: Value| json!({"200": {"description": "", "content": {"application/json": {"schema": schema}}}});
        let operation = |id: &str, responses: Value| json!({"operationId": id, "parameters": [], "responses": responses, "x-folio": {"source": "a.raml", "interface": "a 1.0"}});
        json!({
            "openapi": "3.0.3",
            "info": {"title": "mod-a", "version": "1.0.0"},
            "paths": {
                "/good": {"get": operation("get_good", response(json!({"$ref": format!("{LOCAL}Good")})))},
                "/bad": {"get": operation("get_bad", response(json!({"$ref": format!("{LOCAL}Gone")})))},
            },
            "components": {"schemas": {"Good": {"type": "object", "properties": {"a": {"type": "string"}}}}},
            "x-folio": {"module": "mod-a"},
        })
    }

    #[test]
    fn only_the_operation_that_is_the_reason_is_left_untyped() {
        let (mut module, common) = (module(), common());
        assert!(obstacle("mod-a", &module, &common).is_some());
        let problems = make_buildable("mod-a", &mut module, &common).unwrap();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0]
                .problem
                .ends_with("GET /bad of mod-a is left untyped"),
            "{}",
            problems[0]
        );
        let untyped = |path: &str| module["paths"][path]["get"]["x-folio"]["untyped"] == true;
        assert!(untyped("/bad") && !untyped("/good"));
        assert_eq!(
            module["paths"]["/bad"]["get"]["x-folio"]["interface"],
            "a 1.0"
        );
        assert!(obstacle("mod-a", &module, &common).is_none());
        assert_eq!(make_buildable("mod-a", &mut module, &common).unwrap(), []);
    }

    #[test]
    fn an_untyped_operation_has_what_its_route_states() {
        let mut operation = json!({"operationId": "x", "deprecated": true, "x-folio": {"source": "a", "paging": {}, "facts": {"effect": true}}});
        untype(&mut operation, "/a/{id}/{id}", "put");
        assert_eq!(operation["parameters"].as_array().map(Vec::len), Some(1));
        assert_eq!(operation["requestBody"]["required"], false);
        assert_eq!(
            operation["x-folio"],
            json!({"untyped": true, "facts": {"effect": true}})
        );
        assert!(operation.get("deprecated").is_none());
    }
}
