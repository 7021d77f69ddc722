//! How the record that is written is made of the stored one and the incoming one.

use std::sync::Arc;

use crate::wire::same_record::Fields;

/// Makes the record that is written of the stored one and the incoming one.
pub(super) type Merge = Arc<dyn Fn(&Fields, Fields) -> Result<Fields, String> + Send + Sync>;

/// What becomes of the fields that the server's record has and the one to write lacks. FOLIO
/// replaces records as wholes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingFields {
    /// They are gone. [`WriteResult::Updated`](crate::WriteResult::Updated) names them.
    #[default]
    Remove,
    /// They stay, in objects within the record too; lists are replaced as wholes.
    Keep,
    /// The record is not written; its failure names them.
    Reject,
}
