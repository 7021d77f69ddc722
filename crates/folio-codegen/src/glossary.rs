//! The glossary: sentences about records, fields, operations and parameters, and which of them
//! stands for what (`docs/glossary.md`).
//!
//! People write `specs/glossary/<module>.toml`; `folio-spec glossary --write` makes
//! `<module>.sentences` from it, which this crate reads, since a parser of TOML would cost every build
//! more time. The look-up is the same for both: the type of a sentence is a parameter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::Error;
use crate::json::{kind, read_json};

/// What one file says. `S` is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries<S> {
    /// What the module is for.
    pub summary: Option<S>,
    /// What a field of a name means in each record that does not say otherwise.
    pub fields: BTreeMap<String, S>,
    /// The same of parameters.
    pub parameters: BTreeMap<String, S>,
    /// The records by their names in the document.
    pub records: BTreeMap<String, Section<S>>,
    /// The operations, `GET /users/{userId}`; their fields are the parameters.
    pub operations: BTreeMap<String, Section<S>>,
    /// Which record a field identifies, `mod-users.User`, by its name or by `Record.path`.
    pub references: BTreeMap<String, S>,
    /// The release that introduced something, if an older one is known that lacks it: by the name
    /// of a record, `Record.path`, the route of an operation, or the route, a space and a
    /// parameter. The module itself has the empty key.
    pub since: BTreeMap<String, String>,
}

/// What is said about a record or an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<S> {
    /// The sentence about itself.
    pub summary: Option<S>,
    /// The sentences about its fields or parameters.
    pub fields: BTreeMap<String, S>,
}

impl<S> Default for Section<S> {
    fn default() -> Self {
        Self {
            summary: None,
            fields: BTreeMap::new(),
        }
    }
}

impl<S> Default for Entries<S> {
    fn default() -> Self {
        Self {
            summary: None,
            fields: BTreeMap::new(),
            parameters: BTreeMap::new(),
            records: BTreeMap::new(),
            operations: BTreeMap::new(),
            references: BTreeMap::new(),
            since: BTreeMap::new(),
        }
    }
}

/// The file of a module and the common one, in which sentences are looked up.
#[derive(Debug)]
pub struct Lookup<'a, S> {
    /// The file of the module. Of a shared record it is the common one.
    pub module: Option<&'a Entries<S>>,
    /// The common file.
    pub common: Option<&'a Entries<S>>,
}

impl<S> Clone for Lookup<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Lookup<'_, S> {}

impl<'a, S> Lookup<'a, S> {
    /// The sentence about a record of a module's document. `is_own` says that the module has a
    /// record of its own by that name beside a shared one, so that what is said of the shared one
    /// does not apply.
    pub fn record(self, record: &str, is_own: bool) -> Option<&'a S> {
        self.sections(record, is_own)
            .find_map(|section| section.summary.as_ref())
    }

    /// The sentence about a field. `path` is its path below the record,
    /// `personal.addresses[].city`.
    pub fn field(self, record: &str, path: &str, is_own: bool) -> Option<&'a S> {
        let name = field_name(path);
        self.sections(record, is_own)
            .find_map(|section| section.fields.get(path))
            .or_else(|| self.module?.fields.get(name))
            .or_else(|| self.common?.fields.get(name))
    }

    /// The sentence about an operation, `GET /users/{userId}`.
    pub fn operation(self, route: &str) -> Option<&'a S> {
        self.module?.operations.get(route)?.summary.as_ref()
    }

    /// The sentence about a parameter of an operation.
    pub fn parameter(self, route: &str, name: &str) -> Option<&'a S> {
        self.module
            .and_then(|file| file.operations.get(route)?.fields.get(name))
            .or_else(|| self.module?.parameters.get(name))
            .or_else(|| self.common?.parameters.get(name))
    }

    /// Which record a field identifies.
    pub fn reference(self, record: &str, path: &str, is_own: bool) -> Option<&'a S> {
        let (full, name) = (format!("{record}.{path}"), field_name(path));
        let shared = self.common.filter(|_| !is_own);
        self.module
            .and_then(|file| file.references.get(&full))
            .or_else(|| shared?.references.get(&full))
            .or_else(|| self.module?.references.get(name))
            .or_else(|| self.common?.references.get(name))
    }

    /// The sections about a record, the module's first.
    fn sections(
        self,
        record: &str,
        is_own: bool,
    ) -> impl Iterator<Item = &'a Section<S>> + use<'a, S> {
        let section = |file: Option<&'a Entries<S>>| file?.records.get(record);
        let shared = if is_own { None } else { section(self.common) };
        section(self.module).into_iter().chain(shared)
    }
}

/// The name of a field, without the path to it and the marks of lists and maps.
pub fn field_name(path: &str) -> &str {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.trim_end_matches("[]").trim_end_matches("{}")
}

