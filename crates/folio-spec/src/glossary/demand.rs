//! The required coverage of the glossary: `specs/glossary/coverage.toml`, percentages per module.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::check::{Coverage, Share};
use super::names::COVERAGE;
use crate::base::error::{Error, Result};

/// The least coverage of a module, in percent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Demand {
    records: usize,
    fields: usize,
    operations: usize,
    parameters: usize,
}

/// The required coverage of each module; nothing, if the file does not exist.
pub(crate) fn read(folder: &Path) -> Result<BTreeMap<String, Demand>> {
    let path = folder.join(format!("{COVERAGE}.toml"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(Error::file(&path, format!("cannot be read: {error}"))),
    };
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        Error::at(&path, line.to_string(), error.message())
    })
}

impl Demand {
    /// Insufficient coverage: its name, its share, and the required percentage.
    pub(crate) fn unmet(&self, coverage: &Coverage) -> Vec<(&'static str, Share, usize)> {
        [
            ("records", coverage.records, self.records),
            ("fields", coverage.fields, self.fields),
            ("operations", coverage.operations, self.operations),
            ("parameters", coverage.parameters, self.parameters),
        ]
        .into_iter()
        .filter(|(_, share, demanded)| share.percent() < *demanded)
        .collect()
    }
}
