//! The names of operations: one rule over all modules, from method and path (`docs/names.md`).

use std::collections::{BTreeMap, BTreeSet};

use super::reconcile::Routed;
use crate::base::words;
use crate::canonical::facts::{Deletes, DeletesKind, Facts};
use crate::canonical::identifier::{is_identifier, snake};
use crate::canonical::route::{
    parameter_names, path_template, route_key, starred, without_empty_segments,
};
use crate::corrections::pins::Pinned;
use crate::facts::deletion::Deletion;
use crate::read::operation::Operation;

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

/// The names of the operations of a module, in their order.
pub(super) fn of(routed: &[Routed], deletes: &[Option<Deletes>], pinned: &Pinned) -> Vec<String> {
    let unnamed: Vec<Unnamed> = routed
        .iter()
        .zip(deletes)
        .map(|((operation, _), deletes)| Unnamed {
            method: operation.method.clone(),
            path: named_as(operation, routed),
            key: route_key(&operation.path),
            deletes: deletes.clone(),
        })
        .collect();
    name(&unnamed, &collections(routed), pinned)
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
        if operation.method == "get"
            && operation
                .parameters
                .iter()
                .any(|parameter| matches!(parameter.name.as_str(), "limit" | "perPage"))
        {
            collections.insert(operation.path.clone());
        }
    }
    collections
}

/// The path that an operation is named after. The schema that replaces the rest of a path is no
/// word of it, unless the path itself is served too.
fn named_as(operation: &Operation, routed: &[Routed]) -> String {
    let path = without_empty_segments(starred(&operation.path).trim_end_matches('*'));
    let is_served = |(other, _): &Routed| {
        other.method == operation.method
            && other.path != operation.path
            && path_template(&other.path) == path_template(&operation.path)
    };
    if operation.path.contains("{+") && routed.iter().any(is_served) {
        return format!("{path}/rest");
    }
    path
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
    /// In lower case.
    method: String,
    /// The path template.
    path: String,
    /// What distinguishes it from the others of its method: see `route_key`.
    key: String,
    /// What it deletes, if it is a DELETE of which that is known.
    deletes: Option<Deletes>,
}

impl Unnamed {
    /// Whether a name does not misstate what is deleted. A misleading name would be worse than
    /// one that changes.
    fn may_have(&self, name: &str) -> bool {
        if self.method != "delete" || self.path.ends_with('}') {
            return true;
        }
        let says_all = name.starts_with("delete_all_");
        let says_query = name.contains("_by_query");
        match &self.deletes {
            Some(Deletes::Kind(DeletesKind::Query)) => says_query && !says_all,
            Some(Deletes::Kind(DeletesKind::All)) => says_all && !says_query,
            _ => !says_all && !says_query,
        }
    }
}

/// Names the operations of one module, in their order. `collections` are the paths that are lists
/// of records. What is `pinned` keeps its name, and others of that name take longer ones: a release
/// that adds operations renames none.
fn name(operations: &[Unnamed], collections: &BTreeSet<String>, pinned: &Pinned) -> Vec<String> {
    let mut levels = vec![0; operations.len()];
    let mut kept: Vec<Option<&String>> = operations
        .iter()
        .map(|operation| {
            let name = pinned.get(&(operation.method.clone(), operation.key.clone()));
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
                None => one(operation, collections, *level),
            })
            .collect();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            groups.entry(name).or_default().push(index);
        }
        let mut again = false;
        for group in groups.values().filter(|group| group.len() > 1) {
            // Where one of them is a record's home, where it is made and read, that one keeps the
            // name, and views of it take others.
            let homes: Vec<usize> = group
                .iter()
                .copied()
                .filter(|index| is_home(&operations[*index].path, operations))
                .collect();
            for &index in group {
                let others_kept = group.iter().any(|other| is_kept[*other]);
                let keeps =
                    is_kept[index] || !others_kept && homes == [index] && levels[index] == 0;
                if !keeps && levels[index] < literals(&operations[index].path).len() + 1 {
                    levels[index] += 1;
                    again = true;
                }
            }
        }
        if !again {
            return numbered(names, &is_kept);
        }
    }
}

