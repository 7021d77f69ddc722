//! Writes the documents of a release.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::base::error::{Error, Result};

/// Writes all files, or none: into a folder beside the target, which then takes its place.
pub(super) fn write(out: &Path, files: &BTreeMap<String, Value>) -> Result<()> {
    let failed = |error: std::io::Error| Error::file(out, format!("cannot be written: {error}"));
    if let Some(other) = other_content(out) {
        let problem = format!(
            "would be replaced, but it contains `{other}` and no release.json: expected an empty directory, or documents of an earlier import"
        );
        return Err(Error::file(out, problem));
    }
    let parent = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(failed)?;
    let folder = tempfile::Builder::new()
        .prefix(".folio-spec")
        .tempdir_in(parent)
        .map_err(failed)?;
    let fresh = folder.path().join("new");
    std::fs::create_dir(&fresh).map_err(failed)?;
    for (name, document) in files {
        let mut text = serde_json::to_string_pretty(document)
            .map_err(|error| Error::file(out, error.to_string()))?;
        text.push('\n');
        std::fs::write(fresh.join(name), text).map_err(failed)?;
    }
    if out.exists() {
        std::fs::rename(out, folder.path().join("old")).map_err(failed)?;
    }
    std::fs::rename(&fresh, out).map_err(failed)
}

/// A file of a directory that is not from an import: it would be lost.
fn other_content(out: &Path) -> Option<String> {
    if out.join("release.json").is_file() {
        return None;
    }
    let mut names: Vec<String> = std::fs::read_dir(out)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_has_the_new_documents_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("specs/r1");
        for name in ["a.json", "b.json"] {
            let index = ("release.json".to_owned(), Value::Null);
            let files = BTreeMap::from([(name.to_owned(), serde_json::json!({"x": 1})), index]);
            write(&out, &files).unwrap();
            let found: Vec<_> = std::fs::read_dir(&out)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(found.len(), 2);
            assert!(found.contains(&name.into()) && found.contains(&"release.json".into()));
        }
        assert_eq!(
            std::fs::read_to_string(out.join("b.json")).unwrap(),
            "{\n  \"x\": 1\n}\n"
        );
        let beside: Vec<_> = std::fs::read_dir(root.path().join("specs"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(beside, ["r1"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_folder_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("r1");
        let files = |name: &str| BTreeMap::from([(name.to_owned(), Value::Null)]);
        write(&out, &files("release.json")).unwrap();
        let error = write(&out, &files("no/such/folder.json")).unwrap_err();
        assert!(error.problem.contains("cannot be written"), "{error}");
        assert!(out.join("release.json").is_file());
    }

    #[test]
    fn a_folder_with_other_files_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("overrides");
        std::fs::create_dir(&out).unwrap();
        let files = BTreeMap::from([("release.json".to_owned(), Value::Null)]);
        std::fs::write(out.join("mod-a.toml"), "").unwrap();
        let error = write(&out, &files).unwrap_err();
        assert!(
            error
                .problem
                .contains("it contains `mod-a.toml` and no release.json"),
            "{error}"
        );
        assert!(out.join("mod-a.toml").is_file());
        std::fs::remove_file(out.join("mod-a.toml")).unwrap();
        write(&out, &files).unwrap();
    }
}
