//! The content of a build: its release, and its modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::document::Document;
use crate::error::Error;

/// The features of the SDK, as `folio-spec features` writes them into `specs/features.json`.
#[derive(Clone, Debug)]
pub struct Features {
    /// Oldest first; the last is built unless another is named.
    releases: Vec<String>,
    /// By the name of the module.
    modules: BTreeMap<String, Module>,
}

/// A module that is not part of a build, although the SDK knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledModule {
    /// Its name, `mod-orders`.
    pub module: String,
    /// The feature that turns it on.
    pub feature: String,
    /// The release that is built, where this lacks the module.
    pub release: Option<String>,
    /// The releases that have it, in that case. Oldest first.
    pub others: Vec<String>,
}

#[derive(Clone, Debug)]
struct Module {
    feature: String,
    releases: Vec<String>,
    bundles: Vec<String>,
}

/// The bundle of all modules.
const FULL: &str = "full";

impl Features {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is not the output of `folio-spec features`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let root = Document::read(path)?.root;
        let wrong = |pointer: &str| {
            let problem = "is not as `folio-spec features` writes it: run it again";
            Error::document("features.json", pointer, problem)
        };
        let texts = |value: &Value, pointer: &str| -> Result<Vec<String>, Error> {
            let list = value.as_array().ok_or_else(|| wrong(pointer))?;
            list.iter()
                .map(|text| {
                    text.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| wrong(pointer))
                })
                .collect()
        };
        let releases = texts(&root["releases"], "/releases")?;
        if releases.is_empty() {
            return Err(wrong("/releases"));
        }
        let mut modules = BTreeMap::new();
        for (name, facts) in root["modules"]
            .as_object()
            .ok_or_else(|| wrong("/modules"))?
        {
            let pointer = format!("/modules/{name}");
            let module = Module {
                feature: facts["feature"]
                    .as_str()
                    .ok_or_else(|| wrong(&pointer))?
                    .to_owned(),
                releases: texts(&facts["releases"], &pointer)?,
                bundles: texts(&facts["bundles"], &pointer)?,
            };
            modules.insert(name.clone(), module);
        }
        Ok(Self { releases, modules })
    }

    /// The release to build.
    ///
    /// # Errors
    /// More than one is on.
    pub fn release(&self, is_on: impl Fn(&str) -> bool) -> Result<&str, Error> {
        let mut named = self.releases.iter().filter(|release| is_on(release));
        let newest = self.releases.last().map_or("", String::as_str);
        match (named.next(), named.next()) {
            (None, _) => Ok(newest),
            (Some(release), None) => Ok(release),
            (Some(one), Some(other)) => Err(Error::Features(format!(
                "the features `{one}` and `{other}` are both on, and a build has one release of FOLIO. Turn one of them off: \
                 `cargo tree -e features -i folio-sdk` shows what enabled it. Without either the release is {newest}"
            ))),
        }
    }

    /// The modules to build of those in a directory: those whose features are enabled, directly or
    /// by a bundle, and user-supplied modules, which have no feature. `release` is the directory's
    /// release, if it is one of the SDK's own.
    ///
    /// # Errors
    /// A feature is enabled whose module the directory does not have. (A bundle uses the existing
    /// ones.)
    pub fn modules(
        &self,
        folder: &Path,
        release: Option<&str>,
        is_on: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, Error> {
        let mut wanted = BTreeSet::new();
        let present = Document::modules(folder)?;
        for name in &present {
            let is_wanted = self.modules.get(name).is_none_or(|module| {
                is_on(&module.feature)
                    || is_on(FULL)
                    || module.bundles.iter().any(|bundle| is_on(bundle))
            });
            if is_wanted {
                wanted.insert(name.clone());
            }
        }
        for (name, module) in &self.modules {
            let is_missing = is_on(&module.feature) && !present.contains(name);
            if is_missing && !is_on(FULL) && !module.bundles.iter().any(|bundle| is_on(bundle)) {
                return Err(Error::Features(self.missing(folder, release, name, module)));
            }
        }
        Ok(wanted)
    }

    /// The modules that are not built. `release` is the one that is built, where it is one of the
    /// SDK's own.
    pub fn disabled(&self, built: &BTreeSet<String>, release: Option<&str>) -> Vec<DisabledModule> {
        let disabled = self
            .modules
            .iter()
            .filter(|(name, _)| !built.contains(*name));
        disabled
            .map(|(name, module)| {
                let lacks = |release: &&str| !module.releases.iter().any(|it| it == release);
                let release = release.filter(lacks).map(str::to_owned);
                let others = match &release {
                    Some(_) => module.releases.clone(),
                    None => Vec::new(),
                };
                DisabledModule {
                    module: name.clone(),
                    feature: module.feature.clone(),
                    release,
                    others,
                }
            })
            .collect()
    }

    fn missing(&self, folder: &Path, release: Option<&str>, name: &str, module: &Module) -> String {
        let feature = &module.feature;
        let Some(release) = release else {
            return format!(
                "the feature `{feature}` is enabled, but {} has no document of {name}: import it with `folio-spec import`, or disable the feature \
                 (`default-features = false`, if it is one of the default ones)",
                folder.display()
            );
        };
        let newest = self.releases.last().map_or("", String::as_str);
        let others: Vec<String> = module
            .releases
            .iter()
            .map(|other| {
                if other == newest {
                    format!("{other} (built if no other release is enabled)")
                } else {
                    format!("{other} (built with the feature `{other}`)")
                }
            })
            .collect();
        format!(
            "the feature `{feature}` is enabled, but the release {release} has no module {name}. It is in {}. Disable the feature, or build such a release",
            others.join(" and in ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> (tempfile::TempDir, Features) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.json");
        let text = r#"{"releases": ["oak", "pine"], "modules": {
            "mod-books": {"feature": "books", "releases": ["oak", "pine"], "bundles": ["shelf"]},
            "mod-shelf": {"feature": "mod-shelf", "releases": ["oak"], "bundles": ["shelf"]},
            "okapi": {"feature": "okapi", "releases": ["oak"], "bundles": []}}}"#;
        std::fs::write(&path, text).unwrap();
        for module in ["mod-books", "mod-mine", "common", "release"] {
            std::fs::write(folder.path().join(format!("{module}.json")), "{}").unwrap();
        }
        std::fs::remove_file(folder.path().join("release.json")).unwrap();
        let features = Features::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        (folder, features)
    }

    #[test]
    fn the_newest_release_is_built_unless_another_is_named() {
        let (_folder, features) = features();
        assert_eq!(features.release(|_| false).unwrap(), "pine");
        assert_eq!(features.release(|name| name == "oak").unwrap(), "oak");
        // The newest can be pinned, too.
        assert_eq!(features.release(|name| name == "pine").unwrap(), "pine");
        insta::assert_snapshot!(features.release(|_| true).unwrap_err(), @"the features `oak` and `pine` are both on, and a build has one release of FOLIO. Turn one of them off: `cargo tree -e features -i folio-sdk` shows what enabled it. Without either the release is pine");
    }

    #[test]
    fn a_bundle_takes_what_the_release_has_and_ones_own_modules_need_no_feature() {
        let (folder, features) = features();
        let wanted = |on: &[&str]| {
            let wanted = features.modules(folder.path(), Some("pine"), |name| on.contains(&name));
            wanted.map(|wanted| wanted.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(wanted(&[]).unwrap(), ["mod-mine"]);
        for on in ["books", "shelf", "full"] {
            assert_eq!(wanted(&[on]).unwrap(), ["mod-books", "mod-mine"]);
        }
        // Cargo enables the features of a bundle.
        assert!(wanted(&["full", "okapi", "shelf", "mod-shelf"]).is_ok());
        insta::assert_snapshot!(wanted(&["okapi"]).unwrap_err(), @"the feature `okapi` is enabled, but the release pine has no module okapi. It is in oak (built with the feature `oak`). Disable the feature, or build such a release");
    }

    #[test]
    fn modules_that_are_not_built_have_their_feature_and_the_releases_that_have_them() {
        let (_folder, features) = features();
        let built = BTreeSet::from(["mod-mine".to_owned()]);
        let disabled = features.disabled(&built, Some("pine"));
        let of = |module: &DisabledModule| {
            let release = module.release.clone().unwrap_or_default();
            let others = module.others.join(" ");
            format!("{} {} {release} {others}", module.module, module.feature)
        };
        let disabled: Vec<String> = disabled.iter().map(of).collect();
        assert_eq!(
            disabled,
            [
                "mod-books books  ",
                "mod-shelf mod-shelf pine oak",
                "okapi okapi pine oak",
            ]
        );
        // One's own folder is of no release.
        let disabled = features.disabled(&built, None);
        assert!(disabled.iter().all(|module| module.release.is_none()));
        let text = crate::emit::disabled(&features.disabled(&built, Some("pine")));
        assert!(text.contains("pub fn books<T: disabled::Books>(&self) -> T::Handle"));
        assert!(text.contains("needs the features `oak` and `mod-shelf` of folio-sdk"));
    }

    #[test]
    fn a_module_that_ones_own_folder_does_not_have_is_told() {
        let (folder, features) = features();
        let error = features
            .modules(folder.path(), None, |name| name == "okapi")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("has no document of okapi: import it"),
            "{error}"
        );
    }

    #[test]
    fn no_file_of_the_sdk_has_the_name_of_a_module() {
        // It would hide the module, or the module's generated file would replace it.
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let features = Features::read(&root.join("specs/features.json")).unwrap();
        let modules: BTreeSet<String> = features
            .modules
            .keys()
            .map(|module| module.trim_start_matches("mod-").replace('-', "_"))
            .collect();
        let files = std::fs::read_dir(root.join("src")).unwrap();
        let taken: Vec<String> = files
            .map(|file| file.unwrap().path())
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .filter(|stem| modules.contains(stem))
            .collect();
        assert!(taken.is_empty(), "{taken:?} in src/");
    }
}
