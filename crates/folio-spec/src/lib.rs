//! Reads the API descriptions of FOLIO modules and writes canonical, facts-only OpenAPI documents.
//!
//! A release is a folder with a `manifest.json` and a folder a module, as `docs/regenerate.md` tells. [`import`] reads the modules (RAML
//! 1.0 or OpenAPI 3), reconciles each with its ModuleDescriptor, normalises it, and writes the documents that `docs/canonical-documents.md`
//! describes, all of them or none.

mod built;
pub mod canonical;
pub mod check;
mod common;
pub mod coverage;
pub mod descriptor;
pub mod diff;
pub mod discover;
mod equal;
pub mod error;
pub mod facts;
pub mod facts_page;
pub mod features;
pub mod fetch;
pub mod files;
pub mod glossary;
pub mod grails;
mod manifest;
mod module;
pub mod names;
pub mod node;
pub mod notes;
mod omits;
mod ours;
pub mod overrides;
mod pins;
pub mod platform;
pub mod raml;
pub mod routes;
mod schema;
pub mod source;
mod uses;
pub mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notes::{Kind, Note};
use pins::Pins;
use serde::Deserialize;
use serde_json::{Value, json};

pub use error::{Error, Result};
pub use module::{Entry, Module, sources};
pub use overrides::Overrides;

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the release, `trillium`.
    pub release: String,
    /// The folder with a folder a module, and a `manifest.json` if there is one.
    pub from: PathBuf,
    /// The folder that the documents are written to; what is in it is replaced.
    pub out: PathBuf,
    /// The folder with `selection.toml` and `overrides/`; often the parent of `out`.
    pub specs: PathBuf,
    /// The modules to import; none means those of the selection, or all where there is none. `all` means all of the manifest.
    pub modules: Vec<String>,
    /// Whether what cannot be read ends the import. Otherwise a description that is broken leaves its routes untyped, a schema that is
    /// nowhere is anything, and the report tells.
    pub strict: bool,
}

/// What was imported.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// A line a module.
    pub modules: Vec<String>,
    /// What was left out, replaced, or is to be looked at; what could not be read is in `problems` too.
    pub notes: Vec<Note>,
    /// What could not be read; it is left out or untyped.
    pub problems: Vec<Error>,
    /// How many operations the documents have.
    pub operations: usize,
}

