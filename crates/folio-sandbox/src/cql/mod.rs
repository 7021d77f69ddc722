//! CQL as RMB understands it: cql-java's grammar, and RMB's conversion to SQL, run over JSON.
//!
//! How a field is compared depends on the indexes of its table: `=` finds words in PostgreSQL's
//! full text search, `==` is a pattern, `<` uses the collation of the database; fields that are
//! UUIDs have rules of their own.

pub(crate) mod compile;
mod error;
pub(crate) mod eval;
pub(crate) mod fulltext;
mod lexer;
mod parser;
pub(crate) mod plan;
pub(crate) mod uuid;
pub(crate) mod words;

use serde_json::Value;

use crate::facts::tables::Table;
use crate::value::collate;
use crate::value::fold::Fold;

pub(crate) use compile::Compiled;
pub use error::CqlError;

/// A query about records of which no index is known.
#[derive(Clone, Debug)]
pub struct Query(Compiled);

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// The text is not valid CQL, or RMB rejects it.
    pub fn parse(text: &str) -> Result<Self, CqlError> {
        compiled(text, None).map(Self)
    }

    /// Whether a record matches. If PostgreSQL could not compute the condition, such as a number
    /// from text, it does not.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.wants(record).unwrap_or(false)
    }
}

/// The parts of a query that modules without RMB check before they parse it.
pub(crate) struct Outline {
    /// Fields, their terms, and whether the relation has modifiers.
    pub(crate) terms: Vec<(String, String, bool)>,
    /// The fields of the order.
    pub(crate) keys: Vec<String>,
    /// The part that `prox` joins, as cql-java writes it.
    pub(crate) prox: Option<String>,
}

/// The outline of a query; the error is cql-java's message.
pub(crate) fn outline(text: &str) -> Result<Outline, String> {
    let parsed = parser::parse(text)?;
    let mut terms = Vec::new();
    parser::terms(&parsed.clause, &mut terms);
    Ok(Outline {
        terms: terms
            .into_iter()
            .map(|term| {
                let modified = !term.modifiers.is_empty();
                (term.index.clone(), term.text.clone(), modified)
            })
            .collect(),
        keys: parsed.sort.into_iter().map(|key| key.index).collect(),
        prox: parser::prox(&parsed.clause).map(parser::written),
    })
}

/// A text as RMB compares it unless an index overrides that: without case and accents.
pub fn folded(text: &str) -> String {
    Fold::BOTH.apply(text)
}

/// The order of two texts in the database.
pub fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    collate::compare(a, b)
}

/// Understands a query about the records of a table.
pub(crate) fn compiled(text: &str, table: Option<&Table>) -> Result<Compiled, CqlError> {
    let parsed = parser::parse(text).map_err(CqlError::parse)?;
    compile::compile(&parsed, table)
}
