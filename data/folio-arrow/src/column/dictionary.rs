//! Columns of texts that are often the same: values of an enumeration.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray};
use arrow_buffer::{NullBufferBuilder, ScalarBuffer};
use arrow_schema::ArrowError;

use super::context::{Context, Path};
use super::growing::GrowingColumn;
use super::scalar_column::{self, Read, ScalarColumn};
use super::text::Strings;
use super::token::Token;
use crate::json::{Cursor, text_of};

/// The number of texts in the dictionary from which on it is begun again with the next batch. The
/// described values are far fewer; a server may have any number of others.
const MOST: usize = 4_096;

/// A column of texts as numbers in a dictionary. The described values come first in it, in their
/// order, so that all batches have the same dictionary unless the server has other values.
#[derive(Debug)]
pub(super) struct DictionaryColumn {
    keys: Vec<i32>,
    nulls: NullBufferBuilder,
    described: Arc<[Box<str>]>,
    numbers: HashMap<Box<str>, i32>,
    /// In the order of their numbers.
    texts: Vec<Box<str>>,
    /// The dictionary as an array, until a text is added.
    array: Option<ArrayRef>,
    /// The last text as it was written in JSON, which is often the next one, too.
    last: Option<(Box<str>, i32)>,
    number: usize,
}

impl DictionaryColumn {
    pub(super) fn new(described: &Arc<[Box<str>]>, number: usize) -> Self {
        let mut column = Self {
            keys: Vec::new(),
            nulls: NullBufferBuilder::new(0),
            described: Arc::clone(described),
            numbers: HashMap::new(),
            texts: Vec::new(),
            array: None,
            last: None,
            number,
        };
        column.begin();
        column
    }

    /// Begins the dictionary.
    fn begin(&mut self) {
        self.numbers.clear();
        self.texts.clear();
        self.array = None;
        for text in Arc::clone(&self.described).iter() {
            self.number_of(text);
        }
        self.last = None;
    }

    fn number_of(&mut self, text: &str) -> i32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        self.array = None;
        number
    }

    fn dictionary(&mut self) -> Result<ArrayRef, ArrowError> {
        if let Some(array) = &self.array {
            return Ok(Arc::clone(array));
        }
        let mut strings = Strings::default();
        for text in &self.texts {
            strings.write(|values| {
                values.extend_from_slice(text.as_bytes());
                true
            });
        }
        let array = strings.finish(self.texts.len())?;
        self.array = Some(Arc::clone(&array));
        Ok(array)
    }
}

impl ScalarColumn for DictionaryColumn {
    type Value = i32;

    fn number(&self) -> usize {
        self.number
    }

    fn read(&mut self, token: Token<'_>, _: &str) -> Read<Self::Value> {
        let Token::Text(quoted) = token else {
            return None;
        };
        if let Some((last, number)) = &self.last
            && **last == *quoted.raw
        {
            return Some((*number, true));
        }
        let number = self.number_of(&text_of(quoted)?);
        self.last = Some((quoted.raw.into(), number));
        Some((number, true))
    }

    fn push(&mut self, value: Self::Value) {
        self.keys.push(value);
        self.nulls.append_non_null();
    }
}

impl GrowingColumn for DictionaryColumn {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        scalar_column::append(self, json, path, context);
    }

    fn pad_to(&mut self, rows: usize) {
        self.nulls.append_n_nulls(rows.saturating_sub(self.len()));
        self.keys.resize(rows.max(self.len()), 0);
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.len() {
            self.keys.truncate(rows);
            self.nulls.truncate(rows);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let keys = ScalarBuffer::from(std::mem::take(&mut self.keys));
        let keys = PrimitiveArray::<Int32Type>::try_new(keys, self.nulls.finish())?;
        let array = DictionaryArray::try_new(keys, self.dictionary()?)?;
        if self.texts.len() > MOST {
            self.begin();
        }
        Ok(Arc::new(array))
    }
}
