//! The import of a release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::repositories::repositories;
use super::{buildable, files, shared_records};
use crate::base::error::{Error, Result};
use crate::base::files::{clean, read_json};
use crate::base::note::{Kind, Note, joined};
use crate::base::report::ModuleReport;
use crate::corrections::field_rules::FieldRules;
use crate::corrections::overrides::Overrides;
use crate::corrections::pins::Pins;
use crate::fetch;
use crate::module::{self, Module};
use crate::read::entry::Entry;
use crate::select::entries::{self, Wanted};
use crate::select::features_file::FeaturesFile;

/// The parameters of an import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the release, `trillium`.
    pub release: String,
    /// The folder with one folder per module, and a `manifest.json` if there is one.
    pub from: PathBuf,
    /// The directory of the documents; its contents are replaced.
    pub out: PathBuf,
    /// The folder with `selection.toml` and `overrides/`; often the parent of `out`.
    pub specs: PathBuf,
    /// The modules to import; none means those of the selection, or all if there is none. `all`
    /// means all of the manifest.
    pub modules: Vec<String>,
    /// Whether an unreadable part ends the import. Otherwise a broken description leaves its routes
    /// untyped, a missing schema is any value, and the report states both.
    pub strict: bool,
}

/// The result of an import.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One line per module.
    pub modules: Vec<String>,
    /// The omissions, substitutions, and parts to be reviewed; unreadable parts are also in
    /// `problems`.
    pub notes: Vec<Note>,
    /// The unreadable parts, which are omitted or untyped.
    pub problems: Vec<Error>,
    /// How many operations the documents have.
    pub operations: usize,
}

/// Imports a release.
///
/// # Errors
/// A file is missing or broken, a reference leads nowhere, a name is unknown. Nothing is written
/// then.
pub fn import(import: &Import) -> Result<Report> {
    if !is_name(&import.release) {
        let problem = format!(
            "`{}` is not the name of a release: expected letters, digits, `-`, `_` and `.`",
            import.release.escape_debug()
        );
        return Err(Error::file("--release", problem));
    }
    let mut report = Report {
        notes: fetch::notes(&import.from)?,
        ..Report::default()
    };
    let entries = entries::entries(&import.wanted(), &mut report.notes)?;
    let missing = report.notes.iter().find(|note| note.kind == Kind::Omitted);
    if let (true, Some(missing)) = (import.strict, missing) {
        let problem = format!("{}: {}", missing.module, missing.what);
        return Err(Error::file(&import.from, problem));
    }
    let overrides = Overrides::read(&import.specs.join("overrides"))?;
    if entries.is_empty() {
        return Err(Error::file(
            &import.from,
            format!(
                "has none of the modules that are wanted: {}",
                joined(&report.notes)
            ),
        ));
    }
    let ids = FieldRules::ids(&import.specs)?;
    let dates = FieldRules::dates(&import.specs)?;
    let reading = module::Reading {
        release: &import.release,
        overrides: &overrides,
        ids: &ids,
        dates: &dates,
        specs: &import.specs,
        strict: import.strict,
    };
    let pins = Pins::read(&import.specs, &import.release)?;
    let mut modules = Vec::new();
    let mut releases = Map::new();
    for entry in &entries {
        let mut module = module::read(entry, &reading, &pins)?;
        let operations = module.operations();
        report.operations += operations;
        report.modules.push(summary(&module, operations));
        report.add(
            std::mem::take(&mut module.report),
            &module.name,
            &entry.folder,
        );
        let text = |key: &str| entry.manifest.get(key).cloned().unwrap_or_default();
        releases.insert(
            module.name.clone(),
            json!({
                "version": text("version"), "tag": text("tag"), "commit": text("commit"),
                "kind": text("kind"), "operations": operations, "untyped": module.untyped,
                "unrouted": module.unrouted, "droppedRequired": module.dropped_required,
                "standIn": text("standIn"),
                "repositories": repositories(&entry.manifest),
            }),
        );
        modules.push(module);
    }
    let shared = shared_records::extract(&mut modules, &import.release, &pins);
    let unbuildable = untype_unbuildable(&mut modules, &shared, import.strict, &mut report)?;
    modules.retain(|module| !unbuildable.contains(&module.name));
    releases.retain(|name, _| !unbuildable.contains(name));
    report.notes.extend(gone(import, &releases));
    report.notes.sort();
    report.notes.dedup();
    let mut files = BTreeMap::from([
        ("common.json".to_owned(), shared),
        (
            "release.json".to_owned(),
            json!({
                "release": import.release,
                "modules": releases,
                "notes": report.notes.iter().map(Note::json).collect::<Vec<_>>(),
            }),
        ),
    ]);
    for module in modules {
        files.insert(format!("{}.json", module.name), module.document);
    }
    files::write(&import.out, &files)?;
    Ok(report)
}

