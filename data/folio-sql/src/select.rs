//! The columns that `--fields` chooses: fields of a layout by their paths.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, make_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};

/// A field of a schema: the number of its column, and its path below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnPath {
    pub(crate) column: usize,
    /// The numbers of the fields of the structs, also of those in lists.
    fields: Vec<usize>,
    pub(crate) field: FieldRef,
}

impl ColumnPath {
    /// The field at a path: `personal.lastName`, `contributors.name`. None if the schema does not
    /// have it.
    pub(crate) fn find(schema: &Schema, path: &str) -> Option<Self> {
        schema
            .fields()
            .iter()
            .enumerate()
            .find_map(|(column, field)| {
                let mut fields = Vec::new();
                let types = below(field, path, &mut fields)?;
                let named = Field::new(path, types.0, true).with_metadata(types.1);
                Some(Self {
                    column,
                    fields,
                    field: Arc::new(named),
                })
            })
    }

    /// The values of the field.
    ///
    /// # Errors
    /// The array is not that of the column.
    pub(crate) fn values(&self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        values(column, &self.fields)
    }
}

type Found = (DataType, std::collections::HashMap<String, String>);

fn below(field: &Field, path: &str, numbers: &mut Vec<usize>) -> Option<Found> {
    let rest = path.strip_prefix(field.name().as_str())?;
    if rest.is_empty() {
        return Some((field.data_type().clone(), field.metadata().clone()));
    }
    let rest = rest.strip_prefix('.')?;
    inside(field, rest, numbers)
}

/// The type of the field at a path in a struct, or in each element of a list.
fn inside(field: &Field, path: &str, numbers: &mut Vec<usize>) -> Option<Found> {
    match field.data_type() {
        DataType::Struct(fields) => {
            let before = numbers.len();
            fields.iter().enumerate().find_map(|(number, field)| {
                numbers.truncate(before);
                numbers.push(number);
                below(field, path, numbers)
            })
        }
        DataType::List(element) => {
            let (types, metadata) = inside(element, path, numbers)?;
            let element = Field::new(element.name(), types, true).with_metadata(metadata);
            let list = DataType::List(Arc::new(element));
            Some((list, std::collections::HashMap::new()))
        }
        _ => None,
    }
}

fn values(array: &ArrayRef, numbers: &[usize]) -> Result<ArrayRef, ArrowError> {
    let Some((first, rest)) = numbers.split_first() else {
        return Ok(Arc::clone(array));
    };
    if let Some(record) = array.as_struct_opt() {
        return values(&child(record, *first)?, rest);
    }
    let Some(list) = array.as_list_opt::<i32>() else {
        let problem = format!("the column has the type {}", array.data_type());
        return Err(ArrowError::SchemaError(problem));
    };
    let inner = values(list.values(), numbers)?;
    let DataType::List(element) = list.data_type() else {
        return Err(ArrowError::SchemaError("a list has no elements".to_owned()));
    };
    let element = Field::new(element.name(), inner.data_type().clone(), true)
        .with_metadata(metadata_of(list.values().data_type(), numbers));
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(
        Arc::new(element),
        offsets,
        inner,
        nulls,
    )?))
}

/// The field of a struct, which is null where the struct is.
fn child(record: &StructArray, number: usize) -> Result<ArrayRef, ArrowError> {
    let column = record.columns().get(number);
    let column =
        column.ok_or_else(|| ArrowError::SchemaError(format!("there is no field {number}")))?;
    let nulls = NullBuffer::union(record.nulls(), column.nulls());
    let data = column.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

/// The metadata of the field at a path in the elements of a list.
fn metadata_of(types: &DataType, numbers: &[usize]) -> std::collections::HashMap<String, String> {
    let field = match (types, numbers) {
        (DataType::Struct(fields), [number, ..]) => fields.get(*number),
        _ => None,
    };
    match (field, numbers) {
        (Some(field), [_]) => field.metadata().clone(),
        (Some(field), [_, rest @ ..]) => match field.data_type() {
            types @ DataType::Struct(_) => metadata_of(types, rest),
            _ => std::collections::HashMap::new(),
        },
        _ => std::collections::HashMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use folio_arrow::{Decoder, LayoutOptions, Limits, Release, Table};

    use super::*;

    #[test]
    fn fields_of_structs_and_lists_are_columns() {
        let table = Table::at(Release::default(), "/users").unwrap();
        let layout = table.layout(&LayoutOptions::default());
        let mut decoder = Decoder::new(&layout, Limits::default());
        for record in [
            r#"{"username": "a", "personal": {"lastName": "A", "addresses": [{"city": "X"}, {"region": "r"}]}}"#,
            r#"{"username": "b"}"#,
            r#"{"personal": {}}"#,
        ] {
            decoder.push_bytes(record.as_bytes()).unwrap();
        }
        let batch = decoder.flush().unwrap().unwrap();
        for (path, expected) in [
            ("username", ["a", "b", ""]),
            ("personal.lastName", ["A", "", ""]),
            ("personal.addresses.city", ["[X, ]", "", ""]),
        ] {
            let found = ColumnPath::find(&layout.schema(), path).unwrap();
            let values = found.values(batch.column(found.column)).unwrap();
            assert_eq!(values.data_type(), found.field.data_type(), "{path}");
            let shown: Vec<String> = (0..3)
                .map(|row| arrow_cast::display::array_value_to_string(&values, row).unwrap())
                .collect();
            assert_eq!(shown, expected, "{path}");
        }
        assert_eq!(
            ColumnPath::find(&layout.schema(), "personal.shoeSize"),
            None
        );
        assert_eq!(ColumnPath::find(&layout.schema(), "username.x"), None);
        assert_eq!(ColumnPath::find(&layout.schema(), "user"), None);
    }
}
