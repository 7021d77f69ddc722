//! Calls: typed ones of described operations, and those by path.

pub(crate) mod by_path;
mod misfits;
pub(crate) mod mode;
pub(crate) mod page_cursor;
pub(crate) mod pages;
pub(crate) mod typed;
