//! Columns without structs: each field of a struct is a column of its own, by its path.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::NullBuffer;
use arrow_cast::{CastOptions, can_cast_types, cast_with_options};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};

use super::cause::Cause;

/// A column of a batch.
#[derive(Debug)]
pub(super) struct FlatColumn {
    pub(super) field: FieldRef,
    pub(super) array: ArrayRef,
    /// The rows in which the structs around it are not null.
    present: Option<NullBuffer>,
}

impl FlatColumn {
    pub(super) fn is_null(&self, row: usize) -> bool {
        let is_absent = self
            .present
            .as_ref()
            .is_some_and(|present| present.is_null(row));
        is_absent || self.array.is_null(row)
    }
}

/// The names of the columns.
///
/// # Errors
/// Two have the same name, or one has values without a representation as text.
pub(super) fn names(schema: &Schema) -> Result<Vec<String>, Cause> {
    let mut names = Vec::new();
    for field in schema.fields() {
        add_names(field, "", &mut names)?;
    }
    if names.is_empty() {
        return Err(Cause::Data("there are no columns".to_owned()));
    }
    let mut known = BTreeSet::new();
    match names.iter().find(|name| !known.insert(name.as_str())) {
        Some(twice) => Err(Cause::Data(format!(
            "two columns have the name `{twice}`: one of them is the field of a struct"
        ))),
        None => Ok(names),
    }
}

fn add_names(field: &Field, path: &str, names: &mut Vec<String>) -> Result<(), Cause> {
    let name = match path {
        "" => field.name().clone(),
        path => format!("{path}.{}", field.name()),
    };
    match field.data_type() {
        DataType::Struct(fields) => {
            for field in fields {
                add_names(field, &name, names)?;
            }
        }
        other if has_text(other) => names.push(name),
        other => {
            return Err(Cause::Data(format!(
                "the column `{name}` has the type {other}, which has no text"
            )));
        }
    }
    Ok(())
}

/// The columns of a batch, in the order of the names.
pub(super) fn columns(batch: &RecordBatch) -> Result<Vec<FlatColumn>, Cause> {
    let mut columns = Vec::new();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        add_columns(field, array, None, &mut columns)?;
    }
    Ok(columns)
}

fn add_columns(
    field: &FieldRef,
    array: &ArrayRef,
    present: Option<NullBuffer>,
    columns: &mut Vec<FlatColumn>,
) -> Result<(), Cause> {
    match array.as_struct_opt() {
        Some(record) => {
            let present = NullBuffer::union(present.as_ref(), record.nulls());
            for (field, array) in record.fields().iter().zip(record.columns()) {
                add_columns(field, array, present.clone(), columns)?;
            }
        }
        None => {
            let array = plain(array)?;
            columns.push(FlatColumn {
                field: changed(field, &array),
                array,
                present,
            });
        }
    }
    Ok(())
}

/// Whether the values of a type can be text.
fn has_text(types: &DataType) -> bool {
    match types {
        DataType::List(element) => has_text(element.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| has_text(field.data_type())),
        types => is_plain(types) || can_cast_types(types, &target(types)),
    }
}

/// Whether `cell` has the text of the values.
fn is_plain(types: &DataType) -> bool {
    matches!(
        types,
        DataType::Boolean
            | DataType::Int32
            | DataType::Int64
            | DataType::Float64
            | DataType::Utf8
            | DataType::Date32
            | DataType::Timestamp(TimeUnit::Microsecond, _)
            | DataType::Decimal128(..)
            | DataType::FixedSizeBinary(16)
    )
}

/// The type as which the values of another type are written.
fn target(types: &DataType) -> DataType {
    match types {
        DataType::Int8
        | DataType::Int16
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => DataType::Int64,
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        _ => DataType::Utf8,
    }
}

/// The array with types that `cell` has text of.
fn plain(array: &ArrayRef) -> Result<ArrayRef, Cause> {
    match array.data_type() {
        types if is_plain(types) => Ok(Arc::clone(array)),
        DataType::List(element) => {
            let list = array.as_list::<i32>();
            let values = plain(list.values())?;
            let element = changed(element, &values);
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(
                element, offsets, values, nulls,
            )?))
        }
        DataType::Struct(fields) => {
            let record = array.as_struct();
            let columns = record.columns().iter().map(plain);
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let fields = fields.iter().zip(&columns);
            let fields = fields.map(|(field, column)| changed(field, column));
            let (nulls, rows) = (record.nulls().cloned(), record.len());
            Ok(Arc::new(StructArray::try_new_with_length(
                fields.collect(),
                columns,
                nulls,
                rows,
            )?))
        }
        types => {
            // A value that cannot be cast is an error, and not null.
            let options = CastOptions {
                safe: false,
                ..CastOptions::default()
            };
            Ok(cast_with_options(array, &target(types), &options)?)
        }
    }
}

fn changed(field: &FieldRef, values: &ArrayRef) -> FieldRef {
    let field = Field::clone(field);
    Arc::new(field.with_data_type(values.data_type().clone()))
}
