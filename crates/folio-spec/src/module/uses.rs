//! The names of records by where they are used.
//!
//! What an operation accepts and returns has one name in all releases, regardless of the file that
//! a release describes it in, and so has what a field of it holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::pointer::escaped;
use crate::canonical::identifier::is_type;
use crate::canonical::operation::{METHODS, json_schema, operations};
use crate::canonical::reference::{LOCAL, PENDING, SHARED, name_in_module};
use crate::canonical::release::Release;
use crate::canonical::route::route_key;

/// What a use by an operation itself counts; one by a field counts one.
const OPERATION: usize = 100;

/// How often a component is used where a release has a record of a name: by component, then by
/// name.
pub(crate) type Votes = BTreeMap<String, BTreeMap<String, usize>>;

/// What the uses of a module's records have in common with those of a release.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub(crate) votes: Votes,
    /// Objects within components that have a name there: the component, the pointer in it, and the
    /// name.
    inline: BTreeSet<(String, String, String)>,
}

/// Compares the uses of a module's components with those of a release that has the module.
pub(crate) fn compare(
    module: &str,
    paths: &Value,
    components: &BTreeMap<String, Value>,
    release: &Release,
) -> Uses {
    let Some(document) = release.modules.get(module) else {
        return Uses::default();
    };
    let known: BTreeMap<(&str, String), &Value> = operations(document)
        .map(|operation| {
            let key = (operation.method, route_key(operation.path));
            (key, operation.value)
        })
        .collect();
    let mut walk = Walk {
        document,
        common: &release.common,
        seen: BTreeSet::new(),
        open: Vec::new(),
        owner: None,
        uses: Uses::default(),
    };
    for (path, item) in paths.as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(new) = item.get(method) else {
                continue;
            };
            let Some(old) = known.get(&(method, route_key(path))) else {
                continue;
            };
            let (new, old) = (contents(new), contents(old));
            for (place, new) in &new {
                if let Some(old) = old.get(place) {
                    walk.pair("", new, Old::own(old), OPERATION);
                }
            }
        }
    }
    while let Some((key, old)) = walk.open.pop() {
        if let Some(new) = components.get(&key) {
            walk.owner = Some(key);
            walk.inside("", new, old, 1);
        }
    }
    walk.uses
}

/// Makes components of the objects within components that have a name at their place in one of the
/// releases, the newest first, so that a record has its name whether a release describes it in a
/// file of its own or within another. Returns the components, each with its name.
///
/// What has the name already, or would have it by another description, keeps it: then the object
/// stays where it is.
pub(crate) fn lift(
    components: &mut BTreeMap<String, Value>,
    uses: &[Uses],
    name_of: &dyn Fn(&String) -> String,
) -> Vec<(String, String)> {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for (key, schema) in components.iter() {
        known.insert(name_of(key).to_lowercase(), schema.clone());
    }
    for (key, names) in uses.iter().flat_map(|uses| &uses.votes) {
        for name in names.keys() {
            if let Some(schema) = components.get(key) {
                known
                    .entry(name.to_lowercase())
                    .or_insert_with(|| schema.clone());
            }
        }
    }
    let mut wanted: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (key, at, name) in uses.iter().flat_map(|uses| &uses.inline) {
        let Some(schema) = components.get(key).and_then(|schema| schema.pointer(at)) else {
            continue;
        };
        let place = (key.as_str(), at.as_str());
        if wanted.contains_key(&place) {
            continue;
        }
        let same = known
            .entry(name.to_lowercase())
            .or_insert_with(|| schema.clone());
        if same == schema {
            wanted.insert(place, name);
        }
    }
    let mut lifted = Vec::new();
    // The deepest first, so that what holds another has a reference to it by then.
    for ((key, at), name) in wanted.iter().rev() {
        let inside = format!("{}#{at}", key.trim_end_matches('#'));
        let place = components
            .get_mut(*key)
            .and_then(|schema| schema.pointer_mut(at));
        if let Some(place) = place {
            let reference = serde_json::json!({"$ref": format!("{PENDING}{inside}")});
            let schema = std::mem::replace(place, reference);
            lifted.push((inside, (*name).to_owned(), schema));
        }
    }
    let names = lifted
        .iter()
        .map(|(key, name, _)| (key.clone(), name.clone()))
        .collect();
    for (key, _, schema) in lifted {
        components.insert(key, schema);
    }
    names
}

