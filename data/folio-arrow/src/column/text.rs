//! Columns of text.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;

use super::token::{Token, token};
use super::{Column, Context, Path};
use crate::json::{Cursor, push_compact, unescape};

/// Texts, one after the other.
#[derive(Debug)]
pub(crate) struct Strings {
    values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Default for Strings {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            offsets: vec![0],
            nulls: NullBufferBuilder::new(0),
        }
    }
}

impl Strings {
    pub(crate) fn len(&self) -> usize {
        self.nulls.len()
    }

    /// The end of the texts. A batch has less than 2 GiB: see [`Decoder`](crate::Decoder).
    fn end(&self) -> i32 {
        i32::try_from(self.values.len()).unwrap_or(i32::MAX)
    }

    /// Appends a text, which a function writes. False if it fails: then null is appended.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let before = self.values.len();
        let is_written = write(&mut self.values);
        if is_written {
            self.nulls.append_non_null();
        } else {
            self.values.truncate(before);
            self.nulls.append_null();
        }
        self.offsets.push(self.end());
        is_written
    }

    pub(crate) fn push_null(&mut self) {
        self.pad_to(self.len() + 1);
    }

    pub(crate) fn pad_to(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        self.nulls.append_n_nulls(missing);
        self.offsets
            .resize(self.offsets.len() + missing, self.end());
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        if rows >= self.len() {
            return;
        }
        self.nulls.truncate(rows);
        self.offsets.truncate(rows + 1);
        let end = self.offsets.last().copied().unwrap_or_default();
        self.values
            .truncate(usize::try_from(end).unwrap_or_default());
    }

    pub(crate) fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let Self {
            values,
            offsets,
            mut nulls,
        } = std::mem::take(self);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let array = StringArray::try_new(offsets, Buffer::from_vec(values), nulls.finish())?;
        Ok(Arc::new(array))
    }
}

/// A column of text.
#[derive(Debug)]
pub(super) struct TextColumn {
    strings: Strings,
    number: usize,
}

impl TextColumn {
    pub(super) fn new(number: usize) -> Self {
        Self {
            strings: Strings::default(),
            number,
        }
    }
}

impl Column for TextColumn {
    fn len(&self) -> usize {
        self.strings.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        let (token, raw) = token(json);
        let is_appended = match token {
            Token::Text(quoted) => self.strings.write(|values| {
                if !quoted.has_escapes {
                    values.extend_from_slice(quoted.raw.as_bytes());
                    return true;
                }
                unescape(quoted.raw, values)
            }),
            Token::Null => {
                context.null(path);
                return self.strings.push_null();
            }
            _ => {
                self.strings.push_null();
                false
            }
        };
        if !is_appended {
            context.misfit(self.number, path, raw);
        }
    }

    fn pad_to(&mut self, rows: usize) {
        self.strings.pad_to(rows);
    }

    fn truncate(&mut self, rows: usize) {
        self.strings.truncate(rows);
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.strings.finish(rows)
    }
}

/// A column of JSON as text. Every value fits.
#[derive(Debug, Default)]
pub(super) struct JsonColumn(Strings);

impl Column for JsonColumn {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        let raw = json.value();
        if raw == "null" {
            context.null(path);
            return self.0.push_null();
        }
        self.0.write(|values| {
            push_compact(raw, values);
            true
        });
    }

    fn pad_to(&mut self, rows: usize) {
        self.0.pad_to(rows);
    }

    fn truncate(&mut self, rows: usize) {
        self.0.truncate(rows);
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.0.finish(rows)
    }
}
