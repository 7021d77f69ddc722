//! Fetches the sources of a release from git repositories.
//!
//! Each module is fetched at its tag, with its submodules and the libraries whose API it provides.
//! This runs the command `git`: no library supports all the protocols and credentials of
//! repositories.

mod dependency;
mod git;
pub(crate) mod platform;
mod repository;
mod submodule;
mod tag;
mod url;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::base::error::{Error, Result};
use crate::base::files::read_json;
use crate::base::note::{Kind, Note, joined};
use crate::select::discover::discover;
use dependency::depends;
use git::git;
use platform::Platform;
use repository::repository;
use url::redacted;

/// How many modules are fetched at once.
const AT_ONCE: usize = 4;

/// The file beside the manifest that has the notes of the fetch.
const NOTES: &str = "notes.json";

/// Where a release is fetched from, and to.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    /// The prefix of repository names: a URL, or a directory.
    pub(crate) base: String,
    /// The folder for the sources, with their manifest; it has to be empty or absent.
    pub(crate) into: PathBuf,
    /// Libraries whose API modules provide: the names of repositories, which are those of the
    /// artifacts in a `pom.xml`.
    pub(crate) libraries: Vec<String>,
}

/// Fetches the modules of a release, writes `manifest.json`, and reports substitutions and missing
/// sources.
///
/// # Errors
/// `git` does not exist, the directory cannot be written, or no module could be fetched. A module
/// that cannot be fetched is reported and omitted.
pub(crate) fn fetch(platform: &Platform, to: &Fetch) -> Result<Vec<Note>> {
    git(None, &["--version"])?;
    // Git runs in other folders.
    let base = Path::new(&to.base);
    let to = &match base.canonicalize() {
        Ok(base) if base.is_dir() => Fetch {
            base: base.display().to_string(),
            ..to.clone()
        },
        _ => to.clone(),
    };
    let failed =
        |error: std::io::Error| Error::file(&to.into, format!("cannot be written: {error}"));
    std::fs::create_dir_all(&to.into).map_err(failed)?;
    if std::fs::read_dir(&to.into)
        .map_err(failed)?
        .next()
        .is_some()
    {
        return Err(Error::file(
            &to.into,
            "is not empty; expected an empty folder for the sources",
        ));
    }
    let queue = Mutex::new(platform.modules.iter());
    let fetched = Mutex::new(BTreeMap::new());
    let lock_failed = || Error::file(&to.into, "a thread that fetched modules ended early");
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(platform.modules.len()) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((name, version)) = next else { break };
                    let result = module(name, version, to);
                    if let Ok(mut fetched) = fetched.lock() {
                        fetched.insert(name.clone(), result);
                    }
                }
            });
        }
    });
    let fetched = fetched.into_inner().map_err(|_| lock_failed())?;
    let mut notes = platform.notes.clone();
    let mut manifest = Vec::new();
    for (name, result) in fetched {
        match result {
            Ok((entry, own)) => {
                notes.extend(own);
                manifest.push(entry);
            }
            Err(error) => notes.push(Note::new(Kind::Omitted, name, "", error.problem)),
        }
    }
    if manifest.is_empty() {
        return Err(Error::file(
            redacted(&to.base),
            format!("no module could be fetched: {}", joined(&notes)),
        ));
    }
    let write = |name: &str, value: Value| {
        let text = serde_json::to_string_pretty(&value)
            .map_err(|error| Error::file(&to.into, error.to_string()))?;
        std::fs::write(to.into.join(name), text + "\n").map_err(failed)
    };
    write("manifest.json", manifest.into())?;
    notes.sort();
    write(NOTES, json!(notes))?;
    Ok(notes)
}

/// Fetches a module; returns its entry in the manifest, and the substitutions.
fn module(name: &str, version: &str, to: &Fetch) -> Result<(Value, Vec<Note>)> {
    let mut notes = Vec::new();
    let folder = to.into.join(name);
    let mut foreign = BTreeSet::new();
    let (tag, commit) = repository(
        name,
        name,
        version,
        &to.base,
        &folder,
        &mut foreign,
        &mut notes,
    )?;
    for library in &to.libraries {
        let Some(version) = depends(&folder, library) else {
            continue;
        };
        let inside = folder.join("external").join(library);
        let read = repository(
            name,
            library,
            &version,
            &to.base,
            &inside,
            &mut BTreeSet::new(),
            &mut notes,
        );
        if let Err(error) = read {
            notes.push(Note::new(
                Kind::Omitted,
                name,
                library,
                format!(
                    "the library {library} {version} is missing: {}",
                    error.problem
                ),
            ));
        }
    }
    let mut entry = json!({"module": name, "version": version, "tag": tag, "commit": commit});
    discover(&folder, &foreign, &mut entry);
    if entry["kind"] == "none" {
        notes.push(Note::new(
            Kind::Unread,
            name,
            "",
            "has neither a description of its API nor a descriptor",
        ));
    }
    Ok((entry, notes))
}

/// The notes of the fetch that filled a folder; none where another command filled it.
///
/// # Errors
/// The file is broken.
pub(crate) fn notes(from: &Path) -> Result<Vec<Note>> {
    let path = from.join(NOTES);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    serde_json::from_value(read_json(&path)?)
        .map_err(|error| Error::file(&path, format!("is not as an import writes it: {error}")))
}
