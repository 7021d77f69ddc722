//! The generator of records, which runs when they are read.

/// Makes records when they are read, the same each time.
pub(crate) trait Maker: Send + Sync {
    /// The record of a number as compact JSON, its fields sorted.
    fn text(&self, number: u32) -> String;

    /// The identifier of that record.
    fn id(&self, number: u32) -> uuid::Uuid;

    /// The text of a field, where it is known without making all of the record.
    fn field(&self, number: u32, path: &str) -> Option<Option<String>>;
}
