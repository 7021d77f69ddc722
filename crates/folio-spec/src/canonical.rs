//! Canonical documents, read again: by `routes`, `check` and `diff`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::source::read_json;

/// The methods of OpenAPI and RAML, in the order in which they are told.
pub const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The documents of a release.
#[derive(Clone, Debug)]
pub struct Release {
    /// The modules by their names.
    pub modules: BTreeMap<String, Value>,
    /// The shared records.
    pub common: Value,
}

/// An operation of a document.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// In lower case.
    pub method: &'a str,
    /// The path template.
    pub path: &'a str,
    /// What stands there.
    pub value: &'a Value,
}

impl<'a> Operation<'a> {
    /// The SDK's name of it.
    pub fn name(&self) -> &'a str {
        self.value
            .get("operationId")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A fact of FOLIO about it.
    pub fn fact(&self, key: &str) -> Option<&'a Value> {
        self.value.get("x-folio")?.get(key)
    }
}

/// The schema of the JSON that an operation answers. Mostly that of 200; there are lists that are described as 201.
pub(crate) fn json_answer(operation: &Value) -> Option<&Value> {
    let responses = operation.get("responses")?.as_object()?;
    responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response.get("content")?.as_object())
        .flatten()
        .filter(|(media_type, _)| media_type.contains("json"))
        .find_map(|(_, content)| content.get("schema"))
}

impl Release {
    /// Reads the folder of a release.
    ///
    /// # Errors
    /// The folder or a document cannot be read, or a document is no JSON object.
    pub fn read(folder: &Path) -> Result<Self> {
        let entries = std::fs::read_dir(folder).map_err(|error| {
            Error::file(
                folder,
                format!("cannot be read: {error}; expected a folder of canonical documents, as `folio-spec import` writes"),
            )
        })?;
        let mut release = Self {
            modules: BTreeMap::new(),
            common: Value::Object(Map::new()),
        };
        for entry in entries {
            let path = entry
                .map_err(|error| Error::file(folder, error.to_string()))?
                .path();
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.extension().is_none_or(|extension| extension != "json") || name == "release" {
                continue;
            }
            let document = read_json(&path)?;
            if !document.is_object() {
                return Err(Error::file(&path, "expected a JSON object"));
            }
            if name == "common" {
                release.common = document;
            } else {
                release.modules.insert(name, document);
            }
        }
        if release.modules.is_empty() {
            return Err(Error::file(folder, "has no documents of modules"));
        }
        Ok(release)
    }
}

/// The operations of a document, by path and method.
pub fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let value = item.get(*method)?;
            Some(Operation {
                method,
                path,
                value,
            })
        })
    })
}

/// The components of a document.
pub fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// The feature of a module: its name without `mod-`.
pub fn feature(module: &str) -> &str {
    module.strip_prefix("mod-").unwrap_or(module)
}
