//! Columns of values that have a fixed size.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, PrimitiveArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, ScalarBuffer};
use arrow_schema::ArrowError;

use super::context::{Context, Path};
use super::growing::GrowingColumn;
use super::scalar_column::{self, Read, ScalarColumn};
use super::token::Token;
use crate::json::{Cursor, Quoted, text_of};
use crate::kind::Kind;
use crate::scalar::{number, time, uuid};

/// [`ScalarColumn::read_usual`].
type ReadUsual<N> = fn(&mut Cursor<'_>) -> Option<N>;

/// A column of numbers, points in time or dates.
struct PrimitiveColumn<T: ArrowPrimitiveType> {
    kind: Kind,
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
    read_usual: ReadUsual<T::Native>,
    read: fn(&Kind, Token<'_>, &str) -> Read<T::Native>,
    number: usize,
}

fn primitive<T: ArrowPrimitiveType>(
    kind: Kind,
    number: usize,
    read_usual: ReadUsual<T::Native>,
    read: fn(&Kind, Token<'_>, &str) -> Read<T::Native>,
) -> Box<dyn GrowingColumn> {
    Box::new(PrimitiveColumn::<T> {
        kind,
        values: Vec::new(),
        nulls: NullBufferBuilder::new(0),
        read_usual,
        read,
        number,
    })
}

pub(super) fn int32(number: usize) -> Box<dyn GrowingColumn> {
    primitive::<Int32Type>(
        Kind::Int32,
        number,
        |_| None,
        |_, token, raw| {
            let number = number_of(token, raw, number::whole)?;
            Some((i32::try_from(number).ok()?, true))
        },
    )
}

pub(super) fn int64(number: usize) -> Box<dyn GrowingColumn> {
    primitive::<Int64Type>(
        Kind::Int64,
        number,
        |_| None,
        |_, token, raw| Some((number_of(token, raw, number::whole)?, true)),
    )
}

pub(super) fn float64(number: usize) -> Box<dyn GrowingColumn> {
    primitive::<Float64Type>(
        Kind::Float64,
        number,
        |_| None,
        |_, token, raw| Some((number_of(token, raw, number::double)?, true)),
    )
}

pub(super) fn decimal(number: usize, scale: i8) -> Box<dyn GrowingColumn> {
    primitive::<Decimal128Type>(
        Kind::Decimal(scale),
        number,
        |_| None,
        |kind, token, raw| {
            let Kind::Decimal(scale) = kind else {
                return None;
            };
            let scale = u32::try_from(*scale).ok()?;
            let number = number_of(token, raw, |raw| number::scaled(raw, scale))?;
            Some((number, true))
        },
    )
}

pub(super) fn timestamp(number: usize) -> Box<dyn GrowingColumn> {
    primitive::<TimestampMicrosecondType>(
        Kind::Timestamp,
        number,
        |json| json.take_fixed(time::quoted),
        |_, token, _| text(token, time::timestamp),
    )
}

pub(super) fn date(number: usize) -> Box<dyn GrowingColumn> {
    primitive::<Date32Type>(
        Kind::Date,
        number,
        |_| None,
        |_, token, _| text(token, time::date),
    )
}

fn number_of<N>(token: Token<'_>, raw: &str, read: impl FnOnce(&str) -> Option<N>) -> Option<N> {
    match token {
        Token::Number => read(raw),
        _ => None,
    }
}

fn text<N>(token: Token<'_>, read: impl FnOnce(&str) -> Read<N>) -> Read<N> {
    match token {
        Token::Text(Quoted {
            raw,
            has_escapes: false,
        }) => read(raw),
        Token::Text(quoted) => read(&text_of(quoted)?),
        _ => None,
    }
}

impl<T: ArrowPrimitiveType> ScalarColumn for PrimitiveColumn<T> {
    type Value = T::Native;

    fn number(&self) -> usize {
        self.number
    }

    fn read_usual(&self, json: &mut Cursor<'_>) -> Option<Self::Value> {
        (self.read_usual)(json)
    }

    fn read(&mut self, token: Token<'_>, raw: &str) -> Read<Self::Value> {
        (self.read)(&self.kind, token, raw)
    }

    fn push(&mut self, value: Self::Value) {
        self.values.push(value);
        self.nulls.append_non_null();
    }
}

impl<T: ArrowPrimitiveType> GrowingColumn for PrimitiveColumn<T> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        scalar_column::append(self, json, path, context);
    }

    fn pad_to(&mut self, rows: usize) {
        self.nulls.append_n_nulls(rows.saturating_sub(self.len()));
        self.values
            .resize(rows.max(self.len()), T::Native::default());
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.len() {
            self.values.truncate(rows);
            self.nulls.truncate(rows);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let values = ScalarBuffer::from(std::mem::take(&mut self.values));
        let array = PrimitiveArray::<T>::try_new(values, self.nulls.finish())?;
        Ok(Arc::new(array.with_data_type(self.kind.data_type())))
    }
}

/// A column of UUIDs.
#[derive(Debug)]
pub(super) struct UuidColumn {
    values: Vec<u8>,
    nulls: NullBufferBuilder,
    number: usize,
}

/// The bytes of a UUID.
const WIDTH: usize = 16;

impl UuidColumn {
    pub(super) fn new(number: usize) -> Self {
        Self {
            values: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            number,
        }
    }
}

impl ScalarColumn for UuidColumn {
    type Value = [u8; WIDTH];

    fn number(&self) -> usize {
        self.number
    }

    fn read_usual(&self, json: &mut Cursor<'_>) -> Option<Self::Value> {
        json.take_fixed(uuid::quoted)
    }

    fn read(&mut self, token: Token<'_>, _: &str) -> Read<Self::Value> {
        text(token, uuid::parse)
    }

    fn push(&mut self, value: Self::Value) {
        self.values.extend_from_slice(&value);
        self.nulls.append_non_null();
    }
}

impl GrowingColumn for UuidColumn {
    fn len(&self) -> usize {
        self.nulls.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        scalar_column::append(self, json, path, context);
    }

    fn pad_to(&mut self, rows: usize) {
        self.nulls.append_n_nulls(rows.saturating_sub(self.len()));
        self.values.resize(self.len() * WIDTH, 0);
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.len() {
            self.values.truncate(rows * WIDTH);
            self.nulls.truncate(rows);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let values = Buffer::from_vec(std::mem::take(&mut self.values));
        let width = i32::try_from(WIDTH).unwrap_or_default();
        let array = FixedSizeBinaryArray::try_new(width, values, self.nulls.finish())?;
        Ok(Arc::new(array))
    }
}

/// A column of true and false.
pub(super) struct BooleanColumn {
    values: BooleanBufferBuilder,
    nulls: NullBufferBuilder,
    number: usize,
}

impl BooleanColumn {
    pub(super) fn new(number: usize) -> Self {
        Self {
            values: BooleanBufferBuilder::new(0),
            nulls: NullBufferBuilder::new(0),
            number,
        }
    }
}

impl ScalarColumn for BooleanColumn {
    type Value = bool;

    fn number(&self) -> usize {
        self.number
    }

    fn read(&mut self, token: Token<'_>, _: &str) -> Read<Self::Value> {
        match token {
            Token::Boolean(value) => Some((value, true)),
            _ => None,
        }
    }

    fn push(&mut self, value: Self::Value) {
        self.values.append(value);
        self.nulls.append_non_null();
    }
}

impl GrowingColumn for BooleanColumn {
    fn len(&self) -> usize {
        self.nulls.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        scalar_column::append(self, json, path, context);
    }

    fn pad_to(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        self.nulls.append_n_nulls(missing);
        self.values.append_n(missing, false);
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.len() {
            self.values.truncate(rows);
            self.nulls.truncate(rows);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let values = self.values.finish();
        Ok(Arc::new(BooleanArray::new(values, self.nulls.finish())))
    }
}
