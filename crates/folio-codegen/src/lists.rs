//! How the lists of a release are paged, of all its modules: what calls by path are read by, whether or not the module is enabled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::document::{self, Document};
use crate::error::Error;
use crate::facts::Limits;
use crate::record_facts::{self, RecordFacts};

/// Writes a table of the lists in the documents of a folder: path template, style, key of the array, key of a record, largest page.
/// Two more have the lists that can be asked for by POST, and what the descriptions say about the fields of the records.
///
/// Of a path that several modules have, only what all of them say is told. Edge modules are left out: they answer on hosts of their own.
///
/// # Errors
/// The folder or a document cannot be read.
pub fn lists(folder: &Path) -> Result<String, Error> {
    let mut lists: BTreeMap<String, List> = BTreeMap::new();
    let mut by_post = BTreeSet::new();
    let mut records: BTreeMap<String, RecordFacts> = BTreeMap::new();
    let files = document::files(folder)?;
    let common = match files.get(document::COMMON) {
        Some(path) => Document::read(path)?,
        None => Document::new(document::COMMON, Value::Null),
    };
    for (name, path) in files {
        if name.starts_with("edge-") {
            continue;
        }
        let document = Document::read(&path)?;
        by_post.extend(asked_by_post(&document));
        for (path, facts) in record_facts::of(&document, &common) {
            records.entry(path).or_default().add(facts);
        }
        for (path, list) in of(&document) {
            lists
                .entry(path)
                .and_modify(|known| known.narrow(&list))
                .or_insert(list);
        }
    }
    let mut text = String::from("pub(crate) static LISTS: &[(&str, Paging)] = &[\n");
    for (path, list) in &lists {
        let Some(style) = crate::emit::style(&list.style) else {
            continue;
        };
        let List {
            items,
            key,
            max,
            limits,
            ..
        } = list;
        let limits = limits.calls();
        let _ = writeln!(
            text,
            "    ({path:?}, Paging::new(PagingStyle::{style}, {items:?}, {key:?}, {max:?}){limits}),"
        );
    }
    text.push_str("];\n\n/// Those that can also be asked for by a POST below them, with the query in the body.\n");
    let _ = writeln!(
        text,
        "pub(crate) static BY_POST: &[&str] = &{:?};",
        Vec::from_iter(by_post)
    );
    text.push_str(&record_facts::table(&records));
    Ok(text)
}

#[derive(Debug, PartialEq)]
struct List {
    style: String,
    items: Option<String>,
    key: Option<String>,
    max: Option<u64>,
    limits: Limits,
}

impl List {
    fn narrow(&mut self, other: &Self) {
        if (&self.style, &self.items) != (&other.style, &other.items) {
            // They have no more in common than that: nothing is known.
            self.style = String::new();
        }
        if self.key != other.key {
            self.key = None;
        }
        self.max = self.max.min(other.max).or(self.max).or(other.max);
        self.limits.add(other.limits);
    }
}

/// The lists in CQL beside which there is `POST …/retrieve`.
fn asked_by_post(document: &Document) -> Vec<String> {
    let paths = document.root.get("paths").and_then(Value::as_object);
    let beside = paths.into_iter().flatten().filter_map(|(path, item)| {
        item.get("post")?;
        let list = path.strip_suffix("/retrieve")?;
        let style = paths?.get(list)?.pointer("/get/x-folio/paging/style")?;
        (style == "cql").then(|| list.to_owned())
    });
    beside.collect()
}

fn of(document: &Document) -> Vec<(String, List)> {
    let paths = document.root.get("paths").and_then(Value::as_object);
    let lists = paths.into_iter().flatten().filter_map(|(path, item)| {
        let paging = item.pointer("/get/x-folio/paging")?;
        let text = |key: &str| paging.get(key).and_then(Value::as_str).map(str::to_owned);
        let list = List {
            style: text("style")?,
            items: text("items"),
            key: text("key"),
            max: paging.get("max").and_then(Value::as_u64),
            limits: Limits::read(paging),
        };
        Some((path.clone(), list))
    });
    lists.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_of_two_modules_has_what_both_say() {
        let document = |paging: Value| {
            let root =
                json!({"paths": {"/things": {"get": {"x-folio": {"paging": paging}}, "post": {}}}});
            of(&Document::new("mod-things", root)).pop().unwrap().1
        };
        let mut list = document(json!({"style": "cql", "items": "things", "key": "id"}));
        list.narrow(&document(
            json!({"style": "cql", "items": "things", "max": 500}),
        ));
        assert_eq!(
            list,
            List {
                style: "cql".to_owned(),
                items: Some("things".to_owned()),
                key: None,
                max: Some(500),
                limits: Limits::default(),
            }
        );
        list.narrow(&document(json!({"style": "offset", "items": "things"})));
        assert_eq!(crate::emit::style(&list.style), None);
    }
}
