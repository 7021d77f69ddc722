//! What is wrong with canonical documents, before the compiler says it in its own words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::built::obstacle;
use crate::canonical::{Release, feature, json_answer, operations, schemas};
use crate::descriptor::path_problem;
use crate::files::deceptive;
use crate::names;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The document, `mod-users`.
    pub document: String,
    /// Where, as a JSON pointer.
    pub at: String,
    /// What.
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.json:{}: {}", self.document, self.at, self.problem)
    }
}

/// How many parts of a record are looked through for a property.
const MOST_PARTS: usize = 64;

/// How lists are paged.
const STYLES: [&str; 7] = [
    "browse", "cql", "erm", "offset", "retrieve", "search", "whole",
];

/// Looks through the documents of a release.
pub fn check(release: &Release) -> Vec<Finding> {
    let mut checker = Checker {
        release,
        findings: Vec::new(),
    };
    let mut features: BTreeMap<String, &str> = BTreeMap::new();
    for (module, document) in &release.modules {
        let name = names::snake(feature(module));
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
    // What has a name that leads nowhere cannot be generated, and was told.
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

struct Checker<'a> {
    release: &'a Release,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    fn add(&mut self, document: &str, at: impl Into<String>, problem: impl Into<String>) {
        self.findings.push(Finding {
            document: document.to_owned(),
            at: at.into(),
            problem: problem.into(),
        });
    }

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
            if !names::is_identifier(operation.name()) {
                self.add(
                    name,
                    format!("{at}/operationId"),
                    format!("`{}` is no name of a function", operation.name()),
                );
            }
            if let Some(other) = names.insert(operation.name(), at.clone()) {
                self.add(
                    name,
                    format!("{at}/operationId"),
                    format!(
                        "two operations are named `{}`: the other stands at {other}",
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
        let wanted: Vec<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect();
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

    /// What a list's facts say is in its answer.
    fn paging(&mut self, document: &str, operation: &Value, at: &str) {
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
        let Some(answer) = json_answer(operation) else {
            return self.add(
                document,
                at,
                "is a list, and no answer of JSON is described",
            );
        };
        let list = match text("items") {
            Some(items) => self.property(document, answer, items, &mut Vec::new()),
            None => self.array(document, answer),
        };
        let Some((home, list)) = list else {
            let what = match text("items") {
                Some(items) => format!("the answer has no list `{items}`"),
                None => "the answer is no list, and `items` does not say where one is".to_owned(),
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

    /// What a reference leads to, and the document that its own references are in.
    fn resolve<'b>(&'b self, document: &'b str, schema: &'b Value) -> (&'b str, &'b Value) {
        let reference = schema
            .get("$ref")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some((file, name)) = reference.split_once("#/components/schemas/") else {
            return (document, schema);
        };
        let home = if file.is_empty() { document } else { "common" };
        let root = self
            .release
            .modules
            .get(home)
            .unwrap_or(&self.release.common);
        match root.pointer(&pointer(&["components", "schemas", name])) {
            Some(found) => (home, found),
            None => (document, schema),
        }
    }

    /// A property of an object or of one of its parts, what it refers to.
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

    /// The answer itself or one of its variants, if it is a list.
    fn array<'b>(&'b self, document: &'b str, schema: &'b Value) -> Option<(&'b str, &'b Value)> {
        let (home, schema) = self.resolve(document, schema);
        let variants = ["oneOf", "anyOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array());
        std::iter::once((home, schema))
            .chain(variants.flatten().map(|part| self.resolve(home, part)))
            .find(|(_, schema)| schema.get("type").and_then(Value::as_str) == Some("array"))
    }

    /// Every reference leads somewhere.
    fn references(&mut self, document: &str, value: &Value, at: &mut String) {
        let length = at.len();
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    at.push('/');
                    at.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    match (key.as_str(), value) {
                        ("$ref", Value::String(reference)) => {
                            self.reference(document, reference, at)
                        }
                        (_, value) => self.references(document, value, at),
                    }
                    at.truncate(length);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    self.references(document, value, at);
                    at.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, document: &str, reference: &str, at: &str) {
        let (target, name) = match reference.split_once("#/components/schemas/") {
            Some(("", name)) => (
                self.release
                    .modules
                    .get(document)
                    .unwrap_or(&self.release.common),
                name,
            ),
            Some(("common.json", name)) => (&self.release.common, name),
            _ => {
                return self.add(
                    document,
                    at,
                    format!("`{reference}`: expected #/components/schemas/Name or common.json#/components/schemas/Name"),
                );
            }
        };
        if target
            .pointer(&pointer(&["components", "schemas", name]))
            .is_none()
        {
            self.add(document, at, format!("`{reference}` leads nowhere"));
        }
    }

    fn components(&mut self, document: &str, value: &Value) {
        if document == "common" {
            self.references(document, value, &mut String::new());
        }
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        for (name, schema) in schemas(value) {
            let at = pointer(&["components", "schemas", name]);
            if !names::is_type(name) {
                self.add(document, &at, format!("`{name}` is no name of a record"));
            }
            if let Some(other) = names.insert(name.to_lowercase(), name) {
                self.add(
                    document,
                    &at,
                    format!("`{other}` and `{name}` differ in case only"),
                );
            }
            self.schema(document, schema, &at);
        }
    }

    fn schema(&mut self, document: &str, schema: &Value, at: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        if let Some(properties) = properties {
            for (name, property) in properties {
                self.schema(
                    document,
                    property,
                    &format!("{at}{}", pointer(&["properties", name])),
                );
            }
            for name in schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                // What a part of it has may be required here.
                let in_parts = ["allOf", "oneOf", "anyOf"]
                    .iter()
                    .any(|key| schema.get(*key).is_some());
                let is_known = |name: &str| properties.contains_key(name);
                if !in_parts && !name.as_str().is_some_and(is_known) {
                    self.add(
                        document,
                        at,
                        format!("{name} is required, and there is no such property"),
                    );
                }
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner @ Value::Object(_)) = schema.get(key) {
                self.schema(document, inner, &format!("{at}/{key}"));
            }
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (index, part) in schema
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .enumerate()
            {
                self.schema(document, part, &format!("{at}/{key}/{index}"));
            }
        }
    }
}

/// A JSON pointer of these steps.
fn pointer(steps: &[&str]) -> String {
    steps
        .iter()
        .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
        .collect()
}
