//! `selection.toml`: the modules to import.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::base::error::Result;
use crate::base::files::read_toml;

/// `selection.toml`: which modules of a release are imported, and which come from another folder.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Selection {
    /// Libraries whose API modules offer.
    #[serde(default)]
    pub(super) libraries: Vec<String>,
    #[serde(flatten)]
    pub(super) releases: BTreeMap<String, Selected>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Selected {
    /// None means all of the manifest.
    #[serde(default)]
    pub(super) modules: Vec<String>,
    /// Modules that the release does not have, and the folder of the release that they come from,
    /// relative to `--from`.
    #[serde(default)]
    pub(super) stand_ins: BTreeMap<String, String>,
}

/// The libraries whose API modules offer, as `selection.toml` in a folder names them.
///
/// # Errors
/// The file is invalid.
pub(crate) fn libraries(specs: &Path) -> Result<Vec<String>> {
    Ok(read(specs)?.libraries)
}

/// Reads the selection of a directory; an empty one if it does not exist.
pub(super) fn read(specs: &Path) -> Result<Selection> {
    let path = specs.join("selection.toml");
    match path.exists() {
        true => read_toml(&path),
        false => Ok(Selection::default()),
    }
}