/// Names that are still those of others get a number, so that an import of any module gives
/// what compiles.
fn numbered(mut names: Vec<String>, is_kept: &[bool]) -> Vec<String> {
    let mut taken: BTreeSet<String> = names
        .iter()
        .zip(is_kept)
        .filter(|(_, kept)| **kept)
        .map(|(name, _)| name.clone())
        .collect();
    for (name, _) in names.iter_mut().zip(is_kept).filter(|(_, kept)| !**kept) {
        let plain = name.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            *name = format!("{plain}_{number}");
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
        .any(|o| o.method == "post" && o.path == list)
        && operations
            .iter()
            .any(|o| o.method == "get" && is_record(&o.path))
}

/// The name of an operation with `level` segments more than it needs by itself.
fn one(operation: &Unnamed, collections: &BTreeSet<String>, level: usize) -> String {
    let literals = literals(&operation.path);
    let Some((last, before)) = literals.split_last() else {
        return format!("{}_root", operation.method);
    };
    let ends_with_parameter = operation.path.trim_end_matches('/').ends_with('}');
    let collection =
        !ends_with_parameter && collections.contains(operation.path.trim_end_matches('/'));
    let record = snake(&words::singular(&last.text));
    let all = snake(&last.text);
    let mut prefix = String::new();
    // A single word is too vague for an action: `reindex/upload` is `reindex_upload`.
    let action = operation.method == "post" && !ends_with_parameter && !collection;
    // The name of a part is too vague without its record: `users/{id}/permissions` are
    // `user_permissions`.
    let below = before.last().is_some_and(|part| part.before_parameter);
    let words = level + usize::from(below || action && !all.contains('_'));
    let added = before.len().saturating_sub(words);
    for part in &before[added..] {
        let word = if part.before_parameter {
            words::singular(&part.text)
        } else {
            part.text.clone()
        };
        prefix.push_str(&snake(&word));
        prefix.push('_');
    }
    // All segments are used up and it still collides: the last parameter distinguishes them, or all
    // of them.
    let parameters: Vec<String> = parameter_names(&operation.path).map(snake).collect();
    let suffix = match (level.saturating_sub(before.len()), &parameters[..]) {
        (0, _) | (_, []) => String::new(),
        (1, [.., last]) if ends_with_parameter => format!("_by_{last}"),
        _ => format!("_by_{}", parameters.join("_and_")),
    };
    let name = match (operation.method.as_str(), ends_with_parameter, collection) {
        ("get", false, true) => format!("list_{prefix}{all}"),
        ("get", true, _) => format!("get_{prefix}{record}"),
        ("get", false, false) => format!("get_{prefix}{all}"),
        ("post", false, true) => format!("create_{prefix}{record}"),
        ("post", true, _) => format!("post_{prefix}{record}"),
        ("post", false, false) => format!("{prefix}{all}"),
        ("put", true, _) => format!("update_{prefix}{record}"),
        ("put", false, _) => format!("update_{prefix}{all}"),
        ("patch", true, _) => format!("patch_{prefix}{record}"),
        ("patch", false, _) => format!("patch_{prefix}{all}"),
        ("delete", true, _) => format!("delete_{prefix}{record}"),
        ("delete", false, _) => match &operation.deletes {
            Some(Deletes::Kind(DeletesKind::Query)) => format!("delete_{prefix}{all}_by_query"),
            Some(Deletes::Kind(DeletesKind::All)) => format!("delete_all_{prefix}{all}"),
            _ => format!("delete_{prefix}{all}"),
        },
        (method, _, _) => format!("{method}_{prefix}{all}"),
    } + &suffix;
    if is_identifier(&name) {
        name
    } else {
        format!("{}_{name}", operation.method)
    }
}

struct Literal {
    text: String,
    before_parameter: bool,
}

fn literals(path: &str) -> Vec<Literal> {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| {
            !segment.starts_with('{') && segment.chars().any(|c| c.is_ascii_alphanumeric())
        })
        .map(|(index, segment)| Literal {
            text: segment
                .split('{')
                .next()
                .unwrap_or(segment)
                .trim_end_matches(['.', '_'])
                .to_owned(),
            before_parameter: segments
                .get(index + 1)
                .is_some_and(|next| next.starts_with('{')),
        })
        .collect()
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
        of(&routed, &deletes, pinned)
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
