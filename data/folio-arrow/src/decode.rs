//! Decodes records into record batches.

use std::fmt;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::ArrowError;
use serde_json::value::RawValue;

use crate::column::{self, Column as _, Context, Path, RecordColumn, Strings};
use crate::counts::{ColumnCount, Counts, Event};
use crate::error::{Error, Result};
use crate::json::{Cursor, push_compact};
use crate::layout::{Column, Layout};

/// The largest record, and the largest batch, in bytes of JSON: their sum fits the offsets of Arrow,
/// which have 31 bits.
const LARGEST_RECORD: usize = 512 * 1024 * 1024;
const LARGEST_BATCH: usize = 1024 * 1024 * 1024;

/// The limits of a batch: it is full once it reaches one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of records: 8,192 by default, at least 1.
    pub rows: usize,
    /// The number of bytes: 32 MiB by default, at most 1 GiB. A record counts with its JSON text and
    /// with the size of its columns of a fixed size. The last record of a batch can exceed it.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 8_192,
            bytes: 32 * 1024 * 1024,
        }
    }
}

/// Decodes records into record batches of a [`Layout`], directly from their JSON text.
///
/// ```
/// use folio_arrow::{Decoder, LayoutOptions, Limits, Release, Table, restore};
///
/// let table = Table::at(Release::default(), "/users")?;
/// let layout = table.layout(&LayoutOptions::default());
/// let mut decoder = Decoder::new(&layout, Limits::default());
/// decoder.push_bytes(br#"{"username": "ada", "active": "yes", "shoeSize": 38}"#)?;
/// let batch = decoder.flush()?.ok_or("no records")?;
///
/// assert_eq!(batch.num_rows(), 1);
/// // `active` is no boolean, and users have no `shoeSize`: both are in `_extra`.
/// let counts = decoder.misfits();
/// assert_eq!((counts[0].column.as_str(), counts[0].misfits), ("active", 1));
/// assert_eq!((counts[1].column.as_str(), counts[1].unknown), ("shoeSize", 1));
/// assert_eq!(restore(&batch, 0)?.get(), r#"{"username":"ada","active":"yes","shoeSize":38}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Decoder {
    layout: Layout,
    limits: Limits,
    record: Record,
    /// `_extra`, and `_json`.
    extra: Strings,
    raw: Strings,
    context: Context,
    counts: Counts,
    /// The bytes of a row that has nothing but nulls.
    row_width: usize,
    rows: usize,
    bytes: usize,
}

/// The columns of the records.
enum Record {
    Object(Box<RecordColumn>),
    /// The records are no objects.
    Value(Box<dyn column::Column>),
}

impl Decoder {
    /// A decoder for records of the table of a layout.
    pub fn new(layout: &Layout, limits: Limits) -> Self {
        let mut counts = Counts::default();
        let has_extra = layout.has(Column::Extra);
        let fields = layout.fields();
        let is_decoded = |at: usize| has_extra || layout.has(Column::Field(at));
        let record = match (layout.is_object(), fields.first()) {
            (false, Some(value)) => {
                Record::Value(column::column(&value.kind, &value.name, &mut counts))
            }
            _ => Record::Object(Box::new(RecordColumn::of(
                fields,
                "",
                &mut counts,
                is_decoded,
            ))),
        };
        let decoded = fields.iter().enumerate().filter(|(at, _)| is_decoded(*at));
        Self {
            limits: Limits {
                rows: limits.rows.max(1),
                bytes: limits.bytes.min(LARGEST_BATCH),
            },
            record,
            extra: Strings::default(),
            raw: Strings::default(),
            context: Context::new(has_extra),
            counts,
            row_width: decoded.map(|(_, field)| field.kind.width()).sum(),
            rows: 0,
            bytes: 0,
            layout: layout.clone(),
        }
    }

    /// Adds a record to the batch.
    ///
    /// # Errors
    /// The record is not an object, or has more than 512 MiB. It is not in the batch then; others
    /// can follow.
    pub fn push(&mut self, record: &RawValue) -> Result<()> {
        self.push_text(record.get())
    }

