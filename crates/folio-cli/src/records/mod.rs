//! Reading and writing single records and lists.

pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod get;
pub(crate) mod patch;
pub(crate) mod post;
pub(crate) mod put;
