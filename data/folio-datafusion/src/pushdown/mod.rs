//! Filters of SQL as queries in CQL.
//!
//! `expression.rs` reads the expressions of DataFusion, `rules.rs` decides which query a condition
//! becomes, and `selection.rs` puts the queries of several filters together.

mod condition;
mod division;
mod expression;
mod length;
mod number;
mod rules;
mod selection;
mod text;
mod time;

pub use condition::Pushed;
pub(crate) use expression::Target;
pub(crate) use selection::{Selection, Support};