/// `selection.toml`: which modules of a release are imported, and which come from another folder.
#[derive(Debug, Default, Deserialize)]
struct Selection {
    /// Libraries whose API modules offer.
    #[serde(default)]
    libraries: Vec<String>,
    #[serde(flatten)]
    releases: BTreeMap<String, Selected>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Selected {
    /// None means all of the manifest.
    #[serde(default)]
    modules: Vec<String>,
    /// Modules that the release does not have, and the folder of the release that they come from, relative to `--from`.
    #[serde(default)]
    stand_ins: BTreeMap<String, String>,
}

/// Imports a release.
///
/// # Errors
/// A file is missing or broken, a reference leads nowhere, a name is unknown. Nothing is written then.
pub fn import(import: &Import) -> Result<Report> {
    let mut report = Report {
        notes: fetched(&import.from)?,
        ..Report::default()
    };
    let entries = entries_with(import, &mut report.notes)?;
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
                told(&report.notes)
            ),
        ));
    }
    let reading = module::Reading {
        release: &import.release,
        overrides: &overrides,
        specs: &import.specs,
        strict: import.strict,
    };
    let pins = Pins::read(&import.specs, &import.release)?;
    let mut modules = Vec::new();
    let mut releases = serde_json::Map::new();
    for entry in &entries {
        let mut module = module::read(entry, &reading, &pins)?;
        let operations: usize = module.document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, item)| item.as_object().map_or(0, serde_json::Map::len))
            .sum();
        report.operations += operations;
        report.modules.push(format!(
            "{} {}: {operations} operations, {} untyped, {} unrouted left out",
            module.name,
            module.document["info"]["version"]
                .as_str()
                .unwrap_or_default(),
            module.untyped,
            module.unrouted.len(),
        ));
        for name in &module.stale_overrides {
            report.notes.push(Note::new(
                Kind::Stale,
                &module.name,
                name.split(' ').next().unwrap_or_default(),
                format!("the override `{name}` no longer changes anything: remove it"),
            ));
        }
        for (subject, what) in &module.omitted {
            report
                .notes
                .push(Note::new(Kind::Unsent, &module.name, subject, what));
        }
        for problem in &module.problems {
            report
                .notes
                .push(unread(&module.name, problem, &entry.folder));
        }
        report.problems.append(&mut module.problems);
        let text = |key: &str| entry.manifest.get(key).cloned().unwrap_or_default();
        releases.insert(
            module.name.clone(),
            json!({
                "version": text("version"), "tag": text("tag"), "commit": text("commit"), "kind": text("kind"),
                "operations": operations, "untyped": module.untyped, "unrouted": module.unrouted,
                "droppedRequired": module.dropped_required,
                "standIn": entry.manifest.get("standIn").cloned().unwrap_or_default(),
            }),
        );
        modules.push(module);
    }
    let shared = common::extract(&mut modules, &import.release, &pins);
    let mut unbuildable = Vec::new();
    for module in &mut modules {
        match built::make_buildable(&module.name, &mut module.document, &shared) {
            Ok(problems) => {
                if let (true, Some(problem)) = (import.strict, problems.first()) {
                    return Err(problem.clone());
                }
                for problem in &problems {
                    report
                        .notes
                        .push(unread(&module.name, problem, Path::new("")));
                }
                report.problems.extend(problems);
            }
            Err(problem) if import.strict => return Err(problem),
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
    write(&import.out, &files)?;
    Ok(report)
}

/// The modules to import, in the order of their names.
///
/// # Errors
/// There is no manifest, or it does not have a module that is wanted.
pub fn entries(import: &Import) -> Result<Vec<Entry>> {
    entries_with(import, &mut Vec::new())
}

/// What was noted when the sources were fetched.
fn fetched(from: &Path) -> Result<Vec<Note>> {
    let path = from.join(fetch::NOTES);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    serde_json::from_value(source::read_json(&path)?)
        .map_err(|error| Error::file(&path, format!("is not as an import writes it: {error}")))
}

fn told(notes: &[Note]) -> String {
    let told: Vec<String> = notes
        .iter()
        .map(|note| format!("{}: {}", note.module, note.what))
        .collect();
    told.join("; ")
}

/// What could not be read of a module, its file named from the module's folder on.
fn unread(module: &str, problem: &Error, folder: &Path) -> Note {
    let folder = files::clean(folder);
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
    let told = inside.to_string();
    let told = match folder.as_os_str().is_empty() {
        true => told,
        false => told.replace(&format!("{}/", folder.display()), ""),
    };
    Note::new(Kind::Unread, module, subject, told)
}

/// The modules that another release has and this one lacks: of the newest that is there.
fn gone(import: &Import, modules: &serde_json::Map<String, Value>) -> Vec<Note> {
    if !import.modules.is_empty() {
        return Vec::new();
    }
    let Ok(known) = features::releases(&import.specs) else {
        return Vec::new();
    };
    let before = match known.iter().position(|name| *name == import.release) {
        Some(place) => known.get(..place),
        None => known.get(..),
    };
    let Some(before) = before.and_then(<[String]>::last) else {
        return Vec::new();
    };
    let Ok(index) = source::read_json(&import.specs.join(before).join("release.json")) else {
        return Vec::new();
    };
    let names = index["modules"].as_object().into_iter().flatten();
    let gone = names.filter(|(name, _)| !modules.contains_key(*name));
    gone.map(|(name, _)| {
        let what = format!("{before} has it, and this release does not; name a stand-in in selection.toml if it is still used");
        Note::new(Kind::Gone, name, before, what)
    })
    .collect()
}

fn entries_with(import: &Import, notes: &mut Vec<Note>) -> Result<Vec<Entry>> {
    let selected = selection(import)?;
    let known: Vec<String> = match (&import.modules[..], &selected) {
        ([], Some(selected)) => selected.modules.clone(),
        ([all], _) if all == "all" => Vec::new(),
        (modules, _) => modules.to_vec(),
    };
    let manifest = manifest::manifest(&import.from, &known, notes)?;
    let stand_ins = selected.iter().flat_map(|selected| &selected.stand_ins);
    let mut wanted: Vec<String> = match (&import.modules[..], &selected) {
        ([], Some(selected)) if !selected.modules.is_empty() => selected.modules.clone(),
        ([], _) => manifest
            .keys()
            .chain(stand_ins.map(|(name, _)| name))
            .cloned()
            .collect(),
        ([all], _) if all == "all" => manifest.keys().cloned().collect(),
        (modules, _) => modules.to_vec(),
    };
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Err(Error::file(
            import.from.join("manifest.json"),
            "names no module",
        ));
    }
    let mut entries = Vec::new();
    for name in wanted {
        if let Some(entry) = manifest.get(&name) {
            entries.push(Entry {
                folder: import.from.join(&name),
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
                import.from.join("manifest.json"),
                format!(
                    "has no module `{name}`; it has {}",
                    manifest.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            ));
        };
        let folder = files::clean(&import.from.join(other));
        let own = std::slice::from_ref(&name);
        let entry = match manifest::is_listed(&folder) {
            true => manifest::manifest(&folder, own, notes)?.remove(&name),
            // There may be nothing at all.
            false => manifest::manifest(&folder, own, notes)
                .ok()
                .and_then(|mut found| found.remove(&name)),
        };
        let Some(mut entry) = entry else {
            notes.push(Note::new(
                Kind::Omitted,
                &name,
                other,
                format!(
                    "not in {}, and {} does not have it either: it is left out",
                    import.from.display(),
                    folder.display()
                ),
            ));
            continue;
        };
        entry["standIn"] = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .into();
        entries.push(Entry {
            folder: folder.join(&name),
            manifest: entry,
            name,
        });
    }
    Ok(entries)
}

fn selection(import: &Import) -> Result<Option<Selected>> {
    Ok(read_selection(&import.specs)?
        .releases
        .remove(&import.release))
}

/// The libraries whose API modules offer, as `selection.toml` in a folder names them.
///
/// # Errors
/// The file is broken.
pub fn libraries(specs: &Path) -> Result<Vec<String>> {
    Ok(read_selection(specs)?.libraries)
}

fn read_selection(specs: &Path) -> Result<Selection> {
    let path = specs.join("selection.toml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(Selection::default());
    };
    toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))
}

/// Writes all files, or none: into a folder beside the target, which then takes its place.
fn write(out: &Path, files: &BTreeMap<String, Value>) -> Result<()> {
    let failed = |error: std::io::Error| Error::file(out, format!("cannot be written: {error}"));
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
