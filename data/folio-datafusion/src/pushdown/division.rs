//! Long lists of values, divided among several queries.
//!
//! `id in (…)` with 500 values does not fit a request. Each partition of the scan gets some of the
//! values then. No record may be in two partitions, so that the values must be disjoint for the
//! server, too: UUIDs of a key are; texts are if they are ASCII and differ in more than case, because
//! what the server folds of ASCII is case only.

use std::collections::HashSet;

use super::condition::{Condition, Field, Kind, Literal, Pushed};
use super::length::fits;
use super::rules;
use crate::facts::Evaluation;

/// The maximum number of queries. More values are not sent.
const MOST_QUERIES: usize = 64;

/// The number of values of a query: as many UUIDs as fit, and fewer if they do not.
const VALUES: usize = 32;

/// The longest value.
const LONGEST: usize = 64;

/// Disjoint queries for the values of a list, if there are several.
pub(crate) fn divide(field: &Field, values: &[Literal]) -> Option<Vec<Pushed>> {
    if !are_disjoint(field, values) {
        return None;
    }
    let mut size = VALUES;
    loop {
        let queries: Option<Vec<Pushed>> = values
            .chunks(size)
            .map(|values| rules::decide(field, &Condition::OneOf(values.to_vec())))
            .collect();
        let queries = queries.filter(|queries| queries.len() <= MOST_QUERIES)?;
        if queries.iter().all(fits) {
            return Some(queries);
        }
        size /= 2;
        if size == 0 {
            return None;
        }
    }
}

fn are_disjoint(field: &Field, values: &[Literal]) -> bool {
    let mut seen = HashSet::new();
    values
        .iter()
        .all(|value| match (value, field.kind, field.evaluation) {
            (Literal::Uuid(uuid), Kind::Uuid, Evaluation::Key) => seen.insert(uuid.to_string()),
            (Literal::Text(text), Kind::Text, Evaluation::Key | Evaluation::Text(_)) => {
                let is_plain = text.is_ascii() && text.len() <= LONGEST && !text.is_empty();
                is_plain && seen.insert(text.to_ascii_lowercase())
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;
    use crate::facts;

    fn field(path: &str) -> Field {
        Field {
            path: path.to_owned(),
            kind: Kind::Text,
            evaluation: facts::evaluation("/instance-storage/instances", Some("id"), path),
            is_lowered: false,
        }
    }

    fn values(texts: impl IntoIterator<Item = String>) -> Vec<Literal> {
        texts.into_iter().map(Literal::Text).collect()
    }

    #[test]
    fn values_are_divided_if_no_record_has_two_of_them() {
        let many = values((0..100).map(|number| format!("in{number:08}")));
        let queries = divide(&field("hrid"), &many).unwrap();
        assert_eq!(queries.len(), 4);
        assert!(queries.iter().all(|query| !query.is_exact));
        let same = values(["abc".to_owned(), "ABC".to_owned()]);
        assert_eq!(divide(&field("hrid"), &same), None);
        let accents = values(["é".to_owned(), "e".to_owned()]);
        assert_eq!(divide(&field("hrid"), &accents), None);
        let ids = values((0..100).map(|id| format!("{id:08x}-0000-4000-8000-000000000000")));
        let queries = divide(&field("id"), &ids).unwrap();
        assert!(queries.len() == 4 && queries.iter().all(|query| query.is_exact));
        assert_eq!(queries.last().unwrap().most, Some(4));
        let most = values((0..10_000).map(|number| number.to_string()));
        assert_eq!(divide(&field("hrid"), &most), None);
    }
}
