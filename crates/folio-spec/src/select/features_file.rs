//! `features.toml`: the releases that the SDK is built for, and bundles of modules.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::base::error::{Error, Result};

/// What the file states.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeaturesFile {
    /// Oldest first.
    pub(crate) releases: Vec<String>,
    #[serde(default)]
    pub(crate) bundles: BTreeMap<String, Vec<String>>,
}

impl FeaturesFile {
    /// Reads the file of a folder.
    ///
    /// # Errors
    /// It cannot be read, or is not as it is described.
    pub(crate) fn read(specs: &Path) -> Result<Self> {
        let path = specs.join("features.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::file(&path, format!("cannot be read: {error}")))?;
        toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))
    }
}
