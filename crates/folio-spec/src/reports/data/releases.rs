//! The releases whose facts are in data files, and one line per operation of them.

use std::path::Path;

use serde_json::{Map, Value};

use super::merged::{Merged, lines};
use crate::base::error::Result;
use crate::canonical::operation::{Operation, operations};
use crate::canonical::release::Release;
use crate::reports::features::Features;

/// A release and its name.
pub(in crate::reports) type Named = (String, Release);

/// All releases, oldest first.
///
/// # Errors
/// One cannot be read.
pub(in crate::reports) fn all_releases(specs: &Path) -> Result<Vec<Named>> {
    let names = Features::read(specs)?.releases.into_iter();
    names
        .map(|name| {
            let release = Release::read(&specs.join(&name))?;
            Ok((name, release))
        })
        .collect()
}

/// One line per operation that has a row; equal ones of several releases are one. The row is made
/// of the module, its document, the release and the operation.
pub(in crate::reports) fn operation_lines(
    releases: &[Named],
    mut row: impl FnMut(&str, &Value, &Release, &Operation<'_>) -> Option<Map<String, Value>>,
) -> String {
    let mut merged = Merged::default();
    for (name, release) in releases {
        for (module, document) in &release.modules {
            for operation in operations(document) {
                if let Some(row) = row(module, document, release, &operation) {
                    let key = [module, operation.path, operation.method];
                    merged.add(key.map(str::to_owned).to_vec(), row, name);
                }
            }
        }
    }
    lines(merged.rows())
}
