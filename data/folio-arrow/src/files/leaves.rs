//! The columns of a Parquet file that have values, and what the first batch says about these values.

use std::collections::HashMap;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

/// The number of values of a column that are compared. Nothing is concluded from fewer values than
/// [`LEAST`], or from none in fewer rows.
const MOST: usize = 1_024;
const LEAST: usize = 64;

/// A column that has values, and no columns below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Whether it is below a list: a row has any number of values.
    pub(super) is_in_list: bool,
    /// Whether most of its values occur once: a dictionary would cost more than it saves.
    pub(super) is_varied: bool,
    /// Whether it has no values.
    pub(super) is_empty: bool,
    pub(super) is_text: bool,
}

/// The columns with values, in the order in which Parquet has them: that of the schema, with the
/// fields of structs and the elements of lists in place of these.
pub(super) fn leaves(batch: &RecordBatch) -> Vec<Leaf> {
    let mut all = Vec::new();
    for column in batch.columns() {
        add(column, false, batch.num_rows(), &mut all);
    }
    all
}

fn add(array: &ArrayRef, is_in_list: bool, rows: usize, all: &mut Vec<Leaf>) {
    match array.data_type() {
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                add(column, is_in_list, rows, all);
            }
        }
        DataType::List(_) => add(array.as_list::<i32>().values(), true, rows, all),
        DataType::LargeList(_) => add(array.as_list::<i64>().values(), true, rows, all),
        DataType::FixedSizeList(..) => add(array.as_fixed_size_list().values(), true, rows, all),
        DataType::Map(..) => {
            for column in array.as_map().entries().columns() {
                add(column, true, rows, all);
            }
        }
        data_type => all.push(Leaf {
            is_in_list,
            is_varied: is_varied(array),
            is_empty: array.null_count() == array.len() && rows >= LEAST,
            is_text: *data_type == DataType::Utf8,
        }),
    }
}

/// Whether most of an array's values occur once. The share of such values in a sample is the
/// probability that the next value is a new one (Good and Turing).
fn is_varied(array: &dyn Array) -> bool {
    // A UUID does not compress: a dictionary is of use even if few of them repeat.
    let ((number, once), most) = match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>().iter().flatten();
            (counts(values.map(str::as_bytes)), 0.5)
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary().iter().flatten();
            (counts(values), 0.9)
        }
        other => {
            let Some(width) = other.primitive_width() else {
                return false;
            };
            let data = array.to_data();
            let Some(buffer) = data.buffers().first() else {
                return false;
            };
            let start = data.offset() * width;
            let values = buffer.get(start..).unwrap_or_default().chunks_exact(width);
            let values = values.take(array.len()).enumerate();
            let values = values.filter(|(at, _)| array.is_valid(*at));
            (counts(values.map(|(_, value)| value)), 0.5)
        }
    };
    number >= LEAST && once as f64 > number as f64 * most
}

/// The number of values, up to a limit, and of those that occur once.
fn counts<'a>(values: impl Iterator<Item = &'a [u8]>) -> (usize, usize) {
    let mut is_single = HashMap::new();
    let mut number = 0;
    for value in values.take(MOST) {
        number += 1;
        is_single
            .entry(value)
            .and_modify(|is_single| *is_single = false)
            .or_insert(true);
    }
    let once = is_single.into_values().filter(|is_single| *is_single);
    (number, once.count())
}
