//! Checks canonical documents for errors before a compiler finds them.

mod checker;
mod lists;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::pointer::pointer;
use crate::base::text::deceptive;
use crate::canonical::identifier::{is_identifier, snake};
use crate::canonical::operation::operations;
use crate::canonical::release::{Release, feature};
use crate::canonical::route::{parameter_names, path_problem};
use crate::release::buildable::obstacle;
use checker::Checker;
pub use checker::Finding;

/// Looks through the documents of a release.
pub fn check(release: &Release) -> Vec<Finding> {
    let mut checker = Checker {
        release,
        findings: Vec::new(),
    };
    let mut features: BTreeMap<String, &str> = BTreeMap::new();
    for (module, document) in &release.modules {
        let name = snake(feature(module));
        if let Some(other) = features.insert(name.clone(), module) {
            checker.add(
                module,
                "",
                format!("its Rust module `{name}` is that of {other} too"),
            );
        }
        checker.document(module, document);
    }
    for (module, document) in release
        .modules
        .iter()
        .chain([(&"common".to_owned(), &release.common)])
    {
        if let Some((at, problem)) = deceptive(document) {
            checker.add(module, at, problem);
        }
    }
    checker.components("common", &release.common);
    // A reference that leads nowhere cannot be generated, and is reported already.
    if checker.findings.is_empty() {
        let mut found = Vec::new();
        for (module, document) in &release.modules {
            if let Some(obstacle) = obstacle(module, document, &release.common)
                && !found.contains(&obstacle)
            {
                checker.add(&obstacle.document, &obstacle.at, &obstacle.problem);
                found.push(obstacle);
            }
        }
    }
    checker.findings
}

impl Checker<'_> {
    fn document(&mut self, name: &str, document: &Value) {
        let version = document
            .get("openapi")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if version != "3.0.3" {
            self.add(
                name,
                "/openapi",
                format!("expected 3.0.3, found `{version}`"),
            );
        }
        let own = document.pointer("/x-folio/module").and_then(Value::as_str);
        if own != Some(name) {
            self.add(
                name,
                "/x-folio/module",
                format!(
                    "expected the module of the file's name, found `{}`",
                    own.unwrap_or_default()
                ),
            );
        }
        let mut names: BTreeMap<&str, String> = BTreeMap::new();
        for operation in operations(document) {
            let at = pointer(&["paths", operation.path, operation.method]);
            if !is_identifier(operation.name()) {
                self.add(
                    name,
                    format!("{at}/operationId"),
                    format!("`{}` is not a valid function name", operation.name()),
                );
            }
            if let Some(other) = names.insert(operation.name(), at.clone()) {
                self.add(
                    name,
                    format!("{at}/operationId"),
                    format!(
                        "two operations are named `{}`: the other one is at {other}",
                        operation.name()
                    ),
                );
            }
            self.parameters(name, operation.path, operation.value, &at);
            self.paging(name, operation.value, &at);
            if operation.value.get("responses").is_none() {
                self.add(name, format!("{at}/responses"), "expected responses");
            }
        }
        self.references(name, document, &mut String::new());
        self.components(name, document);
    }

    fn parameters(&mut self, document: &str, path: &str, operation: &Value, at: &str) {
        if let Some(problem) = path_problem(path) {
            self.add(document, at, problem);
        }
        let wanted: Vec<&str> = parameter_names(path).collect();
        let given = |place: &str| -> Vec<&str> {
            let parameters = operation.get("parameters").and_then(Value::as_array);
            parameters
                .into_iter()
                .flatten()
                .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some(place))
                .filter_map(|parameter| parameter.get("name").and_then(Value::as_str))
                .collect()
        };
        let own: BTreeSet<&str> = given("path").into_iter().collect();
        for name in &wanted {
            if !own.contains(name) {
                self.add(
                    document,
                    at,
                    format!("the path has `{{{name}}}`, and the parameters do not"),
                );
            }
        }
        for name in own {
            if !wanted.contains(&name) {
                self.add(
                    document,
                    at,
                    format!("the path has no `{{{name}}}`, and the parameters do"),
                );
            }
        }
        for place in ["path", "query", "header"] {
            let mut known = BTreeSet::new();
            for name in given(place) {
                if !known.insert(name) {
                    self.add(document, at, format!("two parameters are named `{name}`"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_problem_is_found_at_its_place() {
        let document = || {
            json!({
                "openapi": "3.0.3",
                "info": {"title": "mod-a", "version": "1"},
                "paths": {"/a/{id}": {"get": {
                    "operationId": "get_a",
                    "parameters": [{"in": "path", "name": "id", "required": true, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
                    "x-folio": {},
                }}},
                "components": {"schemas": {"A": {"type": "object", "properties": {"x": {"type": "string"}}}}},
                "x-folio": {"module": "mod-a"},
            })
        };
        let checked = |document: Value| -> Vec<String> {
            let release = Release {
                modules: BTreeMap::from([("mod-a".to_owned(), document)]),
                common: json!({"components": {"schemas": {}}}),
            };
            check(&release).iter().map(ToString::to_string).collect()
        };
        assert_eq!(checked(document()), Vec::<String>::new());
        let get = "/paths/~1a~1{id}/get";
        for (at, value, problem) in [
            ("/openapi", json!("3.1.0"), "mod-a.json:/openapi: expected 3.0.3, found `3.1.0`".to_owned()),
            ("/x-folio/module", json!("mod-b"), "mod-a.json:/x-folio/module: expected the module of the file's name, found `mod-b`".to_owned()),
            (&format!("{get}/operationId"), json!("get-a"), format!("mod-a.json:{get}/operationId: `get-a` is not a valid function name")),
            (&format!("{get}/parameters"), json!([]), format!("mod-a.json:{get}: the path has `{{id}}`, and the parameters do not")),
            (&format!("{get}/x-folio"), json!({"paging": {"style": "cql"}}), format!("mod-a.json:{get}/x-folio/paging/items: the response is not a list, and `items` does not name one")),
            ("/components/schemas", json!({}), "mod-a.json:/paths/~1a~1{id}/get/responses/200/content/application~1json/schema/$ref: `#/components/schemas/A` leads nowhere".to_owned()),
            ("/components/schemas/A/required", json!(["y"]), "mod-a.json:/components/schemas/A: \"y\" is required, but is not a property".to_owned()),
            ("/info/title", json!("a\u{202e}"), "U+202E".to_owned()),
        ] {
            let mut broken = document();
            match broken.pointer_mut(at) {
                Some(place) => *place = value,
                None => broken["components"]["schemas"]["A"]["required"] = value,
            }
            let found = checked(broken);
            assert!(found.iter().any(|found| found.contains(&problem)), "{at}: {found:?}");
        }
    }
}
