//! What all columns have in common.

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

use super::context::{Context, Path};
use crate::json::Cursor;

/// A column that is being filled.
///
/// A column that is shorter than the others ends in nulls: absent values cost nothing.
pub(crate) trait GrowingColumn: Send {
    /// The number of values.
    fn len(&self) -> usize;

    /// Appends the value at the cursor, or null if it does not fit, and moves the cursor past it.
    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context);

    /// Appends nulls up to a number of values. A longer column is unchanged.
    fn pad_to(&mut self, rows: usize);

    /// Removes the values after so many. A shorter column is unchanged.
    fn truncate(&mut self, rows: usize);

    /// The values, with nulls up to a number of them. The column is empty afterwards.
    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError>;
}
