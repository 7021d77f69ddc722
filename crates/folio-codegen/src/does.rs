//! What a server does when an operation is called (`x-folio.facts`), written as Rust; and the table of the operations of a release whose
//! facts calls by path need, of all its modules; and the interfaces that paths are of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::document::{self, Document};
use crate::error::Error;
use crate::facts::METHODS;

/// What a server does, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Does {
    pub(crate) deletes: Option<Deletes>,
    pub(crate) creates: Option<String>,
    pub(crate) absent: Option<String>,
    pub(crate) effect: bool,
    pub(crate) sensitive: bool,
    pub(crate) versioned: bool,
    /// Fields of the body that are not sent, by their paths.
    pub(crate) omits: Vec<String>,
    /// Whether the client reads the record around a PUT, since the server does not report that there is none.
    pub(crate) looks: bool,
    /// Of `x-folio.interfaceType`: several modules provide the interface.
    pub(crate) multiple: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    Record,
    Query,
    Body,
    All,
    Selected(Vec<String>),
}

impl Does {
    /// Reads the facts of the operation at a path.
    pub(crate) fn read(
        document: &Document,
        path: &str,
        at: &str,
        operation: &Value,
    ) -> Result<Self, Error> {
        let multiple = match operation.pointer("/x-folio/interfaceType") {
            None => false,
            Some(Value::String(kind)) if kind == "multiple" => true,
            Some(other) => {
                let problem = format!("expected \"multiple\", found {other}");
                let at = format!("{at}/x-folio/interfaceType");
                return Err(Error::document(&document.name, at, problem));
            }
        };
        let Some(facts) = operation.pointer("/x-folio/facts") else {
            return Ok(Self {
                multiple,
                ..Self::default()
            });
        };
        let wrong = |key: &str, expected: &str| {
            let problem = format!("expected {expected}, found {}", facts[key]);
            Error::document(&document.name, format!("{at}/x-folio/facts/{key}"), problem)
        };
        let text = |key: &str, known: &[&str]| match facts.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if known.contains(&&**text) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(key, &format!("one of {}", known.join(", ")))),
        };
        let flag = |key: &str| match facts.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(key, "true or false")),
        };
        let omits = match facts.get("omits") {
            None => Vec::new(),
            Some(Value::Array(paths)) => {
                let paths = paths.iter().map(|path| path.as_str().map(str::to_owned));
                let paths: Option<Vec<String>> = paths.collect();
                paths.ok_or_else(|| wrong("omits", "a list of paths"))?
            }
            Some(_) => return Err(wrong("omits", "a list of paths")),
        };
        let deletes = match facts.get("deletes") {
            None => None,
            Some(Value::Array(ways)) => {
                let ways: Option<Vec<String>> = ways
                    .iter()
                    .map(|way| way.as_str().map(str::to_owned))
                    .collect();
                let ways = ways.filter(|ways| !ways.is_empty());
                Some(Deletes::Selected(ways.ok_or_else(|| {
                    wrong("deletes", "a list of names of parameters")
                })?))
            }
            Some(_) => match text("deletes", &["record", "query", "body", "all"])?.as_deref() {
                Some("query") => Some(Deletes::Query),
                Some("body") => Some(Deletes::Body),
                Some("all") => Some(Deletes::All),
                _ => Some(Deletes::Record),
            },
        };
        let absent = text("absent", &["ignored", "created"])?;
        Ok(Self {
            deletes,
            creates: text("creates", &["record", "new-id", "nothing"])?,
            looks: absent
                .as_deref()
                .is_some_and(|absent| looks(document, path, absent)),
            absent,
            effect: flag("effect")?,
            sensitive: flag("sensitive")?,
            versioned: flag("versioned")?,
            omits,
            multiple,
        })
    }

    /// The expression that makes them, with what `prefix` leads to.
    pub(crate) fn expression(&self, prefix: &str) -> String {
        let mut text = format!("{prefix}Facts::unknown()");
        match &self.deletes {
            None => {}
            Some(Deletes::Selected(ways)) => {
                let _ = write!(text, ".deletes({prefix}Deletes::SelectedBy(&{ways:?}))");
            }
            Some(other) => {
                let kind = match other {
                    Deletes::Query => "Matching",
                    Deletes::Body => "SelectedByBody",
                    Deletes::All => "All",
                    _ => "Record",
                };
                let _ = write!(text, ".deletes({prefix}Deletes::{kind})");
            }
        }
        match self.creates.as_deref() {
            Some("record") => _ = write!(text, ".creates({prefix}Creates::Record)"),
            Some("new-id") => _ = write!(text, ".creates({prefix}Creates::RecordWithNewId)"),
            _ => {}
        }
        match self.absent.as_deref().filter(|_| self.looks) {
            Some("ignored") => _ = write!(text, ".absent({prefix}Absent::Ignored)"),
            Some("created") => _ = write!(text, ".absent({prefix}Absent::Created)"),
            _ => {}
        }
        if !self.omits.is_empty() {
            let _ = write!(text, ".omits(&{:?})", self.omits);
        }
        for (flag, function) in [
            (self.effect, "has_effect"),
            (self.sensitive, "is_sensitive"),
            (self.versioned, "is_versioned"),
            (self.multiple, "is_multiple"),
        ] {
            if flag {
                let _ = write!(text, ".{function}()");
            }
        }
        text
    }

    /// Whether the SDK does something else than with an operation of which nothing is known.
    fn matters(&self) -> bool {
        self.deletes.is_some()
            || matches!(self.creates.as_deref(), Some("record" | "new-id"))
            || self.looks
            || self.effect
            || self.sensitive
            || self.versioned
            || !self.omits.is_empty()
    }

    /// What is known of an operation that two modules have: only what makes the SDK more careful, where they differ.
    fn narrow(&mut self, other: &Self) {
        if self.deletes != other.deletes {
            let everything = [&self.deletes, &other.deletes].contains(&&Some(Deletes::All));
            self.deletes = everything.then_some(Deletes::All);
        }
        if self.creates != other.creates {
            let replaces = |does: &Self| does.creates.as_deref() == Some("new-id");
            self.creates = (replaces(self) || replaces(other)).then(|| "new-id".to_owned());
        }
        if !self.looks {
            self.absent.clone_from(&other.absent);
            self.looks = other.looks;
        }
        self.effect |= other.effect;
        self.sensitive |= other.sensitive;
        self.versioned &= other.versioned;
        // A field that one of them takes is sent.
        self.omits.retain(|path| other.omits.contains(path));
    }
}

