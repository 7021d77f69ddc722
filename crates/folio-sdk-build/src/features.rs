//! The content of a build: its release, and its modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The features of the SDK. In the repository `folio-spec features` writes them into
/// `specs/features.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A module that the SDK knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The feature that turns it on.
    pub feature: String,
    /// The releases that have it, oldest first.
    pub releases: Vec<String>,
    /// The features that turn it on together with others.
    pub bundles: Vec<String>,
}

/// The bundle of all modules.
const FULL: &str = "full";

impl Features {
    /// The releases, oldest first, and the modules by their names.
    ///
    /// # Errors
    /// There is no release.
    pub fn new(
        releases: Vec<String>,
        modules: BTreeMap<String, Module>,
    ) -> Result<Self, &'static str> {
        match releases.is_empty() {
            true => Err("there is no release"),
            false => Ok(Self { releases, modules }),
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mut lines = text.lines();
        let releases = lines.next().and_then(|line| line.strip_prefix("releases:"));
        let releases = words(releases.ok_or("line 1: expected `releases:`")?);
        let mut modules = BTreeMap::new();
        for (number, line) in lines.enumerate() {
            let parts: Vec<&str> = line.split(':').map(str::trim).collect();
            let [module, feature, releases, bundles] = parts[..] else {
                let expected = "expected `module: feature: releases: bundles`";
                return Err(format!("line {}: {expected}", number + 2));
            };
            let facts = Module {
                feature: feature.to_owned(),
                releases: words(releases),
                bundles: words(bundles),
            };
            modules.insert(module.to_owned(), facts);
        }
        Ok(Self::new(releases, modules)?)
    }

    /// The features as text, a line per module.
    pub fn to_text(&self) -> String {
        let mut text = format!("releases: {}\n", self.releases.join(" "));
        for (name, module) in &self.modules {
            let (releases, bundles) = (module.releases.join(" "), module.bundles.join(" "));
            text += &format!("{name}: {}: {releases}: {bundles}\n", module.feature);
        }
        text
    }

    /// The releases, oldest first.
    pub fn releases(&self) -> &[String] {
        &self.releases
    }

    /// The names of the modules that a release has.
    pub fn modules_of(&self, release: &str) -> BTreeSet<String> {
        let has = |module: &Module| module.releases.iter().any(|it| it == release);
        let modules = self.modules.iter().filter(|(_, module)| has(module));
        modules.map(|(name, _)| name.clone()).collect()
    }

    /// The release to build.
    ///
    /// # Errors
    /// More than one is on.
    pub fn release(&self, is_on: impl Fn(&str) -> bool) -> Result<&str, String> {
        let mut named = self.releases.iter().filter(|release| is_on(release));
        let newest = self.releases.last().map_or("", String::as_str);
        match (named.next(), named.next()) {
            (None, _) => Ok(newest),
            (Some(release), None) => Ok(release),
            (Some(one), Some(other)) => Err(format!(
                "the features `{one}` and `{other}` are both on, and a build has one release of FOLIO. Turn one of them off: \
                 `cargo tree -e features -i folio-sdk` shows what enabled it. Without either the release is {newest}"
            )),
        }
    }

    /// The modules to build of those in a directory: those whose features are enabled, directly or
    /// by a bundle, and user-supplied modules, which have no feature. `present` are the modules of
    /// the directory, `release` is its release, if it is one of the SDK's own.
    ///
    /// # Errors
    /// A feature is enabled whose module the directory does not have. (A bundle uses the existing
    /// ones.)
    pub fn modules(
        &self,
        present: &BTreeSet<String>,
        folder: &Path,
        release: Option<&str>,
        is_on: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<String>, String> {
        let mut wanted = BTreeSet::new();
        for name in present {
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
                return Err(self.missing(folder, release, name, module));
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
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn features_come_back_from_text() {
        let text = "releases: oak pine\nmod-books: books: oak pine: shelf\nokapi: okapi: oak: \n";
        let features = Features::parse(text).unwrap();
        assert_eq!(features.to_text(), text);
        assert_eq!(features.modules_of("pine").len(), 1);
        assert_eq!(features.modules["okapi"].bundles, Vec::<String>::new());
    }

    #[test]
    fn other_text_is_an_error_that_names_the_line() {
        for (text, expected) in [
            ("", "line 1: expected `releases:`"),
            ("releases:\n", "there is no release"),
            (
                "releases: oak\na: b: oak: \nc\n",
                "line 3: expected `module: feature: releases: bundles`",
            ),
        ] {
            assert_eq!(Features::parse(text).unwrap_err(), expected);
        }
    }
}
