//! A record has one name in all releases: what an operation takes and gives, and what its fields
//! hold, wherever FOLIO itself did not change the record. So a program that names it compiles with
//! each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use folio_spec::{Release, operations, route_key};
use serde_json::Value;

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";

/// A schema of a module of a release.
#[derive(Clone, Copy)]
struct Place<'a> {
    release: &'a Release,
    module: &'a str,
    schema: &'a Value,
    is_shared: bool,
}

impl<'a> Place<'a> {
    /// The name of a reference in the module, and what it leads to.
    fn resolved(self) -> (Option<String>, Self) {
        let Some(reference) = self.schema["$ref"].as_str() else {
            return (None, self);
        };
        let module = &self.release.modules[self.module];
        let (name, is_shared) = match reference.strip_prefix(SHARED) {
            Some(name) => (name, true),
            None => (reference.strip_prefix(LOCAL).unwrap(), self.is_shared),
        };
        let home = if is_shared {
            &self.release.common
        } else {
            module
        };
        let schema = &home["components"]["schemas"][name];
        let names = module["x-folio"]["names"].as_object();
        let own = names
            .into_iter()
            .flatten()
            .find(|(_, shared)| is_shared && *shared == name);
        let own = own.map_or(name, |(own, _)| own);
        let place = Self {
            schema,
            is_shared,
            ..self
        };
        (Some(own.to_owned()), place)
    }

    fn has(self, name: &str) -> bool {
        let module = &self.release.modules[self.module];
        let named = |document: &Value| document["components"]["schemas"].get(name).is_some();
        named(module)
            || named(&self.release.common)
            || module["x-folio"]["names"].get(name).is_some()
    }
}

/// What has two names, with the reason if there is one.
#[derive(Default)]
struct Found {
    changed: BTreeSet<String>,
    renamed: BTreeSet<String>,
    seen: BTreeSet<String>,
    compared: usize,
}

impl Found {
    fn compare(&mut self, at: &str, old: Place<'_>, new: Place<'_>) {
        let ((old_name, old), (new_name, new)) = (old.resolved(), new.resolved());
        self.compared += 1;
        // What says nothing of its fields has no type of its own.
        let is_type = |schema: &Value| {
            let keys = ["properties", "enum", "oneOf", "anyOf", "allOf"];
            keys.iter().any(|key| schema.get(key).is_some())
        };
        if old_name != new_name && !is_type(old.schema) && !is_type(new.schema) {
            return;
        }
        if old_name != new_name {
            let told = format!("{} {at}: {old_name:?} is {new_name:?}", old.module);
            let is_another = old_name.as_deref().is_some_and(|name| new.has(name))
                || new_name.as_deref().is_some_and(|name| old.has(name));
            let is_changed = is_another || without_facts(old.schema) != without_facts(new.schema);
            match is_changed {
                true => self.changed.insert(told),
                false => self.renamed.insert(told),
            };
            return;
        }
        let at = match old_name {
            Some(name) if !self.seen.insert(format!("{} {name}", old.module)) => return,
            Some(name) => name,
            None => at.to_owned(),
        };
        for key in ["items", "additionalProperties"] {
            self.part(&format!("{at} {key}"), old, new, key);
        }
        for (key, schema) in old.schema["properties"].as_object().into_iter().flatten() {
            if let Some(other) = new.schema["properties"].get(key) {
                let (old, new) = (
                    Place { schema, ..old },
                    Place {
                        schema: other,
                        ..new
                    },
                );
                self.compare(&format!("{at}.{key}"), old, new);
            }
        }
    }

    fn part(&mut self, at: &str, old: Place<'_>, new: Place<'_>, key: &str) {
        let parts = (old.schema.get(key), new.schema.get(key));
        if let (Some(schema @ Value::Object(_)), Some(other @ Value::Object(_))) = parts {
            let (old, new) = (
                Place { schema, ..old },
                Place {
                    schema: other,
                    ..new
                },
            );
            self.compare(at, old, new);
        }
    }
}

fn without_facts(schema: &Value) -> Value {
    let mut plain = schema.clone();
    if let Value::Object(plain) = &mut plain {
        plain.remove("x-folio");
    }
    plain
}

/// The JSON that an operation takes and gives.
fn bodies(operation: &Value) -> BTreeMap<&'static str, &Value> {
    fn json(body: &Value) -> Option<&Value> {
        let content = body.get("content")?.as_object()?;
        content
            .iter()
            .find(|(name, _)| name.contains("json"))?
            .1
            .get("schema")
    }
    let responses = operation["responses"].as_object();
    let answer = responses
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'))
        .find_map(|(_, response)| json(response));
    let request = operation.get("requestBody").and_then(json);
    let both = [("request", request), ("response", answer)];
    both.into_iter()
        .filter_map(|(name, schema)| Some((name, schema?)))
        .collect()
}

