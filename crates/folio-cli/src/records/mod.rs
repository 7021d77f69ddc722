//! Reading and writing single records and lists.

mod body;
pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod get;
pub(crate) mod list;
mod numbers;
pub(crate) mod patch;
pub(crate) mod post;
pub(crate) mod put;
mod send;
mod set_fields;
