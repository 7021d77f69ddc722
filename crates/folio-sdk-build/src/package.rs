//! The generated code that a package of the SDK holds.
//!
//! ```text
//! generated/features.txt              the features of the SDK
//! generated/RELEASE/fingerprints.txt  what the code was generated from
//! generated/RELEASE/*.rs              the code, for any modules
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::condition;
use crate::features::Features;
use crate::fingerprint::Fingerprint;

/// The folder of the code in a package.
const FOLDER: &str = "generated";
const FEATURES: &str = "features.txt";
const FINGERPRINTS: &str = "fingerprints.txt";
/// The features as the importer writes them.
const FEATURES_OF_SPECS: &str = "features.json";
/// In a list of fingerprints, the generator's.
const GENERATOR: &str = "generator";
/// Files that every build has; the others are of one module each.
const GENERAL: [&str; 6] = [
    "api.rs",
    "built.rs",
    "common.rs",
    "described.rs",
    "described_lists.rs",
    "disabled.rs",
];

/// The code of a package, which a build script reads.
#[derive(Clone, Debug)]
pub struct Package {
    code: PathBuf,
    specs: PathBuf,
    features: Features,
}

impl Package {
    /// Opens the code of the package in a folder, with the documents beside it in `specs`. There is
    /// none in a checkout of the repository.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn open(root: &Path) -> Result<Option<Self>, String> {
        let code = root.join(FOLDER);
        if !code.is_dir() {
            return Ok(None);
        }
        let features = Features::parse(&read(&code.join(FEATURES))?)
            .map_err(|problem| format!("{FOLDER}/{FEATURES}: {problem}"))?;
        Ok(Some(Self {
            code,
            specs: root.join("specs"),
            features,
        }))
    }

    /// The features of the SDK.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Why the code of a release is not that of the documents, if so; `generator` is the
    /// fingerprint of the generator of this build, if there is one.
    ///
    /// # Errors
    /// A file of the code cannot be read or is damaged.
    pub fn outdated(
        &self,
        release: &str,
        generator: Option<&str>,
    ) -> Result<Option<String>, String> {
        let path = self.code.join(release).join(FINGERPRINTS);
        for line in read(&path)?.lines() {
            let (fingerprint, name) = line
                .split_once(' ')
                .ok_or_else(|| format!("{}: `{line}` is no fingerprint", path.display()))?;
            if name == GENERATOR {
                if generator.is_some_and(|generator| generator != fingerprint) {
                    return Ok(Some("it is from another generator".to_owned()));
                }
                continue;
            }
            let source = self.specs.join(name);
            if !source.is_file() {
                return Ok(Some(format!("specs/{name} is missing")));
            }
            if Fingerprint::of_file(&source)?.to_string() != fingerprint {
                return Ok(Some(format!("specs/{name} was changed")));
            }
        }
        Ok(None)
    }

    /// The files of a build, by their names: those of the modules, and the general ones. `is_on`
    /// tells whether a feature is enabled.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn files(
        &self,
        release: &str,
        modules: &BTreeSet<String>,
        is_on: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, String>, String> {
        let folder = self.code.join(release);
        let is_built = |name: &str| modules.contains(name) || is_on(name);
        let general = GENERAL.iter().map(|name| (*name).to_owned());
        let own = modules.iter().map(|module| file_name(module));
        general
            .chain(own)
            .map(|name| {
                let text = condition::select(&read(&folder.join(&name))?, is_built)
                    .map_err(|problem| format!("{FOLDER}/{release}/{name}: {problem}"))?;
                Ok((name, text))
            })
            .collect()
    }

    /// The paths for cargo to watch.
    pub fn watched(&self) -> [&Path; 2] {
        [&self.code, &self.specs]
    }
}

/// The file of a module: `mod-login-keycloak` is in `login_keycloak.rs`.
fn file_name(module: &str) -> String {
    let feature = module.strip_prefix("mod-").unwrap_or(module);
    format!("{}.rs", feature.replace('-', "_"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The code of a package as the generator writes it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    code: &'a Path,
    specs: &'a Path,
    generator: &'a str,
}

impl<'a> Written<'a> {
    /// Begins the folder `code`, which must not exist, with the features. `specs` is the folder of
    /// the documents, `generator` the fingerprint of the generator.
    ///
    /// # Errors
    /// The folder exists already, or a file cannot be written.
    pub fn new(
        code: &'a Path,
        specs: &'a Path,
        features: &Features,
        generator: &'a str,
    ) -> Result<Self, String> {
        make_folder(code)?;
        write(&code.join(FEATURES), &features.to_text())?;
        Ok(Self {
            code,
            specs,
            generator,
        })
    }

    /// Adds the files of a release, which were generated from `sources` in the folder of the
    /// documents.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn add(
        &self,
        release: &str,
        files: &BTreeMap<String, String>,
        sources: &[PathBuf],
    ) -> Result<(), String> {
        let folder = self.code.join(release);
        make_folder(&folder)?;
        for (name, text) in files {
            write(&folder.join(name), text)?;
        }
        let mut fingerprints = format!("{} {GENERATOR}\n", self.generator);
        let mut all: BTreeSet<PathBuf> = sources.iter().cloned().collect();
        all.insert(self.specs.join(FEATURES_OF_SPECS));
        for path in all {
            let name = path
                .strip_prefix(self.specs)
                .map_err(|_| format!("{} is not in {}", path.display(), self.specs.display()))?;
            let names: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            let fingerprint = Fingerprint::of_file(&path)?;
            fingerprints += &format!("{fingerprint} {}\n", names.join("/"));
        }
        write(&folder.join(FINGERPRINTS), &fingerprints)
    }
}

fn make_folder(path: &Path) -> Result<(), String> {
    std::fs::create_dir(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
