//! Reads what a module publishes, in any language, before anything is normalised.
//!
//! Operations and schemas come from RAML and OpenAPI, routes from the descriptor.

pub(crate) mod descriptor;
pub(crate) mod entry;
pub(crate) mod openapi;
pub(crate) mod operation;
pub(crate) mod raml;
mod reference;
pub(crate) mod schemas;

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::report::ModuleReport;
use entry::Entry;
use openapi::BasePath;
use operation::Operation;
use schemas::Schemas;

/// The operations of all roots of a module, those of a newer description behind them.
/// `is_unrouted`: no descriptor routes them.
///
/// # Errors
/// The manifest is wrong; or, if the report is strict, a root cannot be read.
pub(crate) fn operations(
    entry: &Entry,
    is_unrouted: bool,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for root in roots(&entry.manifest) {
        match of_root(entry, root, is_unrouted, schemas, report) {
            Ok(read) => operations.extend(read),
            Err(problem) => report.record_problem(problem)?,
        }
    }
    let Some(supplement) = entry.manifest.get("supplement") else {
        return Ok(operations);
    };
    let commit = supplement.get("commit").and_then(Value::as_str);
    for root in roots(supplement) {
        match of_root(entry, root, is_unrouted, schemas, report) {
            Ok(read) => operations.extend(read.into_iter().map(|operation| Operation {
                supplement: Some(commit.unwrap_or_default().to_owned()),
                ..operation
            })),
            Err(problem) => report.record_problem(problem)?,
        }
    }
    Ok(operations)
}

fn roots(of: &Value) -> impl Iterator<Item = &Value> {
    of.get("roots")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn of_root(
    entry: &Entry,
    root: &Value,
    is_unrouted: bool,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Vec<Operation>> {
    let text = |key: &str| root.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = text("path");
    schemas
        .keep_within(&entry.folder)?
        .check(&entry.folder.join(path))?;
    if !entry.folder.join(path).is_file() {
        return Err(Error::file(
            entry.folder.join(path),
            "the manifest names this root, and it does not exist",
        ));
    }
    match text("format") {
        "raml" => raml::operations(&entry.folder, path, schemas, report),
        "openapi" => {
            let applies = root.get("base_path_applies") == Some(&Value::Bool(true));
            let base = match text("base_path") {
                base if applies && !base.is_empty() => BasePath::Stated(base),
                _ => BasePath::unstated(is_unrouted),
            };
            openapi::operations(&entry.folder, path, base, schemas, report)
        }
        other => Err(Error::file(
            entry.folder.join(path),
            format!("expected the format `raml` or `openapi`, found `{other}`"),
        )),
    }
}
