//! The files of the glossary together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use folio_codegen::glossary::Lookup;

use super::file::{File, Sentence};
use super::names::{COMMON, COVERAGE};
use crate::base::error::Error;

/// All files of the glossary.
#[derive(Clone, Debug, Default)]
pub struct Glossary {
    /// The files by the names of their documents, `mod-users`.
    pub files: BTreeMap<String, File>,
}

impl Glossary {
    /// Reads a directory. Unreadable parts are reported as errors; the rest of the glossary is
    /// usable.
    pub fn read(folder: &Path) -> (Self, Vec<Error>) {
        let mut glossary = Self::default();
        let mut errors = Vec::new();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let problem =
                    format!("cannot be read: {error}; expected the folder of the glossary");
                return (glossary, vec![Error::file(folder, problem)]);
            }
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            if path.extension().is_none_or(|extension| extension != "toml") || name == COVERAGE {
                continue;
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let (file, problems) = File::parse(&path, &text);
                    errors.extend(problems);
                    glossary.files.insert(name.into_owned(), file);
                }
                Err(error) => {
                    errors.push(Error::file(&path, format!("cannot be read: {error}")));
                }
            }
        }
        (glossary, errors)
    }

    /// Where sentences about a module are looked up.
    pub fn of(&self, module: &str) -> Lookup<'_, Sentence> {
        let file = |name: &str| self.files.get(name).map(|file| &file.entries);
        Lookup {
            module: file(module),
            common: file(COMMON),
        }
    }
}
