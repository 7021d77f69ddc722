//! Names that several operations would have: which one keeps it, and how the others are lengthened.

use std::collections::{BTreeMap, BTreeSet};

use super::nouns::singular;
use super::rule::Subject;
use super::verbs::is_in;
use crate::canonical::facts::{Deletes, DeletesKind};
use crate::canonical::identifier::is_identifier;
use crate::corrections::pins::Pinned;

/// An operation to be named.
#[derive(Clone, Debug)]
pub(super) struct Unnamed {
    /// What distinguishes it from the others of its method: see `route_key`.
    pub(super) key: String,
    /// The path template.
    pub(super) path: String,
    /// Whether the path ends in a parameter for the rest of it.
    pub(super) has_rest: bool,
    /// The name that an override states.
    pub(super) name: Option<String>,
    /// What the rule reads of it.
    pub(super) subject: Subject,
}

impl Unnamed {
    /// Whether it may retain a name: the stated one, or one that does not misstate what is deleted.
    /// A misleading name would be worse than one that changes.
    fn may_have(&self, name: &str) -> bool {
        if let Some(stated) = &self.name {
            return name == stated;
        }
        if self.subject.method != "delete" || self.subject.path.is_record {
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
pub(super) const RESERVED: &str = "borrow borrow_mut clone clone_from clone_into default eq fmt from into \
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
pub(super) fn name(operations: &[Unnamed], pinned: &Pinned) -> Vec<String> {
    let mut levels = vec![Level::default(); operations.len()];
    let mut kept: Vec<Option<&String>> = operations
        .iter()
        .map(|operation| {
            let name = pinned.get(&(operation.subject.method.clone(), operation.key.clone()));
            name.filter(|name| operation.may_have(name))
        })
        .collect();
    // Releases that were imported elsewhere may give one name to two operations: then neither
    // retains it.
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
