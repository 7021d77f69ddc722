//! CQL as RMB understands it: cql-java's grammar, and RMB's conversion to SQL, run over JSON.
//!
//! How a field is compared depends on the indexes of its table: `=` finds words in PostgreSQL's full text search, `==` is a pattern, `<` uses
//! the collation of the database; fields that are UUIDs have rules of their own.

pub(crate) mod collate;
pub(crate) mod compile;
mod error;
pub(crate) mod eval;
pub(crate) mod fold;
pub(crate) mod fulltext;
mod lexer;
mod parser;
pub(crate) mod uuid;
pub(crate) mod words;

use serde_json::Value;

pub use error::CqlError;

pub(crate) use compile::Compiled;

use crate::tables::Table;

/// A query about records of which no index is known.
#[derive(Clone, Debug)]
pub struct Query(Compiled);

impl Query {
    /// Understands a query.
    ///
    /// # Errors
    /// The text is no CQL, or RMB rejects it.
    pub fn parse(text: &str) -> Result<Self, CqlError> {
        compiled(text, None).map(Self)
    }

    /// Whether a record is wanted. What PostgreSQL cannot compute, such as a number of a text, is not.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.wants(record).unwrap_or(false)
    }
}

/// The fields of a query and what they are compared with, those of the order with nothing; the error is cql-java's message.
pub(crate) fn fields(text: &str) -> Result<Vec<(String, String)>, String> {
    let parsed = parser::parse(text)?;
    let mut found = Vec::new();
    parser::terms(&parsed.clause, &mut found);
    let keys = parsed
        .sort
        .into_iter()
        .map(|key| (key.index, String::new()));
    Ok(found.into_iter().chain(keys).collect())
}

/// A text as RMB compares it where no index says otherwise: without case and accents.
pub fn folded(text: &str) -> String {
    fold::Fold::BOTH.apply(text)
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
