//! The files of one module: nothing that a description names is read from elsewhere.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};

/// The folder of a module. What its descriptions refer to has to lie in it, links followed.
#[derive(Clone, Debug)]
pub struct Within {
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
    pub fn new(folder: &Path) -> Result<Self> {
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
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is wrong with the path of a file, if it leads out of the folder.
    pub fn problem(&self, path: &Path) -> Option<String> {
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
    pub fn check(&self, path: &Path) -> Result<()> {
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

/// The first key or text that has a control character or a mark of direction, as a JSON pointer and what is wrong. No fact has one, and
/// whatever shows or compiles it would be deceived.
pub(crate) fn deceptive(value: &Value) -> Option<(String, String)> {
    fn find(value: &Value, at: &mut String) -> Option<String> {
        let length = at.len();
        match value {
            Value::String(text) => return problem(text),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    if let Some(found) = find(value, at) {
                        return Some(found);
                    }
                    at.truncate(length);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    at.push('/');
                    at.extend(key.replace('~', "~0").replace('/', "~1").escape_debug());
                    if let Some(found) = problem(key).or_else(|| find(value, at)) {
                        return Some(found);
                    }
                    at.truncate(length);
                }
            }
            _ => {}
        }
        None
    }
    let mut at = String::new();
    let problem = find(value, &mut at)?;
    Some((at, problem))
}

/// What is wrong with a text that is a fact.
pub(crate) fn problem(text: &str) -> Option<String> {
    let found = text.chars().find(|c| folio_codegen::is_unsafe(*c))?;
    let shown: String = text.chars().take(60).collect();
    Some(format!(
        "the character U+{:04X} in `{}`: control characters and marks of direction are no part of a fact",
        u32::from(found),
        shown.escape_debug()
    ))
}
