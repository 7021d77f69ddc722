//! The features of the SDK, made of the modules of the imported releases: a module's feature, bundles, `full`, and a feature a release.
//!
//! Cargo wants features written down. This writes them down, so that a new release needs no hand edit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::canonical::feature;
use crate::error::{Error, Result};
use crate::source::read_json;

/// Where the generated part of the manifest begins and ends.
const BEGIN: &str = "# Written by `folio-spec features`, from here";
const END: &str = "# to here.";

/// `features.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    /// Oldest first.
    releases: Vec<String>,
    #[serde(default)]
    bundles: BTreeMap<String, Vec<String>>,
}

/// The features of the SDK.
#[derive(Clone, Debug)]
pub struct Features {
    /// Oldest first; the last is the default.
    pub releases: Vec<String>,
    /// A module, and the releases that have it.
    pub modules: BTreeMap<String, Vec<String>>,
    /// A bundle, and its modules.
    pub bundles: BTreeMap<String, Vec<String>>,
}

/// The releases that `features.toml` in a folder names, oldest first.
pub(crate) fn releases(specs: &Path) -> Result<Vec<String>> {
    let path = specs.join("features.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::file(&path, format!("cannot be read: {error}")))?;
    let sources: Sources =
        toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))?;
    Ok(sources.releases)
}

