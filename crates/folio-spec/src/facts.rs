//! What a server does when an operation is called: facts that retries and confirmations depend on, under `x-folio.facts` of an operation.
//!
//! They are derived from the description: from parameters, bodies, responses, schemas and collections. Recordings and module sources
//! correct them, by `[[fact]]` in the overrides.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical::METHODS;
use crate::module::resolved;

/// The facts of an operation; what is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Facts {
    /// What a DELETE deletes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Deletes>,
    /// What a POST stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<Creates>,
    /// What a PUT does where there is no such record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// A GET changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<bool>,
    /// The bodies hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// A PUT or PATCH with an outdated `_version` is rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioned: Option<bool>,
    /// Fields of the body that only responses contain: they are not sent. Each is named by its path, `items[].metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omits: Option<Vec<String>>,
}

/// What a DELETE deletes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Deletes {
    /// One of the kinds without parameters.
    Kind(DeletesKind),
    /// The records that these parameters select, each text one way to select, `userId&tenantId`.
    Selected(Vec<String>),
}

/// What a DELETE deletes, where no parameters of its own select it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletesKind {
    /// What the path names.
    Record,
    /// The records that match `query`.
    Query,
    /// The records that the body selects.
    Body,
    /// All records, whatever is sent.
    All,
}

/// What a POST stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Creates {
    /// Its body, under the id that the client sends.
    Record,
    /// Its body, under an id of the server's.
    NewId,
    /// Nothing that an id identifies.
    Nothing,
}

/// What a PUT does where there is no such record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Absent {
    /// It succeeds and stores nothing.
    Ignored,
    /// It creates the record.
    Created,
}

/// What the description of a DELETE says about what is deleted.
pub(crate) struct Deletion<'a> {
    pub(crate) path: &'a str,
    /// The parameters of the query string, and whether each is required.
    pub(crate) query: Vec<(&'a str, bool)>,
    pub(crate) has_body: bool,
    /// Its path is a list of records.
    pub(crate) is_collection: bool,
    /// The same path can be read.
    pub(crate) is_read: bool,
    /// Nothing is described but the route.
    pub(crate) is_untyped: bool,
}

impl Deletion<'_> {
    /// What is deleted, as far as the description tells.
    pub(crate) fn derive(&self) -> Option<Deletes> {
        let kind = |kind| Some(Deletes::Kind(kind));
        let has_parameter = self.path.contains('{');
        // The rest of a path may be nothing, or whatever.
        if self.path.contains("{+") {
            return None;
        }
        if self.path.ends_with('}') {
            return kind(DeletesKind::Record);
        }
        // The pattern of a route may stand for many paths.
        if self.is_untyped {
            return None;
        }
        if self.query.iter().any(|(name, _)| *name == "query") {
            return kind(DeletesKind::Query);
        }
        let required: Vec<&str> = self
            .query
            .iter()
            .filter(|(_, required)| *required)
            .map(|(name, _)| *name)
            .collect();
        if !required.is_empty() {
            return Some(Deletes::Selected(vec![required.join("&")]));
        }
        if self.has_body {
            return kind(DeletesKind::Body);
        }
        if has_parameter {
            return kind(DeletesKind::Record);
        }
        if self.is_collection {
            return kind(DeletesKind::All);
        }
        // One thing that has no id: a configuration.
        self.is_read.then_some(Deletes::Kind(DeletesKind::Record))
    }
}

/// Adds to the operations of a document what their schemas tell: whether `_version` guards a record, and whether bodies hold secrets.
pub(crate) fn derive(document: &mut Value) {
    let schemas = document
        .pointer("/components/schemas")
        .cloned()
        .unwrap_or_default();
    for item in document["paths"]
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else {
                continue;
            };
            let mut facts = read(operation);
            let request = content(operation.get("requestBody"));
            if matches!(method, "put" | "patch")
                && request.iter().any(|schema| has_version(schema, &schemas))
            {
                facts.versioned = Some(true);
            }
            let responses = operation.get("responses").and_then(Value::as_object);
            let bodies = responses
                .into_iter()
                .flat_map(Map::values)
                .flat_map(|response| content(Some(response)))
                .chain(request);
            if bodies
                .into_iter()
                .any(|schema| holds_secrets(schema, &schemas, &mut BTreeSet::new()))
            {
                facts.sensitive = Some(true);
            }
            write(operation, &facts);
        }
    }
}

/// The facts that stand at an operation.
pub fn read(operation: &Value) -> Facts {
    operation
        .pointer("/x-folio/facts")
        .and_then(|facts| serde_json::from_value(facts.clone()).ok())
        .unwrap_or_default()
}