impl Entries<String> {
    /// Reads the file of a document out of a folder: `<name>.sentences`. Nothing, if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or is not what `folio-spec glossary --write` makes.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>, Error> {
        let path = Self::path(folder, name);
        if !path.is_file() {
            return Ok(None);
        }
        Self::of(name, read_json(&path)?).map(Some)
    }

    /// The file of a document.
    pub(crate) fn path(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!("{name}.sentences"))
    }

    fn of(name: &str, root: Value) -> Result<Self, Error> {
        let mut entries = Self::default();
        for (key, value) in map(name, "", root)? {
            match &*key {
                "summary" => entries.summary = Some(text(name, "/summary", value)?),
                "fields" => entries.fields = texts(name, "/fields", value)?,
                "parameters" => entries.parameters = texts(name, "/parameters", value)?,
                "records" => entries.records = sections(name, "/records", value)?,
                "operations" => entries.operations = sections(name, "/operations", value)?,
                "references" => entries.references = texts(name, "/references", value)?,
                "since" => entries.since = texts(name, "/since", value)?,
                other => return Err(unexpected(name, &format!("/{other}"), "no such key")),
            }
        }
        Ok(entries)
    }
}

fn unexpected(name: &str, at: &str, problem: &str) -> Error {
    Error::document(
        &format!("glossary/{name}"),
        at,
        format!("{problem}; `folio-spec glossary --write` makes the file"),
    )
}

fn map(name: &str, at: &str, value: Value) -> Result<Map<String, Value>, Error> {
    match value {
        Value::Object(map) => Ok(map),
        other => {
            let problem = format!("expected an object, found {}", kind(&other));
            Err(unexpected(name, at, &problem))
        }
    }
}

fn text(name: &str, at: &str, value: Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text),
        other => {
            let problem = format!("expected a sentence, found {}", kind(&other));
            Err(unexpected(name, at, &problem))
        }
    }
}

fn texts(name: &str, at: &str, value: Value) -> Result<BTreeMap<String, String>, Error> {
    map(name, at, value)?
        .into_iter()
        .map(|(key, value)| Ok((key, text(name, at, value)?)))
        .collect()
}

fn sections(
    name: &str,
    at: &str,
    value: Value,
) -> Result<BTreeMap<String, Section<String>>, Error> {
    let mut sections = BTreeMap::new();
    for (key, value) in map(name, at, value)? {
        let mut section = Section::default();
        for (part, value) in map(name, at, value)? {
            match &*part {
                "summary" => section.summary = Some(text(name, at, value)?),
                "fields" => section.fields = texts(name, at, value)?,
                _ => return Err(unexpected(name, at, "no such key")),
            }
        }
        sections.insert(key, section);
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn entries(root: Value) -> Entries<String> {
        Entries::of("mod-users", root).unwrap()
    }

    #[test]
    fn the_nearest_sentence_counts_and_a_record_of_its_own_hides_the_shared_one() {
        let module = entries(json!({
            "fields": {"name": "module"},
            "records": {"User": {"fields": {"personal.name": "record"}}},
            "references": {"groupId": "mod-users.Group"},
        }));
        let common = entries(json!({
            "fields": {"name": "common", "code": "common"},
            "records": {"User": {"summary": "shared", "fields": {"code": "shared"}}},
            "references": {"groupId": "other", "User.groupId": "shared"},
        }));
        let lookup = Lookup {
            module: Some(&module),
            common: Some(&common),
        };
        for (path, is_own, expected) in [
            ("personal.name", true, Some("record")),
            ("name", false, Some("module")),
            ("code", false, Some("shared")),
            ("code", true, Some("common")),
            ("list[].code", false, Some("common")),
            ("other", false, None),
        ] {
            let found = lookup.field("User", path, is_own);
            assert_eq!(found.map(String::as_str), expected, "{path}");
        }
        assert_eq!(lookup.record("User", true), None);
        assert_eq!(lookup.record("User", false).unwrap(), "shared");
        assert_eq!(
            lookup.reference("User", "groupId", false).unwrap(),
            "shared"
        );
        let own = lookup.reference("User", "a.groupId", true).unwrap();
        assert_eq!(own, "mod-users.Group");
    }

    #[test]
    fn a_file_of_another_form_is_an_error_with_its_place() {
        for (root, expected) in [
            (json!([]), "expected an object, found an array"),
            (
                json!({"fields": {"a": 1}}),
                "at /fields: expected a sentence, found a number",
            ),
            (
                json!({"records": {"A": {"x": {}}}}),
                "at /records: no such key",
            ),
            (json!({"other": {}}), "at /other: no such key"),
        ] {
            let error = Entries::of("mod-users", root).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
