//! The names of operations: one rule over all modules, from method and path (`docs/names.md`).

mod nouns;
pub(crate) mod page;
mod path;
mod rule;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::reconcile::Routed;
use crate::canonical::facts::{Creates, Deletes, DeletesKind, Facts};
use crate::canonical::identifier::is_identifier;
use crate::canonical::route::{path_template, route_key, starred, without_empty_segments};
use crate::corrections::overrides::StatedName;
use crate::corrections::pins::Pinned;
use crate::facts::deletion::Deletion;
use crate::read::operation::Operation;
use nouns::singular;
use path::Path;
use rule::{Module, Subject};
use verbs::is_in;

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
    let collections = collections(routed);
    let module = Rc::new(module(routed));
    let unnamed: Vec<Unnamed> = routed
        .iter()
        .zip(deletes)
        .map(|((operation, _), deletes)| {
            let stated = stated(operation);
            let path = named_as(operation);
            let has_rest = operation.path.contains("{+");
            let mut subject = subject(operation, &path, routed, &collections, &facts(operation));
            if has_rest {
                subject.path.parameters.push("rest".to_owned());
            }
            Unnamed {
                has_rest,
                key: route_key(&operation.path),
                is_record: path.ends_with('}'),
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

/// What the rule reads of an operation, but for what is stated about its name.
fn subject(
    operation: &Operation,
    path: &str,
    routed: &[Routed],
    collections: &BTreeSet<String>,
    facts: &Facts,
) -> Subject {
    let is_at = |other: &Operation, methods: &[&str]| {
        path_template(&other.path) == path_template(&operation.path)
            && methods.contains(&&*other.method)
    };
    let is_any = |methods: &[&str]| routed.iter().any(|(other, _)| is_at(other, methods));
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
        is_view: is_list
            && !is_any(&["post"])
            && !routed
                .iter()
                .any(|(other, _)| path_template(&other.path) == below),
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

/// An operation to be named.
#[derive(Clone, Debug)]
struct Unnamed {
    /// What distinguishes it from the others of its method: see `route_key`.
    key: String,
    /// The path template.
    path: String,
    /// Whether the path ends in a parameter.
    is_record: bool,
    /// Whether the path ends in a parameter for the rest of it.
    has_rest: bool,
    /// The name that an override states.
    name: Option<String>,
    /// What the rule reads of it.
    subject: Subject,
}

impl Unnamed {
    /// Whether a name does not misstate what is deleted. A misleading name would be worse than
    /// one that changes.
    fn may_have(&self, name: &str) -> bool {
        if self.subject.method != "delete" || self.is_record {
            return true;
        }
        let says_all = name.starts_with("delete_all_");
        let says_query = name.contains("_by_query");
        match &self.subject.deletes {
            Some(Deletes::Kind(DeletesKind::Query)) => says_query && !says_all,
            Some(Deletes::Kind(DeletesKind::All)) => says_all && !says_query,
            _ => !says_all && !says_query,
        }
    }

    /// A parameter's name: `id` is that of its own record.
    fn plain(&self, parameter: &str) -> String {
        let last = self.subject.path.segments.last();
        match last.map(|last| singular(&last.words).join("_") + "_id") {
            Some(own) if own == parameter => "id".to_owned(),
            _ => parameter.to_owned(),
        }
    }

    /// The name that the rule gives it after so many collisions.
    fn at(&self, level: &Level) -> String {
        let parameters = &self.subject.path.parameters;
        let distinguishing = match level {
            Level { is_last: true, .. } => parameters.clone(),
            Level {
                shared: Some(shared),
                ..
            } => {
                let own = parameters.iter().filter(|name| !shared.contains(name));
                own.map(|name| self.plain(name)).collect()
            }
            _ => Vec::new(),
        };
        let name = match (&self.name, level) {
            (Some(name), Level { segments: 0, .. }) => name.clone(),
            _ => self.subject.name(level.segments, &distinguishing),
        };
        if is_identifier(&name) && !is_in(RESERVED, &name) {
            name
        } else {
            format!("{}_{name}", self.subject.method)
        }
    }
}

/// Methods that every handle has: an operation of their name would hide them.
const RESERVED: &str = "borrow borrow_mut clone clone_from clone_into default eq fmt from into \
    to_owned to_string try_from try_into type_id";

/// What a name has more than it needs by itself, because others had the same one.
#[derive(Clone, Debug, Default)]
struct Level {
    /// Segments in front of the noun.
    segments: usize,
    /// The parameters that all operations of the same segments have: it names its others.
    shared: Option<Vec<String>>,
    /// Whether it names all of its parameters.
    is_last: bool,
}

/// Names the operations of one module, in their order. What is `pinned` keeps its name, and others
/// of that name take longer ones: a release that adds operations renames none.
fn name(operations: &[Unnamed], pinned: &Pinned) -> Vec<String> {
    let mut levels = vec![Level::default(); operations.len()];
    let mut kept: Vec<Option<&String>> = operations
        .iter()
        .map(|operation| {
            let name = pinned.get(&(operation.subject.method.clone(), operation.key.clone()));
            name.filter(|name| operation.may_have(name))
        })
        .collect();
    // Releases that were imported elsewhere may give one name to two operations: then neither is
    // kept.
    for index in 0..kept.len() {
        let name = kept[index];
        if name.is_some() && kept.iter().filter(|other| **other == name).count() > 1 {
            kept.iter_mut()
                .filter(|other| **other == name)
                .for_each(|other| *other = None);
        }
    }
    let is_kept: Vec<bool> = kept.iter().map(Option::is_some).collect();
    loop {
        let names: Vec<String> = operations
            .iter()
            .zip(levels.iter().zip(&kept))
            .map(|(operation, (level, kept))| match kept {
                Some(name) => (*name).clone(),
                None => operation.at(level),
            })
            .collect();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            groups.entry(name).or_default().push(index);
        }
        let mut again = false;
        for group in groups.values().filter(|group| group.len() > 1) {
            again |= resolve(group, operations, &is_kept, &mut levels);
        }
        if !again {
            return numbered(names, &is_kept, operations);
        }
    }
}

/// Lengthens the names of a group that have the same one; whether that was possible.
fn resolve(
    group: &[usize],
    operations: &[Unnamed],
    is_kept: &[bool],
    levels: &mut [Level],
) -> bool {
    let segments = |index: usize| &operations[index].subject.path.segments;
    let parameters = |index: usize| &operations[index].subject.path.parameters;
    let words = |index: usize| -> Vec<&Vec<String>> {
        segments(index)
            .iter()
            .map(|segment| &segment.words)
            .collect()
    };
    let others_kept = group.iter().any(|index| is_kept[*index]);
    // Of paths that differ in parameters only, the one with the fewest is the short name's.
    if group.iter().all(|index| words(*index) == words(group[0])) {
        let fewest = group.iter().copied().min_by_key(|index| {
            let operation = &operations[*index];
            (operation.has_rest, parameters(*index).len(), &operation.key)
        });
        let shared: Vec<String> = fewest.map_or_else(Vec::new, |index| parameters(index).clone());
        let mut again = false;
        for &index in group {
            let level = &mut levels[index];
            let keeps = is_kept[index] || !others_kept && fewest == Some(index);
            if keeps || level.is_last || parameters(index).is_empty() {
                continue;
            }
            level.is_last = level.shared.is_some();
            level.shared = Some(shared.clone());
            again = true;
        }
        return again;
    }
    // Where one of them is a record's home, where it is made and read, or the one of a stated name,
    // that one keeps the name, and views of it take others.
    let is_home = |index: usize| {
        let operation = &operations[index];
        operation.name.is_some() || is_home(&operation.path, operations)
    };
    let homes: Vec<usize> = group
        .iter()
        .copied()
        .filter(|index| is_home(*index))
        .collect();
    let mut again = false;
    for &index in group {
        let level = &mut levels[index];
        let keeps = is_kept[index] || !others_kept && homes == [index] && level.segments == 0;
        if keeps || level.is_last {
            continue;
        }
        if level.segments < segments(index).len() {
            level.segments += 1;
        } else {
            level.is_last = true;
        }
        again = true;
    }
    again
}

/// Names that are still those of others get a number, in the order of methods and paths, so that
/// an import of any module gives what compiles.
fn numbered(mut names: Vec<String>, is_kept: &[bool], operations: &[Unnamed]) -> Vec<String> {
    let mut taken: BTreeSet<String> = names
        .iter()
        .zip(is_kept)
        .filter(|(_, kept)| **kept)
        .map(|(name, _)| name.clone())
        .collect();
    let mut others: Vec<usize> = (0..names.len()).filter(|index| !is_kept[*index]).collect();
    others.sort_by_key(|index| (&operations[*index].subject.method, &operations[*index].key));
    for index in others {
        let plain = names[index].clone();
        let mut number = 2;
        while !taken.insert(names[index].clone()) {
            names[index] = format!("{plain}_{number}");
            number += 1;
        }
    }
    names
}

/// Whether a path, or the list it is a record of, is where records are made (POST on the list) and
/// read (GET by id).
fn is_home(path: &str, operations: &[Unnamed]) -> bool {
    let list = match path.trim_end_matches('/').rsplit_once('/') {
        Some((above, last)) if last.starts_with('{') => above,
        _ => path.trim_end_matches('/'),
    };
    let is_record = |path: &str| {
        path.rsplit_once('/')
            .is_some_and(|(above, last)| above == list && last.starts_with('{'))
    };
    operations
        .iter()
        .any(|o| o.subject.method == "post" && o.path == list)
        && operations
            .iter()
            .any(|o| o.subject.method == "get" && is_record(&o.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(operations: &[&str]) -> Vec<Routed> {
        operations
            .iter()
            .map(|operation| {
                let (method, path) = operation.split_once(' ').unwrap();
                let described = Operation {
                    root: "api.raml".to_owned(),
                    ..Operation::untyped(&method.to_lowercase(), path)
                };
                (described, None)
            })
            .collect()
    }

    fn names(operations: &[&str], pinned: &Pinned) -> Vec<String> {
        let routed = routed(operations);
        let deletes = deletes(&routed, |_| Facts::default());
        of(&routed, &deletes, |_| Facts::default(), |_| None, pinned)
    }

    #[test]
    fn names_follow_from_method_and_path() {
        let operations = [
            ("GET /users", "list_users"),
            ("POST /users", "create_user"),
            ("GET /users/{id}", "get_user"),
            ("PUT /users/{id}", "update_user"),
            ("DELETE /users/{id}", "delete_user"),
            ("DELETE /users", "delete_all_users"),
            ("GET /users/{id}/permissions", "get_user_permissions"),
            ("POST /reindex/upload", "reindex_upload"),
            ("GET /a/settings", "get_a_settings"),
            ("GET /b/settings", "get_b_settings"),
            ("GET /files/{+rest}", "get_files"),
            ("PATCH /users/{id}", "patch_user"),
        ];
        let (paths, expected): (Vec<&str>, Vec<&str>) = operations.into_iter().unzip();
        assert_eq!(names(&paths, &Pinned::new()), expected);
    }

    #[test]
    fn a_pinned_name_stays_unless_it_misstates_what_is_deleted() {
        let pin = |method: &str, key: &str, name: &str| {
            ((method.to_owned(), key.to_owned()), name.to_owned())
        };
        let pinned = Pinned::from([
            pin("get", "/a", "list_things"),
            pin("delete", "/a", "delete_all_a"),
            pin("get", "/c", "twice"),
            pin("get", "/d", "twice"),
        ]);
        let operations = [
            "GET /a",
            "GET /things",
            "GET /things/{id}",
            "DELETE /a",
            "GET /c",
            "GET /d",
        ];
        let expected = [
            "list_things",
            "list_things_2",
            "get_thing",
            "delete_a",
            "get_c",
            "get_d",
        ];
        assert_eq!(names(&operations, &pinned), expected);
    }

    #[test]
    fn a_stated_deletion_counts_more_than_the_description() {
        let routed = routed(&["DELETE /a/{id}", "GET /a/{id}", "DELETE /a"]);
        let stated = |operation: &Operation| Facts {
            deletes: (operation.path == "/a").then_some(Deletes::Kind(DeletesKind::Query)),
            ..Facts::default()
        };
        let kinds = [DeletesKind::Record, DeletesKind::Query].map(|kind| Some(Deletes::Kind(kind)));
        assert_eq!(
            deletes(&routed, stated),
            [kinds[0].clone(), None, kinds[1].clone()]
        );
    }
}
