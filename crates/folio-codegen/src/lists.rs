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
/// Three more have the dialect of the paths at which no list is described, where their module states one; the lists that can be asked for by
/// POST; and what the descriptions say about the fields of the records.
///
/// Of a path that several modules have, only what all of them say is told. Edge modules are left out: they answer on hosts of their own.
///
/// # Errors
/// The folder or a document cannot be read.
pub fn lists(folder: &Path) -> Result<String, Error> {
    let mut lists: BTreeMap<String, List> = BTreeMap::new();
    let mut by_post = BTreeSet::new();
    let mut dialects: BTreeMap<String, Option<&'static str>> = BTreeMap::new();
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
        for (path, style) in dialect(&document) {
            dialects
                .entry(path)
                .and_modify(|known| *known = known.filter(|known| *known == style))
                .or_insert(Some(style));
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
            job,
            ..
        } = list;
        let limits = limits.calls();
        let job = job.as_ref();
        let job = job.map_or_else(String::new, |kind| format!(".with_job({kind:?})"));
        let _ = writeln!(
            text,
            "    ({path:?}, Paging::new(PagingStyle::{style}, {items:?}, {key:?}, {max:?}){limits}{job}),"
        );
    }
    text.push_str("];\n\n/// The dialect of the paths at which no list is described.\n");
    text.push_str("pub(crate) static DIALECTS: &[(&str, PagingStyle)] = &[\n");
    for (path, style) in &dialects {
        if let Some(style) = style {
            let _ = writeln!(text, "    ({path:?}, PagingStyle::{style}),");
        }
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
    job: Option<String>,
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
        if self.job != other.job {
            self.job = None;
        }
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
    let lists = paths.into_iter().flatten().flat_map(|(path, item)| {
        ["get", "post"].into_iter().filter_map(move |method| {
            let paging = item.get(method)?.pointer("/x-folio/paging")?;
            let text = |key: &str| paging.get(key).and_then(Value::as_str).map(str::to_owned);
            let style = text("style")?;
            // A POST is a list only in that style.
            if (method == "post") != (style == "retrieve") {
                return None;
            }
            let list = List {
                style,
                items: text("items"),
                key: text("key"),
                max: paging.get("max").and_then(Value::as_u64),
                limits: Limits::read(paging),
                job: text("job"),
            };
            Some((path.clone(), list))
        })
    });
    lists.collect()
}

/// The dialect of the paths at which something can be read and no list is described: that of the responses that have one record after the
/// other, and elsewhere the one that is stated about the module.
fn dialect(document: &Document) -> Vec<(String, &'static str)> {
    let own = document.root.pointer("/x-folio/paging");
    let own = own.and_then(Value::as_str).and_then(crate::emit::style);
    let paths = document.root.get("paths").and_then(Value::as_object);
    let found = paths.into_iter().flatten().filter_map(|(path, item)| {
        let get = item.get("get")?;
        if get.pointer("/x-folio/paging").is_some() {
            return None;
        }
        let style = match is_sequence(get) {
            true if has_parameter(get, "orderBy") => "Stream",
            true if !has_parameter(get, "offset") => "Whole",
            _ => own?,
        };
        Some((path.clone(), style))
    });
    found.collect()
}

/// Whether the response is one record after the other.
fn is_sequence(operation: &Value) -> bool {
    let content = operation.pointer("/responses/200/content");
    let content = content.and_then(Value::as_object);
    content.is_some_and(|content| {
        content
            .keys()
            .any(|media| matches!(&**media, "application/stream+json" | "application/x-ndjson"))
    })
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters
        .into_iter()
        .flatten()
        .any(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name))
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
                job: None,
            }
        );
        list.narrow(&document(json!({"style": "offset", "items": "things"})));
        assert_eq!(crate::emit::style(&list.style), None);
    }

    #[test]
    fn a_path_without_a_list_has_the_dialect_of_its_module() {
        let get = |media: &str, parameters: &[&str]| {
            let parameters: Vec<Value> = parameters
                .iter()
                .map(|name| json!({"in": "query", "name": name}))
                .collect();
            json!({"parameters": parameters, "responses": {"200": {"content": {media: {}}}}})
        };
        let document = |own: Value| {
            let root = json!({
                "x-folio": own,
                "paths": {
                    "/a": {"get": get("application/stream+json", &["limit", "offset", "orderBy"])},
                    "/b": {"get": get("application/stream+json", &["startDate"])},
                    "/c": {"get": get("application/json", &["limit"])},
                    "/d": {"get": {"x-folio": {"paging": {"style": "cql"}}}},
                    "/e": {"post": {}},
                },
            });
            dialect(&Document::new("mod-things", root))
        };
        let stated = |path: &str, style: &'static str| (path.to_owned(), style);
        let mut expected = vec![stated("/a", "Stream"), stated("/b", "Whole")];
        assert_eq!(document(json!({})), expected);
        expected.push(stated("/c", "Erm"));
        assert_eq!(document(json!({"paging": "erm"})), expected);
    }
}
