//! The names of operations: one rule over all modules, from method and path (`docs/names.md`).

mod collisions;
mod nouns;
pub(crate) mod page;
mod path;
mod rule;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::reconcile::Routed;
use crate::canonical::facts::{Creates, Deletes, Facts};
use crate::canonical::route::{path_template, route_key, starred, without_empty_segments};
use crate::corrections::overrides::StatedName;
use crate::corrections::pins::Pinned;
use crate::facts::deletion::Deletion;
use crate::read::operation::Operation;
use collisions::{Unnamed, name};
use path::Path;
use rule::{Module, Subject};

/// What each DELETE among the operations deletes: as an override states it (`stated`), or as its
/// description shows.
pub(super) fn deletes(
    routed: &[Routed],
    stated: impl Fn(&Operation) -> Facts,
) -> Vec<Option<Deletes>> {
    let collections = collections(routed);
    routed
        .iter()
        .map(|(operation, _)| deleted(operation, routed, &collections, stated(operation)))
        .collect()
}

/// The names of the operations of a module, in their order. `facts` and `stated` are what the
/// overrides state about an operation and its name.
pub(super) fn of<'a>(
    routed: &[Routed],
    deletes: &[Option<Deletes>],
    facts: impl Fn(&Operation) -> Facts,
    stated: impl Fn(&Operation) -> Option<&'a StatedName>,
    pinned: &Pinned,
) -> Vec<String> {
    let methods = methods(routed);
    let collections = collections(routed);
    let module = Rc::new(module(routed));
    let unnamed: Vec<Unnamed> = routed
        .iter()
        .zip(deletes)
        .map(|((operation, _), deletes)| {
            let stated = stated(operation);
            let path = named_as(operation);
            let has_rest = operation.path.contains("{+");
            let mut subject = subject(
                operation,
                &path,
                routed,
                &methods,
                &collections,
                &facts(operation),
            );
            if has_rest {
                subject.path.parameters.push("rest".to_owned());
            }
            Unnamed {
                has_rest,
                key: route_key(&operation.path),
                name: stated.and_then(|stated| stated.name.clone()),
                subject: Subject {
                    verb: stated.and_then(|stated| stated.verb.clone()),
                    deletes: deletes.clone(),
                    module: module.clone(),
                    ..subject
                },
                path,
            }
        })
        .collect();
    name(&unnamed, pinned)
}

/// The methods of each path template.
type Methods<'a> = BTreeMap<String, BTreeSet<&'a str>>;

fn methods(routed: &[Routed]) -> Methods<'_> {
    let mut methods = Methods::new();
    for (operation, _) in routed {
        let own = methods.entry(path_template(&operation.path)).or_default();
        own.insert(&*operation.method);
    }
    methods
}

/// What the rule reads of an operation, but for what is stated about its name.
fn subject(
    operation: &Operation,
    path: &str,
    routed: &[Routed],
    methods: &Methods<'_>,
    collections: &BTreeSet<String>,
    facts: &Facts,
) -> Subject {
    let own = methods.get(&path_template(&operation.path));
    let is_any = |any: &[&str]| own.is_some_and(|own| any.iter().any(|it| own.contains(it)));
    let is_record = path.ends_with('}');
    let is_list = !is_record && collections.contains(path);
    let below = format!("{path}/{{}}");
    Subject {
        method: operation.method.clone(),
        path: Path::read(path),
        is_list,
        is_paged_record: is_record && operation.method == "get" && is_paged(operation),
        has_effect: facts.effect == Some(true),
        creates: matches!(facts.creates, Some(Creates::Record | Creates::NewId))
            || operation.responses.contains_key("201"),
        answers: operation.responses.iter().any(|(status, content)| {
            status.starts_with('2') && status != "204" && content.values().any(Option::is_some)
        }),
        is_one_thing: is_any(&["put", "delete"]),
        is_view: is_list && !is_any(&["post"]) && !methods.contains_key(&below),
        is_changed: is_any(&["post", "put", "patch"]),
        is_rest: is_rest(operation, routed),
        ..Subject::default()
    }
}

/// What the rule reads of the whole module.
fn module(routed: &[Routed]) -> Module {
    let mut module = Module::default();
    for (operation, _) in routed {
        if matches!(&*operation.method, "get" | "post") {
            let path = operation.path.trim_end_matches('/').to_owned();
            module.served.insert(path);
        }
        let parameters = operation.path.match_indices("/{");
        let records = parameters.map(|(at, _)| operation.path[..at].to_owned());
        module.records.extend(records);
    }
    module
}

/// Whether a list is given in pages.
fn is_paged(operation: &Operation) -> bool {
    let mut names = operation
        .parameters
        .iter()
        .map(|parameter| &*parameter.name);
    names.any(|name| matches!(name, "limit" | "perPage"))
}

/// The paths that are lists of records: those with records below that are read or deleted by
/// `…/{id}`, and those that are paged.
fn collections(routed: &[Routed]) -> BTreeSet<String> {
    let mut collections = BTreeSet::new();
    for (operation, _) in routed {
        if let Some((above, last)) = operation.path.rsplit_once('/')
            && matches!(operation.method.as_str(), "get" | "delete")
            && last.starts_with('{')
            && !last.starts_with("{+")
            && last.ends_with('}')
            && !above.is_empty()
            && !above.ends_with('}')
        {
            collections.insert(above.to_owned());
        }
        if operation.method == "get" && is_paged(operation) {
            collections.insert(operation.path.trim_end_matches('/').to_owned());
        }
    }
    collections
}

/// The path that an operation is named after: the schema that replaces the rest of a path is no
/// word of it.
fn named_as(operation: &Operation) -> String {
    let path = without_empty_segments(starred(&operation.path).trim_end_matches('*'));
    path.trim_end_matches('/').to_owned()
}

/// Whether an operation has the path of another one and what is below it.
fn is_rest(operation: &Operation, routed: &[Routed]) -> bool {
    operation.path.contains("{+")
        && routed.iter().any(|(other, _)| {
            other.method == operation.method
                && other.path != operation.path
                && path_template(&other.path) == path_template(&operation.path)
        })
}

/// What a DELETE deletes: as it is stated, or as the description shows.
fn deleted(
    operation: &Operation,
    routed: &[Routed],
    collections: &BTreeSet<String>,
    stated: Facts,
) -> Option<Deletes> {
    if operation.method != "delete" {
        return None;
    }
    let deletion = Deletion {
        path: &operation.path,
        query: operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "query")
            .map(|parameter| (&*parameter.name, parameter.required))
            .collect(),
        has_body: operation.request.is_some(),
        is_collection: collections.contains(&operation.path),
        is_read: routed
            .iter()
            .any(|(other, _)| other.method == "get" && other.path == operation.path),
        is_untyped: operation.root.is_empty(),
    };
    stated.deletes.or_else(|| deletion.derive())
}

#[cfg(test)]
mod tests;
