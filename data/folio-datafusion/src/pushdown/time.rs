//! Conditions on points in time: the server compares the stored text.
//!
//! FOLIO stores dates in several forms: `2025-05-01T02:00:17.887+00:00`, `…Z`, `…+0000`, without a
//! zone, with a fraction of any length, as a plain date. In the server's collation (and byte by byte)
//! texts of these forms are in the order of their dates, but not of their times: `…17Z` comes after
//! `…17.887Z`, and an offset moves a time by up to a day. So the bounds of a query are dates, one day
//! beyond those of the filter, and the filter is applied again.
//!
//! Texts in another form that the table nevertheless reads as a point in time are selected as well:
//! milliseconds since 1970 (13 digits), and years with a sign.

use chrono::{DateTime, Datelike, Days, NaiveDate};
use folio_sdk::Cql;
use folio_sdk::cql::{Relation, all};

use super::condition::{Field, Pushed};

/// The fields that the server itself writes, always in the same form (RMB's trigger and its
/// `MetadataUtil`).
const WRITTEN_BY_SERVER: [&str; 2] = ["metadata.createdDate", "metadata.updatedDate"];

/// Texts in other forms: 13 digits, and years with a sign.
const OTHER_FORMS: [&str; 3] = ["?????????????", "+*", "-*"];

/// The points in time from one to another, both included.
pub(super) fn between(field: &Field, from: Option<i64>, to: Option<i64>) -> Option<Pushed> {
    let mut query = all();
    if let Some(from) = from {
        let first = date_of(from)?.checked_sub_days(Days::new(1))?;
        query = query.and(field.cql().ge(written(first)?));
    }
    if let Some(to) = to {
        let after_last = date_of(to)?.checked_add_days(Days::new(2))?;
        query = query.and(field.cql().lt(written(after_last)?));
    }
    if query.is_all() {
        return None;
    }
    Some(Pushed::superset(with_other_forms(field, query)))
}

fn with_other_forms(field: &Field, query: Cql) -> Cql {
    if WRITTEN_BY_SERVER.contains(&field.path.as_str()) {
        return query;
    }
    OTHER_FORMS
        .iter()
        .map(|form| field.cql().matches(Relation::Eq, form))
        .fold(query, Cql::or)
}

fn date_of(micros: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp_micros(micros).map(|time| time.date_naive())
}

/// The date, in four digits of the year: others are not in the order of their texts.
fn written(date: NaiveDate) -> Option<String> {
    (0..=9999)
        .contains(&date.year())
        .then(|| date.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Evaluation, Folding};
    use crate::pushdown::condition::Kind;

    fn field(path: &str) -> Field {
        Field {
            path: path.to_owned(),
            kind: Kind::Time,
            evaluation: Evaluation::Text(Folding {
                case: true,
                accents: true,
                first: None,
            }),
            is_lowered: false,
        }
    }

    /// 2024-03-01T23:30:00Z
    const TIME: i64 = 1_709_335_800_000_000;

    fn query(path: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
        between(&field(path), from, to).map(|pushed| pushed.query.to_string())
    }

    #[test]
    fn bounds_are_a_day_beyond_the_filter() {
        assert_eq!(
            query("metadata.updatedDate", Some(TIME), Some(TIME)).as_deref(),
            Some(r#"metadata.updatedDate>="2024-02-29" and metadata.updatedDate<"2024-03-03""#)
        );
        assert_eq!(
            query("catalogedDate", Some(TIME), None).as_deref(),
            Some(
                r#"catalogedDate>="2024-02-29" or catalogedDate=="?????????????" or catalogedDate=="+*" or catalogedDate=="-*""#
            )
        );
        assert_eq!(query("metadata.updatedDate", None, None), None);
        // 9999-12-31
        assert_eq!(
            query("metadata.updatedDate", None, Some(253_402_214_400_000_000)),
            None
        );
        assert_eq!(query("metadata.updatedDate", Some(i64::MIN), None), None);
    }
}
