//! A file that is being written, in any format.

use arrow_array::RecordBatch;

use super::cause::Cause;

/// A file in its format.
pub(super) trait Format: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Cause>;

    /// Writes the rest. Everything is passed to the operating system.
    fn finish(self: Box<Self>, is_ordered: bool) -> Result<(), Cause>;

    /// The bytes in memory that are not yet in the file.
    fn memory(&self) -> usize;
}
