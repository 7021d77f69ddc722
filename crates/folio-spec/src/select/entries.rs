//! The modules to import, each from its folder or from that of a substitute release.

use std::path::Path;

use super::{manifest, selection};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::note::{Kind, Note};
use crate::read::entry::Entry;

/// The requested modules of a release.
pub(crate) struct Wanted<'a> {
    /// The name of the release.
    pub(crate) release: &'a str,
    /// The folder of its sources.
    pub(crate) from: &'a Path,
    /// The folder with `selection.toml`.
    pub(crate) specs: &'a Path,
    /// The names of modules; none means the selection, `all` all of the manifest.
    pub(crate) modules: &'a [String],
}

/// The modules to import, sorted by name.
///
/// # Errors
/// The manifest does not exist, or lacks a requested module.
pub(crate) fn entries(wanted: &Wanted<'_>, notes: &mut Vec<Note>) -> Result<Vec<Entry>> {
    let selected = selection::read(wanted.specs)?
        .releases
        .remove(wanted.release);
    let known: Vec<String> = match (wanted.modules, &selected) {
        ([], Some(selected)) => selected.modules.clone(),
        ([all], _) if all == "all" => Vec::new(),
        (modules, _) => modules.to_vec(),
    };
    let manifest = manifest::manifest(wanted.from, &known, notes)?;
    let stand_ins = selected.iter().flat_map(|selected| &selected.stand_ins);
    let mut names: Vec<String> = match (wanted.modules, &selected) {
        ([], Some(selected)) if !selected.modules.is_empty() => selected.modules.clone(),
        ([], _) => manifest
            .keys()
            .chain(stand_ins.map(|(name, _)| name))
            .cloned()
            .collect(),
        ([all], _) if all == "all" => manifest.keys().cloned().collect(),
        (modules, _) => modules.to_vec(),
    };
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(Error::file(
            wanted.from.join("manifest.json"),
            "does not name a module",
        ));
    }
    let mut entries = Vec::new();
    for name in names {
        if let Some(entry) = manifest.get(&name) {
            entries.push(Entry {
                folder: wanted.from.join(&name),
                manifest: entry.clone(),
                name,
            });
            continue;
        }
        let Some(other) = selected
            .as_ref()
            .and_then(|selected| selected.stand_ins.get(&name))
        else {
            return Err(Error::file(
                wanted.from.join("manifest.json"),
                format!(
                    "has no module `{name}`; it has {}",
                    manifest.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            ));
        };
        entries.extend(substitute(wanted, name, other, notes)?);
    }
    Ok(entries)
}

/// A module from the folder of another release; none, and a note, if that does not have it either.
fn substitute(
    wanted: &Wanted<'_>,
    name: String,
    other: &str,
    notes: &mut Vec<Note>,
) -> Result<Option<Entry>> {
    let folder = files::clean(&wanted.from.join(other));
    let own = std::slice::from_ref(&name);
    let manifest = manifest::manifest(&folder, own, notes);
    let entry = match manifest::is_listed(&folder) {
        true => manifest?.remove(&name),
        // There may be nothing at all.
        false => manifest.ok().and_then(|mut found| found.remove(&name)),
    };
    let Some(mut entry) = entry else {
        let problem = format!(
            "not in {}, and {} does not have it either: it is left out",
            wanted.from.display(),
            folder.display()
        );
        notes.push(Note::new(Kind::Omitted, &name, other, problem));
        return Ok(None);
    };
    entry["standIn"] = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .into();
    Ok(Some(Entry {
        folder: folder.join(&name),
        manifest: entry,
        name,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two releases: r2 has mod-a and mod-b, r1 has mod-c.
    fn releases(selection: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (release, modules) in [("r1", &["mod-c"][..]), ("r2", &["mod-a", "mod-b"])] {
            for module in modules {
                let folder = root.path().join(release).join(module);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join("a.raml"), "#%RAML 1.0\n").unwrap();
            }
        }
        std::fs::write(root.path().join("selection.toml"), selection).unwrap();
        root
    }

    fn selected(selection: &str, modules: &[&str]) -> Result<(Vec<String>, Vec<Kind>)> {
        let root = releases(selection);
        let modules: Vec<String> = modules.iter().map(|name| (*name).to_owned()).collect();
        let mut notes = Vec::new();
        let wanted = Wanted {
            release: "r2",
            from: &root.path().join("r2"),
            specs: root.path(),
            modules: &modules,
        };
        let entries = entries(&wanted, &mut notes)?;
        let names = entries
            .into_iter()
            .map(|entry| match entry.text("standIn") {
                "" => entry.name,
                other => format!("{} of {other}", entry.name),
            });
        let kinds = notes.into_iter().map(|note| note.kind);
        Ok((
            names.collect(),
            kinds.filter(|kind| *kind != Kind::Unversioned).collect(),
        ))
    }

    #[test]
    fn the_selection_states_what_is_imported() {
        let stand_in = "[r2.stand-ins]\nmod-c = '../r1'\n";
        let gone = "[r2.stand-ins]\nmod-d = '../r1'\n";
        for (selection, modules, expected, kinds) in [
            ("", &[][..], &["mod-a", "mod-b"][..], &[][..]),
            ("[r2]\nmodules = ['mod-b']\n", &[], &["mod-b"], &[]),
            (
                "[r2]\nmodules = ['mod-b']\n",
                &["all"],
                &["mod-a", "mod-b"],
                &[],
            ),
            (
                "[r1]\nmodules = ['mod-b']\n",
                &["mod-a", "mod-a"],
                &["mod-a"],
                &[],
            ),
            (stand_in, &[], &["mod-a", "mod-b", "mod-c of r1"], &[]),
            (gone, &[], &["mod-a", "mod-b"], &[Kind::Omitted]),
        ] {
            let (names, found) = selected(selection, modules).unwrap();
            assert_eq!(names, expected, "{selection} {modules:?}");
            assert_eq!(found, kinds, "{selection} {modules:?}");
        }
    }

    #[test]
    fn an_unknown_module_is_an_error_that_names_the_known_ones() {
        let error = selected("", &["mod-x"]).unwrap_err();
        assert_eq!(error.problem, "has no module `mod-x`; it has mod-a, mod-b");
        let error = selected("[r2]\nmodule = []\n", &[]).unwrap_err();
        assert!(error.problem.contains("unknown field `module`"), "{error}");
    }
}
