//! `POST …/retrieve` with `query`, `limit` and `offset` in the body.

use http::Method;
use serde_json::Value;

use super::definition::{Dialect, PageRequest, QueryPlace, Start};
use crate::value::cql::Cql;
use crate::wire::request::Request;

/// [`PagingStyle::Retrieve`](crate::PagingStyle::Retrieve).
#[derive(Debug)]
pub(super) struct RetrieveList;

impl Dialect for RetrieveList {
    fn request(&self, base: &Request, page: &PageRequest<'_>) -> Request {
        by_post(base.clone(), page.query, page.size, page.offset)
    }

    /// Reads them from the caller's body. Its query becomes the query of the list.
    fn start(&self, request: &mut Request, given: Start) -> Start {
        let body = request
            .body_bytes()
            .and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let Some(body) = body else {
            return given;
        };
        let number = |name: &str| u32::try_from(body.get(name)?.as_u64()?).ok();
        let (limit, offset) = (number("limit"), number("offset"));
        if let Some(query) = body.get("query").and_then(Value::as_str) {
            request.set_query("query", query.to_owned());
        }
        Start {
            limit: given.limit.or(limit),
            offset: given.offset.or(offset),
        }
    }

    fn sorts_by_cql(&self) -> bool {
        true
    }

    fn query_place(&self) -> QueryPlace {
        QueryPlace::Body
    }

    fn counts(&self) -> bool {
        true
    }
}

/// The same list by POST, with limit, offset and query in the body. It only reads, so it is
/// idempotent.
pub(crate) fn by_post(request: Request, query: &Cql, size: u32, offset: u64) -> Request {
    let mut request = match request.path().ends_with("/retrieve") {
        true => request.with_method(Method::POST),
        false => request.under("/retrieve").with_method(Method::POST),
    };
    for name in ["query", "limit", "offset"] {
        request.remove_query(name);
    }
    let body = serde_json::json!({"query": query.to_string(), "limit": size, "offset": offset});
    request.set_json("application/json", &body);
    request.only_reads()
}
