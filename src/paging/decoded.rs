//! The records of a page by offset: decoded all at once, because their number determines the start of
//! the next page.

use serde::de::DeserializeOwned;

use super::page_body::PageBody;
use crate::wire::error::{Error, Result};

/// A record of a page by offset.
pub(super) struct Row<T> {
    /// The number of records before the next one.
    pub(super) passed: u64,
    pub(super) key: Option<String>,
    pub(super) record: Result<T>,
}

/// The records of a page by offset.
pub(super) struct Decoded<T> {
    /// The keys of the records, and the records, with the number of elements parsed at that point.
    pub(super) keys: Vec<Option<String>>,
    pub(super) records: Vec<(u64, Result<T>)>,
    /// The response is broken after them.
    pub(super) broken: Option<Error>,
}

impl<T> Decoded<T>
where
    T: DeserializeOwned,
{
    pub(super) fn of(page: &mut PageBody) -> Self {
        let mut decoded = Self {
            keys: Vec::new(),
            records: Vec::new(),
            broken: None,
        };
        while let Some(record) = page.next::<T>() {
            match record {
                // The response is broken from here on. The records before are valid.
                Err(error) if error.record_json().is_none() => {
                    decoded.broken = Some(error);
                    break;
                }
                record => {
                    decoded.keys.push(page.key_of_last());
                    decoded.records.push((page.received(), record));
                }
            }
        }
        decoded
    }
}
