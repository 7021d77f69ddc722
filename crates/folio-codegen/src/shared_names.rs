//! The names that a module gives to shared types. A program that uses a module finds all types of
//! it there, those that are shared with other modules too, under names that stay when a release
//! shares a record that another one does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Document;
use crate::model::{Model, Ty};
use crate::names::component_type;

/// The shared types that a module's types lead to, each with its name in the module. `used` are the
/// records that the module names itself.
pub(crate) fn names(
    document: &Document,
    own: &Model,
    common: &Model,
    used: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let stated = document
        .root
        .pointer("/x-folio/names")
        .and_then(|names| names.as_object());
    let stated: BTreeMap<String, String> = stated
        .into_iter()
        .flatten()
        .filter_map(|(name, shared)| Some((component_type(shared.as_str()?), component_type(name))))
        .collect();
    let reached = reached(common, used);
    let mut taken: BTreeSet<String> = own.names().cloned().collect();
    let mut names = BTreeMap::new();
    let mut add = |shared: &str, name: String| {
        if names.contains_key(shared) {
            return;
        }
        let mut free = name.clone();
        let mut number = 2;
        while !taken.insert(free.clone()) {
            free = format!("{name}V{number}");
            number += 1;
        }
        names.insert(shared.to_owned(), free);
    };
    let name_of = |shared: &str| match stated.get(shared) {
        Some(name) => name.clone(),
        // What stands within a record has the record's name in front.
        None => {
            let within = stated.iter().filter(|(record, _)| {
                reached.contains(*record) && shared.starts_with(record.as_str())
            });
            match within.max_by_key(|(record, _)| record.len()) {
                Some((record, name)) => {
                    format!("{name}{}", shared.get(record.len()..).unwrap_or_default())
                }
                None => shared.to_owned(),
            }
        }
    };
    for shared in &reached {
        add(shared, name_of(shared));
    }
    names
}

/// The types that these records lead to, and they themselves.
pub(crate) fn reached(common: &Model, used: &BTreeSet<String>) -> BTreeSet<String> {
    fn named<'a>(ty: &'a Ty, out: &mut Vec<&'a str>) {
        match ty {
            Ty::Vec(inner) | Ty::Map(inner) | Ty::Box(inner) | Ty::Option(inner) => {
                named(inner, out);
            }
            Ty::Named(name) | Ty::Common(name) => out.push(name),
            _ => {}
        }
    }
    let known: BTreeSet<&String> = common.names().collect();
    let mut open: Vec<String> = used.iter().map(|name| component_type(name)).collect();
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !known.contains(&name) || !reached.insert(name.clone()) {
            continue;
        }
        let mut parts = Vec::new();
        for (_, ty) in common.parts(&name) {
            named(ty, &mut parts);
        }
        open.extend(parts.into_iter().map(str::to_owned));
    }
    reached
}
