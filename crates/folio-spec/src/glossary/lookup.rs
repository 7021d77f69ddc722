//! The files of the glossary together, and the lookup of a sentence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::{File, Record, Sentence};
use super::names::{COMMON, COVERAGE, field_name};
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

    /// The sentence about a record of a module's document. `is_own` states that the module has its
    /// own record with that name besides a shared one, so that sentences about the shared one do
    /// not apply.
    pub fn record(&self, module: &str, record: &str, is_own: bool) -> Option<&Sentence> {
        self.sections(module, record, is_own)
            .find_map(|section| section.summary.as_ref())
    }

    /// The sentence about a field. `path` is its path below the record, `personal.addresses[].city`.
    pub fn field(&self, module: &str, record: &str, path: &str, is_own: bool) -> Option<&Sentence> {
        let name = field_name(path);
        self.sections(module, record, is_own)
            .find_map(|section| section.fields.get(path))
            .or_else(|| self.files.get(module)?.fields.get(name))
            .or_else(|| self.files.get(COMMON)?.fields.get(name))
    }

    /// The sentence about an operation, `GET /users/{userId}`.
    pub fn operation(&self, module: &str, route: &str) -> Option<&Sentence> {
        let operation = self.files.get(module)?.operations.get(route)?;
        operation.summary.as_ref()
    }

    /// The sentence about a parameter of an operation.
    pub fn parameter(&self, module: &str, route: &str, name: &str) -> Option<&Sentence> {
        let file = self.files.get(module);
        file.and_then(|file| file.operations.get(route)?.fields.get(name))
            .or_else(|| file?.parameters.get(name))
            .or_else(|| self.files.get(COMMON)?.parameters.get(name))
    }

    /// The sections about a record, the module's first.
    fn sections(
        &self,
        module: &str,
        record: &str,
        is_own: bool,
    ) -> impl Iterator<Item = &Record> + use<'_> {
        let section = |file: &str| self.files.get(file)?.records.get(record);
        let shared = if is_own || module == COMMON {
            None
        } else {
            section(COMMON)
        };
        section(module).into_iter().chain(shared)
    }
}
