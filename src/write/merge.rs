//! Merges the stored record and the incoming one into the record to be written.

use std::sync::Arc;

use crate::wire::same_record::Fields;

/// Merges the stored record and the incoming one into the record to be written.
pub(super) type Merge = Arc<dyn Fn(&Fields, Fields) -> Result<Fields, String> + Send + Sync>;

/// The treatment of fields that the stored record has and the record to be written lacks. FOLIO
/// replaces records as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingFields {
    /// They are removed. [`WriteResult::Updated`](crate::WriteResult::Updated) lists them.
    #[default]
    Remove,
    /// They are preserved, also in nested objects; lists are replaced as a whole.
    Keep,
    /// The record is not written; its failure lists them.
    Reject,
}
