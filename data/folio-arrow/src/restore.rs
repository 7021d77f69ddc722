//! Restores records from record batches.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit};
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::json::push_quoted;
use crate::kind;
use crate::layout::{EXTRA, JSON, WHOLE_RECORD};
use crate::scalar::{number, time, uuid};

/// The record of a row: the JSON that the server sent.
///
/// The columns are those of a [`Layout`](crate::Layout); a batch may also come from a Parquet or
/// Arrow file, if the file has the extension types of the columns (`arrow.uuid`, `arrow.json`). If
/// the batch has `_extra` and all fields, the record is the same JSON as the one that was decoded: it
/// has the same members and elements, the same texts, and numbers of the same value. White space,
/// the order of members, and the way in which numbers and texts are written (`1.50`, `"\u0041"`) are
/// not preserved.
///
/// # Errors
/// There is no such row, or a column has another type than the columns of a layout.
pub fn restore(batch: &RecordBatch, row: usize) -> Result<Box<RawValue>> {
    if row >= batch.num_rows() {
        let problem = format!("there is no row {row}; the batch has {}", batch.num_rows());
        return Err(Error::Restore(problem));
    }
    let mut members = Vec::new();
    let mut extra = BTreeMap::new();
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    for (field, column) in columns {
        match &**field.name() {
            JSON => {}
            EXTRA => {
                if let Some(text) = text(column.as_ref(), row)? {
                    extra = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text)
                        .map_err(|error| Error::Restore(format!("`{EXTRA}`: {error}")))?;
                }
            }
            name => {
                if let Some(node) = node(field, column.as_ref(), row)? {
                    members.push((name.to_owned(), node));
                }
            }
        }
    }
    let whole = schema.metadata().get(WHOLE_RECORD);
    let is_whole = |name: &String| whole.is_some_and(|whole| whole == name);
    let mut root = match members.pop() {
        Some((name, node)) if is_whole(&name) => node,
        last => {
            members.extend(last);
            Node::Object(members)
        }
    };
    // Shorter pointers first: they hold the others.
    for (pointer, json) in extra {
        root.set(&pointer, json.get().to_owned())?;
    }
    let mut out = Vec::new();
    root.push(&mut out);
    let text = String::from_utf8(out).map_err(|error| Error::Restore(error.to_string()))?;
    RawValue::from_string(text).map_err(|error| Error::Restore(error.to_string()))
}

/// Appends the JSON of a value of a column; `null` if it is null.
pub(crate) fn push_json(
    field: &Field,
    column: &dyn Array,
    row: usize,
    into: &mut Vec<u8>,
) -> Result<()> {
    match node(field, column, row)? {
        Some(node) => node.push(into),
        None => into.extend_from_slice(b"null"),
    }
    Ok(())
}

/// JSON that is being restored.
enum Node {
    /// As text.
    Raw(String),
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

impl Node {
    fn push(&self, into: &mut Vec<u8>) {
        match self {
            Self::Raw(text) => into.extend_from_slice(text.as_bytes()),
            Self::Object(members) => {
                into.push(b'{');
                for (at, (name, node)) in members.iter().enumerate() {
                    if at > 0 {
                        into.push(b',');
                    }
                    push_quoted(name, into);
                    into.push(b':');
                    node.push(into);
                }
                into.push(b'}');
            }
            Self::List(elements) => {
                into.push(b'[');
                for (at, node) in elements.iter().enumerate() {
                    if at > 0 {
                        into.push(b',');
                    }
                    node.push(into);
                }
                into.push(b']');
            }
        }
    }

