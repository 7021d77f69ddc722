//! Overrides: named, explained fixes of a module's published description. They are data, in
//! `specs/overrides/<module>.toml`, never a special case in the importer.

mod describe;
mod file;
mod fix;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::files::read_toml;
use crate::base::report::ModuleReport;
use crate::canonical::facts::Facts;
use crate::canonical::route::path_template;
use crate::read::entry::Entry;
use crate::read::operation::Operation;
use file::{Fact, File, List, is_operation};

pub(crate) use file::StatedName;

/// The overrides of all modules.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    modules: BTreeMap<String, File>,
}

impl Overrides {
    /// Reads the overrides of a directory; none if it does not exist.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Ok(Self::default());
        };
        for entry in entries {
            let path = entry
                .map_err(|error| Error::file(folder, error.to_string()))?
                .path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let file: File = read_toml(&path)?;
            for fix in &file.fix {
                if !fix.is_one_change() {
                    return Err(Error::file(
                        &path,
                        format!(
                            "the fix `{}` needs one of `set`, `rename`, `remove`, `without`, `copy`",
                            fix.name
                        ),
                    ));
                }
            }
            modules.insert(
                path.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                file,
            );
        }
        Ok(Self { modules })
    }

    /// How the lists of a module are paged, where its parameters do not show it.
    pub fn paging_style(&self, module: &str) -> Option<String> {
        Some(self.modules.get(module)?.paging.as_ref()?.style.clone())
    }

    /// Whether read-only properties of a module's bodies are sent: so they are, unless it is stated
    /// that the module does not read them.
    pub(crate) fn sends_read_only(&self, module: &str) -> bool {
        let stated = self
            .modules
            .get(module)
            .and_then(|file| file.read_only.as_ref());
        stated.is_none_or(|stated| stated.sent)
    }

    /// The stated facts about a list.
    pub(crate) fn list(&self, module: &str, path: &str) -> Option<&List> {
        self.modules.get(module)?.list.iter().find(|list| {
            let stated = list.operation.split_once(' ');
            stated.is_some_and(|(_, other)| path_template(other) == path_template(path))
        })
    }

    /// The lists about which something is stated, by module.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(module, file)| {
            let lists = file.list.iter();
            lists.map(move |list| (&**module, &*list.operation))
        })
    }

    /// The stated facts about an operation, in the order of the file.
    pub(crate) fn facts(&self, module: &str, method: &str, path: &str) -> Facts {
        let mut facts = Facts::default();
        for fact in self.stated(module, method, path) {
            facts.correct(&fact.facts());
        }
        facts
    }

    /// Why a fact is stated about an operation: the last reason that comes with it.
    pub(crate) fn reason(
        &self,
        module: &str,
        method: &str,
        path: &str,
        states: fn(&Facts) -> bool,
    ) -> Option<&str> {
        let stated = self.stated(module, method, path);
        let fact = stated.filter(|fact| states(&fact.facts())).last()?;
        Some(&fact.reason)
    }

    fn stated(&self, module: &str, method: &str, path: &str) -> impl Iterator<Item = &Fact> {
        let stated = self.modules.get(module).into_iter();
        stated.flat_map(|file| &file.fact).filter(move |fact| {
            fact.operations()
                .any(|operation| is_operation(operation, method, path))
        })
    }

    /// The stated facts about the name of an operation.
    pub(crate) fn name(&self, module: &str, method: &str, path: &str) -> Option<&StatedName> {
        let names = &self.modules.get(module)?.name;
        names
            .iter()
            .find(|name| is_operation(&name.operation, method, path))
    }

    /// The operations with stated facts about their names, by module.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str, &StatedName)> {
        self.modules.iter().flat_map(|(module, file)| {
            let names = file.name.iter();
            names.map(move |name| (&**module, &*name.operation, name))
        })
    }

    /// The operations of which a name or a verb is stated, by module: `GET /things`.
    pub fn operations_with_names(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.names();
        names.map(|(module, operation, _)| (module, operation))
    }

    /// The operations about which something is stated, by module: `GET /things`.
    pub fn operations_with_facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.iter().flat_map(|(module, file)| {
            let operations = file.fact.iter().flat_map(Fact::operations);
            operations.map(move |operation| (&**module, &**operation))
        })
    }

    /// Adds operations that are described only here, if the module's own descriptions lack them.
    /// Outdated ones are reported.
    pub(crate) fn describe(
        &self,
        entry: &Entry,
        release: &str,
        operations: &mut Vec<Operation>,
        report: &mut ModuleReport,
    ) {
        let file = self.modules.get(&entry.name);
        let described = file.into_iter().flat_map(|file| &file.describe);
        for described in described.filter(|described| described.is_for(release)) {
            described.add(entry, operations, report);
        }
    }

    /// Applies the fixes of a module; returns the names of those that changed nothing.
    pub fn apply(&self, module: &str, document: &mut Value) -> Vec<String> {
        let mut stale = Vec::new();
        for fix in self
            .modules
            .get(module)
            .into_iter()
            .flat_map(|file| &file.fix)
        {
            if !fix.apply(document) {
                stale.push(fix.name.clone());
            }
        }
        stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::facts::{Creates, Deletes, DeletesKind};

    fn read(text: &str) -> Result<Overrides> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mod-a.toml"), text).unwrap();
        std::fs::write(folder.path().join("README.md"), "").unwrap();
        Overrides::read(folder.path())
    }

    #[test]
    fn facts_are_stated_about_operations_by_their_paths() {
        let overrides = read(
            "[[fact]]
operation = 'POST /things'
reason = 'first'
creates = 'record'
[[fact]]
operations = ['POST /things', 'DELETE /things/{id}']
reason = 'second'
creates = 'new-id'
deletes = 'record'
[[list]]
operation = 'GET /things/{id}/parts'
reason = 'third'
sort = false
",
        )
        .unwrap();
        let facts = overrides.facts("mod-a", "post", "/things");
        assert_eq!(facts.creates, Some(Creates::NewId));
        let deletes = overrides
            .facts("mod-a", "delete", "/things/{thingId}")
            .deletes;
        assert_eq!(deletes, Some(Deletes::Kind(DeletesKind::Record)));
        assert_eq!(overrides.facts("mod-a", "put", "/things"), Facts::default());
        assert_eq!(
            overrides.facts("mod-b", "post", "/things"),
            Facts::default()
        );
        let reason = overrides.reason("mod-a", "post", "/things", |facts| facts.creates.is_some());
        assert_eq!(reason, Some("second"));
        let list = overrides.list("mod-a", "/things/{x}/parts").unwrap();
        assert_eq!(list.sort, Some(false));
        assert!(overrides.sends_read_only("mod-a"));
    }

    #[test]
    fn a_fix_states_one_change() {
        for (text, problem) in [
            (
                "[[fix]]\nname = 'n'\nreason = 'r'\nat = '/a'",
                "the fix `n` needs one of",
            ),
            (
                "[[fix]]\nname = 'n'\nreason = 'r'\nat = '/a'\nset = 1\nremove = true",
                "the fix `n` needs one of",
            ),
            ("[paging]\nstyle = 'cql'", "missing field `reason`"),
            ("[other]", "unknown field `other`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.problem.contains(problem), "{error}");
            assert!(error.file.ends_with("mod-a.toml"), "{error}");
        }
        assert!(Overrides::read(Path::new("/no/such/folder")).is_ok());
    }
}
