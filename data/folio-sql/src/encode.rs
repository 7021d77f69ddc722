//! Rows as JSON objects.
//!
//! Points in time are those of ISO 8601 with `Z`, decimals have all their digits, bytes are hexadecimal.
//! Null fields of structs are left out.

use std::collections::HashSet;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use folio_cli::extension::CliError;
use serde_json::value::RawValue;

/// How rows look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Structs and lists are JSON.
    Nested,
    /// Structs and lists are JSON text in their cells.
    Cells,
    /// As `Cells`, with a column for each field of a struct: `personal.lastName`.
    Flat,
}

/// The names of the columns in a shape.
///
/// # Errors
/// Two columns have the same name.
pub(crate) fn names(schema: &Schema, shape: Shape) -> Result<Vec<String>, CliError> {
    let mut names = Vec::new();
    for field in schema.fields() {
        add_names(field, field.name().clone(), shape, &mut names);
    }
    let mut known = HashSet::new();
    match names.iter().find(|name| !known.insert(name.as_str())) {
        Some(twice) => Err(CliError::usage(format!(
            "two columns have the name `{twice}`: one of them is the field of a struct"
        ))
        .with_help("give one of them another name: select … as name")),
        None => Ok(names),
    }
}

fn add_names(field: &Field, path: String, shape: Shape, names: &mut Vec<String>) {
    match field.data_type() {
        DataType::Struct(fields) if shape == Shape::Flat && !fields.is_empty() => {
            for field in fields {
                add_names(field, format!("{path}.{}", field.name()), shape, names);
            }
        }
        _ => names.push(path),
    }
}

/// A column of a batch.
struct Column {
    field: FieldRef,
    array: ArrayRef,
    /// The rows in which the structs around it are not null.
    present: Option<NullBuffer>,
}

fn columns(batch: &RecordBatch, shape: Shape) -> Vec<Column> {
    let mut columns = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        add_columns(field, array, None, shape, &mut columns);
    }
    columns
}

fn add_columns(
    field: &FieldRef,
    array: &ArrayRef,
    present: Option<NullBuffer>,
    shape: Shape,
    columns: &mut Vec<Column>,
) {
    match array.as_struct_opt() {
        Some(record) if shape == Shape::Flat && record.num_columns() > 0 => {
            let present = NullBuffer::union(present.as_ref(), record.nulls());
            for (field, array) in record.fields().iter().zip(record.columns()) {
                add_columns(field, array, present.clone(), shape, columns);
            }
        }
        _ => columns.push(Column {
            field: FieldRef::clone(field),
            array: ArrayRef::clone(array),
            present,
        }),
    }
}

/// Passes the rows of a batch on, one by one. `names` are those of [`names`].
///
/// # Errors
/// A column has a type that JSON cannot have, or passing on failed.
pub(crate) fn rows(
    batch: &RecordBatch,
    names: &[String],
    shape: Shape,
    mut take: impl FnMut(&RawValue) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let invalid = |error: &dyn std::fmt::Display| {
        CliError::other(format!("the result cannot be written as text: {error}"))
    };
    let options = EncoderOptions::default();
    let columns = columns(batch, shape);
    let encoders = columns
        .iter()
        .map(|column| make_encoder(&column.field, &column.array, &options));
    let encoders: Result<Vec<NullableEncoder<'_>>, ArrowError> = encoders.collect();
    let mut encoders = encoders.map_err(|error| invalid(&error))?;
    let keys = names.iter().map(serde_json::to_string);
    let keys: Vec<String> = keys
        .collect::<serde_json::Result<_>>()
        .map_err(|error| invalid(&error))?;
    let mut value = Vec::new();
    for row in 0..batch.num_rows() {
        let mut text = String::from("{");
        for ((column, encoder), key) in columns.iter().zip(&mut encoders).zip(&keys) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(key);
            text.push(':');
            let is_absent = column
                .present
                .as_ref()
                .is_some_and(|present| present.is_null(row));
            if is_absent || encoder.is_null(row) {
                text.push_str("null");
                continue;
            }
            value.clear();
            encoder.encode(row, &mut value);
            let json = std::str::from_utf8(&value).map_err(|error| invalid(&error))?;
            match shape != Shape::Nested && json.starts_with(['{', '[']) {
                true => text.push_str(&serde_json::Value::from(json).to_string()),
                false => text.push_str(json),
            }
        }
        text.push('}');
        let text = RawValue::from_string(text).map_err(|error| invalid(&error))?;
        take(&text)?;
    }
    Ok(())
}
