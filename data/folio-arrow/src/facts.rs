//! The facts about lists and records that are part of this crate (`data/`).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The lists and records of all releases.
pub(crate) struct Facts {
    /// Oldest first.
    pub(crate) releases: Vec<&'static str>,
    pub(crate) tables: Vec<TableFacts>,
    records: HashMap<(&'static str, &'static str), Vec<RecordFacts>>,
}

/// A list of one or several releases.
#[derive(Debug, Deserialize)]
pub(crate) struct TableFacts {
    pub(crate) module: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) table: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) style: &'static str,
    pub(crate) items: Option<&'static str>,
    pub(crate) key: Option<&'static str>,
    pub(crate) max: Option<u32>,
    /// Whether `sortBy`, `cql.allRecords` and a query are accepted; absent if they are.
    pub(crate) sort: Option<bool>,
    pub(crate) all: Option<bool>,
    pub(crate) query: Option<bool>,
    pub(crate) job: Option<&'static str>,
    /// The type of its records.
    pub(crate) record: &'static RawValue,
    pub(crate) releases: Vec<&'static str>,
}

/// A record of one or several releases.
#[derive(Debug, Deserialize)]
struct RecordFacts {
    module: &'static str,
    record: &'static str,
    /// An expression: see `crates/folio-spec/src/reports/data/type_expression.rs`.
    #[serde(rename = "type")]
    expression: &'static RawValue,
    releases: Vec<&'static str>,
}

#[derive(Deserialize)]
struct ReleaseFacts {
    release: &'static str,
}

impl Facts {
    /// The type of a record in a release.
    pub(crate) fn record(
        &self,
        release: &str,
        module: &str,
        record: &str,
    ) -> Option<&'static RawValue> {
        let rows = self.records.get(&(module, record))?;
        let mut rows = rows.iter();
        let row = rows.find(|row| row.releases.contains(&release))?;
        Some(row.expression)
    }
}

/// The rows of a file. `tests/schemas.rs` checks that none is unreadable.
fn rows<T: Deserialize<'static>>(text: &'static str) -> impl Iterator<Item = T> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
}

/// The facts, which are read when they are first needed.
pub(crate) fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| {
        let mut records: HashMap<_, Vec<RecordFacts>> = HashMap::new();
        for row in rows::<RecordFacts>(include_str!("../data/records.jsonl")) {
            let key = (row.module, row.record);
            records.entry(key).or_default().push(row);
        }
        Facts {
            releases: rows(include_str!("../data/releases.jsonl"))
                .map(|row: ReleaseFacts| row.release)
                .collect(),
            tables: rows(include_str!("../data/tables.jsonl")).collect(),
            records,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_read() {
        let lines = |text: &str| text.lines().count();
        assert_eq!(
            facts().tables.len(),
            lines(include_str!("../data/tables.jsonl"))
        );
        assert_eq!(
            facts().records.values().map(Vec::len).sum::<usize>(),
            lines(include_str!("../data/records.jsonl"))
        );
        assert_eq!(
            facts().releases.len(),
            lines(include_str!("../data/releases.jsonl"))
        );
    }
}