/// Writes facts to an operation; nothing, if nothing is known.
pub(crate) fn write(operation: &mut Value, facts: &Facts) {
    let Some(folio) = operation.get_mut("x-folio").and_then(Value::as_object_mut) else {
        return;
    };
    match serde_json::to_value(facts) {
        Ok(Value::Object(facts)) if !facts.is_empty() => {
            folio.insert("facts".to_owned(), Value::Object(facts));
        }
        _ => _ = folio.remove("facts"),
    }
}

impl Facts {
    /// What `other` knows replaces what is known here.
    pub(crate) fn correct(&mut self, other: &Self) {
        fn correct<T: Clone>(known: &mut Option<T>, other: &Option<T>) {
            if other.is_some() {
                known.clone_from(other);
            }
        }
        correct(&mut self.deletes, &other.deletes);
        correct(&mut self.creates, &other.creates);
        correct(&mut self.absent, &other.absent);
        correct(&mut self.effect, &other.effect);
        correct(&mut self.sensitive, &other.sensitive);
        correct(&mut self.versioned, &other.versioned);
        correct(&mut self.omits, &other.omits);
        self.omits = self.omits.take().filter(|omits| !omits.is_empty());
    }
}

/// The schemas of a body, by media type.
fn content(of: Option<&Value>) -> Vec<&Value> {
    let content = of.and_then(|of| of.get("content")?.as_object());
    content
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|media| media.get("schema"))
        .collect()
}

fn has_version(schema: &Value, schemas: &Value) -> bool {
    let schema = resolved(schema, schemas);
    let parts = schema.get("allOf").and_then(Value::as_array);
    schema.pointer("/properties/_version").is_some()
        || parts
            .into_iter()
            .flatten()
            .any(|part| has_version(part, schemas))
}

/// Words in names of properties whose values are secrets.
const SECRET_WORDS: [&str; 3] = ["password", "secret", "credential"];

/// Names of properties whose values are secrets.
const SECRETS: [&str; 9] = [
    "accesstoken",
    "apikey",
    "authtoken",
    "okapitoken",
    "passwd",
    "pin",
    "privatekey",
    "refreshtoken",
    "token",
];

/// Whether a schema, or one that it leads to, has a property whose values are secrets. Schemas refer to each other in long chains, so this
/// goes from one to the next and not into it.
fn holds_secrets<'a>(schema: &'a Value, schemas: &'a Value, seen: &mut BTreeSet<String>) -> bool {
    let is_secret = |(name, property): (&String, &Value)| {
        let name = name.to_ascii_lowercase();
        let is_text = resolved(property, schemas)
            .get("type")
            .is_none_or(|kind| kind == "string" || kind == "object");
        // `credentialsId` names a record that has secrets, and is none.
        is_text
            && !name.ends_with("id")
            && (SECRETS.contains(&&*name) || SECRET_WORDS.iter().any(|word| name.contains(word)))
    };
    let mut open: Vec<&'a Value> = vec![schema];
    while let Some(schema) = open.pop() {
        match schema {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref")
                    && !seen.insert(reference.clone())
                {
                    continue;
                }
                let own = object.get("properties").and_then(Value::as_object);
                if own.into_iter().flatten().any(is_secret) {
                    return true;
                }
                if object.contains_key("$ref") {
                    let target = resolved(schema, schemas);
                    if !std::ptr::eq(target, schema) {
                        open.push(target);
                    }
                }
                let inside = object.iter().filter(|(key, _)| *key != "x-folio");
                open.extend(inside.map(|(_, value)| value));
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion(path: &str) -> Deletion<'_> {
        Deletion {
            path,
            query: Vec::new(),
            has_body: false,
            is_collection: false,
            is_read: false,
            is_untyped: false,
        }
    }

    #[test]
    fn what_a_delete_deletes_follows_from_its_description() {
        let kind = |kind| Some(Deletes::Kind(kind));
        let collection = || Deletion {
            is_collection: true,
            ..deletion("/loans")
        };
        for (deletion, expected) in [
            (deletion("/loans/{id}"), kind(DeletesKind::Record)),
            (
                deletion("/roles/{id}/capabilities"),
                kind(DeletesKind::Record),
            ),
            (collection(), kind(DeletesKind::All)),
            (
                Deletion {
                    query: vec![("lang", false), ("query", false)],
                    ..collection()
                },
                kind(DeletesKind::Query),
            ),
            (
                Deletion {
                    query: vec![("id", true), ("lang", false)],
                    ..collection()
                },
                Some(Deletes::Selected(vec!["id".to_owned()])),
            ),
            (
                Deletion {
                    has_body: true,
                    ..collection()
                },
                kind(DeletesKind::Body),
            ),
            (
                Deletion {
                    is_read: true,
                    ..deletion("/configuration")
                },
                kind(DeletesKind::Record),
            ),
            (deletion("/caches"), None),
            (
                Deletion {
                    is_untyped: true,
                    ..collection()
                },
                None,
            ),
        ] {
            assert_eq!(deletion.derive(), expected, "{}", deletion.path);
        }
    }
}
