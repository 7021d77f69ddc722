//! `limit` and `offset`, without CQL.

use super::definition::{Dialect, PageRequest, page_of};
use crate::wire::request::Request;

/// [`PagingStyle::Offset`](crate::PagingStyle::Offset).
#[derive(Debug)]
pub(super) struct OffsetList;

impl Dialect for OffsetList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        page_of(base.clone(), "limit", page)
    }

    fn counts(&self) -> bool {
        true
    }
}
