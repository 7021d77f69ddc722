//! Rows of several releases: equal ones are one row that names its releases.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Rows as JSON Lines.
pub(in crate::reports) fn lines(rows: impl IntoIterator<Item = Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

/// Rows by their keys, in the order of the keys.
#[derive(Default)]
pub(in crate::reports) struct Merged {
    rows: BTreeMap<Vec<String>, Vec<Row>>,
}

/// A row, and the releases that have it.
type Row = (Map<String, Value>, Vec<String>);

impl Merged {
    /// Adds a row of a release. The releases are added oldest first.
    pub(in crate::reports) fn add(
        &mut self,
        key: Vec<String>,
        row: Map<String, Value>,
        release: &str,
    ) {
        let rows = self.rows.entry(key).or_default();
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, releases)) => releases.push(release.to_owned()),
            None => rows.push((row, vec![release.to_owned()])),
        }
    }

    /// The rows, each with `releases`.
    pub(in crate::reports) fn rows(self) -> impl Iterator<Item = Value> {
        let rows = self.rows.into_values().flatten();
        rows.map(|(mut row, releases)| {
            row.insert("releases".to_owned(), releases.into());
            Value::Object(row)
        })
    }
}
