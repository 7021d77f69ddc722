//! The collections of records: those that a module lists, creates and replaces at one path.

use std::collections::BTreeMap;

use crate::document::LOCAL;
use crate::facts::Operation;
use crate::model::{Model, Ty};
use crate::template::{Code, fill, literal};

const COLLECTIONS: &str = "
    crate::__stored! {
        {collections}
    }
";

const COLLECTION: &str = "{record}({path}, {items}, {batch}, {retrieve});";

/// Where the records of a module are stored.
pub(super) fn stored(all: &[Collection<'_>]) -> Code {
    let mut collections = Code::default();
    for collection in all {
        fill!(
            &mut collections,
            COLLECTION,
            record = collection.record,
            path = literal(collection.path),
            items = literal(collection.items),
            batch = literal(&collection.batch),
            retrieve = literal(&collection.retrieve),
        );
    }
    let mut out = Code::default();
    if !collections.is_empty() {
        fill!(&mut out, COLLECTIONS, collections);
    }
    out
}

/// Where the records of a name are stored.
#[derive(Debug, PartialEq)]
pub(super) struct Collection<'a> {
    pub(super) record: &'a str,
    path: &'a str,
    /// The key of the records in a list.
    items: &'a str,
    /// The path that takes many records at once, and their key there.
    batch: Option<(&'a str, &'a str)>,
    /// The path that takes the query of a list in a POST.
    retrieve: Option<&'a str>,
}

/// The collections of a module, by their records' names. A record of several collections is in
/// none: it would not be clear which is meant.
pub(super) fn collections<'a>(
    model: &'a Model,
    operations: &'a [Operation],
) -> Vec<Collection<'a>> {
    let mut found: BTreeMap<&str, Vec<Collection<'a>>> = BTreeMap::new();
    for list in operations
        .iter()
        .filter(|operation| operation.method == "get")
    {
        let Some(paging) = &list.paging else { continue };
        let Some(items) = paging.items.as_deref().filter(|_| paging.style == "cql") else {
            continue;
        };
        let Some(record) = listed(model, list, items) else {
            continue;
        };
        let takes = |method: &str, fits: &dyn Fn(&str) -> bool| {
            operations.iter().any(|operation| {
                operation.method == method
                    && fits(&operation.path)
                    && body(model, operation) == Some(record)
            })
        };
        let is_below = |path: &str| {
            path.strip_prefix(&list.path)
                .and_then(|rest| rest.strip_prefix("/{"))
                .is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
        };
        if !list.path_parameters.is_empty()
            || !takes("post", &|path| path == list.path)
            || !takes("put", &is_below)
        {
            continue;
        }
        let posts = || {
            operations
                .iter()
                .filter(|operation| operation.method == "post")
        };
        let batch = posts()
            .filter(|operation| operation.path.ends_with("/batch/synchronous"))
            .find_map(|operation| {
                let (key, name) = element(model, body(model, operation)?, |_| true)?;
                (name == record).then_some((operation.path.as_str(), key))
            });
        let retrieve = posts()
            .map(|operation| operation.path.as_str())
            .find(|path| path.strip_suffix("/retrieve") == Some(&list.path));
        found.entry(record).or_default().push(Collection {
            record,
            path: &list.path,
            items,
            batch,
            retrieve,
        });
    }
    found
        .into_values()
        .filter(|collections| collections.len() == 1)
        .flatten()
        .collect()
}

/// The record that a list gives: the stated one, where the response is one of several types, or
/// the element of the list in the response.
fn listed<'a>(model: &'a Model, list: &Operation, items: &str) -> Option<&'a str> {
    let stated = list.paging.as_ref()?.record.as_ref();
    if let Some(reference) = stated {
        let record = model.record(reference.strip_prefix(LOCAL)?)?;
        return Some(&record.name);
    }
    let Ty::Named(response) = model.operations.get(&list.name)?.response.as_ref()? else {
        return None;
    };
    element(model, response, |key| key == items).map(|(_, name)| name)
}

/// The record that an operation takes.
fn body<'a>(model: &'a Model, operation: &Operation) -> Option<&'a str> {
    match model
        .operations
        .get(&operation.name)?
        .arguments
        .get("body")?
    {
        Ty::Named(name) => Some(name),
        _ => None,
    }
}

/// The list of records in a record: its key, and the type of its elements.
fn element<'a>(
    model: &'a Model,
    record: &str,
    wanted: impl Fn(&str) -> bool,
) -> Option<(&'a str, &'a str)> {
    let record = model.records.iter().find(|known| known.name == record)?;
    record.fields.iter().find_map(|field| match &field.ty {
        Ty::Vec(element) if wanted(&field.key) => match &**element {
            Ty::Named(name) => Some((field.key.as_str(), name.as_str())),
            _ => None,
        },
        _ => None,
    })
}
