//! Overrides: named, explained fix-ups of what a module's published description gets wrong. They are data, in
//! `specs/overrides/<module>.toml`, never a case in the importer.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// The overrides of all modules.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    modules: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    paging: Option<Paging>,
    #[serde(default)]
    fix: Vec<Fix>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    style: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
}

/// One fix-up of a canonical document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fix {
    name: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// A JSON pointer into the canonical document.
    at: String,
    /// What is to stand there.
    set: Option<toml::Value>,
    /// Whether what stands there goes.
    #[serde(default)]
    remove: bool,
    /// An element of the list there that goes.
    without: Option<String>,
}

impl Overrides {
    /// Reads the overrides of a folder; none where there is no such folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Ok(Self::default());
        };
        for entry in entries {
            let path = entry
                .map_err(|error| Error::file(folder, error.to_string()))?
                .path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Error::file(&path, error.to_string()))?;
            let file: File =
                toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))?;
            for fix in &file.fix {
                if [fix.set.is_some(), fix.remove, fix.without.is_some()]
                    .iter()
                    .filter(|said| **said)
                    .count()
                    != 1
                {
                    return Err(Error::file(
                        &path,
                        format!(
                            "the fix `{}` needs one of `set`, `remove`, `without`",
                            fix.name
                        ),
                    ));
                }
            }
            modules.insert(
                path.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                file,
            );
        }
        Ok(Self { modules })
    }

    /// How the lists of a module are paged, where its parameters do not tell.
    pub fn paging_style(&self, module: &str) -> Option<String> {
        Some(self.modules.get(module)?.paging.as_ref()?.style.clone())
    }

    /// Applies the fixes of a module; gives the names of those that changed nothing.
    pub fn apply(&self, module: &str, document: &mut Value) -> Result<Vec<String>> {
        let mut stale = Vec::new();
        for fix in self
            .modules
            .get(module)
            .into_iter()
            .flat_map(|file| &file.fix)
        {
            if !fix.apply(document) {
                stale.push(fix.name.clone());
            }
        }
        Ok(stale)
    }
}

impl Fix {
    fn apply(&self, document: &mut Value) -> bool {
        let Some((parent, last)) = self.at.rsplit_once('/') else {
            return false;
        };
        let last = last.replace("~1", "/").replace("~0", "~");
        if let Some(gone) = &self.without {
            let Some(Value::Array(list)) = document.pointer_mut(&self.at) else {
                return false;
            };
            let before = list.len();
            list.retain(|element| element != gone.as_str());
            return list.len() < before;
        }
        let Some(Value::Object(parent)) = document.pointer_mut(parent) else {
            return false;
        };
        match &self.set {
            Some(value) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                parent.insert(last, value.clone()).as_ref() != Some(&value)
            }
            None => parent.remove(&last).is_some(),
        }
    }
}