/// Whether a release may have this name: it is that of a folder, too.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The modules to import, sorted by name.
///
/// # Errors
/// The manifest does not exist, or lacks a requested module.
pub fn entries(import: &Import) -> Result<Vec<Entry>> {
    entries::entries(&import.wanted(), &mut Vec::new())
}

impl Import {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            release: &self.release,
            from: &self.from,
            specs: &self.specs,
            modules: &self.modules,
        }
    }
}

impl Report {
    /// Adds the findings of a module.
    fn add(&mut self, module: ModuleReport, name: &str, folder: &Path) {
        let stale = module.stale.iter().map(|stale| {
            let what = format!("the override `{stale}` has no effect any more: remove it");
            let subject = stale.split(' ').next().unwrap_or_default();
            Note::new(Kind::Stale, name, subject, what)
        });
        self.notes.extend(stale);
        let omitted = module.omitted.into_iter();
        self.notes
            .extend(omitted.map(|(subject, what)| Note::new(Kind::Unsent, name, subject, what)));
        for problem in module.problems {
            self.add_problem(problem, name, folder);
        }
    }

    /// Adds a problem of a module that was read from a folder.
    fn add_problem(&mut self, problem: Error, module: &str, folder: &Path) {
        self.notes.push(unread(module, &problem, folder));
        self.problems.push(problem);
    }
}

fn summary(module: &Module, operations: usize) -> String {
    format!(
        "{} {}: {operations} operations, {} untyped, {} unrouted left out",
        module.name,
        module.document["info"]["version"]
            .as_str()
            .unwrap_or_default(),
        module.untyped,
        module.unrouted.len(),
    )
}

/// Leaves operations untyped that no code can be generated for. Returns the modules for which that
/// does not help: they are left out.
fn untype_unbuildable(
    modules: &mut [Module],
    shared: &Value,
    is_strict: bool,
    report: &mut Report,
) -> Result<Vec<String>> {
    let mut unbuildable = Vec::new();
    for module in modules {
        match buildable::make_buildable(&module.name, &mut module.document, shared) {
            Ok(problems) => {
                for problem in problems {
                    if is_strict {
                        return Err(problem);
                    }
                    report.add_problem(problem, &module.name, Path::new(""));
                }
            }
            Err(problem) if is_strict => return Err(problem),
            Err(problem) => {
                unbuildable.push(module.name.clone());
                let why = format!("{}; the module is left out", problem.problem);
                report
                    .notes
                    .push(Note::new(Kind::Omitted, &module.name, "", &why));
                report.problems.push(Error {
                    problem: why,
                    ..problem
                });
            }
        }
    }
    Ok(unbuildable)
}

/// The unreadable parts of a module, with the path from the module's directory.
fn unread(module: &str, problem: &Error, folder: &Path) -> Note {
    let folder = clean(folder);
    let file = problem.file.strip_prefix(&folder).unwrap_or(&problem.file);
    let inside = Error {
        file: file.into(),
        ..problem.clone()
    };
    let subject = match &*problem.place {
        "" => file.display().to_string(),
        place => format!("{}:{place}", file.display()),
    };
    // Files that it names are those of the module, wherever it was fetched to.
    let shown = inside.to_string();
    let shown = match folder.as_os_str().is_empty() {
        true => shown,
        false => shown.replace(&format!("{}/", folder.display()), ""),
    };
    Note::new(Kind::Unread, module, subject, shown)
}