/// Whether it is an object with fields, or one of several texts: what has a type of its own.
fn is_record(schema: &Value) -> bool {
    let has_fields = schema.get("properties").is_some_and(Value::is_object);
    has_fields || schema.get("enum").is_some() && schema["type"] == "string"
}

/// The schemas of what an operation accepts and returns, by their places. Of a body that is the
/// first of JSON.
fn contents(operation: &Value) -> BTreeMap<String, &Value> {
    let mut all = BTreeMap::new();
    if let Some(schema) = operation.get("requestBody").and_then(json_schema) {
        all.insert("request".to_owned(), schema);
    }
    let responses = operation.get("responses").and_then(Value::as_object);
    for (status, response) in responses.into_iter().flatten() {
        let Some(schema) = json_schema(response) else {
            continue;
        };
        // The first of success has one place, regardless of its status: releases differ in 200 and
        // 201.
        if status.starts_with('2') {
            all.entry("response".to_owned()).or_insert(schema);
        }
        all.entry(status.clone()).or_insert(schema);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        if let Some(schema) = parameter.get("schema") {
            all.insert(format!("{} {}", parameter["in"], parameter["name"]), schema);
        }
    }
    all
}

/// A schema of the other release, in the module's document or in that of the shared records.
#[derive(Clone, Copy)]
struct Old<'a> {
    schema: &'a Value,
    is_shared: bool,
}

impl<'a> Old<'a> {
    fn own(schema: &'a Value) -> Self {
        Self {
            schema,
            is_shared: false,
        }
    }
}

struct Walk<'a> {
    document: &'a Value,
    common: &'a Value,
    /// The pairs that were walked into.
    seen: BTreeSet<(String, String)>,
    open: Vec<(String, Old<'a>)>,
    /// The component that is walked in.
    owner: Option<String>,
    uses: Uses,
}

impl<'a> Walk<'a> {
    /// Two schemas at one place. References are followed later, so that a long chain of them is no
    /// deep one.
    fn pair(&mut self, at: &str, new: &Value, old: Old<'a>, weight: usize) {
        let (named, old) = match self.named(old) {
            Some((name, target)) => (Some(name), target),
            None => (None, old),
        };
        let key = new.get("$ref").and_then(Value::as_str);
        let Some(key) = key.and_then(|key| key.strip_prefix(PENDING)) else {
            if let (Some(name), Some(owner)) = (named, &self.owner)
                && is_record(new)
                && is_record(old.schema)
                && is_type(&name)
            {
                self.uses
                    .inline
                    .insert((owner.clone(), at.to_owned(), name));
            }
            return self.inside(at, new, old, weight);
        };
        if let Some(name) = &named {
            let names = self.uses.votes.entry(key.to_owned()).or_default();
            *names.entry(name.clone()).or_default() += weight;
        }
        if self
            .seen
            .insert((key.to_owned(), named.unwrap_or_default()))
        {
            self.open.push((key.to_owned(), old));
        }
    }

    /// The name of a reference, and what it leads to.
    fn named(&self, old: Old<'a>) -> Option<(String, Old<'a>)> {
        let reference = old.schema.get("$ref")?.as_str()?;
        if let Some(name) = reference.strip_prefix(SHARED) {
            let schema = self.common.pointer("/components/schemas")?.get(name)?;
            let own = name_in_module(self.document, reference)?;
            let is_shared = true;
            return Some((own.to_owned(), Old { schema, is_shared }));
        }
        let name = reference.strip_prefix(LOCAL)?;
        let home = if old.is_shared {
            self.common
        } else {
            self.document
        };
        let schema = home.pointer("/components/schemas")?.get(name)?;
        let full = format!("{}{name}", if old.is_shared { SHARED } else { LOCAL });
        let own = name_in_module(self.document, &full)?.to_owned();
        Some((own, Old { schema, ..old }))
    }

