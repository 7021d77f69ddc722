//! How FOLIO's servers evaluate CQL: per list and field, from the indexes of the storage modules.
//!
//! `data/indexes.jsonl` is written by `folio-spec` (`folio-spec cli-data`) from the schemas of the
//! modules that are based on RMB. Of other lists nothing is known here: then only `id` is used, and
//! only where FOLIO's descriptions say that the list can be read by it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

/// The folding of text before a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folding {
    /// Letter case counts.
    pub(crate) case: bool,
    /// Accents count.
    pub(crate) accents: bool,
    /// Only so many characters of the stored text are compared (the prefix of a PostgreSQL index).
    pub(crate) first: Option<usize>,
}

impl Folding {
    /// `==` on a field without an index: RMB folds case and accents of the whole text.
    const WITHOUT_INDEX: Self = Self {
        case: false,
        accents: false,
        first: None,
    };
}

/// How the conditions on a field are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evaluation {
    /// A UUID in a column of the database: `id`, and the foreign keys of the table.
    Key,
    /// Text in the stored JSON: `==` is LIKE with this folding.
    Text(Folding),
    /// The server computes something else than the field of the record.
    Computed,
    /// `id` of a list that can be read by it, in a module whose CQL is not known otherwise.
    UnknownKey,
    /// Nothing is known.
    Unknown,
}

/// The facts about a list.
#[derive(Debug)]
pub(crate) struct ListFacts {
    fields: HashMap<String, Evaluation>,
    aliases: HashSet<String>,
}

/// A row of `indexes.jsonl`; the README of `crates/folio-cli/data` describes it.
#[derive(Deserialize)]
struct Row {
    path: String,
    field: Option<String>,
    alias: Option<String>,
    #[serde(default)]
    uuid: bool,
    equals: Option<Folding>,
    #[serde(rename = "computedBy")]
    computed_by: Option<String>,
    #[serde(default)]
    several: Vec<String>,
}

static LISTS: LazyLock<HashMap<String, ListFacts>> = LazyLock::new(|| {
    let mut lists: HashMap<String, ListFacts> = HashMap::new();
    let rows = include_str!("../data/indexes.jsonl");
    for line in rows.lines() {
        // A unit test parses each line: a row that cannot be read would be unknown.
        let Ok(row) = serde_json::from_str::<Row>(line) else {
            continue;
        };
        let list = lists.entry(row.path).or_insert_with(|| ListFacts {
            fields: HashMap::new(),
            aliases: HashSet::new(),
        });
        if let Some(alias) = row.alias {
            list.aliases.insert(alias);
        }
        let Some(field) = row.field else {
            continue;
        };
        let evaluation = if row.uuid {
            Evaluation::Key
        } else if row.computed_by.is_some() || !row.several.is_empty() {
            Evaluation::Computed
        } else {
            Evaluation::Text(row.equals.unwrap_or(Folding::WITHOUT_INDEX))
        };
        list.fields.insert(field, evaluation);
    }
    lists
});

/// The facts about the list at a path, if its CQL is known.
pub(crate) fn of(path: &str) -> Option<&'static ListFacts> {
    LISTS.get(path)
}

/// How the conditions on a field are evaluated: `field` is a path of names, as in CQL. `key` is the
/// unique field by which the list can be read.
pub(crate) fn evaluation(path: &str, key: Option<&str>, field: &str) -> Evaluation {
    match of(path) {
        Some(list) => list.evaluation(field),
        None if key == Some("id") && field == "id" => Evaluation::UnknownKey,
        None => Evaluation::Unknown,
    }
}

impl ListFacts {
    fn evaluation(&self, field: &str) -> Evaluation {
        // The first name of such a field selects another table: the field of the record cannot be
        // named.
        let first = field.split('.').next().unwrap_or_default();
        if self.aliases.contains(first) {
            return Evaluation::Computed;
        }
        match self.fields.get(field) {
            Some(evaluation) => *evaluation,
            None if field == "id" => Evaluation::Key,
            None => Evaluation::Text(Folding::WITHOUT_INDEX),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn every_row_can_be_read() {
        let rows = include_str!("../data/indexes.jsonl");
        assert!(rows.lines().count() > 200);
        for line in rows.lines() {
            serde_json::from_str::<Row>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn fields_are_evaluated_by_their_indexes() {
        let instances = "/instance-storage/instances";
        let of = |field: &str| evaluation(instances, Some("id"), field);
        assert_eq!(of("id"), Evaluation::Key);
        assert_eq!(of("instanceTypeId"), Evaluation::Key);
        let Evaluation::Text(title) = of("title") else {
            panic!("title is text");
        };
        assert_eq!(
            (title.case, title.accents, title.first),
            (false, false, Some(600))
        );
        assert_eq!(
            of("administrativeNotes"),
            Evaluation::Text(Folding::WITHOUT_INDEX)
        );
        assert_eq!(of("isbn"), Evaluation::Computed);
        // `item.status` would be evaluated on the items of the instance.
        assert_eq!(of("item.status"), Evaluation::Computed);
        assert_eq!(evaluation("/notes", None, "title"), Evaluation::Unknown);
        assert_eq!(evaluation("/notes", None, "id"), Evaluation::Unknown);
        let orders = "/orders-storage/po-lines";
        assert_eq!(evaluation(orders, Some("id"), "id"), Evaluation::UnknownKey);
        assert_eq!(evaluation(orders, Some("id"), "title"), Evaluation::Unknown);
    }
}
