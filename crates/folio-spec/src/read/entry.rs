//! A module as the manifest of a release lists it.

use std::path::PathBuf;

use serde_json::Value;

/// A module as the manifest lists it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `mod-users`.
    pub name: String,
    /// The folder with its files.
    pub folder: PathBuf,
    /// The entry of the manifest.
    pub manifest: Value,
}

impl Entry {
    /// A text of the manifest; empty if it is absent.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.manifest
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}
