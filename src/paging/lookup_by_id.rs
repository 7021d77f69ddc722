//! The records of many ids.

use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::lookup::ListLookup;
use super::lookup_stream::lookup_stream;
use super::pager::Pager;
use crate::value::uuid::is_uuid;
use crate::wire::error::Result;

/// The records of many ids, as a stream in the order of the ids. Created by
/// [`RecordStream::ids`](crate::RecordStream::ids) and
/// [`FolioClient::folio_get_by_ids`](crate::FolioClient::folio_get_by_ids).
///
/// They are requested with `id==("…" or "…")`, as many per request as fit into the request line
/// ([`max_request_line`](crate::FolioClientBuilder::max_request_line): about 75), in several
/// concurrent requests; if an endpoint takes the query in a body (`POST
/// /instance-storage/instances/retrieve`, also for holdings and items), with that, 1,000 at once.
/// Duplicate ids are requested once.
///
/// An id that is blank or not a UUID is not sent, because it makes some modules respond with an
/// error or an empty list for all ids of the request. It is both [`invalid`](Self::invalid) and
/// [`missing`](Self::missing). (For a list whose ids are not UUIDs, use [`values("id",
/// …)`](crate::RecordStream::values).) If a response has fewer records than its own `totalRecords`,
/// the rest is requested again; if that returns nothing, the stream ends with an error. An
/// unreadable record is an error of kind [`ErrorKind::Record`](crate::ErrorKind::Record) in its
/// place; after any other error the stream ends.
#[must_use = "a stream sends no request before it is polled"]
pub struct LookupById<T>(ListLookup<T>);

lookup_stream!(
    LookupById,
    "ids",
    "The ids that were not sent because they are blank or not UUIDs"
);

impl<T: DeserializeOwned + Send + 'static> LookupById<T> {
    pub(super) fn new(pager: Pager, ids: impl Iterator<Item = String>) -> Self {
        let field = pager.key().to_owned();
        // The form of other keys is unknown.
        let is_id = field == "id";
        let is_valid = |id: &str| is_uuid(id) || !is_id && !id.trim().is_empty();
        Self(ListLookup::new(pager, field, true, ids, is_valid))
    }
}
