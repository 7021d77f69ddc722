//! The columns of a batch while it is filled, one record after the other.

mod context;
mod dictionary;
mod nested;
mod primitive;
mod text;
mod token;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

pub(crate) use context::{Context, Path};
pub(crate) use nested::RecordColumn;
pub(crate) use text::Strings;

use crate::counts::Counts;
use crate::json::Cursor;
use crate::kind::Kind;

/// A column that is being filled.
///
/// A column that is shorter than the others ends in nulls: absent values cost nothing.
pub(crate) trait Column: Send {
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

/// The column of a kind. `path` is its name in the counts.
pub(crate) fn column(kind: &Kind, path: &str, counts: &mut Counts) -> Box<dyn Column> {
    match kind {
        Kind::Text => Box::new(text::TextColumn::new(counts.add(path))),
        Kind::Json => Box::new(text::JsonColumn::default()),
        Kind::Boolean => Box::new(primitive::BooleanColumn::new(counts.add(path))),
        Kind::Uuid => Box::new(primitive::UuidColumn::new(counts.add(path))),
        Kind::Int32 => primitive::int32(counts.add(path)),
        Kind::Int64 => primitive::int64(counts.add(path)),
        Kind::Float64 => primitive::float64(counts.add(path)),
        Kind::Decimal(scale) => primitive::decimal(counts.add(path), *scale),
        Kind::Timestamp => primitive::timestamp(counts.add(path)),
        Kind::Date => primitive::date(counts.add(path)),
        Kind::Enum(values) => Box::new(dictionary::DictionaryColumn::new(values, counts.add(path))),
        Kind::List(elements) => Box::new(nested::ListColumn::new(elements, path, counts)),
        Kind::Record(fields) => Box::new(RecordColumn::new(fields, path, counts)),
    }
}
