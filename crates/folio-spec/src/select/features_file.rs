//! `features.toml`: the releases that the SDK is built for, and bundles of modules.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::base::error::Result;
use crate::base::files::read_toml;

/// The content of the file.
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
        read_toml(&specs.join("features.toml"))
    }
}
