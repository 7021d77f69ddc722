//! Which release introduced what: found by comparing the documents of the releases.
//!
//! A claim is made only where an older release has the thing around it (the module of a record,
//! the object of a field, the operation of a parameter) and lacks the thing itself. A record that
//! an older release describes by the same source under another name is not new.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::COMMON;
use super::subjects::Subjects;
use crate::canonical::operation::operations;
use crate::canonical::release::Release;

/// What one release has.
struct Known {
    name: String,
    subjects: Subjects,
    /// The routes of all modules, whatever their parameters are called.
    routes: BTreeSet<String>,
    /// Operations of which nothing is described.
    untyped: BTreeSet<String>,
    /// The sources of records.
    sources: BTreeSet<String>,
}

/// The releases that introduced what the documents of a module have: see
/// [`Entries::since`](folio_codegen::glossary::Entries::since).
pub(crate) struct Since(Vec<Known>);

impl Since {
    pub(crate) fn of(releases: &[Release]) -> Self {
        let mut known: Vec<Known> = releases.iter().filter_map(Known::of).collect();
        // FOLIO names its releases in the order of the alphabet.
        known.sort_by(|one, other| one.name.cmp(&other.name));
        Self(known)
    }

    /// What is new in a document, by its key.
    pub(crate) fn module(&self, module: &str) -> BTreeMap<String, String> {
        let mut since = BTreeMap::new();
        let Some(first) = self.0.iter().position(|it| it.has_module(module)) else {
            return since;
        };
        if first > 0 {
            since.insert(String::new(), self.0[first].name.clone());
        }
        for index in first + 1..self.0.len() {
            // What two releases before had may come back.
            let (older, newer) = (&self.0[first..index], &self.0[index]);
            for key in newer.keys(module) {
                let is_new = older
                    .iter()
                    .all(|it| it.is_known_to_lack(module, &key, newer));
                if is_new && !since.contains_key(&key.text()) {
                    since.insert(key.text(), newer.name.clone());
                }
            }
        }
        since
    }
}

/// What may be new.
enum Key {
    Record(String),
    Field(String, String),
    Operation(String),
    Parameter(String, String),
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Record(name) | Self::Operation(name) => name.clone(),
            Self::Field(record, path) => format!("{record}.{path}"),
            Self::Parameter(route, name) => format!("{route} {name}"),
        }
    }
}

impl Known {
    fn of(release: &Release) -> Option<Self> {
        let name = release.name()?.to_owned();
        let mut subjects = Subjects::default();
        subjects.add_release(release);
        let modules = || subjects.modules.values();
        let routes = modules().flat_map(|it| it.operations.keys());
        let sources = modules().flat_map(|it| it.sources.values().flatten());
        let documents = release.modules.values().chain([&release.common]);
        let untyped = documents
            .flat_map(operations)
            .filter(|operation| operation.fact("untyped") == Some(&Value::Bool(true)));
        Some(Self {
            name,
            routes: routes.map(|route| plain(route)).collect(),
            untyped: untyped.map(|operation| operation.subject()).collect(),
            sources: sources.cloned().collect(),
            subjects,
        })
    }

    fn has_module(&self, module: &str) -> bool {
        self.subjects.modules.contains_key(module)
    }

    fn keys(&self, module: &str) -> Vec<Key> {
        let mut keys = Vec::new();
        let Some(module) = self.subjects.modules.get(module) else {
            return keys;
        };
        for (record, fields) in &module.records {
            keys.push(Key::Record(record.clone()));
            keys.extend(
                fields
                    .keys()
                    .map(|path| Key::Field(record.clone(), path.clone())),
            );
        }
        for (route, parameters) in &module.operations {
            keys.push(Key::Operation(route.clone()));
            let parameters = parameters.keys();
            keys.extend(parameters.map(|name| Key::Parameter(route.clone(), name.clone())));
        }
        keys
    }

    /// The fields of a record by that name, the module's own and the shared one.
    fn fields(&self, module: &str, record: &str) -> Option<BTreeSet<&str>> {
        let found = [module, COMMON].into_iter().filter_map(|module| {
            let fields = self.subjects.modules.get(module)?.records.get(record)?;
            Some(fields.keys().map(String::as_str))
        });
        let mut found = found.peekable();
        found.peek()?;
        Some(found.flatten().collect())
    }

    /// Whether this release has what is around something, and not the thing itself.
    fn is_known_to_lack(&self, module: &str, key: &Key, newer: &Self) -> bool {
        match key {
            Key::Record(record) => {
                let is_elsewhere = self
                    .subjects
                    .modules
                    .values()
                    .any(|it| it.records.contains_key(record));
                !is_elsewhere
                    && newer.sources_of(module, record).is_some_and(|sources| {
                        !sources.is_empty() && sources.is_disjoint(&self.sources)
                    })
            }
            Key::Field(record, path) => {
                let Some(fields) = self.fields(module, record) else {
                    return false;
                };
                let around = path.rsplit_once('.').map_or("", |(around, _)| around);
                let is_beside = |field: &&&str| match around {
                    "" => true,
                    around => field
                        .strip_prefix(around)
                        .is_some_and(|rest| rest.starts_with('.')),
                };
                fields.iter().any(|field| is_beside(&field)) && !fields.contains(&**path)
            }
            Key::Operation(route) => !self.routes.contains(&plain(route)),
            Key::Parameter(route, name) => {
                let operations = self.subjects.modules.get(module).map(|it| &it.operations);
                let parameters = operations.and_then(|it| it.get(route));
                parameters.is_some_and(|it| !it.contains_key(name)) && !self.untyped.contains(route)
            }
        }
    }

    /// The sources of a record.
    fn sources_of(&self, module: &str, record: &str) -> Option<&BTreeSet<String>> {
        self.subjects.modules.get(module)?.sources.get(record)
    }
}

/// A route without the names of its parameters.
fn plain(route: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in route.chars() {
        inside = (inside || c == '{') && c != '}';
        if !inside {
            plain.push(c);
        }
    }
    plain
}
