//! Pagination dialects: one file per style of list, which defines the requests for its pages.
//!
//! [`definition::Dialect`] lists the decisions that differ between styles. The pager is the same
//! for all of them: a new style is a new file here and a row in `select.rs`.

mod browse;
mod cql;
mod definition;
mod erm;
mod offset;
mod retrieve;
mod search;
mod select;
mod stream;
mod whole;

#[cfg(test)]
mod tests;

pub(super) use definition::{
    Dialect, PagePlace, PageRequest, Position, QueryPlace, Sequence, Start, Unreachable,
};
pub(super) use retrieve::by_post;
pub(super) use select::of;