fn compare(old: &Release, new: &Release) -> Found {
    let mut found = Found::default();
    for (module, document) in &old.modules {
        let Some(other) = new.modules.get(module) else {
            continue;
        };
        found.seen.clear();
        let known: BTreeMap<_, _> = operations(other)
            .map(|operation| {
                (
                    (operation.method, route_key(operation.path)),
                    operation.value,
                )
            })
            .collect();
        for operation in operations(document) {
            let key = (operation.method, route_key(operation.path));
            let Some(others) = known.get(&key).map(|other| bodies(other)) else {
                continue;
            };
            for (place, schema) in bodies(operation.value) {
                let at = format!("{} {} {place}", operation.method, operation.path);
                if let Some(other) = others.get(place) {
                    let of = |release, schema| Place {
                        release,
                        module,
                        schema,
                        is_shared: false,
                    };
                    found.compare(&at, of(old, schema), of(new, other));
                }
            }
        }
    }
    found
}

#[test]
fn a_record_has_one_name_in_all_releases() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let read = |name: &str| Release::read(&specs.join(name)).unwrap();
    let releases = ["ramsons", "sunflower", "trillium"].map(read);
    for (old, new) in [(0, 1), (1, 2), (0, 2)] {
        let found = compare(&releases[old], &releases[new]);
        assert!(found.compared > 10_000, "{}", found.compared);
        assert_eq!(found.renamed, BTreeSet::new());
        // What FOLIO itself described as another record; a quarter of a per cent of all places.
        assert!(found.changed.len() < 40, "{:#?}", found.changed);
    }
}

/// What the records of programs are named after.
#[test]
fn records_of_resources_are_told_apart_and_have_their_own_names() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    for release in ["ramsons", "sunflower", "trillium"] {
        let release = Release::read(&specs.join(release)).unwrap();
        for (module, path, name) in [
            (
                "mod-inventory-storage",
                "/instance-storage/instances",
                "Instance",
            ),
            ("mod-inventory-storage", "/item-storage/items", "Item"),
            ("mod-inventory-storage", "/loan-types", "LoanType"),
            ("mod-inventory-storage", "/material-types", "MaterialType"),
            (
                "mod-inventory-storage",
                "/identifier-types",
                "IdentifierType",
            ),
            (
                "mod-inventory-storage",
                "/modes-of-issuance",
                "IssuanceMode",
            ),
            ("mod-inventory-storage", "/service-points", "ServicePoint"),
            (
                "mod-inventory-storage",
                "/location-units/campuses",
                "LocationCampus",
            ),
            ("mod-courses", "/coursereserves/departments", "Department"),
            ("mod-orders", "/orders/order-lines", "PoLine"),
            ("mod-users", "/users", "User"),
        ] {
            let document = &release.modules[module];
            let post = &document["paths"][path]["post"];
            let schema = bodies(post)["request"];
            let place = Place {
                release: &release,
                module,
                schema,
                is_shared: false,
            };
            assert_eq!(place.resolved().0.as_deref(), Some(name), "{module} {path}");
        }
    }
}

/// What a module calls the things that stand within its records, by the record and the place.
fn nested(release: &Release, module: &str) -> BTreeMap<(String, String), String> {
    fn walk(at: &str, schema: &Value, out: &mut Vec<(String, String)>) {
        if let Some(name) = schema.pointer("/x-folio/name").filter(|_| !at.is_empty()) {
            out.push((at.to_owned(), name.as_str().unwrap().to_owned()));
        }
        let parts: Vec<(String, &Value)> = match schema {
            Value::Object(map) => map.iter().map(|(key, part)| (key.clone(), part)).collect(),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(i, part)| (i.to_string(), part))
                .collect(),
            _ => return,
        };
        for (key, part) in parts {
            walk(&format!("{at}/{key}"), part, out);
        }
    }
    let document = &release.modules[module];
    let names = document["x-folio"]["names"].as_object();
    let own = |shared: &str| {
        let mut names = names.into_iter().flatten();
        let own = names.find(|(_, name)| *name == shared);
        own.map_or(shared, |(own, _)| own).to_owned()
    };
    let mut found = BTreeMap::new();
    let text = document.to_string();
    for (home, is_shared) in [(document, false), (&release.common, true)] {
        for (record, schema) in home["components"]["schemas"].as_object().unwrap() {
            if is_shared && !text.contains(&format!("{SHARED}{record}\"")) {
                continue;
            }
            let mut all = Vec::new();
            walk("", schema, &mut all);
            for (at, name) in all {
                let (record, name) = match is_shared {
                    true => (own(record), own(&name)),
                    false => (record.clone(), name),
                };
                found.insert((record, at), name);
            }
        }
    }
    found
}

