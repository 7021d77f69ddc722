//! Which records fields identify. The glossary names the route that reads such a record,
//! `mod-users /groups/{groupId}`; the name of the record is what the documents say of the response.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::COMMON;
use crate::canonical::operation::operations;
use crate::canonical::reference::{LOCAL, SHARED};
use crate::canonical::release::Release;

/// The records that operations read, by module and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets(BTreeMap<String, String>);

impl Targets {
    /// Those of the documents; of several releases the newest counts.
    pub(super) fn of(releases: &[Release]) -> Self {
        let mut sorted: Vec<&Release> = releases.iter().collect();
        sorted.sort_by_key(|release| release.name());
        let mut targets = BTreeMap::new();
        for release in sorted {
            for (module, document) in &release.modules {
                for operation in operations(document).filter(|it| it.method == "get") {
                    if let Some(record) = record(module, operation.value) {
                        targets.insert(format!("{module} {}", operation.path), record);
                    }
                }
            }
        }
        Self(targets)
    }

    /// The record of a route, `mod-users.Usergroup`; an empty name for `none`.
    pub(super) fn record(&self, route: &str) -> Option<String> {
        match route {
            "none" => Some(String::new()),
            route => self.0.get(route).cloned(),
        }
    }

    /// The routes.
    pub(super) fn routes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The record that an operation gives.
fn record(module: &str, operation: &Value) -> Option<String> {
    let content = operation.pointer("/responses/200/content/application~1json/schema/$ref")?;
    let reference = content.as_str()?;
    match reference.strip_prefix(SHARED) {
        Some(name) => Some(format!("{COMMON}.{name}")),
        None => Some(format!("{module}.{}", reference.strip_prefix(LOCAL)?)),
    }
}
