//! CQL queries, built so that no value can change their meaning.
//!
//! ```
//! use folio_sdk::cql;
//!
//! let query = cql::field("active").eq(true).and(cql::field("username").eq("o\"neil*")).sort_by("username");
//! assert_eq!(query.to_string(), r#"active=="true" and username=="o\"neil\*" sortBy username"#);
//! ```
//!
//! Text written by a user is parsed by [`Cql::parse`], or sent unchanged ([`raw`]).
//!
//! ```
//! use folio_sdk::{Cql, cql};
//!
//! let query = Cql::parse("status.name == Open and dueDate < 2026-01-01 sortBy dueDate/sort.descending")?;
//! assert_eq!(query, cql::field("status.name").eq("Open").and(cql::field("dueDate").lt("2026-01-01")).sort_by_descending("dueDate"));
//! let error = Cql::parse("status.name == (Open or").unwrap_err();
//! assert_eq!(error.position(), 24);
//! # Ok::<(), cql::CqlError>(())
//! ```

mod display;
mod field;
mod parse;
mod query;
mod token;
mod tree;
mod types;

pub use field::field;
pub use query::raw;
pub use token::CqlError;
pub use tree::{ComparisonNode, Node, tokens};
pub use types::{Boolean, Cql, Field, Relation, SortKey, all};
