//! The features of the SDK as the build script reads them.

use std::collections::BTreeMap;
use std::path::Path;

use folio_sdk_build::{Features, Module};
use serde_json::Value;

use crate::document::Document;
use crate::error::Error;

/// Reads the features of the SDK, as `folio-spec features` writes them into `specs/features.json`.
///
/// # Errors
/// The file cannot be read, or is not the output of `folio-spec features`.
pub fn features(path: &Path) -> Result<Features, Error> {
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
    Features::new(releases, modules).map_err(|_| wrong("/releases"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use folio_sdk_build::DisabledModule;

    use super::*;

    fn of_two_releases() -> (tempfile::TempDir, Features) {
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
        let features = features(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        (folder, features)
    }

    fn present(folder: &tempfile::TempDir) -> BTreeSet<String> {
        Document::modules(folder.path()).unwrap()
    }

    #[test]
    fn the_newest_release_is_built_unless_another_is_named() {
        let (_folder, features) = of_two_releases();
        assert_eq!(features.release(|_| false).unwrap(), "pine");
        assert_eq!(features.release(|name| name == "oak").unwrap(), "oak");
        // The newest can be pinned, too.
        assert_eq!(features.release(|name| name == "pine").unwrap(), "pine");
        insta::assert_snapshot!(features.release(|_| true).unwrap_err(), @"the features `oak` and `pine` are both on, and a build has one release of FOLIO. Turn one of them off: `cargo tree -e features -i folio-sdk` shows what enabled it. Without either the release is pine");
    }

    #[test]
    fn a_bundle_takes_what_the_release_has_and_ones_own_modules_need_no_feature() {
        let (folder, features) = of_two_releases();
        let wanted = |on: &[&str]| {
            let wanted = features.modules(&present(&folder), folder.path(), Some("pine"), |name| {
                on.contains(&name)
            });
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
        let (_folder, features) = of_two_releases();
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
        let (folder, features) = of_two_releases();
        let error = features
            .modules(&present(&folder), folder.path(), None, |name| {
                name == "okapi"
            })
            .unwrap_err();
        assert!(
            error.contains("has no document of okapi: import it"),
            "{error}"
        );
    }

    #[test]
    fn no_file_of_the_sdk_has_the_name_of_a_module() {
        // It would hide the module, or the module's generated file would replace it.
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let features = features(&root.join("specs/features.json")).unwrap();
        let modules = features.releases().iter();
        let modules: BTreeSet<String> = modules
            .flat_map(|release| features.modules_of(release))
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
