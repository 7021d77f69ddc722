//! The subjects of the glossary: records, fields, operations and parameters of the documents of
//! several releases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::{COMMON, field_name};
use super::references::Targets;
use crate::canonical::facts::{self, Deletes};
use crate::canonical::operation::operations;
use crate::canonical::release::Release;
use crate::canonical::schema::{schemas, sources};

/// The subjects, by document; including `common`.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// By the names of the documents.
    pub modules: BTreeMap<String, Module>,
    /// The records that fields may identify.
    pub(super) targets: Targets,
}

/// The subjects of a module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The fields of each record by their paths.
    pub records: BTreeMap<String, BTreeMap<String, Known>>,
    /// The parameters of each operation.
    pub operations: BTreeMap<String, BTreeMap<String, Known>>,
    /// The records that exist besides a shared one of the same name.
    pub own: BTreeSet<String>,
    /// The files that each record was made from.
    pub(crate) sources: BTreeMap<String, BTreeSet<String>>,
    /// What each DELETE deletes, as far as it is known.
    pub(crate) deletes: BTreeMap<String, Deletes>,
}

/// The facts of the documents about a field or a parameter.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A short description, for the authors of sentences.
    pub kind: String,
    /// The values that are listed, in any release; empty if any value may be there.
    pub values: BTreeSet<String>,
}

impl Subjects {
    /// Collects the subjects of the documents of all `releases`.
    pub fn of(releases: &[Release]) -> Self {
        let mut subjects = Self {
            targets: Targets::of(releases),
            ..Self::default()
        };
        for release in releases {
            subjects.add_release(release);
        }
        subjects
    }

    /// Adds the subjects of a release, without its targets.
    pub(super) fn add_release(&mut self, release: &Release) {
        self.add(COMMON, &release.common, &Value::Null);
        for (name, document) in &release.modules {
            self.add(name, document, &release.common);
        }
    }

    fn add(&mut self, name: &str, document: &Value, common: &Value) {
        let module = self.modules.entry(name.to_owned()).or_default();
        let source = Source { document, common };
        for (record, schema) in schemas(document) {
            let fields = module.records.entry(record.clone()).or_default();
            source.collect(schema, "", fields);
            let known = module.sources.entry(record.clone()).or_default();
            known.extend(sources(schema).map(str::to_owned));
            let shared = common
                .pointer("/components/schemas")
                .and_then(|schemas| schemas.get(record));
            if shared.is_some() {
                module.own.insert(record.clone());
            }
        }
        for operation in operations(document) {
            let route = operation.subject();
            if let Some(deletes) = facts::read(operation.value).deletes {
                module.deletes.insert(route.clone(), deletes);
            }
            let known = module.operations.entry(route).or_default();
            let parameters = operation.value.get("parameters").and_then(Value::as_array);
            for parameter in parameters.into_iter().flatten() {
                if let Some(name) = parameter.get("name").and_then(Value::as_str) {
                    let schema = parameter.get("schema").unwrap_or(&Value::Null);
                    source.add(schema, known.entry(name.to_owned()).or_default());
                }
            }
        }
    }
}

impl Module {
    /// The names of all fields.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields = self.records.values().flat_map(BTreeMap::keys);
        fields.map(|path| field_name(path))
    }

    /// The names of all parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        let parameters = self.operations.values().flat_map(BTreeMap::keys);
        parameters.map(String::as_str)
    }

    /// Whether a shared record of this name is one of its own besides.
    pub fn is_own(&self, record: &str) -> bool {
        self.own.contains(record)
    }
}

/// A document of a module, and that of the shared records in the same release.
#[derive(Clone, Copy)]
struct Source<'a> {
    document: &'a Value,
    common: &'a Value,
}

impl<'a> Source<'a> {
    /// Adds the fields of an object that is described in place. Fields of a record that is referred
    /// to are that record's.
    fn collect(self, schema: &'a Value, path: &str, fields: &mut BTreeMap<String, Known>) {
        for key in ["allOf", "oneOf", "anyOf"] {
            let parts = schema.get(key).and_then(Value::as_array);
            for part in parts.into_iter().flatten() {
                self.collect(part, path, fields);
            }
        }
        if let Some(items) = schema.get("items") {
            self.collect(items, &format!("{path}[]"), fields);
        }
        let values = schema.get("additionalProperties");
        if let Some(values) = values.filter(|values| values.is_object()) {
            self.collect(values, &format!("{path}{{}}"), fields);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            self.collect(property, &path, fields);
            self.add(property, fields.entry(path).or_default());
        }
    }

    fn add(self, schema: &'a Value, known: &mut Known) {
        known.kind = kind(schema);
        let mut schema = self.target(schema);
        if let Some(items) = schema.get("items") {
            schema = self.target(items);
        }
        let values = schema.get("enum").and_then(Value::as_array);
        known.values.extend(values.into_iter().flatten().map(plain));
    }

    fn target(self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let Some((file, pointer)) = reference.and_then(|reference| reference.split_once('#'))
        else {
            return schema;
        };
        let document = if file.is_empty() {
            self.document
        } else {
            self.common
        };
        document.pointer(pointer).unwrap_or(schema)
    }
}

/// What a schema says in a few words: for those who write sentences.
fn kind(schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(target) = text("$ref") {
        return target.rsplit('/').next().unwrap_or(target).to_owned();
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", kind(items));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(plain).collect();
        return values.join(" | ");
    }
    let mut words = vec![text("format").or(text("type")).unwrap_or("any").to_owned()];
    if let Some(default) = schema.get("default") {
        words.push(format!("default {}", plain(default)));
    }
    if schema.get("readOnly") == Some(&Value::Bool(true)) {
        words.push("read-only".to_owned());
    }
    words.join(", ")
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