    /// Sets the value at a JSON pointer.
    fn set(&mut self, pointer: &str, json: String) -> Result<()> {
        let Some(rest) = pointer.strip_prefix('/') else {
            *self = Self::Raw(json);
            return Ok(());
        };
        let (step, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let name = step.replace("~1", "/").replace("~0", "~");
        match self {
            Self::Object(members) => {
                let found = members.iter().position(|(known, _)| *known == name);
                let at = found.unwrap_or_else(|| {
                    members.push((name, Self::Raw("null".to_owned())));
                    members.len() - 1
                });
                if let Some((_, member)) = members.get_mut(at) {
                    return member.set(rest, json);
                }
            }
            Self::List(elements) => {
                let at = name.parse::<usize>().ok();
                if let Some(element) = at.and_then(|at| elements.get_mut(at)) {
                    return element.set(rest, json);
                }
            }
            Self::Raw(_) => {}
        }
        let problem =
            format!("`{EXTRA}` has a value for `{pointer}`, which the columns do not have");
        Err(Error::Restore(problem))
    }
}

fn quoted(text: &str) -> Node {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_quoted(text, &mut out);
    Node::Raw(String::from_utf8_lossy(&out).into_owned())
}

/// A text of a column of texts, in any of Arrow's types for them; none if it is null.
fn text(column: &dyn Array, row: usize) -> Result<Option<&str>> {
    if column.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row),
        DataType::Utf8View => column.as_string_view().value(row),
        other => return Err(Error::Restore(format!("expected text, found {other}"))),
    }))
}

/// A value of a column; none if it is null.
fn node(field: &Field, column: &dyn Array, row: usize) -> Result<Option<Node>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let is_json = field
        .metadata()
        .get(EXTENSION_TYPE_NAME_KEY)
        .is_some_and(|name| name == kind::JSON);
    let raw = |text: String| Some(Node::Raw(text));
    Ok(match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = text(column, row)?.unwrap_or_default();
            match is_json {
                true => raw(text.to_owned()),
                false => Some(quoted(text)),
            }
        }
        DataType::Boolean => raw(column.as_boolean().value(row).to_string()),
        DataType::Int32 => raw(column.as_primitive::<Int32Type>().value(row).to_string()),
        DataType::Int64 => raw(column.as_primitive::<Int64Type>().value(row).to_string()),
        DataType::Float64 => {
            let number = column.as_primitive::<Float64Type>().value(row);
            let text = serde_json::Number::from_f64(number).map(|number| number.to_string());
            raw(text.ok_or_else(|| Error::Restore(format!("{number} is no number of JSON")))?)
        }
        DataType::Decimal128(_, scale) => {
            let number = column.as_primitive::<Decimal128Type>().value(row);
            raw(number::decimal_text(number, *scale))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Some(quoted(&time::text(micros)))
        }
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            Some(quoted(&time::date_text(days)))
        }
        DataType::FixedSizeBinary(16) => {
            let bytes = column.as_fixed_size_binary().value(row);
            let bytes =
                <[u8; 16]>::try_from(bytes).map_err(|error| Error::Restore(error.to_string()))?;
            Some(quoted(&uuid::text(bytes)))
        }
        DataType::Dictionary(..) => {
            // The keys of the one row: those of the column would be copied for each row.
            let value = column.slice(row, 1);
            let dictionary = value.as_any_dictionary();
            match dictionary.normalized_keys().first().copied() {
                Some(key) => text(dictionary.values().as_ref(), key)?.map(quoted),
                None => None,
            }
        }
        DataType::List(element) => {
            let elements = column.as_list::<i32>().value(row);
            Some(list(element, elements.as_ref())?)
        }
        DataType::LargeList(element) => {
            let elements = column.as_list::<i64>().value(row);
            Some(list(element, elements.as_ref())?)
        }
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns().iter();
            let mut members = Vec::with_capacity(fields.len());
            for (field, column) in fields.iter().zip(columns) {
                if let Some(node) = node(field, column.as_ref(), row)? {
                    members.push((field.name().clone(), node));
                }
            }
            Some(Node::Object(members))
        }
        other => {
            let problem = format!("`{}` has the type {other}", field.name());
            return Err(Error::Restore(problem));
        }
    })
}

/// A list. Its nulls are elements.
fn list(field: &Field, elements: &dyn Array) -> Result<Node> {
    let nodes = (0..elements.len()).map(|row| {
        let node = node(field, elements, row)?;
        Ok(node.unwrap_or_else(|| Node::Raw("null".to_owned())))
    });
    Ok(Node::List(nodes.collect::<Result<_>>()?))
}
