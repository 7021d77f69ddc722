//! Canonical documents, as `folio-spec` writes them (`docs/canonical-documents.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::Error;

/// The name under which the document of shared records is known.
pub(crate) const COMMON: &str = "common";

/// What a folder has besides documents: what it was imported from.
const RELEASE: &str = "release";

/// One canonical document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The module, `mod-users`, or `common`.
    pub name: String,
    /// What it holds.
    pub root: Value,
}

impl Document {
    /// Takes a document that was read already.
    pub fn new(name: impl Into<String>, root: Value) -> Self {
        Self {
            name: name.into(),
            root,
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// The file cannot be read or is no JSON.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.into(),
            source,
        })?;
        let root = serde_json::from_str(&text).map_err(|source| Error::Json {
            path: path.into(),
            source,
        })?;
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self { name, root })
    }

    /// The names of the modules that a folder has documents of.
    pub(crate) fn modules(folder: &Path) -> Result<BTreeSet<String>, Error> {
        let mut names: BTreeSet<String> = files(folder)?.into_keys().collect();
        names.remove(COMMON);
        Ok(names)
    }

    /// The module's name without `mod-`: its feature. `mod-login-keycloak` is `login-keycloak`.
    pub fn feature(&self) -> &str {
        feature_of(&self.name)
    }

    /// The records of the document by their names.
    pub(crate) fn schemas(&self) -> Result<&Map<String, Value>, Error> {
        static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
        match self.root.pointer("/components/schemas") {
            None => Ok(NONE.get_or_init(Map::new)),
            Some(Value::Object(schemas)) => Ok(schemas),
            Some(other) => Err(Error::document(
                &self.name,
                "/components/schemas",
                format!("expected an object, found {}", kind(other)),
            )),
        }
    }
}

/// The documents of a release that a build needs.
#[derive(Clone, Debug)]
pub struct Specs {
    /// The records that several modules share.
    pub common: Document,
    /// The modules, in the order of their names.
    pub modules: Vec<Document>,
    /// The files that were read, for cargo to watch.
    pub files: Vec<PathBuf>,
}

impl Specs {
    /// Reads the documents of the modules that `wanted` accepts by their names, out of a folder such as `specs/trillium`.
    ///
    /// # Errors
    /// The folder or a document cannot be read.
    pub fn read(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut specs = Self {
            common: Document::new(COMMON, serde_json::json!({"components": {"schemas": {}}})),
            modules: Vec::new(),
            files: Vec::new(),
        };
        for (name, path) in files(folder)? {
            if name == COMMON {
                specs.common = Document::read(&path)?;
            } else if wanted(&name) {
                specs.modules.push(Document::read(&path)?);
            } else {
                continue;
            }
            specs.files.push(path);
        }
        Ok(specs)
    }
}

/// The documents of a folder, by the names of their modules.
pub(crate) fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let io = |source| Error::Io {
        path: folder.into(),
        source,
    };
    let mut paths = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(name) = name.strip_suffix(".json")
            && name != RELEASE
        {
            paths.insert(name.to_owned(), path);
        }
    }
    Ok(paths)
}

fn feature_of(module: &str) -> &str {
    module.strip_prefix("mod-").unwrap_or(module)
}

/// What a JSON value is, for error messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
