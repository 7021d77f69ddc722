//! All records in one response: neither `limit` nor `offset` is sent.

use super::definition::{Dialect, ONE_RESPONSE, PageRequest};
use crate::wire::request::Request;

/// [`PagingStyle::Whole`](crate::PagingStyle::Whole).
#[derive(Debug)]
pub(super) struct WholeList;

impl Dialect for WholeList {
    fn request(&self, base: &Request, _page: &PageRequest<'_>) -> Request {
        base.clone()
    }

    fn has_stable_order(&self) -> bool {
        false
    }

    fn resume_problem(&self) -> Option<&'static str> {
        Some(ONE_RESPONSE)
    }

    fn has_pages(&self) -> bool {
        false
    }

    /// Without a property for the list it is an array, or one record per line.
    fn is_sequence(&self, items: Option<&str>, body: &[u8]) -> bool {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        items.is_none() && first != Some(&b'[')
    }
}