/// Whether a record of a PUT can be looked for, and its absence is an error: it is read at the path of the PUT, and, where the PUT would
/// create it, there is a POST that is meant for that. Otherwise the PUT is how the record is made: a setting by its key
/// (`PUT /ldp/config/{key}`), an upload (`PUT /settings/upload`).
fn looks(document: &Document, path: &str, absent: &str) -> bool {
    let has = |path: &str, method: &str| document.root["paths"][path].get(method).is_some();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    has(path, "get") && (absent == "ignored" || has(parent, "post"))
}

#[derive(Clone, Debug)]
struct Described {
    does: Does,
    parameters: Vec<String>,
}

/// Writes the table of the operations in the documents of a folder whose facts matter, sorted by method, first segment and path. Edge
/// modules are left out: they answer on hosts of their own.
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
                    interfaces.insert((literal(path), name.clone(), interface.to_owned()));
                }
                let found = Described {
                    does: Does::read(&document, path, &at, operation)?,
                    parameters: query_parameters(operation),
                };
                all.entry((method, shape(path)))
                    .and_modify(|known| {
                        known.does.narrow(&found.does);
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
        .filter(|(_, described)| described.does.matters())
        .collect();
    // By the key that is searched for.
    rows.sort_by_key(|((method, path), _)| (method.to_ascii_uppercase(), first(path), path));
    let mut text = String::from("pub(crate) static DESCRIBED: &[Described] = &[\n");
    for ((method, path), Described { does, parameters }) in rows {
        let _ = writeln!(
            text,
            "    Described {{ method: {:?}, first: {:?}, path: {path:?}, facts: {}, parameters: &{parameters:?} }},",
            method.to_ascii_uppercase(),
            first(path),
            does.expression(""),
        );
    }
    text.push_str("];\n");
    text.push_str("pub(crate) static INTERFACES: &[Interface] = &[\n");
    for (begin, module, interface) in interfaces {
        let _ = writeln!(
            text,
            "    Interface {{ begin: {begin:?}, module: {module:?}, interface: {interface:?} }},"
        );
    }
    text.push_str("];\n");
    Ok(text)
}

/// The path with `{}` in place of each parameter, without those at its end.
fn literal(path: &str) -> String {
    let shape = shape(path);
    let mut rest = shape.as_str();
    while let Some(above) = rest.strip_suffix("/{}") {
        rest = above;
    }
    rest.to_owned()
}

/// Writes the table of the modules that are built: what the calls of a program may need of a tenant.
pub(crate) fn built(modules: &[Document]) -> String {
    let mut text = String::from("pub(crate) static BUILT: &[Built] = &[\n");
    for document in modules {
        let read = |pointer: &str| document.root.pointer(pointer);
        let version = read("/info/version").and_then(Value::as_str);
        let provided = read("/x-folio/interfaces").and_then(Value::as_object);
        // Those with a `_` are FOLIO's own: `_tenant`, `_timer`.
        let provided: Vec<(&str, &str)> = provided
            .into_iter()
            .flatten()
            .filter(|(id, _)| !id.starts_with('_'))
            .filter_map(|(id, version)| Some((id.as_str(), version.as_str()?)))
            .collect();
        let _ = writeln!(
            text,
            "    Built {{ module: {:?}, version: {:?}, interfaces: &{provided:?} }},",
            document.name,
            version.unwrap_or_default(),
        );
    }
    text.push_str("];\n");
    let release = modules
        .iter()
        .find_map(|document| document.root.pointer("/x-folio/release")?.as_str());
    let _ = writeln!(
        text,
        "pub(crate) static RELEASE: &str = {:?};",
        release.unwrap_or_default()
    );
    text
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
pub(crate) fn query_parameters(operation: &Value) -> Vec<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let mut names: Vec<String> = parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
        .filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// Status and media type of each response that is described, sorted; without a media type where there is no body.
pub(crate) fn responses(operation: &Value) -> Vec<(String, String)> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let mut found = Vec::new();
    for (status, response) in responses.into_iter().flatten() {
        match response.get("content").and_then(Value::as_object) {
            Some(content) if !content.is_empty() => {
                found.extend(content.keys().map(|media| (status.clone(), media.clone())));
            }
            _ => found.push((status.clone(), String::new())),
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn read(facts: Value) -> Result<Does, Error> {
        let thing = json!({"/things": {"post": {}}, "/things/{id}": {"get": {}, "put": {}}});
        Does::read(
            &Document::new("mod-things", json!({"paths": thing})),
            "/things/{id}",
            "/paths/things/delete",
            &json!({"x-folio": {"facts": facts}}),
        )
    }

    #[test]
    fn facts_are_written_as_rust() {
        for (facts, expected) in [
            (json!({}), "Facts::unknown()"),
            (
                json!({"deletes": "all"}),
                "Facts::unknown().deletes(Deletes::All)",
            ),
            (
                json!({"deletes": ["userId&tenantId", "tenantId"]}),
                "Facts::unknown().deletes(Deletes::SelectedBy(&[\"userId&tenantId\", \"tenantId\"]))",
            ),
            (
                json!({"creates": "new-id", "effect": true, "sensitive": true, "versioned": true, "absent": "ignored"}),
                "Facts::unknown().creates(Creates::RecordWithNewId).absent(Absent::Ignored).has_effect().is_sensitive().is_versioned()",
            ),
            (
                json!({"omits": ["childOf", "items[].added"]}),
                "Facts::unknown().omits(&[\"childOf\", \"items[].added\"])",
            ),
        ] {
            assert_eq!(read(facts).unwrap().expression(""), expected);
        }
        for broken in [
            json!({"deletes": "some"}),
            json!({"deletes": []}),
            json!({"effect": 1}),
            json!({"creates": 5}),
            json!({"omits": "childOf"}),
            json!({"omits": [1]}),
        ] {
            let error = read(broken).unwrap_err().to_string();
            assert!(error.contains("/x-folio/facts/"), "{error}");
        }
    }

    #[test]
    fn a_record_is_looked_for_only_where_it_can_be_read_and_is_made_otherwise() {
        let paths = json!({
            "/things": {"post": {}}, "/things/{id}": {"get": {}, "put": {}},
            "/config/{key}": {"get": {}, "put": {}}, "/upload": {"put": {}}, "/links/{id}": {"put": {}},
        });
        let document = Document::new("mod-things", json!({"paths": paths}));
        for (path, absent, expected) in [
            (
                "/things/{id}",
                "created",
                "Facts::unknown().absent(Absent::Created)",
            ),
            (
                "/things/{id}",
                "ignored",
                "Facts::unknown().absent(Absent::Ignored)",
            ),
            // There is no other way to make the setting.
            ("/config/{key}", "created", "Facts::unknown()"),
            (
                "/config/{key}",
                "ignored",
                "Facts::unknown().absent(Absent::Ignored)",
            ),
            // Nothing can be read there: the answer would be that there is no such route.
            ("/upload", "created", "Facts::unknown()"),
            ("/links/{id}", "ignored", "Facts::unknown()"),
        ] {
            let operation = json!({"x-folio": {"facts": {"absent": absent}}});
            let does = Does::read(&document, path, "", &operation).unwrap();
            assert_eq!(does.expression(""), expected, "{path} {absent}");
            assert_eq!(does.absent.as_deref(), Some(absent));
        }
    }

    #[test]
    fn of_two_modules_the_more_careful_facts_count() {
        let mut does = read(json!({"creates": "record", "deletes": "query"})).unwrap();
        does.narrow(&read(json!({"deletes": "all", "sensitive": true})).unwrap());
        assert_eq!(
            does.expression(""),
            "Facts::unknown().deletes(Deletes::All).is_sensitive()"
        );
    }
}