#[test]
fn what_stands_within_a_record_has_one_name_in_all_releases_and_none_is_there_twice() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let releases =
        ["ramsons", "sunflower", "trillium"].map(|name| Release::read(&specs.join(name)).unwrap());
    let mut known: BTreeMap<(String, String, String), String> = BTreeMap::new();
    let mut compared = 0;
    for release in &releases {
        for (module, document) in &release.modules {
            let nested = nested(release, module);
            let mut taken: BTreeSet<String> = document["components"]["schemas"]
                .as_object()
                .unwrap()
                .keys()
                .map(|name| name.to_lowercase())
                .collect();
            for ((record, at), name) in nested {
                assert!(
                    taken.insert(name.to_lowercase()),
                    "{module} {record}{at}: {name}"
                );
                let place = (module.clone(), record, at);
                match known.get(&place) {
                    Some(other) => {
                        compared += 1;
                        assert_eq!(name, *other, "{place:?}");
                    }
                    None => drop(known.insert(place, name)),
                }
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// Whether two names have a word in common, singular or plural.
fn same_words(one: &str, other: &str) -> bool {
    fn stems(text: &str) -> BTreeSet<String> {
        let mut words = String::new();
        for c in text.chars() {
            if c.is_ascii_uppercase() || !c.is_ascii_alphanumeric() {
                words.push(' ');
            }
            words.push(c.to_ascii_lowercase());
        }
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        let words = words.filter(|word| word.len() > 2);
        words.map(|word| word.chars().take(4).collect()).collect()
    }
    let letters = |text: &str| {
        text.to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "")
    };
    let (short, long) = (letters(one), letters(other));
    stems(one).intersection(&stems(other)).next().is_some()
        || short.contains(long.trim_end_matches('s'))
        || long.contains(short.trim_end_matches('s'))
}

/// What FOLIO names otherwise in its paths than in its descriptions.
const OTHERWISE: [&str; 14] = [
    "custprops",
    // A verb of mod-inventory-update.
    "fetch",
    "hold-shelf-clearance",
    "id",
    "instance",
    "interfaces",
    "item",
    "modules",
    "pci",
    "pti",
    "resource",
    "tsas",
    "{domain}",
    "{service_id}",
];

/// Paths below `/audit-data/marc` and `/audit-data/inventory`: they are read as the events of the
/// record, `MarcAuditCollection` and `InventoryAuditCollection`, and not as the record.
const AUDITED: [(&str, &str); 3] = [
    ("mod-audit", "authority"),
    ("mod-audit", "bib"),
    ("mod-audit", "holdings"),
];

#[test]
fn no_record_is_named_after_another_resource_of_its_module() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    for release in ["ramsons", "sunflower", "trillium"] {
        let release = Release::read(&specs.join(release)).unwrap();
        let mut wrong = BTreeSet::new();
        let mut compared = 0;
        for (module, document) in &release.modules {
            // The records that are read by an id, with the last word of the path.
            let mut read: Vec<(String, &str)> = Vec::new();
            for operation in operations(document).filter(|it| it.method == "get") {
                let Some((list, last)) = operation.path.rsplit_once("/{") else {
                    continue;
                };
                let Some(schema) = bodies(operation.value).get("response").copied() else {
                    continue;
                };
                let place = Place {
                    release: &release,
                    module,
                    schema,
                    is_shared: false,
                };
                if let (true, Some(name)) =
                    (last.find('}') == Some(last.len() - 1), place.resolved().0)
                {
                    read.push((name, list.rsplit('/').next().unwrap()));
                }
            }
            for (name, resource) in &read {
                compared += 1;
                let is_audit = AUDITED.contains(&(module.as_str(), resource));
                if same_words(name, resource) || OTHERWISE.contains(resource) || is_audit {
                    continue;
                }
                let another = read.iter().any(|(other, of)| {
                    other != name
                        && of != resource
                        && same_words(name, of)
                        && !same_words(name, resource)
                });
                if another {
                    wrong.insert(format!("{module} {resource}: {name}"));
                }
            }
        }
        assert!(compared > 300, "{compared}");
        assert_eq!(wrong, BTreeSet::new());
    }
}
