//! Makes the columns of kinds.

use std::sync::Arc;

use super::dictionary::DictionaryColumn;
use super::growing::GrowingColumn;
use super::nested::{ListColumn, RecordColumn};
use super::primitive::{self, BooleanColumn, UuidColumn};
use super::text::{JsonColumn, TextColumn};
use crate::counts::Counts;
use crate::kind::{Field, Kind};

/// The column of a kind. `path` is its name in the counts.
pub(crate) fn column(kind: &Kind, path: &str, counts: &mut Counts) -> Box<dyn GrowingColumn> {
    match kind {
        Kind::Text => Box::new(TextColumn::new(counts.add(path))),
        Kind::Json => Box::new(JsonColumn::default()),
        Kind::Boolean => Box::new(BooleanColumn::new(counts.add(path))),
        Kind::Uuid => Box::new(UuidColumn::new(counts.add(path))),
        Kind::Int32 => primitive::int32(counts.add(path)),
        Kind::Int64 => primitive::int64(counts.add(path)),
        Kind::Float64 => primitive::float64(counts.add(path)),
        Kind::Decimal(scale) => primitive::decimal(counts.add(path), *scale),
        Kind::Timestamp => primitive::timestamp(counts.add(path)),
        Kind::Date => primitive::date(counts.add(path)),
        Kind::Enum(values) => Box::new(DictionaryColumn::new(values, counts.add(path))),
        Kind::List(elements) => {
            let number = counts.add(path);
            let field = elements.element_field();
            let elements = column(elements, &format!("{path}[]"), counts);
            Box::new(ListColumn::new(field, elements, number))
        }
        Kind::Record(fields) => Box::new(record_column(fields, path, counts, |_| true)),
    }
}

/// The column of records of which some fields are decoded. `path` is its name in the counts.
pub(crate) fn record_column(
    fields: &Arc<[Field]>,
    path: &str,
    counts: &mut Counts,
    is_decoded: impl Fn(usize) -> bool,
) -> RecordColumn {
    let number = counts.add(path);
    let mut columns = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        let path = match path.is_empty() {
            true => field.name.to_string(),
            false => format!("{path}.{}", field.name),
        };
        columns.push(is_decoded(at).then(|| column(&field.kind, &path, counts)));
    }
    RecordColumn::new(fields, columns, number)
}