    /// As [`push`](Self::push), of bytes that may be something else than JSON.
    ///
    /// # Errors
    /// As [`push`](Self::push), or the bytes are not JSON in UTF-8.
    pub fn push_bytes(&mut self, record: &[u8]) -> Result<()> {
        let record: &RawValue =
            serde_json::from_slice(record).map_err(|error| Error::Record(error.to_string()))?;
        self.push(record)
    }

    fn push_text(&mut self, text: &str) -> Result<()> {
        if text.len() > LARGEST_RECORD {
            let problem = format!(
                "it has {} bytes, and the maximum is {LARGEST_RECORD}",
                text.len()
            );
            return Err(Error::Record(problem));
        }
        if self.layout.is_object() && Cursor::new(text).peek() != b'{' {
            let shown: String = text.chars().take(40).collect();
            return Err(Error::Record(format!("expected an object, found {shown}")));
        }
        self.context.clear();
        self.record.append(text, &mut self.context);
        if self.context.has_duplicates {
            // The columns have the first of several members with a name.
            self.record.truncate(self.rows);
            self.context.clear();
            self.context.is_careful = true;
            self.context.is_whole = true;
            self.record.append(text, &mut self.context);
        }
        self.rows += 1;
        self.bytes += text.len() + self.row_width;
        self.append_extra(text);
        if self.layout.has(Column::Raw) {
            self.raw.write(|values| {
                push_compact(text, values);
                true
            });
        }
        for event in self.context.events.drain(..) {
            self.counts.count(event);
        }
        Ok(())
    }

    fn append_extra(&mut self, text: &str) {
        let context = &self.context;
        if context.is_whole {
            self.counts.count(Event::Whole);
        }
        if !context.has_extra {
            return;
        }
        if context.extra.is_empty() && !context.is_whole {
            return self.extra.push_null();
        }
        let before = self.bytes;
        self.extra.write(|values| {
            let start = values.len();
            values.push(b'{');
            if context.is_whole {
                values.extend_from_slice(b"\"\":");
                push_compact(text, values);
            } else {
                values.extend_from_slice(&context.extra);
            }
            values.push(b'}');
            self.bytes = before + (values.len() - start);
            true
        });
    }

    /// The number of records in the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the batch has reached a limit.
    pub fn is_full(&self) -> bool {
        self.rows >= self.limits.rows || self.bytes >= self.limits.bytes
    }

    /// The batch, and begins the next one. None if there are no records.
    ///
    /// # Errors
    /// [`Error::Arrow`]: this is a defect of this crate.
    pub fn flush(&mut self) -> Result<Option<RecordBatch>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let fields = self.record.finish(rows)?;
        let (mut extra, mut raw) = (None, None);
        if self.layout.has(Column::Extra) {
            extra = Some(self.extra.finish(rows)?);
        }
        if self.layout.has(Column::Raw) {
            raw = Some(self.raw.finish(rows)?);
        }
        let arrays = self.layout.columns().iter().map(|column| {
            let array = match column {
                Column::Field(at) => fields.get(*at).and_then(Option::as_ref),
                Column::Extra => extra.as_ref(),
                Column::Raw => raw.as_ref(),
            };
            array.cloned().ok_or_else(|| {
                ArrowError::SchemaError("a column of the layout was not decoded".to_owned())
            })
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.layout.schema(), arrays, &options)?;
        Ok(Some(batch))
    }

    /// The columns with values in `_extra`, and the fields that have no column, with their numbers
    /// so far, in all batches. Columns that are not decoded are not counted.
    pub fn misfits(&self) -> Vec<ColumnCount> {
        self.counts.all()
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Record {
    fn append(&mut self, text: &str, context: &mut Context) {
        let mut json = Cursor::new(text);
        match self {
            Self::Object(column) => column.append(&mut json, &Path::Root, context),
            Self::Value(column) => column.append(&mut json, &Path::Root, context),
        }
    }

    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Object(column) => column.truncate(rows),
            Self::Value(column) => column.truncate(rows),
        }
    }

    fn finish(&mut self, rows: usize) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        match self {
            Self::Object(column) => column.finish_fields(rows),
            Self::Value(column) => Ok(vec![Some(column.finish(rows)?)]),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Decoder")
            .field("limits", &self.limits)
            .field("rows", &self.rows)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
