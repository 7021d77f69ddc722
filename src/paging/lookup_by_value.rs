//! The records of many values of a field.

use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::lookup::ListLookup;
use super::lookup_stream::lookup_stream;
use super::pager::Pager;
use crate::wire::error::Result;

/// The records of many values of a field, as a stream in the order of the values: HRIDs, barcodes,
/// user names, external ids. Made by [`RecordStream::values`](crate::RecordStream::values) and
/// [`FolioClient::folio_get_by_values`](crate::FolioClient::folio_get_by_values).
///
/// They are requested by `field==("…" or "…")`, an exact match of the whole field, as many in one
/// request as the request line has room for, or by `POST …/retrieve` as [`LookupById`](crate::LookupById)
/// says. A value that is given twice is requested once. A blank value is [`invalid`](Self::invalid)
/// and not sent.
///
/// - A value without a record is [`missing`](Self::missing) at the end.
/// - A value with several records gives all of them, one after the other, and is
///   [`ambiguous`](Self::ambiguous).
/// - **The server decides what is equal.** RMB's `==` ignores case and accents in most fields (a
///   barcode of an item: only case; FOLIO's index definitions decide). A record that comes back in
///   another case is a record of the value, and if it is not known which value of a request a
///   record belongs to (`Muller` for `Müller`, a field that is a list), the request is divided
///   until each value was requested by itself. If two values differ in case only, a record goes to
///   the one that is written the same; the other is not missing, and has no record of its own.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct LookupByValue<T>(ListLookup<T>);

lookup_stream!(
    LookupByValue,
    "values",
    "The values that are blank, and were not sent"
);

impl<T: DeserializeOwned + Send + 'static> LookupByValue<T> {
    pub(super) fn new(pager: Pager, field: String, values: impl Iterator<Item = String>) -> Self {
        let is_valid = |value: &str| !value.trim().is_empty();
        Self(ListLookup::new(pager, field, false, values, is_valid))
    }

    /// The values that have several records, as far as the server was asked; at the end, all of
    /// them. All their records came.
    pub fn ambiguous(&self) -> &[String] {
        &self.0.ambiguous
    }
}
