//! The operations and records that a program uses, and the changes that concern them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::data::{Change, Operation, RecordType, Release};
use crate::info::names::is_method;
use crate::info::path_template::matches;

/// What a program uses of two releases.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// `GET /users`
    operations: BTreeSet<String>,
    modules: BTreeSet<String>,
    /// Module (or `common`) and record, those within records included.
    records: BTreeSet<(String, String)>,
}

/// What a text names.
#[derive(Debug, Default)]
struct Named<'a> {
    /// With the method, if one stands before it.
    paths: Vec<(Option<&'a str>, &'a str)>,
    words: BTreeSet<&'a str>,
}

impl<'a> Named<'a> {
    fn of(text: &'a str) -> Self {
        let mut named = Self::default();
        let is_between = |c: char| c.is_whitespace() || "\"'`(),;<>|[]".contains(c);
        let mut before = None;
        for word in text.split(is_between).filter(|word| !word.is_empty()) {
            if word.starts_with('/') && word.len() > 1 {
                named.paths.push((before, word));
            }
            before = word.chars().all(|c| c.is_ascii_uppercase()).then_some(word);
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        named.words = text.split(|c| !is_part(c)).collect();
        named
    }

    /// `handles`: those of all modules that the text names.
    fn has(&self, operation: &Operation, handle: &str, handles: &BTreeSet<&str>) -> bool {
        let by_path = self.paths.iter().any(|(method, path)| {
            method.is_none_or(|method| !is_method(method) || method == operation.method)
                && (operation.path == *path || matches(&operation.path, path))
        });
        let by_name = self.words.contains(operation.name.as_str())
            && operation.name.contains('_')
            && (handles.is_empty() || handles.contains(handle));
        by_path || by_name
    }
}

impl Used {
    /// What a text names of the operations of these releases, and the records that they send and
    /// receive.
    pub(crate) fn of(
        text: &str,
        names: &[&str],
        releases: &[Release],
        operations: &[Operation],
        records: &[RecordType],
    ) -> Self {
        let is_compared = |of: &[String]| of.iter().any(|name| names.contains(&name.as_str()));
        let named = Named::of(text);
        let handle_of = |module: &str| -> Option<&str> {
            let mut found = releases
                .iter()
                .filter_map(|release| release.modules.get(module));
            found.next().map(|module| module.handle.as_str())
        };
        // `folio.users().get_user(…)`: the name of an operation alone may be one of several modules.
        let handles: BTreeSet<&str> = releases
            .iter()
            .flat_map(|release| release.modules.values())
            .map(|module| module.handle.as_str())
            .filter(|handle| text.contains(&format!(".{handle}()")))
            .collect();
        let mut used = Self::default();
        let mut open = Vec::new();
        for operation in operations
            .iter()
            .filter(|operation| is_compared(&operation.releases))
        {
            let handle = handle_of(&operation.module).unwrap_or_default();
            if !named.has(operation, handle, &handles) {
                continue;
            }
            let subject = format!("{} {}", operation.method, operation.path);
            used.operations.insert(subject);
            used.modules.insert(operation.module.clone());
            for body in [&operation.body, &operation.response].into_iter().flatten() {
                references(body, &operation.module, &mut open);
            }
        }
        let mut types: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
        for record in records
            .iter()
            .filter(|record| is_compared(&record.releases))
        {
            let key = (record.module.as_str(), record.record.as_str());
            types.entry(key).or_default().push(&record.type_);
        }
        while let Some((module, name)) = open.pop() {
            let own = types.get(&(module.as_str(), name.as_str()));
            for own in own.into_iter().flatten() {
                if !used.records.contains(&(module.clone(), name.clone())) {
                    references(own, &module, &mut open);
                }
            }
            used.records.insert((module, name));
        }
        used
    }

    /// Whether nothing is used.
    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether a change concerns what is used.
    pub(crate) fn concerns(&self, change: &Change) -> bool {
        let subject = change.subject.as_str();
        if matches!(change.kind.as_str(), "module" | "interface") {
            return self.modules.contains(&change.module);
        }
        if subject.split(' ').next().is_some_and(is_method) {
            // A parameter comes after the path.
            let operation = subject.rsplit_once(' ').map(|(operation, _)| operation);
            return self.operations.contains(subject)
                || operation.is_some_and(|operation| self.operations.contains(operation));
        }
        let record = subject.split('.').next().unwrap_or_default();
        self.records
            .contains(&(change.module.clone(), record.to_owned()))
    }
}

/// The records that a type refers to: those of its module, and the shared ones.
fn references(type_: &Value, module: &str, found: &mut Vec<(String, String)>) {
    match type_ {
        Value::String(text) => {
            if let Some((home, name)) = text.split_once('#') {
                let home = if home.is_empty() { module } else { home };
                found.push((home.to_owned(), name.to_owned()));
            }
        }
        Value::Array(list) => list.iter().for_each(|one| references(one, module, found)),
        Value::Object(fields) => fields
            .values()
            .for_each(|one| references(one, module, found)),
        _ => {}
    }
}
