//! The names of operations: one rule over all modules, from method and path (`docs/names.md`).

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Deletes, DeletesKind};
use crate::words;

/// An operation to be named.
#[derive(Clone, Debug)]
pub struct Unnamed {
    /// In lower case.
    pub method: String,
    /// The path template.
    pub path: String,
    /// What tells it from the others of its method: see [`route_key`](crate::descriptor::route_key).
    pub key: String,
    /// What it deletes, if it is a DELETE of which that is known.
    pub deletes: Option<Deletes>,
}

impl Unnamed {
    /// Whether a name says no wrong thing of what is deleted. A name that did would be worse than one that changes.
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

/// The names that operations have already, by method and [key of the route](crate::descriptor::route_key).
pub type Pinned = BTreeMap<(String, String), String>;

/// Names the operations of one module, in their order. `collections` are the paths that are lists of records. What is `pinned` keeps its
/// name, and others of that name take longer ones: a release that adds operations renames none.
pub fn name(
    operations: &[Unnamed],
    collections: &BTreeSet<String>,
    pinned: &Pinned,
) -> Vec<String> {
    let mut levels = vec![0; operations.len()];
    let mut kept: Vec<Option<&String>> = operations
        .iter()
        .map(|operation| {
            let name = pinned.get(&(operation.method.clone(), operation.key.clone()));
            name.filter(|name| operation.may_have(name))
        })
        .collect();
    // Releases that somebody else imported may say one name of two operations: then neither is kept.
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
            // Where one of them is a record's home, where it is made and read, that one keeps the name, and views of it take others.
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

/// Names that are still those of others get a number, so that an import of whatever module gives what compiles.
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

/// Whether a path, or the list it is a record of, is where records are made (POST on the list) and read (GET by id).
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
    // A single word says little of an action: `reindex/upload` is `reindex_upload`.
    let action = operation.method == "post" && !ends_with_parameter && !collection;
    // What lies below a record says little without it: `users/{id}/permissions` are `user_permissions`.
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
    // All segments are used up and it still collides: the last parameter tells, or all of them.
    let parameters: Vec<String> = operation
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| snake(name))
        .collect();
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

/// Words in lower case, joined by underscores.
pub fn snake(text: &str) -> String {
    let mut snake = String::new();
    let mut lower = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && lower {
                snake.push('_');
            }
            lower = !c.is_ascii_uppercase();
            snake.push(c.to_ascii_lowercase());
        } else {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
            lower = false;
        }
    }
    snake.trim_end_matches('_').to_owned()
}

/// Words with capitals, joined.
pub fn camel(text: &str) -> String {
    let mut camel = String::new();
    let mut up = true;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            camel.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        } else {
            up = true;
        }
    }
    if camel.starts_with(|c: char| c.is_ascii_digit()) {
        format!("N{camel}")
    } else {
        camel
    }
}

/// Names that generated code uses of Rust itself: a record of such a name would hide it.
const PRELUDE: [&str; 10] = [
    "Box", "Default", "Err", "None", "Ok", "Option", "Self", "Some", "String", "Vec",
];

/// Whether a record may have it as its name.
pub fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !PRELUDE.contains(&name)
}

/// Whether Rust takes it as the name of a function.
pub fn is_identifier(name: &str) -> bool {
    const KEYWORDS: [&str; 41] = [
        "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
        "enum", "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
        "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super",
        "trait", "true", "try", "type", "unsafe", "use", "where",
    ];
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !KEYWORDS.contains(&name)
}
