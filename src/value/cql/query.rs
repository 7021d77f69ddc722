//! Builds queries.

use super::display::ALL;
use super::field::field;
use super::parse;
use super::token::{CqlError, split};
use super::types::{Boolean, Condition, Cql, SortKey, all};
use std::fmt;
use std::str::FromStr;

/// A query as it is written. Never insert untrusted values into it: use [`field`] for those.
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
    /// Parses a query. A query that this library writes parses to the query that was built.
    ///
    /// # Errors
    /// The text is not valid CQL, or uses features that FOLIO modules do not support (`prox`,
    /// prefixes); the error states the position.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, CqlError> {
        parse::query(text.as_ref())
    }

    /// Both conditions hold.
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

    /// At least one of the conditions holds.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Or, other.into())
    }

    /// The first condition holds and the second does not. CQL has no unary `not`: use
    /// `cql::all().not(…)`.
    #[must_use]
    pub fn not(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Not, other.into())
    }

    /// Sorts by a field, after the keys set before.
    #[must_use]
    pub fn sort_by(mut self, key: impl Into<SortKey>) -> Self {
        self.sort.push(key.into().0);
        self
    }

    /// Sorts by a field in descending order, after the keys set before.
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

    /// Whether the query selects all records.
    pub fn is_all(&self) -> bool {
        self.condition == Condition::All
    }

    /// The same records, in any order.
    pub(crate) fn unsorted(self) -> Self {
        self.condition.into()
    }

    /// Whether the query defines an order.
    pub(crate) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// Whether a field is one of the sort keys.
    pub(crate) fn sorts_by(&self, field: &str) -> bool {
        self.sort.iter().any(|key| {
            let written = key.split('/').next().unwrap_or_default();
            written.trim_matches('"') == field
        })
    }

    /// The records whose `key` is greater than `after`, and at most `until`. The bounds come first,
    /// and the query is put in parentheses, because `and` and `or` bind equally.
    pub(crate) fn within(&self, key: &str, after: Option<&str>, until: Option<&str>) -> Self {
        let bounds = all()
            .and(after.map_or_else(all, |after| field(key).gt(after)))
            .and(until.map_or_else(all, |until| field(key).le(until)));
        Self {
            condition: bounds.and(Self::from(self.condition.clone())).condition,
            sort: self.sort.clone(),
        }
    }

    /// The reason why text of the caller cannot be put in parentheses.
    pub(crate) fn problem(&self) -> Option<CqlError> {
        self.condition.problem()
    }
}

/// The order of the operand that has one.
pub(super) fn first(sort: Vec<String>, other: Vec<String>) -> Vec<String> {
    if sort.is_empty() { other } else { sort }
}

impl Condition {
    /// The query as an element of a chain.
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

    /// Parses a query, see [`Cql::parse`].
    fn from_str(text: &str) -> Result<Self, CqlError> {
        Self::parse(text)
    }
}

impl From<&str> for Cql {
    /// The unchanged text, see [`raw`].
    fn from(text: &str) -> Self {
        raw(text)
    }
}

impl From<String> for Cql {
    /// The unchanged text, see [`raw`].
    fn from(text: String) -> Self {
        raw(text)
    }
}

impl From<&String> for Cql {
    /// The unchanged text, see [`raw`].
    fn from(text: &String) -> Self {
        raw(text)
    }
}
