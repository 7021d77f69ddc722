//! Columns of records and of lists.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, FieldRef, Fields};

use super::context::{Context, Path};
use super::growing::GrowingColumn;
use crate::json::{Cursor, Quoted, push_quoted, text_of};
use crate::kind::{Field, arrow_fields};

/// A member of an object, with the cursor at its value.
enum Member<'a> {
    /// Of the field with this number.
    Field(usize),
    /// Of this name, which no field has.
    Unknown(Quoted<'a>),
}

/// A column of records: a column for each field.
pub(crate) struct RecordColumn {
    fields: Arc<[Field]>,
    arrow: Fields,
    /// None where a field is not decoded.
    columns: Vec<Option<Box<dyn GrowingColumn>>>,
    numbers: HashMap<Arc<str>, usize>,
    /// The names of the fields as they are written, with quotation marks and colon.
    patterns: Vec<Box<[u8]>>,
    /// The field that followed each field in the last record, with that before all at the end:
    /// servers write the fields in the same order.
    next: Vec<usize>,
    rows: usize,
    nulls: NullBufferBuilder,
    number: usize,
}

impl RecordColumn {
    /// A column of records with these fields, and their columns: none where a field is not decoded.
    pub(super) fn new(
        fields: &Arc<[Field]>,
        columns: Vec<Option<Box<dyn GrowingColumn>>>,
        number: usize,
    ) -> Self {
        let numbers = fields.iter().enumerate();
        Self {
            arrow: arrow_fields(fields),
            columns,
            numbers: numbers
                .map(|(at, field)| (Arc::clone(&field.name), at))
                .collect(),
            patterns: fields.iter().map(|field| pattern(&field.name)).collect(),
            next: vec![usize::MAX; fields.len() + 1],
            rows: 0,
            nulls: NullBufferBuilder::new(0),
            number,
            fields: Arc::clone(fields),
        }
    }

    /// The next member of the object at the cursor; none at its end. `after` is the number of the
    /// field before it.
    fn member<'a>(&mut self, json: &mut Cursor<'a>, after: usize) -> Option<Member<'a>> {
        let next = self.next.get(after).copied().unwrap_or_default();
        if let Some(pattern) = self.patterns.get(next)
            && json.take_pattern(pattern)
        {
            return Some(Member::Field(next));
        }
        let name = json.name()?;
        // After white space.
        let is_next = |field: &Field| !name.has_escapes && *field.name == *name.raw;
        if self.fields.get(next).is_some_and(is_next) {
            return Some(Member::Field(next));
        }
        Some(match self.find(name) {
            Some(found) => {
                let is_plain = !name.has_escapes;
                if let Some(next) = self.next.get_mut(after).filter(|_| is_plain) {
                    *next = found;
                }
                Member::Field(found)
            }
            None => Member::Unknown(name),
        })
    }

    fn find(&self, name: Quoted<'_>) -> Option<usize> {
        let found = match name.has_escapes {
            false => self.numbers.get(name.raw),
            true => self.numbers.get(&*text_of(name)?),
        };
        found.copied()
    }

    /// The members of the object at the cursor that count: of those with one name the last one.
    fn last_ones(&self, mut json: Cursor<'_>) -> Vec<bool> {
        let mut last = HashMap::new();
        let mut count = 0;
        while let Some(name) = json.name() {
            json.value();
            last.insert(text_of(name), count);
            count += 1;
        }
        let mut counts = vec![false; count];
        for at in last.into_values() {
            if let Some(counts) = counts.get_mut(at) {
                *counts = true;
            }
        }
        counts
    }

    /// The arrays of the fields that are decoded, with their numbers. The column is empty afterwards.
    pub(crate) fn finish_fields(
        &mut self,
        rows: usize,
    ) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        self.rows = 0;
        self.nulls = NullBufferBuilder::new(0);
        let columns = self.columns.iter_mut();
        columns
            .map(|column| {
                column
                    .as_mut()
                    .map(|column| column.finish(rows))
                    .transpose()
            })
            .collect()
    }
}

