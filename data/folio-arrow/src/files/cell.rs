//! The text of values, and their JSON.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    UInt64Type,
};
use arrow_array::Array;
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit};

use super::cause::Cause;
use crate::json::push_quoted;
use crate::kind;
use crate::scalar::{number, time, uuid};

/// Appends the text of a value that is not null. The types are those that `flat` leaves.
pub(super) fn push_text(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), Cause> {
    match array.data_type() {
        DataType::Utf8 => out.extend_from_slice(array.as_string::<i32>().value(row).as_bytes()),
        DataType::FixedSizeBinary(16) => {
            let bytes = array.as_fixed_size_binary().value(row);
            let bytes: [u8; 16] = bytes.try_into().unwrap_or_default();
            out.extend_from_slice(uuid::text(bytes).as_bytes());
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            out.extend_from_slice(time::date_text(days).as_bytes());
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let text = time::text(micros);
            let text = match zone {
                Some(_) => text.as_str(),
                // A local time has no offset.
                None => text.trim_end_matches("+00:00"),
            };
            out.extend_from_slice(text.as_bytes());
        }
        DataType::List(element) => push_list(array, row, element, out)?,
        _ => push_word(array, row, out)?,
    }
    Ok(())
}

/// Appends a number or a boolean, which are the same in JSON.
fn push_word(array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<(), Cause> {
    let text = match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Float64 => {
            let number = array.as_primitive::<Float64Type>().value(row);
            match number.is_finite() {
                true => serde_json::Value::from(number).to_string(),
                // JSON has none of these.
                false => number.to_string(),
            }
        }
        DataType::Decimal128(_, scale) => {
            let number = array.as_primitive::<Decimal128Type>().value(row);
            number::decimal_text(number, *scale)
        }
        other => return Err(Cause::Data(format!("values of {other} have no text"))),
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn push_list(
    array: &dyn Array,
    row: usize,
    element: &Field,
    out: &mut Vec<u8>,
) -> Result<(), Cause> {
    let values = array.as_list::<i32>().value(row);
    out.push(b'[');
    for at in 0..values.len() {
        if at > 0 {
            out.push(b',');
        }
        push_json(element, &values, at, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Appends a value as JSON.
fn push_json(
    field: &Field,
    array: &dyn Array,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Cause> {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::List(element) => push_list(array, row, element, out),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            out.push(b'{');
            let mut is_first = true;
            for (field, column) in fields.iter().zip(columns) {
                if column.is_null(row) {
                    continue;
                }
                if !is_first {
                    out.push(b',');
                }
                is_first = false;
                push_quoted(field.name(), out);
                out.push(b':');
                push_json(field, column, row, out)?;
            }
            out.push(b'}');
            Ok(())
        }
        DataType::Utf8 if is_json(field) => push_text(array, row, out),
        DataType::Utf8 => {
            push_quoted(array.as_string::<i32>().value(row), out);
            Ok(())
        }
        DataType::FixedSizeBinary(_) | DataType::Date32 | DataType::Timestamp(..) => {
            out.push(b'"');
            push_text(array, row, out)?;
            out.push(b'"');
            Ok(())
        }
        DataType::Float64 if !array.as_primitive::<Float64Type>().value(row).is_finite() => {
            out.push(b'"');
            push_word(array, row, out)?;
            out.push(b'"');
            Ok(())
        }
        _ => push_word(array, row, out),
    }
}

/// Whether the text of a column is JSON.
fn is_json(field: &Field) -> bool {
    let extension = field.metadata().get(EXTENSION_TYPE_NAME_KEY);
    extension.is_some_and(|name| name == kind::JSON)
}
