//! The pagination of a release's lists, for all its modules: calls by path use it, whether or not
//! the module is enabled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::batches;
use crate::document::{self, Document};
use crate::emit::paging;
use crate::error::Error;
use crate::media_type::is_sequence;
use crate::paging::{Paging, style};
use crate::record_facts::{self, RecordFacts};
use crate::template::{Code, fill, literal};

const TABLES: &str = "
    pub(crate) static LISTS: &[(&str, Paging)] = &[
        {lists}
    ];

    /// The dialect of the paths at which no list is described.
    pub(crate) static DIALECTS: &[(&str, PagingStyle)] = &[
        {dialects}
    ];

    /// The lists that can also be requested with a POST below them, with the query in the body.
    pub(crate) static BY_POST: &[&str] = &{by_post};

    /// The collections whose records can be sent together: path, path of the batch, and the key of
    /// the records there.
    pub(crate) static BATCHES: &[(&str, &str, &str)] = &[
        {batches}
    ];

    /// The facts of the descriptions about the fields of a collection's records, in the order of
    /// the paths.
    pub(crate) static RECORDS: &[(&str, RecordFacts)] = &[
        {records}
    ];
";

const LIST: &str = "({path}, {paging}),";
const BATCH: &str = "({collection}, {path}, {key}),";
const DIALECT: &str = "({path}, PagingStyle::{style}),";

/// Writes a table of the lists in the documents of a folder: path template, style, key of the
/// array, key of a record, largest page. Four more have the dialect of the paths at which no list
/// is described, where their module states one; the lists that can be asked for by POST; the
/// collections that take batches; and what the descriptions say about the fields of the records.
///
/// For a path that several modules have, only the facts that all of them share are reported. Edge
/// modules are omitted: they respond on hosts of their own.
///
/// # Errors
/// The folder or a document cannot be read.
pub fn lists(folder: &Path) -> Result<String, Error> {
    let mut lists: BTreeMap<String, Paging> = BTreeMap::new();
    let mut by_post = BTreeSet::new();
    let mut batches = Code::default();
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
        for batch in batches::of(&document, &common) {
            fill!(
                &mut batches,
                BATCH,
                collection = literal(batch.collection),
                path = literal(batch.path),
                key = literal(batch.key)
            );
        }
        for (path, facts) in record_facts::of(&document, &common) {
            records.entry(path).or_default().add(facts);
        }
        for (path, style) in dialect(&document) {
            dialects
                .entry(path)
                .and_modify(|known| *known = known.filter(|known| *known == style))
                .or_insert(Some(style));
        }
        for (path, list) in of(&document)? {
            lists
                .entry(path)
                .and_modify(|known| known.narrow(&list))
                .or_insert(list);
        }
    }
    let mut rows = Code::default();
    for (path, list) in &lists {
        if style(&list.style).is_some() {
            fill!(
                &mut rows,
                LIST,
                path = literal(path),
                paging = paging(list, "")
            );
        }
    }
    let mut others = Code::default();
    for (path, style) in &dialects {
        if let Some(style) = style {
            fill!(&mut others, DIALECT, path = literal(path), style = *style);
        }
    }
    let mut out = Code::default();
    fill!(
        &mut out,
        TABLES,
        lists = rows,
        dialects = others,
        by_post = literal(&Vec::from_iter(by_post)),
        batches,
        records = record_facts::rows(&records),
    );
    Ok(out.into_string())
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

/// The lists of a document by their paths.
fn of(document: &Document) -> Result<Vec<(String, Paging)>, Error> {
    let paths = document.root.get("paths").and_then(Value::as_object);
    let mut lists = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        for method in ["get", "post"] {
            let pointer = format!("/{method}/x-folio/paging");
            let Some(paging) = item.pointer(&pointer) else {
                continue;
            };
            let at = format!("/paths/{}{pointer}", document::escaped(path));
            let list = Paging::read(document, &at, paging)?;
            // A POST is a list only in that style.
            if (method == "post") == (list.style == "retrieve") {
                lists.push((path.clone(), list));
            }
        }
    }
    Ok(lists)
}

/// The dialect of the paths at which something can be read and no list is described: that of the
/// responses that have one record after the other, and elsewhere the one that is stated about the
/// module.
fn dialect(document: &Document) -> Vec<(String, &'static str)> {
    let own = document.root.pointer("/x-folio/paging");
    let own = own.and_then(Value::as_str).and_then(style);
    let paths = document.root.get("paths").and_then(Value::as_object);
    let found = paths.into_iter().flatten().filter_map(|(path, item)| {
        let get = item.get("get")?;
        if get.pointer("/x-folio/paging").is_some() {
            return None;
        }
        let style = match gives_sequence(get) {
            true if has_parameter(get, "orderBy") => "Stream",
            true if !has_parameter(get, "offset") => "Whole",
            _ => own?,
        };
        Some((path.clone(), style))
    });
    found.collect()
}

/// Whether the response is one record after the other.
fn gives_sequence(operation: &Value) -> bool {
    let content = operation.pointer("/responses/200/content");
    let content = content.and_then(Value::as_object);
    content.is_some_and(|content| content.keys().any(|media| is_sequence(media)))
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    document::list(operation, "parameters")
        .iter()
        .any(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_asked_for_by_get_and_in_one_style_by_post() {
        let paging = |style: &str| json!({"x-folio": {"paging": {"style": style}}});
        let root = json!({"paths": {
            "/a": {"get": paging("cql"), "post": {}},
            "/b": {"get": paging("retrieve"), "post": paging("retrieve")},
            "/c": {"post": paging("cql")},
        }});
        let found = of(&Document::new("mod-things", root)).unwrap();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(path, list)| (&**path, &*list.style))
            .collect();
        assert_eq!(found, [("/a", "cql"), ("/b", "retrieve")]);
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
