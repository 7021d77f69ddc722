//! The names that earlier imports gave to operations and records.
//!
//! They stay, so that a release that adds operations and records renames none.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::base::error::Result;
use crate::canonical::identifier::{is_identifier, is_type};
use crate::canonical::operation::operations;
use crate::canonical::reference::{SHARED, name_in_module};
use crate::canonical::release::Release;
use crate::canonical::route::route_key;
use crate::canonical::schema::{is_undescribed, schemas, sources};

/// The names that the operations of a module have already, by method and key of the route.
pub(crate) type Pinned = BTreeMap<(String, String), String>;

/// Names, of this release first, then of the newest that has one.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    operations: BTreeMap<String, Pinned>,
    /// Names of modules' records by the places of their sources, `mod-users/ramls/userdata.json`.
    records: BTreeMap<String, String>,
    /// Those of shared records.
    shared: BTreeMap<String, String>,
    /// The documents of all releases, the newest first: a use at one place has one name in all of
    /// them.
    pub(crate) releases: Vec<Release>,
}

impl Pins {
    /// Reads the documents of all releases in a folder.
    pub(crate) fn read(specs: &Path, release: &str) -> Result<Self> {
        let entries = std::fs::read_dir(specs).into_iter().flatten().flatten();
        let mut releases: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.join("release.json").is_file())
            .collect();
        releases.sort_by_key(|path| std::cmp::Reverse(path.clone()));
        let documents: Result<Vec<_>> = releases.iter().map(|path| Release::read(path)).collect();
        releases.sort_by_key(|path| {
            let own = path.file_name().is_some_and(|name| *name == *release);
            (!own, std::cmp::Reverse(path.clone()))
        });
        let mut pins = Self {
            releases: documents?,
            ..Self::default()
        };
        for folder in releases {
            let release = Release::read(&folder)?;
            let own_name = |source: &str, shared: &str| {
                let module = release.modules.get(source.split('/').next()?)?;
                let reference = format!("{SHARED}{shared}");
                name_in_module(module, &reference).map(str::to_owned)
            };
            for (module, document) in &release.modules {
                pins.document(module, document, &own_name);
            }
            pins.document("common", &release.common, &own_name);
        }
        Ok(pins)
    }

    /// `own_name` gives the name that the module of a source has a shared record under.
    fn document(
        &mut self,
        module: &str,
        document: &Value,
        own_name: &dyn Fn(&str, &str) -> Option<String>,
    ) {
        let own = self.operations.entry(module.to_owned()).or_default();
        for operation in operations(document) {
            let key = (operation.method.to_owned(), route_key(operation.path));
            if is_identifier(operation.name()) {
                own.entry(key)
                    .or_insert_with(|| operation.name().to_owned());
            }
        }
        for (name, schema) in schemas(document).filter(|(name, _)| is_type(name)) {
            // A schema that states nothing has only its name, which is that of its source.
            if module == "common" && is_undescribed(schema) {
                continue;
            }
            for source in sources(schema) {
                let mut own = name.clone();
                if module == "common" {
                    self.shared
                        .entry(source.to_owned())
                        .or_insert_with(|| name.clone());
                    own = own_name(source, name).unwrap_or(own);
                }
                self.records.entry(source.to_owned()).or_insert(own);
            }
        }
    }

    /// The names of a module's operations.
    pub(crate) fn operations(&self, module: &str) -> Pinned {
        self.operations.get(module).cloned().unwrap_or_default()
    }

    /// The name that most of these sources of one record have, and how much it counts.
    pub(crate) fn record(&self, sources: &[String]) -> Option<(usize, &str)> {
        most(&self.records, sources)
    }

    /// The same of a shared record: its name among the shared ones.
    pub(crate) fn shared(&self, sources: &[String]) -> Option<(usize, &str)> {
        most(&self.shared, sources)
    }
}

fn most<'a>(names: &'a BTreeMap<String, String>, sources: &[String]) -> Option<(usize, &'a str)> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for name in sources.iter().filter_map(|source| names.get(source)) {
        *votes.entry(name).or_default() += 1;
    }
    let best = votes
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
    best.map(|(name, count)| (count, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A folder of releases, each with one operation, one record and one shared record.
    fn releases(names: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let specs = tempfile::tempdir().unwrap();
        for (release, operation, record) in names {
            let folder = specs.path().join(release);
            std::fs::create_dir(&folder).unwrap();
            let schema = |source: &str| json!({"type": "object", "properties": {"a": {}}, "x-folio": {"sources": [source]}});
            let module = json!({
                "paths": {"/a/{id}": {"get": {"operationId": operation}}},
                "components": {"schemas": {*record: schema("mod-a/record.json")}},
                "x-folio": {"names": {"Own": "Shared"}},
            });
            let common =
                json!({"components": {"schemas": {"Shared": schema("mod-a/shared.json")}}});
            for (name, document) in [
                ("mod-a", module),
                ("common", common),
                ("release", json!({})),
            ] {
                std::fs::write(folder.join(format!("{name}.json")), document.to_string()).unwrap();
            }
        }
        specs
    }

    #[test]
    fn names_of_the_release_itself_count_first_then_those_of_the_newest() {
        let specs = releases(&[
            ("r1", "get_first", "First"),
            ("r2", "get_second", "Second"),
            ("r3", "get_third", "Third"),
        ]);
        let key = ("get".to_owned(), route_key("/a/{other}"));
        for (release, operation, record) in
            [("r1", "get_first", "First"), ("r4", "get_third", "Third")]
        {
            let pins = Pins::read(specs.path(), release).unwrap();
            assert_eq!(
                pins.operations("mod-a").get(&key).map(String::as_str),
                Some(operation)
            );
            let sources = ["mod-a/record.json".to_owned()];
            assert_eq!(pins.record(&sources), Some((1, record)));
            assert!(pins.operations("mod-b").is_empty());
        }
    }

    #[test]
    fn a_shared_record_has_its_own_name_in_each_module() {
        let specs = releases(&[("r1", "get_first", "First")]);
        let pins = Pins::read(specs.path(), "r1").unwrap();
        let sources = ["mod-a/shared.json".to_owned()];
        assert_eq!(pins.shared(&sources), Some((1, "Shared")));
        assert_eq!(pins.record(&sources), Some((1, "Own")));
    }
}
