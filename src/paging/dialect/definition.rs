//! The decisions in which the pagination dialects differ.

use std::fmt;

use crate::value::cql::Cql;
use crate::wire::request::Request;

/// The page size and the first record that the caller requested, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// The number of records per page.
    pub(crate) limit: Option<u32>,
    /// The number of records to skip.
    pub(crate) offset: Option<u32>,
}

/// How the next page is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// By the key of the last record: `id>"…"`.
    Keyset,
    /// By the number of records before it.
    Offset,
}

/// The progress of a list that is read by offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The start of the next page.
    pub(crate) offset: u64,
    /// How many records the server has sent.
    pub(crate) seen: u64,
    /// The number of records per page.
    pub(crate) size: u32,
    /// `totalRecords`, where the server sent it.
    pub(crate) total: Option<u64>,
    /// Whether the query has a `sortBy`.
    pub(crate) is_sorted: bool,
}

/// The start of a page, and its maximum number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PagePlace {
    pub(crate) from: u64,
    pub(crate) size: u32,
    /// Whether it starts with records of the previous page.
    pub(crate) overlaps: bool,
}

/// One page, as it is requested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRequest<'a> {
    pub(crate) query: &'a Cql,
    /// Whether a query is sent at all.
    pub(crate) sends_query: bool,
    /// Whether an order may be added in a parameter of the dialect.
    pub(crate) is_sorted: bool,
    pub(crate) size: u32,
    pub(crate) offset: u64,
}

/// The place of the query of a lookup by many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryPlace {
    /// In the request line.
    RequestLine,
    /// In the body of `POST …/retrieve` if the list has that endpoint, otherwise in the request
    /// line.
    BodyIfPossible,
    /// In the body of `POST …/retrieve`.
    Body,
}

/// The reason why further records cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// The list has one page by design.
    OnePage(&'static str),
    /// The server has a limit.
    Limit(String),
}

/// The pagination of the lists of one style.
pub(crate) trait Dialect: fmt::Debug + Send + Sync {
    /// The request for one page.
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request;

    /// The maximum page size. `stated` is the maximum that the description states.
    fn largest_page(&self, stated: Option<u32>) -> u32 {
        stated.unwrap_or(u32::MAX)
    }

    /// The page size and the first record, if the request already contains them in the dialect's
    /// own terms. They are removed from the request, because each page has its own. `given` takes
    /// precedence.
    fn start(&self, _request: &mut Request, given: Start) -> Start {
        given
    }

    /// The property of the response that contains the list, if a parameter of the request changes
    /// it.
    fn items(&self, _request: &Request) -> Option<&'static str> {
        None
    }

    /// Whether a `sortBy` may be added to the query.
    fn sorts_by_cql(&self) -> bool {
        false
    }

    /// How the next page is requested in a list with this unique key. The caller's order is
    /// preserved: then only the offset identifies the next page.
    fn sequence(&self, key: Option<&str>, query: &Cql) -> Sequence {
        match self.sorts_by_cql() && key.is_some() && !query.is_sorted() {
            true => Sequence::Keyset,
            false => Sequence::Offset,
        }
    }

    /// The parameter for the order of the records, and the value that makes the order unique, if
    /// the dialect has one besides CQL's `sortBy`.
    fn order(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Whether unchanged records keep their order between requests, so that pages may overlap.
    fn has_stable_order(&self) -> bool {
        true
    }

    /// The reason why a list cannot be resumed at an offset.
    fn resume_problem(&self) -> Option<&'static str> {
        None
    }

    /// Whether the list has pages. Otherwise one response contains all records.
    fn has_pages(&self) -> bool {
        true
    }

    /// The maximum number of records that can be read by offset.
    fn window(&self) -> Option<u64> {
        None
    }

    /// Whether a response contains concatenated records without an enclosing array.
    fn is_sequence(&self, _items: Option<&str>, _body: &[u8]) -> bool {
        false
    }

    /// The maximum number of records of the next page; none at the end of the list.
    fn page_size(&self, at: &Position) -> Result<Option<u32>, Unreachable> {
        Ok(Some(at.size))
    }

    /// The start of the next page. `wanted.from` is the desired start; `offset` is the end of the
    /// previous page.
    fn place(&self, wanted: PagePlace, _offset: u64) -> PagePlace {
        wanted
    }

    /// The place of the query of a lookup by many values.
    fn query_place(&self) -> QueryPlace {
        QueryPlace::RequestLine
    }

    /// Whether a page of size 0 (`limit=0`) is known to state the exact number of records.
    fn counts(&self) -> bool {
        false
    }

    /// Whether the first page may be requested without `cql.allRecords=1` if the server rejected
    /// it.
    fn may_omit_query(&self) -> bool {
        false
    }
}

/// The reason why a list in one response cannot be resumed: all of its records would be returned
/// again.
pub(super) const ONE_RESPONSE: &str = "a list that consists of one response cannot be resumed: read it from the start, without the checkpoint";

/// Adds the page size and the offset. An offset of 0 is omitted.
pub(super) fn page_of(mut request: Request, size: &'static str, page: &PageRequest<'_>) -> Request {
    request.set_query(size, page.size.to_string());
    if page.offset > 0 {
        request.set_query("offset", page.offset.to_string());
    }
    request
}

/// Adds the query, the page size and the offset, in the form that most modules expect.
pub(super) fn page_by_query(base: &Request, page: &PageRequest<'_>) -> Request {
    let mut request = base.clone();
    if page.sends_query {
        request.set_query("query", page.query.to_string());
    }
    page_of(request, "limit", page)
}

/// Adds the dialect's order if the caller sets none.
pub(super) fn ordered(dialect: &dyn Dialect, base: &Request, page: &PageRequest<'_>) -> Request {
    let mut request = base.clone();
    if let Some((parameter, order)) = dialect.order()
        && page.is_sorted
        && request.parameter(parameter).is_none()
    {
        request.set_query(parameter, order.to_owned());
    }
    request
}