impl GrowingColumn for RecordColumn {
    fn len(&self) -> usize {
        self.rows
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        if json.peek() != b'{' {
            let raw = json.value();
            match raw {
                "null" => context.null(path),
                _ => context.misfit(self.number, path, raw),
            }
            return self.pad_to(self.rows + 1);
        }
        json.take(b'{');
        let counting = context.is_careful.then(|| self.last_ones(*json));
        let row = self.rows;
        let (mut at, mut after) = (0, self.fields.len());
        while let Some(member) = self.member(json, after) {
            let counts = counting.as_ref().is_none_or(|counting| {
                let counts = counting.get(at).copied();
                counts.unwrap_or(true)
            });
            at += 1;
            if !counts {
                json.value();
                continue;
            }
            let field = match member {
                Member::Field(field) => field,
                Member::Unknown(name) => {
                    context.unknown(path, name, json.value());
                    continue;
                }
            };
            after = field;
            match (self.columns.get_mut(field), self.fields.get(field)) {
                (Some(Some(column)), Some(field)) if column.len() <= row => {
                    column.pad_to(row);
                    column.append(json, &Path::Name(path, &field.name), context);
                }
                (Some(Some(_)), _) => {
                    context.has_duplicates = true;
                    json.value();
                }
                _ => {
                    json.value();
                }
            }
        }
        self.rows += 1;
        self.nulls.append_non_null();
    }

    fn pad_to(&mut self, rows: usize) {
        self.nulls.append_n_nulls(rows.saturating_sub(self.rows));
        self.rows = self.rows.max(rows);
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.rows {
            self.rows = rows;
            self.nulls.truncate(rows);
        }
        // A field can be longer, within a record.
        for column in self.columns.iter_mut().flatten() {
            column.truncate(rows);
        }
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let nulls = self.nulls.finish();
        let arrays = self.finish_fields(rows)?.into_iter().flatten().collect();
        let array = StructArray::try_new(self.arrow.clone(), arrays, nulls)?;
        Ok(Arc::new(array))
    }
}

/// A name as it is written before the value of a member, without white space.
fn pattern(name: &str) -> Box<[u8]> {
    let mut pattern = Vec::with_capacity(name.len() + 3);
    push_quoted(name, &mut pattern);
    pattern.push(b':');
    pattern.into()
}

/// A column of lists.
pub(super) struct ListColumn {
    elements: Box<dyn GrowingColumn>,
    field: FieldRef,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    number: usize,
}

impl ListColumn {
    pub(super) fn new(field: FieldRef, elements: Box<dyn GrowingColumn>, number: usize) -> Self {
        Self {
            elements,
            field,
            offsets: vec![0],
            nulls: NullBufferBuilder::new(0),
            number,
        }
    }

    /// A batch has less than 2 GiB, and an element at least one byte: see
    /// [`Decoder`](crate::Decoder).
    fn end(&self) -> i32 {
        i32::try_from(self.elements.len()).unwrap_or(i32::MAX)
    }
}

impl GrowingColumn for ListColumn {
    fn len(&self) -> usize {
        self.nulls.len()
    }

    fn append(&mut self, json: &mut Cursor<'_>, path: &Path<'_>, context: &mut Context) {
        if json.peek() != b'[' {
            let raw = json.value();
            match raw {
                "null" => context.null(path),
                _ => context.misfit(self.number, path, raw),
            }
            return self.pad_to(self.len() + 1);
        }
        json.take(b'[');
        let mut at = 0;
        while json.has_element() {
            self.elements
                .append(json, &Path::Element(path, at), context);
            at += 1;
        }
        self.offsets.push(self.end());
        self.nulls.append_non_null();
    }

    fn pad_to(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        self.nulls.append_n_nulls(missing);
        self.offsets
            .resize(self.offsets.len() + missing, self.end());
    }

    fn truncate(&mut self, rows: usize) {
        if rows < self.len() {
            self.nulls.truncate(rows);
            self.offsets.truncate(rows + 1);
        }
        let end = self.offsets.last().copied().unwrap_or_default();
        self.elements
            .truncate(usize::try_from(end).unwrap_or_default());
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad_to(rows);
        let count = self.elements.len();
        let elements = self.elements.finish(count)?;
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let nulls = self.nulls.finish();
        let array = ListArray::try_new(Arc::clone(&self.field), offsets, elements, nulls)?;
        Ok(Arc::new(array))
    }
}
