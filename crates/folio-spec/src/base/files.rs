//! The files of a module: their paths, their reading, and the confinement to its directory.
//!
//! No reference of a description is read from outside the directory of its module.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, Result};

/// The directory of a module. The targets of its descriptions' references must lie in it, after
/// following links.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    /// Without `.` and `..`.
    folder: PathBuf,
    /// With links followed; the folder itself where it is not there.
    real: PathBuf,
}

impl Within {
    /// The folder of a module.
    ///
    /// # Errors
    /// It is a link that leads out of the folder it lies in.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let folder = clean(folder);
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let above = above.canonicalize().unwrap_or_else(|_| clean(above));
        if folder.exists() && !real.starts_with(above) {
            return Err(Error::file(
                &folder,
                format!(
                    "is a link to {}, out of the folder of the release",
                    real.display()
                ),
            ));
        }
        Ok(Self { folder, real })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The error of a file path that leads out of the directory.
    pub(crate) fn problem(&self, path: &Path) -> Option<String> {
        let out = |to: &Path| {
            let problem = format!(
                "{} is out of the module's folder: only its own files are read",
                to.display()
            );
            Some(problem)
        };
        let path = clean(path);
        if !path.starts_with(&self.folder) {
            return out(&path);
        }
        match path.canonicalize() {
            Ok(real) if !real.starts_with(&self.real) => out(&real),
            _ => None,
        }
    }

    /// Whether a path leads out of the folder, as an error at a file.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        match self.problem(path) {
            None => Ok(()),
            Some(problem) => Err(Error::file(path, problem)),
        }
    }
}

/// A path without `.` and `..`, so that one file has one name.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir
                if clean.file_name().is_some_and(|name| name != "..") =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// A path with slashes, as documents and manifests write it.
pub(crate) fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Whether a file is read as YAML, by its extension.
pub(crate) fn is_yaml(path: &Path) -> bool {
    matches!(
        path.extension().and_then(|e| e.to_str()),
        Some("yaml" | "yml" | "raml")
    )
}

/// Reads a file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::file(path, format!("cannot be read: {error}")))
}

/// Reads a JSON file.
pub(crate) fn read_json(path: &Path) -> Result<Value> {
    let text = read_text(path)?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let place = format!("{}:{}", error.line(), error.column());
        Error::at(path, place, format!("broken JSON: {error}"))
    })
}

/// Reads a TOML file. An error shows the line.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|error| Error::file(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (path, expected) in [
            ("a/./b/../c", "a/c"),
            ("../a/..", ".."),
            ("../../a", "../../a"),
            ("/a/../b", "/b"),
            ("./a", "a"),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[test]
    fn a_broken_file_is_an_error_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x");
        std::fs::write(&file, "a = 1\nb = [1,\n").unwrap();
        let toml = read_toml::<Value>(&file).unwrap_err();
        assert_eq!(toml.file, file);
        assert!(toml.problem.contains("at line 2, column 8"), "{toml}");
        std::fs::write(&file, "\u{feff}{\"a\": 1,\n}").unwrap();
        let json = read_json(&file).unwrap_err();
        assert_eq!((&*json.file, &*json.place), (&*file, "2:1"), "{json}");
        std::fs::write(&file, "\u{feff}{}").unwrap();
        assert_eq!(read_json(&file), Ok(serde_json::json!({})));
        let missing = read_json(&folder.path().join("none")).unwrap_err();
        assert!(missing.problem.starts_with("cannot be read: "), "{missing}");
    }

    #[test]
    fn files_of_yaml_are_known_by_their_extensions() {
        let yaml = ["a.yaml", "a.yml", "a.raml"].map(Path::new);
        assert!(yaml.into_iter().all(is_yaml));
        assert!(!is_yaml(Path::new("a.json")) && !is_yaml(Path::new("yaml")));
    }
}
