//! Builds queries.

use super::display::ALL;
use super::field::field;
use super::parse;
use super::token::{CqlError, split};
use super::types::{Boolean, Condition, Cql, SortKey, all};
use std::fmt;
use std::str::FromStr;

/// A query as it is written. No value of others belongs into it: use [`field`] for those.
pub fn raw(text: impl AsRef<str>) -> Cql {
    let (condition, sort) = split(text.as_ref());
    Cql {
        condition: match condition {
            "" => Condition::All,
            text if text == ALL => Condition::All,
            text => Condition::Raw(text.to_owned()),
        },
        sort,
    }
}

impl Cql {
    /// Understands a query. Every query that this library writes is understood as it was built.
    ///
    /// # Errors
    /// The text is no CQL, or has what FOLIO's modules do not know (`prox`, prefixes); the error
    /// says where.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, CqlError> {
        parse::query(text.as_ref())
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        match (self.is_all(), other.is_all()) {
            (_, true) => Self {
                sort: first(self.sort, other.sort),
                condition: self.condition,
            },
            (true, false) => Self {
                sort: first(self.sort, other.sort),
                condition: other.condition,
            },
            _ => self.join(Boolean::And, other),
        }
    }

    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Or, other.into())
    }

    /// The first holds and the other does not. CQL has no `not` of one query: `cql::all().not(…)`
    /// says it.
    #[must_use]
    pub fn not(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Not, other.into())
    }

    /// Sorts by a field, after those given before.
    #[must_use]
    pub fn sort_by(mut self, key: impl Into<SortKey>) -> Self {
        self.sort.push(key.into().0);
        self
    }

    /// Sorts by a field, the greatest first, after those given before.
    #[must_use]
    pub fn sort_by_descending(self, field: impl AsRef<str>) -> Self {
        self.sort_by(SortKey::new(field).descending())
    }

    fn join(self, boolean: Boolean, other: Self) -> Self {
        Self {
            sort: first(self.sort, other.sort),
            condition: self.condition.join(boolean, other.condition),
        }
    }

    /// Whether it asks for all records.
    pub fn is_all(&self) -> bool {
        self.condition == Condition::All
    }

    /// The same records, in whatever order.
    pub(crate) fn unsorted(self) -> Self {
        self.condition.into()
    }

    /// Whether it says in which order the records shall come.
    pub(crate) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// Whether a field is one of those that it sorts by.
    pub(crate) fn sorts_by(&self, field: &str) -> bool {
        self.sort.iter().any(|key| {
            let written = key.split('/').next().unwrap_or_default();
            written.trim_matches('"') == field
        })
    }

    /// The records whose `key` is greater than `after`, and at most `until`. The bounds stand first
    /// and the query in parentheses: `and` and `or` bind equally.
    pub(crate) fn within(&self, key: &str, after: Option<&str>, until: Option<&str>) -> Self {
        let bounds = all()
            .and(after.map_or_else(all, |after| field(key).gt(after)))
            .and(until.map_or_else(all, |until| field(key).le(until)));
        Self {
            condition: bounds.and(Self::from(self.condition.clone())).condition,
            sort: self.sort.clone(),
        }
    }

    /// What makes it impossible to put text of the caller in parentheses.
    pub(crate) fn problem(&self) -> Option<CqlError> {
        self.condition.problem()
    }
}

/// The order of the one that has one.
pub(super) fn first(sort: Vec<String>, other: Vec<String>) -> Vec<String> {
    if sort.is_empty() { other } else { sort }
}

impl Condition {
    /// As part of a chain.
    pub(super) fn part(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All | Self::Comparison(_) => write!(out, "{self}"),
            Self::Chain(..) | Self::Raw(_) => write!(out, "({self})"),
        }
    }
}

impl From<Condition> for Cql {
    fn from(condition: Condition) -> Self {
        Self {
            condition,
            sort: Vec::new(),
        }
    }
}

impl FromStr for Cql {
    type Err = CqlError;

    /// Understands a query, see [`Cql::parse`].
    fn from_str(text: &str) -> Result<Self, CqlError> {
        Self::parse(text)
    }
}

impl From<&str> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: &str) -> Self {
        raw(text)
    }
}

impl From<String> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: String) -> Self {
        raw(text)
    }
}

impl From<&String> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: &String) -> Self {
        raw(text)
    }
}