    /// What two schemas hold at one place.
    fn inside(&mut self, at: &str, new: &Value, old: Old<'a>, weight: usize) {
        for key in ["items", "additionalProperties"] {
            if let (Some(new), Some(schema)) = (new.get(key), old.schema.get(key)) {
                self.pair(&format!("{at}/{key}"), new, Old { schema, ..old }, weight);
            }
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            let lists = (
                new.get(key).and_then(Value::as_array),
                old.schema.get(key).and_then(Value::as_array),
            );
            let (Some(parts), Some(others)) = lists else {
                continue;
            };
            // A part is no type of its own.
            let owner = self.owner.take();
            for (new, schema) in parts.iter().zip(others) {
                self.pair("", new, Old { schema, ..old }, weight);
            }
            self.owner = owner;
        }
        let fields = new.get("properties").and_then(Value::as_object);
        for (name, new) in fields.into_iter().flatten() {
            if let Some(schema) = old.schema.get("properties").and_then(|all| all.get(name)) {
                let step = escaped(name);
                let at = format!("{at}/properties/{step}");
                self.pair(&at, new, Old { schema, ..old }, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A release in which `GET /a/{id}` returns a `Thing` with a `Part` and a shared `Metadata`.
    fn release() -> Release {
        let reference = |name: &str| json!({"$ref": name});
        let module = json!({
            "paths": {"/a/{id}": {"get": {"responses": {"200": {"content": {"application/json": {"schema": reference(&format!("{LOCAL}Thing"))}}}}}}},
            "components": {"schemas": {
                "Thing": {"properties": {
                    "part": reference(&format!("{LOCAL}Part")),
                    "metadata": reference(&format!("{SHARED}Metadata2")),
                }},
                "Part": {"properties": {"name": {"type": "string"}}},
            }},
            "x-folio": {"names": {"Metadata": "Metadata2"}},
        });
        Release {
            modules: BTreeMap::from([("mod-a".to_owned(), module)]),
            common: json!({"components": {"schemas": {"Metadata2": {"properties": {}}}}}),
        }
    }

    fn paths() -> Value {
        let schema = json!({"$ref": format!("{PENDING}/m/thing.json#")});
        json!({"/a/{aId}": {"get": {"responses": {"201": {"content": {"application/json": {"schema": schema}}}}}}})
    }

    #[test]
    fn what_is_used_at_one_place_has_one_name() {
        let components = BTreeMap::from([
            (
                "/m/thing.json#".to_owned(),
                json!({"properties": {
                    "part": {"$ref": format!("{PENDING}/m/piece.json#")},
                    "metadata": {"$ref": format!("{PENDING}/m/meta.json#")},
                }}),
            ),
            ("/m/piece.json#".to_owned(), json!({"properties": {}})),
            ("/m/meta.json#".to_owned(), json!({"properties": {}})),
        ]);
        let found = compare("mod-a", &paths(), &components, &release());
        let name = |key: &str| {
            found.votes[key]
                .iter()
                .next()
                .map(|(name, votes)| (name.clone(), *votes))
        };
        assert_eq!(
            name("/m/thing.json#"),
            Some(("Thing".to_owned(), OPERATION))
        );
        assert_eq!(name("/m/piece.json#"), Some(("Part".to_owned(), 1)));
        assert_eq!(name("/m/meta.json#"), Some(("Metadata".to_owned(), 1)));
        assert!(
            compare("mod-b", &paths(), &components, &release())
                .votes
                .is_empty()
        );
    }

    #[test]
    fn an_object_in_place_becomes_the_component_that_another_release_has() {
        let part = json!({"type": "object", "properties": {"name": {"type": "string"}}});
        let mut components = BTreeMap::from([(
            "/m/thing.json#".to_owned(),
            json!({"properties": {"part": part}}),
        )]);
        let uses = [compare("mod-a", &paths(), &components, &release())];
        let lifted = lift(&mut components, &uses, &|key| key.clone());
        let key = "/m/thing.json#/properties/part".to_owned();
        assert_eq!(lifted, [(key.clone(), "Part".to_owned())]);
        assert_eq!(components[&key], part);
        let reference = &components["/m/thing.json#"]["properties"]["part"]["$ref"];
        assert_eq!(*reference, format!("{PENDING}{key}"));

        // What has the name already keeps it.
        let mut components = BTreeMap::from([
            (
                "/m/thing.json#".to_owned(),
                json!({"properties": {"part": part}}),
            ),
            ("part".to_owned(), json!({})),
        ]);
        let lifted = lift(&mut components, &uses, &|key| key.clone());
        assert!(lifted.is_empty());
    }
}
