//! The records of many values of a field.

use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::lookup::ListLookup;
use super::lookup_stream::lookup_stream;
use super::pager::Pager;
use crate::wire::error::Result;

/// The records of many values of a field, as a stream in the order of the values: HRIDs, barcodes,
/// user names, external ids. Created by [`RecordStream::values`](crate::RecordStream::values) and
/// [`FolioClient::folio_get_by_values`](crate::FolioClient::folio_get_by_values).
///
/// They are requested with `field==("…" or "…")`, an exact match of the whole field, as many per
/// request as fit into the request line, or with `POST …/retrieve` as described at
/// [`LookupById`](crate::LookupById). Duplicate values are requested once. A blank value is
/// [`invalid`](Self::invalid) and not sent.
///
/// - A value without a record is [`missing`](Self::missing) at the end.
/// - A value with several records returns all of them consecutively, and is
///   [`ambiguous`](Self::ambiguous).
/// - **The server defines equality.** RMB's `==` ignores case and accents in most fields (for an
///   item's barcode only case; FOLIO's index definitions decide). A record that differs in case is
///   a record of the value. If a record cannot be assigned to one of the requested values (`Muller`
///   for `Müller`, a field that is a list), the request is split until each value was requested by
///   itself. If two values differ only in case, a record is assigned to the one that is spelled the
///   same; the other is not missing, and has no record of its own.
///   same; the other is not missing, and has no record of its own.
#[must_use = "a stream sends no request before it is polled"]
pub struct LookupByValue<T>(ListLookup<T>);

lookup_stream!(
    LookupByValue,
    "values",
    "The values that were not sent because they are blank"
);

impl<T: DeserializeOwned + Send + 'static> LookupByValue<T> {
    pub(super) fn new(pager: Pager, field: String, values: impl Iterator<Item = String>) -> Self {
        let is_valid = |value: &str| !value.trim().is_empty();
        Self(ListLookup::new(pager, field, false, values, is_valid))
    }

    /// The values with several records, as far as they were requested; at the end, all of them. All
    /// their records are returned.
    pub fn ambiguous(&self) -> &[String] {
        &self.0.ambiguous
    }
}
