//! The features of the SDK, derived from the modules of the imported releases.
//!
//! There is one for each module, for bundles, for all (`full`), and for each release. Cargo
//! requires that features are written down; this writes them, so that a new release needs no edit
//! by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::error::{Error, Result};
use crate::base::files::{read_json, read_text};
use crate::canonical::release::{feature, handle};
use crate::select::features_file::FeaturesFile;

/// Where the generated part of the manifest begins and ends.
const BEGIN: &str = "# Written by `folio-spec features`, from here";
const END: &str = "# to here.";

/// The features of the SDK.
#[derive(Clone, Debug)]
pub struct Features {
    /// Oldest first; the last is the default.
    pub(crate) releases: Vec<String>,
    /// A module, and the releases that have it.
    pub(crate) modules: BTreeMap<String, Vec<String>>,
    /// A bundle, and its modules.
    pub(crate) bundles: BTreeMap<String, Vec<String>>,
}

impl Features {
    /// Reads `features.toml` and the releases that it names.
    ///
    /// # Errors
    /// A file is missing or broken, or a bundle names a module that no release has.
    pub(crate) fn read(specs: &Path) -> Result<Self> {
        let path = specs.join("features.toml");
        let sources = FeaturesFile::read(specs)?;
        if sources.releases.is_empty() {
            return Err(Error::file(&path, "does not name a release"));
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
                "does not name {}, which has documents: add it to `releases`, oldest first, or remove its directory",
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
                    "the bundle `{bundle}` names `{unknown}`, which no release has: import it, or remove it"
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
        let of_modules = features.modules.keys().flat_map(|module| {
            let alias = features.has_alias(module).then(|| module.clone());
            std::iter::once((module, features.of(module))).chain(alias.map(|alias| (module, alias)))
        });
        for (module, name) in of_modules {
            if !taken.insert(name.clone()) {
                let problem =
                    format!("`{name}` would be the feature of two things, one of them {module}");
                return Err(Error::file(&path, problem));
            }
        }
        Ok(features)
    }

    /// The feature of a module: its name without `mod-`, unless a bundle has that name.
    pub(crate) fn of(&self, module: &str) -> String {
        let short = feature(module);
        if self.bundles.contains_key(short) {
            module
        } else {
            short
        }
        .to_owned()
    }

    /// Whether the name of a module is a feature beside the short one: `mod-users` is `users`.
    fn has_alias(&self, module: &str) -> bool {
        self.of(module) != module
    }

    /// The bundles that have a module.
    fn bundles_of(&self, module: &String) -> impl Iterator<Item = &String> {
        let bundles = self.bundles.iter();
        bundles
            .filter(move |(_, modules)| modules.contains(module))
            .map(|(bundle, _)| bundle)
    }

    /// The input of `build.rs`.
    pub(crate) fn index(&self) -> String {
        let modules: BTreeMap<&String, Value> = self
            .modules
            .iter()
            .map(|(module, releases)| {
                let bundles: Vec<&String> = self.bundles_of(module).collect();
                let facts =
                    json!({"feature": self.of(module), "releases": releases, "bundles": bundles});
                (module, facts)
            })
            .collect();
        let index = json!({"releases": self.releases, "modules": modules});
        serde_json::to_string_pretty(&index).unwrap_or_default() + "\n"
    }

    /// The part of `Cargo.toml`.
    pub(crate) fn manifest(&self) -> String {
        let list = |features: Vec<String>| {
            let lines: Vec<String> = features
                .iter()
                .map(|name| format!("  {name:?},\n"))
                .collect();
            format!("[\n{}]", lines.concat())
        };
        let mut out = format!("{BEGIN}\n");
        let newest = self.releases.last().map_or("", String::as_str);
        let _ = writeln!(
            out,
            "# The release that is built: at most one of these is on. Without any it is {newest}."
        );
        for release in self.releases.iter().rev() {
            let _ = writeln!(out, "{release} = []");
        }
        let _ = writeln!(out, "\n# All modules of the release.");
        let mut all: Vec<String> = self.modules.keys().map(|module| self.of(module)).collect();
        all.sort();
        let _ = writeln!(out, "full = {}", list(all.clone()));
        let _ = writeln!(out, "\n# Bundles: the modules of a subject area.");
        for (bundle, modules) in &self.bundles {
            let _ = writeln!(
                out,
                "{bundle} = {}",
                list(modules.iter().map(|module| self.of(module)).collect())
            );
        }
        let _ = writeln!(out, "\n# One feature per module.");
        for feature in all {
            let _ = writeln!(out, "{feature} = []");
        }
        let _ = writeln!(out, "\n# The same by the full names of the modules.");
        for module in self.modules.keys().filter(|module| self.has_alias(module)) {
            let _ = writeln!(out, "{module} = [{:?}]", self.of(module));
        }
        out + END
    }

    /// The list of modules for people: `docs/modules.md`.
    ///
    /// # Errors
    /// A release cannot be read.
    pub(crate) fn page(&self, specs: &Path) -> Result<String> {
        let mut out = String::from(
            "# Modules\n\nWritten by `folio-spec features`. A module is a feature, a handle of the client (`folio.users()`) and a module of the crate \
             (`folio_sdk::users`). Its full name is a feature, too: `mod-users` turns on `users`. A number is the module's version in that release, a dash means that the release does not have it.\n\n",
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
                .bundles_of(module)
                .map(|bundle| format!("`{bundle}`"))
                .collect();
            let _ = writeln!(
                out,
                "| `{}` | {module} | `{}()` | {} | {} |",
                self.of(module),
                handle(module),
                cells.join(" | "),
                bundles.join(" ")
            );
        }
        Ok(out)
    }

    /// The files that list the features, and their expected content.
    ///
    /// # Errors
    /// `Cargo.toml` cannot be read or has no place for them.
    pub(crate) fn files(&self, root: &Path, specs: &Path) -> Result<Vec<(PathBuf, String)>> {
        let path = root.join("Cargo.toml");
        let manifest = read_text(&path)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(features: &str) -> tempfile::TempDir {
        let specs = tempfile::tempdir().unwrap();
        std::fs::write(specs.path().join("features.toml"), features).unwrap();
        for (release, modules) in [
            ("r1", &["mod-a"][..]),
            ("r2", &["mod-a", "mod-b", "edge-c"]),
        ] {
            let folder = specs.path().join(release);
            std::fs::create_dir(&folder).unwrap();
            let modules: BTreeMap<&str, Value> = modules
                .iter()
                .map(|name| (*name, json!({"version": "1.0"})))
                .collect();
            std::fs::write(
                folder.join("release.json"),
                json!({"modules": modules}).to_string(),
            )
            .unwrap();
        }
        specs
    }

    #[test]
    fn modules_of_all_releases_are_features() {
        let specs = specs("releases = ['r1', 'r2']\n[bundles]\nb = ['mod-a', 'mod-b']\n");
        let features = Features::read(specs.path()).unwrap();
        let index: Value = serde_json::from_str(&features.index()).unwrap();
        assert_eq!(
            index["modules"]["mod-a"],
            json!({"feature": "a", "releases": ["r1", "r2"], "bundles": ["b"]})
        );
        // A bundle has the short name.
        assert_eq!(index["modules"]["mod-b"]["feature"], "mod-b");
        assert_eq!(index["modules"]["edge-c"]["feature"], "edge-c");
        let manifest = features.manifest();
        for line in [
            "r1 = []",
            "r2 = []",
            "b = [",
            "a = []",
            "mod-a = [\"a\"]",
            "mod-b = []",
        ] {
            assert!(
                manifest.lines().any(|other| other == line),
                "{line} in {manifest}"
            );
        }
        // A module whose name is already the full one is not an alias of itself.
        assert_eq!(manifest.matches("\nmod-b = ").count(), 1);
        assert_eq!(manifest.matches("\nedge-c = ").count(), 1);
        let page = features.page(specs.path()).unwrap();
        assert!(
            page.contains("| `a` | mod-a | `a()` | 1.0 | 1.0 | `b` |"),
            "{page}"
        );
        assert!(
            page.contains("| `edge-c` | edge-c | `edge_c()` | 1.0 | – |  |"),
            "{page}"
        );
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (text, problem) in [
            ("releases = []", "does not name a release"),
            ("releases = ['r1']", "does not name r2"),
            (
                "releases = ['r1', 'r2']\n[bundles]\nx = ['mod-z']",
                "names `mod-z`, which no release has",
            ),
            ("releases = ['r1', 'r2']\n[bundles]\nr1 = []", ""),
            ("release = []", "unknown field `release`"),
        ] {
            match Features::read(specs(text).path()) {
                Ok(_) => assert_eq!(problem, "", "{text}"),
                Err(error) => assert!(error.problem.contains(problem), "{error}"),
            }
        }
    }
}
