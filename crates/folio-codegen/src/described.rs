//! The table of a release's operations whose facts calls by path need, for all its modules; and the
//! interfaces of paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::document::{self, Document, METHODS};
use crate::emit::expression;
use crate::error::Error;
use crate::server_facts::ServerFacts;
use crate::template::{Code, fill, literal};

const TABLES: &str = "
    pub(crate) static DESCRIBED: &[Described] = &[
        {operations}
    ];
    pub(crate) static INTERFACES: &[Interface] = &[
        {interfaces}
    ];
";

const OPERATION: &str = "Described { method: {method}, first: {first}, path: {path}, facts: {facts}, parameters: &{parameters} },";

const INTERFACE: &str = "Interface { begin: {begin}, module: {module}, interface: {interface} },";

#[derive(Clone, Debug)]
struct Described {
    facts: ServerFacts,
    parameters: Vec<String>,
}

/// Writes the table of the operations in the documents of a folder whose facts matter, sorted by
/// method, first segment and path. Edge modules are left out: they answer on hosts of their own.
///
/// # Errors
/// The folder or a document cannot be read, or states a fact that there is not.
pub fn described(folder: &Path) -> Result<String, Error> {
    let mut all: BTreeMap<(&str, String), Described> = BTreeMap::new();
    let mut interfaces: BTreeSet<(String, String, String)> = BTreeSet::new();
    for (name, path) in document::files(folder)? {
        if name.starts_with("edge-") {
            continue;
        }
        let document = Document::read(&path)?;
        let paths = document.root.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let at = format!("/paths/{path}/{method}");
                let interface = operation.pointer("/x-folio/interface");
                if let Some(interface) = interface.and_then(Value::as_str) {
                    interfaces.insert((literal_part(path), name.clone(), interface.to_owned()));
                }
                let found = Described {
                    facts: ServerFacts::read(&document, path, &at, operation)?,
                    parameters: query_parameters(operation),
                };
                all.entry((method, shape(path)))
                    .and_modify(|known| {
                        known.facts.narrow(&found.facts);
                        known.parameters.extend(found.parameters.clone());
                        known.parameters.sort();
                        known.parameters.dedup();
                    })
                    .or_insert(found);
            }
        }
    }
    let mut rows: Vec<_> = all
        .iter()
        .filter(|(_, described)| described.facts.matters())
        .collect();
    // By the key that is searched for.
    rows.sort_by_key(|((method, path), _)| (method.to_ascii_uppercase(), first(path), path));
    let mut operations = Code::default();
    for ((method, path), Described { facts, parameters }) in rows {
        fill!(
            &mut operations,
            OPERATION,
            method = literal(&method.to_ascii_uppercase()),
            first = literal(first(path)),
            path = literal(path),
            facts = expression(facts, ""),
            parameters = literal(parameters),
        );
    }
    let mut rows = Code::default();
    for (begin, module, interface) in &interfaces {
        fill!(
            &mut rows,
            INTERFACE,
            begin = literal(begin),
            module = literal(module),
            interface = literal(interface),
        );
    }
    let mut out = Code::default();
    fill!(&mut out, TABLES, operations, interfaces = rows);
    Ok(out.into_string())
}

/// The path with `{}` in place of each parameter, without those at its end.
fn literal_part(path: &str) -> String {
    let shape = shape(path);
    let mut rest = shape.as_str();
    while let Some(above) = rest.strip_suffix("/{}") {
        rest = above;
    }
    rest.to_owned()
}

/// The path with `{}` in place of each parameter: modules name them differently.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.find('{') {
        Some(0) => "{}",
        _ => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn first(path: &str) -> &str {
    path.trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
}

/// The names of the parameters of the query string, sorted.
fn query_parameters(operation: &Value) -> Vec<String> {
    let mut names: Vec<String> = document::list(operation, "parameters")
        .iter()
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
        .filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_the_names_of_their_parameters() {
        for (path, shaped, literally, begin) in [
            (
                "/things/{id}/parts/{partId}",
                "/things/{}/parts/{}",
                "/things/{}/parts",
                "things",
            ),
            ("/things/{id}/{more}", "/things/{}/{}", "/things", "things"),
            (
                "/_/proxy/modules",
                "/_/proxy/modules",
                "/_/proxy/modules",
                "_",
            ),
            ("/{+rest}", "/{}", "", "{+rest}"),
        ] {
            assert_eq!(
                (&*shape(path), &*literal_part(path), first(path)),
                (shaped, literally, begin)
            );
        }
    }
}
