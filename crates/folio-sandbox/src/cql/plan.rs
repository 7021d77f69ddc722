//! A compiled query: its conditions and its order.

use crate::cql::error::CqlError;
use crate::cql::fulltext::{TextQuery, WordQuery};
use crate::facts::tables::JoinStep;
use crate::value::fold::{Fold, Pattern};

/// The maximum length of indexed text.
pub(crate) const INDEXED: usize = 600;

/// A query, ready to be run.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) test: Test,
    pub(crate) sort: Vec<SortKey>,
}

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    All,
    Nothing,
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    Not(Box<Test>, Box<Test>),
    Uuid(UuidTest),
    Present(String),
    Like {
        field: Texts,
        fold: Fold,
        pattern: Pattern,
        differs: bool,
        truncates: bool,
    },
    Compare {
        field: String,
        fold: Option<Fold>,
        relation: Order,
        term: String,
    },
    Number {
        field: String,
        relation: Order,
        term: f64,
    },
    Words {
        field: Texts,
        query: WordQuery,
        unaccent: bool,
    },
    /// An element of a list whose main field has the words, and whose other fields match theirs.
    Element {
        field: String,
        any: Vec<String>,
        wanted: TextQuery,
        also: Vec<(String, WordQuery)>,
    },
    /// Records elsewhere.
    Foreign(Vec<JoinStep>, Box<Test>),
    /// The result: the field has one of these ids.
    In(String, std::collections::HashSet<String>),
}

/// Where the text of a test comes from.
#[derive(Clone, Debug)]
pub(crate) enum Texts {
    Field(String),
    Joined(Vec<String>),
    /// The numbers of identifiers of a type.
    Isbn(String, &'static str),
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A field to sort by.
#[derive(Clone, Debug)]
pub(crate) struct SortKey {
    pub(crate) field: String,
    pub(crate) descending: bool,
    pub(crate) kind: SortKind,
    /// The first modifier that is about something else than the direction.
    pub(crate) beyond: Option<String>,
}

/// How the values of a key are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SortKind {
    Uuid,
    Json,
    Text(Fold),
}

/// A condition on a UUID.
#[derive(Clone, Debug)]
pub(crate) struct UuidTest {
    pub(crate) field: String,
    pub(crate) bound: Bound,
}

/// The compared value, in lower case.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Order(Order, String),
    Within(String, String),
    Outside(String, String),
}

impl Order {
    pub(super) fn of(relation: &str) -> Option<Self> {
        Some(match relation {
            "=" | "==" => Self::Equal,
            "<>" => Self::Differs,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Differs => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// A number as PostgreSQL reads it.
pub(crate) fn numeric(text: &str) -> Result<f64, CqlError> {
    let plain = text.trim();
    let good = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        || plain.eq_ignore_ascii_case("nan");
    plain
        .parse::<f64>()
        .ok()
        .filter(|_| good)
        .ok_or_else(|| CqlError::number(text))
}
