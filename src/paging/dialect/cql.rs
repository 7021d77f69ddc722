//! `query` in CQL, `limit` and `offset`: most of FOLIO.

use super::definition::{Dialect, PageRequest, QueryPlace, page_by_query};
use crate::wire::request::Request;

/// [`PagingStyle::Cql`](crate::PagingStyle::Cql).
#[derive(Debug)]
pub(super) struct CqlList;

impl Dialect for CqlList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        page_by_query(base, page)
    }

    fn sorts_by_cql(&self) -> bool {
        true
    }

    fn query_place(&self) -> QueryPlace {
        QueryPlace::BodyIfPossible
    }

    fn counts(&self) -> bool {
        true
    }

    fn may_omit_query(&self) -> bool {
        true
    }
}
