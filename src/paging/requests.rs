//! Chooses the next request of a list, and builds the requests for parts of it.

use http::Method;

use super::dialect::{PagePlace, PageRequest, Position, QueryPlace, Unreachable, by_post};
use super::pager::Pager;
use crate::value::cql::{self, Cql};
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;

/// The maximum number of values per request, regardless of its length.
const MOST_VALUES: usize = 200;
const MOST_VALUES_IN_BODY: usize = 1_000;

/// The records that have one of some values in a field.
pub(super) struct Wanted<'a> {
    pub(super) field: &'a str,
    pub(super) values: &'a [&'a str],
    /// Whether each value has at most one record. Otherwise there may be more than a page.
    pub(super) is_key: bool,
    pub(super) offset: u64,
    /// Whether the records are requested in a defined order, so that they can span several pages.
    pub(super) is_sorted: bool,
}

impl Pager {
    /// The request for the next page. None if the list ended.
    pub(super) fn next(&mut self) -> Result<Option<Request>> {
        self.check()?;
        if self.by_key {
            return Ok(Some(self.after(self.last())));
        }
        if let Some(ids) = &mut self.ids {
            let base = &self.request;
            return ids.next(&self.client, self.size, |ids| {
                let mut request = base.clone();
                request.set_query("query", cql::field("id").any_of(ids).to_string());
                request.set_query("limit", ids.len().to_string());
                request
            });
        }
        let position = Position {
            offset: self.offset,
            seen: self.seen,
            size: self.size,
            total: self.total(),
            is_sorted: self.query.is_sorted(),
        };
        let size = match self.dialect.page_size(&position) {
            Ok(Some(size)) => size,
            Ok(None) => return Ok(None),
            Err(Unreachable::OnePage(problem)) => return Err(self.invalid(problem)),
            Err(Unreachable::Limit(problem)) => {
                let exchange = self.request.exchange(self.client.url());
                return Err(Error::paging(exchange, problem));
            }
        };
        let from = self.overlap.ask(self.offset);
        let overlaps = self.overlap.overlaps();
        let wanted = PagePlace {
            from,
            size,
            overlaps,
        };
        let place = self.dialect.place(wanted, self.offset);
        self.overlap
            .begin_at(place.from, place.size, place.overlaps);
        Ok(Some(self.request_page(&self.query, place.size, place.from)))
    }

    /// The request for the page after a record of a list that is read by key.
    pub(super) fn after(&self, last: Option<&str>) -> Request {
        match last {
            Some(last) => self.range(Some(last), None),
            // An offset applies only to the first page.
            None => self.request_page(&self.query, self.size, self.offset),
        }
    }

    /// The request for a page of `size` that starts so many records after a key.
    pub(super) fn after_and_skip(&self, last: &str, count: u64, size: u32) -> Request {
        let query = self.query.within(self.key(), Some(last), None);
        self.request_page(&query, size, count)
    }

    /// Whether no known limit prevents a page of one more record.
    pub(super) fn may_request_more(&self) -> bool {
        self.size < self.dialect.largest_page(self.plan.max)
    }

    /// The request for the first page of the records whose keys are greater than one bound and at
    /// most another.
    pub(crate) fn range(&self, after: Option<&str>, until: Option<&str>) -> Request {
        let query = self.query.within(self.key(), after, until);
        self.request_page(&query, self.size, 0)
    }

    fn request_page(&self, query: &Cql, size: u32, offset: u64) -> Request {
        let page = PageRequest {
            query,
            sends_query: self.has_query || self.plan.asks_for_all,
            is_sorted: self.plan.is_sorted,
            size,
            offset,
        };
        self.dialect.request(&self.request, &page)
    }

    /// The request for the exact number of records: a page of size 0. RMB counts then, where it
    /// otherwise estimates. None if no such page is known to be possible.
    pub(super) fn counting(&self) -> Option<Request> {
        if !self.dialect.counts() {
            return None;
        }
        Some(match &self.last {
            Some(last) if self.by_key => self.count_of_range(Some(last), None),
            _ => self.request_page(&self.query, 0, 0),
        })
    }

    /// The request for the exact number of records whose keys are greater than one bound and at
    /// most another.
    pub(crate) fn count_of_range(&self, after: Option<&str>, until: Option<&str>) -> Request {
        let query = self.query.within(self.key(), after, until);
        self.request_page(&query, 0, 0)
    }

    /// The maximum number of values per request, regardless of its length.
    pub(super) fn most_values(&self) -> usize {
        let most = match self.has_query_in_body() {
            true => MOST_VALUES_IN_BODY,
            false => MOST_VALUES,
        };
        usize::try_from(self.size).unwrap_or(usize::MAX).min(most)
    }

    /// Whether the query of a lookup by values is sent in a body.
    fn has_query_in_body(&self) -> bool {
        match self.dialect.query_place() {
            QueryPlace::RequestLine => false,
            QueryPlace::Body => true,
            QueryPlace::BodyIfPossible => {
                *self.request.method() == Method::GET
                    && self.client.has_retrieve(self.request.own_path())
            }
        }
    }

    /// The request for the records that have one of some values in a field, and the number of its
    /// values: as many as fit into one request.
    pub(super) fn request_values(&self, wanted: &Wanted<'_>) -> (Request, usize) {
        let in_body = self.has_query_in_body();
        let values = wanted.values;
        let request = |count: usize| {
            let query = self.query_for(wanted, values.get(..count).unwrap_or(values));
            let size = match wanted.is_key {
                true => u32::try_from(count).unwrap_or(u32::MAX),
                false => self.size,
            };
            let mut request = self.request.clone();
            if in_body {
                return by_post(request, &query, size, wanted.offset);
            }
            request.set_query("query", query.to_string());
            request.set_query("limit", size.to_string());
            if wanted.offset > 0 {
                request.set_query("offset", wanted.offset.to_string());
            }
            request
        };
        self.client
            .divide(values.len().min(self.most_values()), request)
    }

    fn query_for(&self, wanted: &Wanted<'_>, values: &[&str]) -> Cql {
        let query = cql::field(wanted.field).any_of(values);
        let query = match self.request.parameter("query") {
            Some(own) if self.has_query => query.and(Cql::from(own).unsorted()),
            _ => query,
        };
        match &self.plan.tie {
            Some(tie) if wanted.is_sorted => query.sort_by(&**tie),
            _ => query,
        }
    }

    /// Whether an error shows that `…/retrieve` does not exist, in this release or for this user:
    /// then it is not requested again.
    pub(super) fn lacks_retrieve(&self, error: &Error) -> bool {
        let is_of_post = error
            .exchange()
            .is_some_and(|exchange| exchange.method == Method::POST);
        self.dialect.query_place() == QueryPlace::BodyIfPossible
            && is_of_post
            && self.client.lacks_retrieve(self.request.own_path(), error)
    }
}
