//! Conditions on one field, free of the types of DataFusion.

use folio_sdk::Cql;
use folio_sdk::cql::{self, all};

use crate::facts::Evaluation;

/// The type of the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A UUID in 16 bytes.
    Uuid,
    /// Text, among it enumerations and UUIDs that the table shows as text.
    Text,
    Boolean,
    /// A number that the column holds exactly: an integer or a decimal.
    Exact,
    /// A number that the column holds as the nearest 64-bit float.
    Float,
    /// A point in time, or a date.
    Time,
    /// A list of texts.
    Texts,
    /// A list of UUIDs in 16 bytes.
    Uuids,
    /// A struct, another list, JSON text and everything else.
    Other,
}

/// A field of the records of a list, as a filter names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The names on the way to the field, joined by dots, as in CQL.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) evaluation: Evaluation,
    /// The filter compares `lower(field)`.
    pub(crate) is_lowered: bool,
}

/// A value of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Uuid(u128),
    Boolean(bool),
    /// `digits × 10^-scale`.
    Number {
        digits: i128,
        scale: i8,
    },
    Float(f64),
    /// Microseconds since 1970, in UTC.
    Micros(i64),
}

/// A piece of a LIKE pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Character(char),
    /// `_`
    One,
    /// `%`
    Many,
}

/// A condition on a field. Negations are conditions, too: each is never true of an absent value,
/// except for [`Null`](Self::Null).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Equal(Literal),
    Differs(Literal),
    Less {
        than: Literal,
        or_equal: bool,
    },
    Greater {
        than: Literal,
        or_equal: bool,
    },
    OneOf(Vec<Literal>),
    NoneOf(Vec<Literal>),
    Like {
        pattern: Vec<Piece>,
        ignores_case: bool,
    },
    NotLike,
    /// The list has the element.
    Has(Literal),
    HasNot,
    Null,
    NotNull,
}

impl Condition {
    /// The condition that is true where this one is false; where this one is neither, both are
    /// neither.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Equal(value) => Self::Differs(value),
            Self::Differs(value) => Self::Equal(value),
            Self::Less { than, or_equal } => Self::Greater {
                than,
                or_equal: !or_equal,
            },
            Self::Greater { than, or_equal } => Self::Less {
                than,
                or_equal: !or_equal,
            },
            Self::OneOf(values) => Self::NoneOf(values),
            Self::NoneOf(values) => Self::OneOf(values),
            // The pattern of a negated LIKE is not used: no CQL selects what does not match.
            Self::Like { .. } | Self::NotLike => Self::NotLike,
            // No CQL selects lists without an element either.
            Self::Has(_) | Self::HasNot => Self::HasNot,
            Self::Null => Self::NotNull,
            Self::NotNull => Self::Null,
        }
    }
}

/// A query that selects every record of which a filter is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The query.
    pub query: Cql,
    /// It selects no other record, so that the filter need not be applied again.
    pub is_exact: bool,
    /// It is exact even if a field has a value of another type than its description says, which the
    /// table shows as null.
    pub(crate) is_certain: bool,
    /// The maximum number of records that it selects, if that is known: of a unique field.
    pub most: Option<u64>,
}

impl Pushed {
    pub(crate) fn exact(query: Cql) -> Self {
        Self {
            query,
            is_exact: true,
            is_certain: true,
            most: None,
        }
    }

    /// The query is exact as long as the field has the type of its description.
    pub(crate) fn exact_by_type(query: Cql) -> Self {
        Self {
            is_certain: false,
            ..Self::exact(query)
        }
    }

    /// The query may select more records than the filter.
    pub(crate) fn superset(query: Cql) -> Self {
        Self {
            query,
            is_exact: false,
            is_certain: false,
            most: None,
        }
    }

    /// At most so many records have the field.
    pub(crate) fn at_most(self, records: usize) -> Self {
        Self {
            most: u64::try_from(records).ok(),
            ..self
        }
    }

    /// The same query, if it selects more records than the filter.
    pub(crate) fn inexact(self) -> Self {
        Self {
            is_exact: false,
            is_certain: false,
            ..self
        }
    }

    /// All records of which both filters are true; `None` is a filter that no query expresses.
    pub(crate) fn and(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self {
                is_exact: one.is_exact && other.is_exact,
                is_certain: one.is_certain && other.is_certain,
                most: one.most.into_iter().chain(other.most).min(),
                query: one.query.and(other.query),
            }),
            (Some(known), None) | (None, Some(known)) => Some(known.inexact()),
            (None, None) => None,
        }
    }

    /// All records of which a filter is true.
    pub(crate) fn or(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        if one.query.is_all() || other.query.is_all() {
            return None;
        }
        Some(Self {
            is_exact: one.is_exact && other.is_exact,
            is_certain: one.is_certain && other.is_certain,
            most: one
                .most
                .zip(other.most)
                .map(|(one, other)| one.saturating_add(other)),
            query: one.query.or(other.query),
        })
    }

    /// All records of which the filter is false or unknown. CQL's `not` selects these (it is `a AND
    /// (b IS NOT TRUE)`), but only of a query that is certainly exact: otherwise records would be
    /// lost.
    pub(crate) fn complement(self) -> Option<Self> {
        let query = all().not(self.query);
        self.is_certain.then(|| Self::exact(query))
    }
}

impl Field {
    /// The field in CQL.
    pub(crate) fn cql(&self) -> cql::Field {
        cql::field(self.path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_a_query_makes_and_inexact_and_or_unknown() {
        let one = || Some(Pushed::exact(cql::field("a").eq(1)));
        let other = || Some(Pushed::exact(cql::field("b").eq(2)));
        assert_eq!(
            Pushed::and(one(), other()).map(|both| both.is_exact),
            Some(true)
        );
        assert_eq!(
            Pushed::and(one(), None),
            Some(Pushed::superset(cql::field("a").eq(1)))
        );
        assert_eq!(Pushed::or(one(), None), None);
        let either = Pushed::or(one(), other());
        assert_eq!(
            either.map(|either| either.query.to_string()).as_deref(),
            Some(r#"a=="1" or b=="2""#)
        );
        assert_eq!(Pushed::superset(cql::field("a").eq(1)).complement(), None);
    }
}
