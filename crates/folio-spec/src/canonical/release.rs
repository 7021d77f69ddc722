//! The documents of a release.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::base::error::{Error, Result};
use crate::base::files::read_json;

/// The documents of a release.
#[derive(Clone, Debug)]
pub struct Release {
    /// The modules by their names.
    pub modules: BTreeMap<String, Value>,
    /// The shared records.
    pub common: Value,
}

impl Release {
    /// Reads the directory of a release.
    ///
    /// # Errors
    /// The directory or a document cannot be read, or a document is not a JSON object.
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

    /// Its name, as its documents state it.
    pub(crate) fn name(&self) -> Option<&str> {
        let mut documents = self.modules.values();
        documents.find_map(|it| it.pointer("/x-folio/release")?.as_str())
    }
}

/// The feature of a module: its name without `mod-`.
pub(crate) fn feature(module: &str) -> &str {
    module.strip_prefix("mod-").unwrap_or(module)
}

/// The handle of a module: the function of the client that returns its calls.
pub(crate) fn handle(module: &str) -> String {
    feature(module).replace('-', "_")
}
