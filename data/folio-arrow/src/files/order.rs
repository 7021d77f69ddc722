//! Checks whether the rows are in the order of the identifiers.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};

/// The check of one column.
#[derive(Debug)]
pub(super) struct OrderCheck {
    /// The number of the column. None: the rows are not known to be in order.
    column: Option<usize>,
    /// The last value.
    last: Option<Vec<u8>>,
}

impl OrderCheck {
    /// The check of a column, if the schema has it and its order is that of its bytes, which is what
    /// Parquet and Arrow compare.
    pub(super) fn new(schema: &Schema, id: &str) -> Self {
        let column = schema.column_with_name(id).filter(|(_, field)| {
            let types = field.data_type();
            matches!(types, DataType::Utf8 | DataType::FixedSizeBinary(_))
        });
        Self {
            column: column.map(|(at, _)| at),
            last: None,
        }
    }

    /// Checks the rows of a batch. A null is in no order.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let Some(column) = self.column.and_then(|at| batch.columns().get(at)) else {
            return;
        };
        let is_ordered = column.null_count() == 0
            && match (
                column.as_fixed_size_binary_opt(),
                column.as_string_opt::<i32>(),
            ) {
                (Some(ids), _) => self.rows((0..ids.len()).map(|row| ids.value(row))),
                (_, Some(ids)) => self.rows((0..ids.len()).map(|row| ids.value(row).as_bytes())),
                _ => false,
            };
        if !is_ordered {
            self.column = None;
        }
    }

    fn rows<'a>(&mut self, values: impl Iterator<Item = &'a [u8]>) -> bool {
        let mut last = self.last.as_deref();
        let mut end = None;
        for value in values {
            if last.is_some_and(|last| last > value) {
                return false;
            }
            last = Some(value);
            end = Some(value);
        }
        if let Some(end) = end {
            let kept = self.last.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(end);
        }
        true
    }

    /// Whether all rows so far were in order, of which there was at least one.
    pub(super) fn is_ordered(&self) -> bool {
        self.column.is_some() && self.last.is_some()
    }
}
