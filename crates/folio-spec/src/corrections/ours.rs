//! Descriptions that this project wrote itself, of modules that publish none.
//!
//! `specs/ours/<module>/<version>.json` is valid from that version of the module on, until the next
//! one.

use std::path::Path;

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::files::read_json;
use crate::base::report::ModuleReport;
use crate::base::version::comparable;
use crate::read::entry::Entry;
use crate::read::openapi::{self, BasePath};
use crate::read::operation::Operation;
use crate::read::schemas::Schemas;

/// The description of a module.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    /// The module's name, or the library's.
    name: String,
    /// The first version that it is valid for.
    since: String,
    document: Value,
}

/// The endpoints of every RMB module besides its own interfaces. The RMB version of a module is
/// unknown, so there is one description.
const RMB: &str = "raml-module-builder";

/// The description that is valid for a version of a module; none if all are newer, or none exists.
pub(crate) fn find(specs: &Path, entry: &Entry) -> Result<Option<Ours>> {
    let version = match entry.text("version") {
        "" => entry.text("tag"),
        version => version,
    };
    newest(specs, &entry.name, version)
}

/// The description of RMB's endpoints, for a module that is built with it.
pub(crate) fn of_rmb(specs: &Path, entry: &Entry) -> Result<Option<Ours>> {
    match entry.text("kind") {
        "raml" | "mixed" => newest(specs, RMB, "0.0.0"),
        _ => Ok(None),
    }
}

fn newest(specs: &Path, name: &str, version: &str) -> Result<Option<Ours>> {
    let folder = specs.join("ours").join(name);
    let wanted = comparable(version);
    let mut best: Option<(Vec<u64>, String)> = None;
    for file in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(since) = name.strip_suffix(".json") else {
            continue;
        };
        let own = comparable(since);
        if own <= wanted && best.as_ref().is_none_or(|(known, _)| own > *known) {
            best = Some((own, since.to_owned()));
        }
    }
    let Some((_, since)) = best else {
        return Ok(None);
    };
    let path = folder.join(format!("{since}.json"));
    let document = read_json(&path)?;
    let stated = |key: &str| {
        document
            .pointer(&format!("/x-folio/{key}"))
            .and_then(Value::as_str)
    };
    if stated("module") != Some(name) || stated("since") != Some(&since) {
        let problem = format!("expected `x-folio` of {name} since {since}");
        return Err(Error::at(&path, "/x-folio", problem));
    }
    Ok(Some(Ours {
        name: name.to_owned(),
        since,
        document,
    }))
}

impl Ours {
    /// The described operations.
    pub(crate) fn operations(
        &self,
        entry: &Entry,
        is_unrouted: bool,
        schemas: &mut Schemas,
        report: &mut ModuleReport,
    ) -> Result<Vec<Operation>> {
        // The same position for all versions, so that records keep their names.
        let root = format!("specs/ours/{}.json", self.name);
        schemas.give(&entry.folder.join(&root), self.document.clone());
        let base = BasePath::unstated(is_unrouted);
        let read = openapi::operations(&entry.folder, &root, base, schemas, report)?;
        Ok(read
            .into_iter()
            .map(|operation| Operation {
                ours: Some(self.since.clone()),
                ..operation
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str) -> Entry {
        Entry {
            name: "mod-shelves".into(),
            folder: "mod-shelves".into(),
            manifest: serde_json::json!({"version": version}),
        }
    }

    #[test]
    fn the_newest_that_is_not_newer_than_the_module_is_taken() {
        let specs = tempfile::tempdir().unwrap();
        let folder = specs.path().join("ours/mod-shelves");
        std::fs::create_dir_all(&folder).unwrap();
        for since in ["1.9.0", "1.10.0", "2.0.0"] {
            let text = serde_json::json!({"x-folio": {"module": "mod-shelves", "since": since}})
                .to_string();
            std::fs::write(folder.join(format!("{since}.json")), text).unwrap();
        }
        std::fs::write(folder.join("recipe.toml"), "").unwrap();
        let found = |version: &str| {
            find(specs.path(), &entry(version))
                .unwrap()
                .map(|ours| ours.since)
        };
        assert_eq!(found("1.8.7"), None);
        assert_eq!(found("1.9.0").as_deref(), Some("1.9.0"));
        assert_eq!(found("1.9.12").as_deref(), Some("1.9.0"));
        assert_eq!(found("1.11.0-SNAPSHOT.3").as_deref(), Some("1.10.0"));
        assert_eq!(found("v3.0.1").as_deref(), Some("2.0.0"));
    }

    #[test]
    fn a_document_of_another_module_is_an_error() {
        let specs = tempfile::tempdir().unwrap();
        let folder = specs.path().join("ours/mod-shelves");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("1.0.0.json"),
            r#"{"x-folio": {"module": "mod-lamps", "since": "1.0.0"}}"#,
        )
        .unwrap();
        let error = find(specs.path(), &entry("1.0.0")).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("expected `x-folio` of mod-shelves since 1.0.0"),
            "{error}"
        );
    }
}
