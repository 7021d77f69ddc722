//! The modules of a directory of sources, according to its `manifest.json` or its subdirectories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::discover::{discover, is_skipped};
use super::module_version::module_version;
use crate::base::error::{Error, Result};
use crate::base::files::read_json;
use crate::base::note::{Kind, Note};

const MANIFEST: &str = "manifest.json";

/// The folder in a module's for a description that is newer than the release.
const SUPPLEMENT: &str = "supplement";

/// Whether a folder has sources, as far as its files show without being read.
pub(crate) fn is_listed(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// The modules of a folder by their names. Without a manifest, each folder in it is a module; what
/// a manifest does not state of one (`roots`, `descriptor`, `kind`, `version`) is looked for in the
/// module's folder, as in its repository. `wanted` are looked at only, unless it is empty.
pub(crate) fn manifest(
    folder: &Path,
    wanted: &[String],
    notes: &mut Vec<Note>,
) -> Result<BTreeMap<String, Value>> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|other| other == name);
    let mut entries = match is_listed(folder) {
        true => listed(folder)?,
        false => unlisted(folder)?,
    };
    let is_listed = is_listed(folder);
    let mut empty = Vec::new();
    for (name, entry) in &mut entries {
        if is_wanted(name) {
            complete(&folder.join(name), name, entry, notes);
        }
        // A directory of another kind is not a module.
        if !is_listed && entry["kind"] == "none" {
            empty.push(name.clone());
        }
    }
    entries.retain(|name, _| !empty.contains(name));
    if entries.is_empty() && !is_listed {
        let problem = "has neither a manifest.json nor a folder of a module with a description of its API or a descriptor";
        return Err(Error::file(folder, problem));
    }
    Ok(entries)
}

fn listed(folder: &Path) -> Result<BTreeMap<String, Value>> {
    let path = folder.join(MANIFEST);
    let root = read_json(&path)?;
    let list = root
        .as_array()
        .ok_or_else(|| Error::file(&path, "expected a list of modules"))?;
    list.iter()
        .enumerate()
        .map(
            |(index, entry)| match entry.get("module").and_then(Value::as_str) {
                Some(name) if is_name(name) => Ok((name.to_owned(), entry.clone())),
                _ => Err(Error::at(
                    &path,
                    format!("/{index}/module"),
                    "expected the name of a module, in letters, digits and `-`",
                )),
            },
        )
        .collect()
}

fn unlisted(folder: &Path) -> Result<BTreeMap<String, Value>> {
    let failed = |error: std::io::Error| {
        let problem =
            format!("cannot be read: {error}; expected a folder with one folder per module");
        Error::file(folder, problem)
    };
    // The mistake that is easily made: its own folders would be modules.
    let mut entry = json!({});
    if [
        "descriptors",
        "ramls",
        "pom.xml",
        "build.gradle",
        ".git",
        "src",
    ]
    .iter()
    .any(|name| folder.join(name).exists())
    {
        discover(folder, &submodules(folder), &mut entry);
        if entry["kind"] != "none" {
            let problem = "is the folder of one module; expected a folder with a manifest.json, or with a folder per module, `from/mod-users`";
            return Err(Error::file(folder, problem));
        }
    }
    let mut entries = BTreeMap::new();
    for found in std::fs::read_dir(folder).map_err(failed)? {
        let found = found.map_err(failed)?;
        let name = found.file_name().to_string_lossy().into_owned();
        let is_folder = found.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && is_name(&name) && !is_skipped(&name) {
            entries.insert(name.clone(), json!({"module": name}));
        }
    }
    Ok(entries)
}

/// Adds missing facts to an entry.
fn complete(folder: &Path, name: &str, entry: &mut Value, notes: &mut Vec<Note>) {
    let lacks = |entry: &Value, key: &str| entry.get(key).is_none();
    if lacks(entry, "roots") || lacks(entry, "kind") || lacks(entry, "descriptor") {
        let mut foreign = submodules(folder);
        let stated = entry.get("submodules").and_then(Value::as_array);
        let paths = stated.into_iter().flatten();
        foreign.extend(paths.filter_map(|one| Some(PathBuf::from(one.get("path")?.as_str()?))));
        foreign.insert(PathBuf::from(SUPPLEMENT));
        let mut found = json!({});
        discover(folder, &foreign, &mut found);
        if lacks(entry, "supplement") && folder.join(SUPPLEMENT).is_dir() {
            let mut newer = json!({});
            discover(&folder.join(SUPPLEMENT), &BTreeSet::new(), &mut newer);
            let mut roots = newer["roots"].take();
            for root in roots.as_array_mut().into_iter().flatten() {
                let path = root["path"].as_str().unwrap_or_default();
                root["path"] = format!("{SUPPLEMENT}/{path}").into();
            }
            entry["supplement"] = json!({"roots": roots});
        }
        for key in ["roots", "kind", "descriptor"] {
            if lacks(entry, key) {
                entry[key] = found[key].take();
            }
        }
    }
    if lacks(entry, "version") && entry["kind"] != "none" {
        let descriptor = entry["descriptor"].as_str().map(|path| folder.join(path));
        match module_version(folder, name, descriptor.as_deref()) {
            Some(version) => entry["version"] = version.into(),
            None => notes.push(Note::new(
                Kind::Unversioned,
                name,
                "",
                "neither a manifest nor its descriptor, pom.xml or gradle.properties states its version: state it in a manifest.json, [{\"module\": …, \"version\": …}]",
            )),
        }
    }
}

/// The folders of the submodules of a repository.
fn submodules(folder: &Path) -> BTreeSet<PathBuf> {
    let text = std::fs::read_to_string(folder.join(".gitmodules")).unwrap_or_default();
    let paths = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "path").then(|| PathBuf::from(value.trim()))
    });
    paths.collect()
}

/// Whether a module may have this name: it is that of a file, too.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !matches!(name, "common" | "release")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_does_not_state_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("mod-a");
        std::fs::create_dir_all(module.join("supplement")).unwrap();
        std::fs::write(module.join("a.raml"), "#%RAML 1.0\n").unwrap();
        std::fs::write(module.join("supplement/b.raml"), "#%RAML 1.0\n").unwrap();
        std::fs::write(folder.path().join(MANIFEST), r#"[{"module": "mod-a"}]"#).unwrap();
        let mut notes = Vec::new();
        let found = manifest(folder.path(), &[], &mut notes).unwrap();
        let expected = json!({
            "module": "mod-a", "kind": "raml", "descriptor": null,
            "roots": [{"path": "a.raml", "format": "raml"}],
            "supplement": {"roots": [{"path": "supplement/b.raml", "format": "raml"}]},
        });
        assert_eq!(found["mod-a"], expected);
        assert_eq!(
            notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
            [Kind::Unversioned]
        );
    }

    #[test]
    fn a_wrong_folder_is_an_error_that_states_what_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        let read = || manifest(folder.path(), &[], &mut Vec::new()).unwrap_err();
        assert!(
            read().problem.contains("neither a manifest.json nor"),
            "{}",
            read()
        );
        for (text, place) in [
            (r#"[{"module": "../x"}]"#, "/0/module"),
            (r#"[{}]"#, "/0/module"),
            ("{}", ""),
            ("[", "1:1"),
        ] {
            std::fs::write(folder.path().join(MANIFEST), text).unwrap();
            assert_eq!(read().place, place, "{}", read());
        }
        let missing = manifest(&folder.path().join("none"), &[], &mut Vec::new()).unwrap_err();
        assert!(missing.problem.contains("cannot be read"), "{missing}");
    }
}
