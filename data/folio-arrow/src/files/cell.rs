//! The text of values.

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use arrow_schema::{DataType, Field};

use super::cause::Cause;
use crate::restore;

/// Appends the text of a value that is not null. The types are those that `flat` leaves.
pub(super) fn push_text(
    field: &Field,
    array: &dyn Array,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Cause> {
    if let Some(texts) = array.as_string_opt::<i32>() {
        out.extend_from_slice(texts.value(row).as_bytes());
        return Ok(());
    }
    if let Some(numbers) = array.as_primitive_opt::<Float64Type>()
        && !numbers.value(row).is_finite()
    {
        // JSON has none of these.
        out.extend_from_slice(numbers.value(row).to_string().as_bytes());
        return Ok(());
    }
    let start = out.len();
    restore::push_json(field, array, row, out).map_err(|error| Cause::Data(error.to_string()))?;
    match array.data_type() {
        // Text without quotation marks: it has no escapes.
        DataType::FixedSizeBinary(_) | DataType::Date32 | DataType::Timestamp(..) => {
            out.pop();
            out.remove(start);
        }
        _ => {}
    }
    if let DataType::Timestamp(_, None) = array.data_type() {
        // A local time has no offset.
        out.truncate(out.len() - "+00:00".len());
    }
    Ok(())
}
