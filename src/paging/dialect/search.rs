//! mod-search: CQL over an index, which returns only the first 10,000 records.

use super::definition::{Dialect, PageRequest, Position, Unreachable, page_by_query};
use crate::wire::request::Request;

/// The maximum page size of mod-search, if the description states none.
pub(super) const LARGEST_PAGE: u32 = 500;

/// The largest sum of `offset` and `limit` that mod-search accepts.
const WINDOW: u64 = 10_000;

/// [`PagingStyle::Search`](crate::PagingStyle::Search).
#[derive(Debug)]
pub(super) struct SearchList;

impl Dialect for SearchList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        page_by_query(base, page)
    }

    fn largest_page(&self, stated: Option<u32>) -> u32 {
        stated.unwrap_or(LARGEST_PAGE)
    }

    fn has_stable_order(&self) -> bool {
        false
    }

    fn resume_problem(&self) -> Option<&'static str> {
        Some("a list of mod-search has no stable order and cannot be resumed")
    }

    fn window(&self) -> Option<u64> {
        Some(WINDOW)
    }

    fn page_size(&self, at: &Position) -> Result<Option<u32>, Unreachable> {
        let room = u32::try_from(WINDOW.saturating_sub(at.offset)).unwrap_or(u32::MAX);
        match at.size.min(room) {
            0 if at.total.is_some_and(|total| total <= WINDOW) => Ok(None),
            0 => Err(Unreachable::Limit(format!(
                "mod-search returns only the first {WINDOW} records, and there are more: split the query{}",
                match at.is_sorted {
                    true =>
                        ", or omit `sortBy`: without it, all records are read with a resource job",
                    false => "",
                }
            ))),
            size => Ok(Some(size)),
        }
    }

    fn may_omit_query(&self) -> bool {
        true
    }
}