/// The modules that another release has and this one lacks: of the newest that is there.
fn gone(import: &Import, modules: &Map<String, Value>) -> Vec<Note> {
    if !import.modules.is_empty() {
        return Vec::new();
    }
    let Ok(file) = FeaturesFile::read(&import.specs) else {
        return Vec::new();
    };
    let known = file.releases;
    let before = match known.iter().position(|name| *name == import.release) {
        Some(place) => known.get(..place),
        None => known.get(..),
    };
    let Some(before) = before.and_then(<[String]>::last) else {
        return Vec::new();
    };
    let Ok(index) = read_json(&import.specs.join(before).join("release.json")) else {
        return Vec::new();
    };
    let names = index["modules"].as_object().into_iter().flatten();
    let gone = names.filter(|(name, _)| !modules.contains_key(*name));
    gone.map(|(name, _)| {
        let what = format!("{before} has it, but this release does not; name a substitute in selection.toml if it is still used");
        Note::new(Kind::Gone, name, before, what)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_like_a_folder() {
        for (name, expected) in [
            ("trillium", true),
            ("R1-2025.csp_2", true),
            ("", false),
            ("..", false),
            ("../x", false),
            ("a/b", false),
            (".hidden", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }

    #[test]
    fn files_are_named_from_the_folder_of_their_module_on() {
        let folder = Path::new("/from/mod-a");
        for (file, place, subject, what) in [
            (
                "/from/mod-a/ramls/a.raml",
                "3:1",
                "ramls/a.raml:3:1",
                "ramls/a.raml:3:1: names ramls/b.json",
            ),
            (
                "/from/mod-a/a.raml",
                "",
                "a.raml",
                "a.raml: names ramls/b.json",
            ),
            (
                "mod-a.json",
                "/paths",
                "mod-a.json:/paths",
                "mod-a.json:/paths: names ramls/b.json",
            ),
        ] {
            let problem = Error::at(file, place, "names /from/mod-a/ramls/b.json");
            let note = unread("mod-a", &problem, folder);
            assert_eq!((&*note.subject, &*note.what), (subject, what));
        }
    }

    #[test]
    fn modules_that_the_release_before_has_are_gone() {
        let specs = tempfile::tempdir().unwrap();
        std::fs::write(
            specs.path().join("features.toml"),
            "releases = ['r1', 'r2', 'r3']",
        )
        .unwrap();
        for (release, module) in [("r1", "mod-old"), ("r2", "mod-b")] {
            let folder = specs.path().join(release);
            std::fs::create_dir(&folder).unwrap();
            let index = json!({"modules": {"mod-a": {}, module: {}}});
            std::fs::write(folder.join("release.json"), index.to_string()).unwrap();
        }
        let import = |release: &str, modules: &[String]| Import {
            release: release.to_owned(),
            from: PathBuf::new(),
            out: PathBuf::new(),
            specs: specs.path().to_owned(),
            modules: modules.to_vec(),
            strict: false,
        };
        let imported = Map::from_iter([("mod-a".to_owned(), json!({}))]);
        let names = |import: &Import| -> Vec<(String, String)> {
            let notes = gone(import, &imported).into_iter();
            notes.map(|note| (note.module, note.subject)).collect()
        };
        let pair = |module: &str, release: &str| vec![(module.to_owned(), release.to_owned())];
        assert_eq!(names(&import("r2", &[])), pair("mod-old", "r1"));
        assert_eq!(names(&import("r3", &[])), pair("mod-b", "r2"));
        assert_eq!(names(&import("unknown", &[])), []);
        assert_eq!(names(&import("r1", &[])), []);
        assert_eq!(names(&import("r2", &["mod-a".to_owned()])), []);
    }
}
