//! mod-search's browsing: one page, which shows the values around the value of its query.

use super::definition::{Dialect, ONE_RESPONSE, PageRequest, Position, Unreachable, page_by_query};
use super::search::LARGEST_PAGE;
use crate::wire::request::Request;

/// [`PagingStyle::Browse`](crate::PagingStyle::Browse).
#[derive(Debug)]
pub(super) struct BrowseList;

impl Dialect for BrowseList {
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
        Some(ONE_RESPONSE)
    }

    fn page_size(&self, at: &Position) -> Result<Option<u32>, Unreachable> {
        match at.total {
            _ if at.seen == 0 => Ok(Some(at.size)),
            Some(total) if total <= at.seen => Ok(None),
            _ => Err(Unreachable::OnePage(
                "a browse list has one page, which shows the values around the value of its query: to continue, send a query for the `next` or `prev` value of the response",
            )),
        }
    }
}