impl Features {
    /// Reads `features.toml` and the releases that it names.
    ///
    /// # Errors
    /// A file is missing or broken, or a bundle names a module that no release has.
    pub fn read(specs: &Path) -> Result<Self> {
        let path = specs.join("features.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::file(&path, format!("cannot be read: {error}")))?;
        let sources: Sources =
            toml::from_str(&text).map_err(|error| Error::file(&path, error.to_string()))?;
        if sources.releases.is_empty() {
            return Err(Error::file(&path, "names no release"));
        }
        let folders = std::fs::read_dir(specs)
            .map_err(|error| Error::file(specs, format!("cannot be read: {error}")))?;
        let mut unnamed: Vec<String> = folders
            .flatten()
            .filter(|folder| folder.path().join("release.json").is_file())
            .map(|folder| folder.file_name().to_string_lossy().into_owned())
            .filter(|name| !sources.releases.contains(name))
            .collect();
        unnamed.sort();
        if !unnamed.is_empty() {
            let problem = format!(
                "does not name {}, of which there are documents: add it to `releases`, oldest first, or remove its folder",
                unnamed.join(", ")
            );
            return Err(Error::file(&path, problem));
        }
        let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for release in &sources.releases {
            let index = specs.join(release).join("release.json");
            let index = read_json(&index)?;
            for module in index["modules"].as_object().into_iter().flatten() {
                modules
                    .entry(module.0.clone())
                    .or_default()
                    .push(release.clone());
            }
        }
        for (bundle, named) in &sources.bundles {
            if let Some(unknown) = named.iter().find(|module| !modules.contains_key(*module)) {
                let problem = format!(
                    "the bundle `{bundle}` names `{unknown}`, which no release has: import it, or take it out"
                );
                return Err(Error::file(&path, problem));
            }
        }
        let features = Self {
            releases: sources.releases,
            modules,
            bundles: sources.bundles,
        };
        let mut taken: BTreeSet<String> = features.releases.iter().cloned().collect();
        taken.extend(features.bundles.keys().cloned());
        for module in features.modules.keys() {
            let name = features.of(module);
            if !taken.insert(name.clone()) {
                let problem =
                    format!("`{name}` would be the feature of two things, one of them {module}");
                return Err(Error::file(&path, problem));
            }
        }
        Ok(features)
    }

    /// The feature of a module: its name without `mod-`, unless a bundle has that name.
    pub fn of(&self, module: &str) -> String {
        let short = feature(module);
        if self.bundles.contains_key(short) {
            module
        } else {
            short
        }
        .to_owned()
    }

    /// What `build.rs` needs to know.
    pub fn index(&self) -> String {
        let modules: BTreeMap<&String, Value> = self
            .modules
            .iter()
            .map(|(module, releases)| {
                let bundles: Vec<&String> = self
                    .bundles
                    .iter()
                    .filter(|(_, modules)| modules.contains(module))
                    .map(|(bundle, _)| bundle)
                    .collect();
                let facts =
                    json!({"feature": self.of(module), "releases": releases, "bundles": bundles});
                (module, facts)
            })
            .collect();
        let index = json!({"releases": self.releases, "modules": modules});
        serde_json::to_string_pretty(&index).unwrap_or_default() + "\n"
    }

    /// The part of `Cargo.toml`.
    pub fn manifest(&self) -> String {
        let list = |features: Vec<String>| {
            let lines: Vec<String> = features
                .iter()
                .map(|name| format!("  {name:?},\n"))
                .collect();
            format!("[\n{}]", lines.concat())
        };
        let mut out = format!("{BEGIN}\n");
        let (newest, older) = self
            .releases
            .split_last()
            .map_or(("", &[][..]), |(newest, older)| (newest.as_str(), older));
        let _ = writeln!(
            out,
            "# The release that is built: {newest}, unless one of these is on."
        );
        for release in older.iter().rev() {
            let _ = writeln!(out, "{release} = []");
        }
        let _ = writeln!(out, "\n# All modules of the release.");
        let mut all: Vec<String> = self.modules.keys().map(|module| self.of(module)).collect();
        all.sort();
        let _ = writeln!(out, "full = {}", list(all.clone()));
        let _ = writeln!(out, "\n# Bundles: what a job of that field mostly needs.");
        for (bundle, modules) in &self.bundles {
            let _ = writeln!(
                out,
                "{bundle} = {}",
                list(modules.iter().map(|module| self.of(module)).collect())
            );
        }
        let _ = writeln!(out, "\n# A feature a module.");
        for feature in all {
            let _ = writeln!(out, "{feature} = []");
        }
        out + END
    }

    /// The list of modules for people: `docs/modules.md`.
    ///
    /// # Errors
    /// A release cannot be read.
    pub fn page(&self, specs: &Path) -> Result<String> {
        let mut out = String::from(
            "# Modules\n\nWritten by `folio-spec features`. A module is a feature, a handle of the client (`folio.users()`) and a module of the crate \
             (`folio_sdk::users`). A number is the module's version in that release, a dash means that the release does not have it.\n\n",
        );
        let newest_first: Vec<&String> = self.releases.iter().rev().collect();
        let mut versions = BTreeMap::new();
        for release in &newest_first {
            let index = read_json(&specs.join(release).join("release.json"))?;
            for (module, facts) in index["modules"].as_object().into_iter().flatten() {
                let version = facts["version"].as_str().unwrap_or("?").to_owned();
                versions.insert((module.clone(), (*release).clone()), version);
            }
        }
        let names: Vec<&str> = newest_first
            .iter()
            .map(|release| release.as_str())
            .collect();
        let _ = writeln!(
            out,
            "| feature | module | handle | {} | bundles |",
            names.join(" | ")
        );
        let _ = writeln!(out, "|---|---|---|{}---|", "---|".repeat(names.len()));
        for module in self.modules.keys() {
            let cells: Vec<&str> = newest_first
                .iter()
                .map(|release| {
                    versions
                        .get(&(module.clone(), (*release).clone()))
                        .map_or("–", String::as_str)
                })
                .collect();
            let bundles: Vec<String> = self
                .bundles
                .iter()
                .filter(|(_, modules)| modules.contains(module))
                .map(|(bundle, _)| format!("`{bundle}`"))
                .collect();
            let _ = writeln!(
                out,
                "| `{}` | {module} | `{}()` | {} | {} |",
                self.of(module),
                feature(module).replace('-', "_"),
                cells.join(" | "),
                bundles.join(" ")
            );
        }
        Ok(out)
    }

    /// The files that the features stand in, and what should stand there.
    ///
    /// # Errors
    /// `Cargo.toml` cannot be read or has no place for them.
    pub fn files(&self, root: &Path, specs: &Path) -> Result<Vec<(PathBuf, String)>> {
        let path = root.join("Cargo.toml");
        let manifest = std::fs::read_to_string(&path)
            .map_err(|error| Error::file(&path, format!("cannot be read: {error}")))?;
        let place = manifest
            .find(BEGIN)
            .zip(manifest.find(END))
            .filter(|(begin, end)| begin < end);
        let Some((begin, end)) = place else {
            let problem = format!("expected the lines `{BEGIN}` and `{END}` in [features]");
            return Err(Error::file(&path, problem));
        };
        let manifest = format!(
            "{}{}{}",
            &manifest[..begin],
            self.manifest(),
            &manifest[end + END.len()..]
        );
        Ok(vec![
            (path, manifest),
            (specs.join("features.json"), self.index()),
            (root.join("docs/modules.md"), self.page(specs)?),
        ])
    }
}
