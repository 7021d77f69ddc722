//! Concatenated records without an enclosing array: the streams of source-record-storage.

use super::definition::{Dialect, PageRequest, ordered, page_of};
use crate::wire::request::Request;

/// [`PagingStyle::Stream`](crate::PagingStyle::Stream).
#[derive(Debug)]
pub(super) struct JsonStreamList;

impl Dialect for JsonStreamList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        page_of(ordered(self, base, page), "limit", page)
    }

    fn order(&self) -> Option<(&'static str, &'static str)> {
        Some(("orderBy", "id,ASC"))
    }

    fn is_sequence(&self, _items: Option<&str>, _body: &[u8]) -> bool {
        true
    }
}
