//! The maximum length of a request line, and the alternatives for longer requests.
//!
//! Okapi and the modules accept a request line of 4,096 bytes: the method, the path with its
//! encoded query, and ` HTTP/1.1`, without the line break (recorded: 4,090 bytes are accepted;
//! 4,200 are rejected with 414, and the connection is closed; also at the modules' own ports). The
//! path includes the path of the gateway (`/okapi`), because a reverse proxy may or may not remove
//! it.
//!
//! All clones of a client share one [`RequestLine`]. Requests for many ids or values are split by
//! [`FolioClient::divide`]. A request that is known to be too long is never sent: it becomes `POST
//! …/retrieve` if the collection has that, and an error otherwise.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::wire::described_lists;
use crate::wire::error::Error;
use crate::wire::request::Request;

/// The limit of Okapi and the modules: Vert.x's default `maxInitialLineLength`.
pub(crate) const MOST_BYTES: usize = 4_096;

/// A shorter line cannot name a record of a collection behind a gateway. No setting and no response
/// lowers the limit below this.
const FEWEST_BYTES: usize = 256;

/// The bytes of the line apart from method and target: two spaces and the version.
const AROUND: usize = " ".len() + " HTTP/1.1".len();

/// The limit of a client, shared by its clones and tenant handles, and the limits learned from the
/// server.
pub(crate) struct RequestLine {
    /// The configured limit.
    most: usize,
    /// The length to which requests for many ids are split. At most `most`; a 414 halves it.
    divided: AtomicUsize,
    /// The shortest line that the server rejected with 414.
    rejected: AtomicUsize,
    /// Tenants and paths without `POST …/retrieve`, or for which this user has no permission. Never
    /// held across an await.
    without_retrieve: Mutex<HashSet<(String, String)>>,
}

impl RequestLine {
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(FEWEST_BYTES);
        Self {
            most,
            divided: AtomicUsize::new(most),
            rejected: AtomicUsize::new(usize::MAX),
            without_retrieve: Mutex::default(),
        }
    }

    /// The length of a line; `target` is the path of the gateway, the path and the query, as they
    /// are sent.
    pub(crate) fn length(method: &Method, target: usize) -> usize {
        method.as_str().len() + AROUND + target
    }

    /// The maximum length worth sending: the configured limit, and less than any rejected length.
    fn limit(&self) -> usize {
        let rejected = self.rejected.load(Ordering::Relaxed);
        self.most.min(rejected.saturating_sub(1))
    }

    /// The maximum length of a line of a split request.
    pub(crate) fn room(&self) -> usize {
        self.limit().min(self.divided.load(Ordering::Relaxed))
    }

    /// Whether a line of this length must not be sent.
    pub(crate) fn is_exceeded(&self, length: usize) -> bool {
        length > self.limit()
    }

    /// The error for a line of this length; none if it may be sent.
    pub(crate) fn problem(&self, length: usize) -> Option<String> {
        let limit = self.limit();
        (length > limit).then(|| {
            let why = if limit < self.most {
                "the server rejects longer ones with 414"
            } else {
                "see `max_request_line`"
            };
            format!(
                "not sent: its request line has {length} bytes, and the limit is {limit} ({why})"
            )
        })
    }

    /// Records that the server rejected a line of this length with 414.
    pub(crate) fn was_rejected(&self, length: usize) {
        self.rejected.fetch_min(length, Ordering::Relaxed);
        self.divided
            .fetch_min((length / 2).max(FEWEST_BYTES), Ordering::Relaxed);
    }

    /// Whether `POST …/retrieve` may exist for a tenant and the path of a list: not after it was
    /// found to be missing.
    pub(crate) fn has_retrieve(&self, tenant: &str, path: &str) -> bool {
        described_lists::is_asked_by_post(path)
            && !self
                .without_retrieve
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&(tenant.to_owned(), path.to_owned()))
    }

    /// Records that `POST …/retrieve` is missing. `path` is that of the list.
    pub(crate) fn lacks_retrieve(&self, tenant: &str, path: &str) {
        self.without_retrieve
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((tenant.to_owned(), path.to_owned()));
    }
}

/// The alternatives to a query that is too long.
pub(crate) const REMEDY: &str = "To read the records of many ids, use `.ids(…)`; for many values of another field, use `.values(field, …)`: both split them into several requests. Otherwise shorten or split the query";

/// Whether the server rejected the request line as too long.
pub(crate) fn is_too_long(error: &Error) -> bool {
    error.status() == Some(StatusCode::URI_TOO_LONG)
}

/// Whether a server reports that the endpoint does not exist, or is not permitted to this user.
pub(crate) fn is_absent(error: &Error) -> bool {
    let status = error.status();
    error.is_not_found()
        || error.is_forbidden()
        || matches!(
            status,
            Some(StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED)
        )
}

/// The list of a GET, requested with `POST …/retrieve` with `query`, `limit` and `offset` in the
/// body. None if it has other parameters, which the body cannot contain. It only reads, so it may
/// be retried.
pub(crate) fn by_retrieve(request: &Request) -> Option<Request> {
    let mut body = Map::new();
    for (name, value) in request.parameters() {
        let value = match name {
            "query" => Value::from(value),
            "limit" | "offset" => Value::from(value.trim().parse::<u64>().ok()?),
            _ => return None,
        };
        if body.insert(name.to_owned(), value).is_some() {
            return None;
        }
    }
    // The defaults of a GET without them.
    for (name, value) in [("limit", 10), ("offset", 0)] {
        body.entry(name).or_insert_with(|| Value::from(value));
    }
    let mut post = request.clone().under("/retrieve").with_method(Method::POST);
    for name in ["query", "limit", "offset"] {
        post.remove_query(name);
    }
    post.set_json("application/json", &Value::Object(body));
    Some(post.idempotent(true).probing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rejected_bounds_what_is_sent_and_halves_what_is_divided() {
        let line = RequestLine::new(MOST_BYTES);
        assert_eq!(line.problem(4_096), None);
        assert!(
            line.problem(4_097).is_some_and(|text| {
                text.contains("4097 bytes") && text.contains("limit is 4096")
            })
        );
        line.was_rejected(3_000);
        line.was_rejected(3_500);
        assert_eq!(line.problem(2_999), None);
        assert!(line.problem(3_000).is_some_and(|text| text.contains("414")));
        assert_eq!(line.divided.load(Ordering::Relaxed), 1_500);
        line.was_rejected(10);
        assert_eq!(line.divided.load(Ordering::Relaxed), FEWEST_BYTES);
    }

    #[test]
    fn a_line_is_method_target_and_version() {
        let target = "/users?limit=1";
        assert_eq!(
            RequestLine::length(&Method::GET, target.len()),
            format!("GET {target} HTTP/1.1").len()
        );
    }
}
