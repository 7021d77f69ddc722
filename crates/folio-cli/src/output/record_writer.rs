//! Records as a table, JSON, JSON Lines or CSV, written while they arrive.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::global::Format;
use crate::output::csv::CsvRecords;
use crate::output::field_path::project;
use crate::output::json;
use crate::output::json::to_raw;
use crate::output::layout::Layout;
use crate::output::sink::Sink;
use crate::output::table::{Hidden, TableRecords};

/// How long written records stay in the buffer, at most, while others arrive.
const FLUSH_AFTER: Duration = Duration::from_millis(200);

/// Writes records.
#[derive(Debug)]
pub(crate) struct RecordWriter {
    out: Sink,
    flushed: Instant,
    form: Form,
    layout: Layout,
    written: u64,
}

#[derive(Debug)]
enum Form {
    Json,
    Jsonl,
    Csv(CsvRecords),
    Table(TableRecords),
}

impl RecordWriter {
    pub(crate) fn new(out: Sink, format: Format, layout: Layout) -> Self {
        Self {
            out,
            flushed: Instant::now(),
            form: match format {
                Format::Json => Form::Json,
                Format::Jsonl => Form::Jsonl,
                Format::Csv => Form::Csv(CsvRecords::new(layout.fields.clone())),
                Format::Table => Form::Table(TableRecords::new(&layout)),
            },
            layout,
            written: 0,
        }
    }

    /// One more record.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn write<T: Serialize + ?Sized>(&mut self, record: &T) -> Result<(), CliError> {
        self.raw(&to_raw(record)?)
    }

    /// One more record, as it was received.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn raw(&mut self, record: &RawValue) -> Result<(), CliError> {
        self.written += 1;
        self.put(record).map_err(|error| CliError::output(&error))
    }

    fn put(&mut self, raw: &RawValue) -> io::Result<()> {
        let Self {
            out, form, layout, ..
        } = self;
        match form {
            Form::Json => {
                let begin: &[u8] = if self.written == 1 {
                    b"[\n  "
                } else {
                    b",\n  "
                };
                out.write_all(begin)?;
                let text = json::pretty(&selected(layout, raw), layout.colored);
                out.write_all(text.replace('\n', "\n  ").as_bytes())?;
            }
            Form::Jsonl => {
                writeln!(out, "{}", json::compact(&selected(layout, raw)))?;
            }
            Form::Csv(csv) => csv.write(raw, out)?,
            Form::Table(table) => table.write(raw, out)?,
        }
        if self.flushed.elapsed() > FLUSH_AFTER {
            out.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }

    /// Writes what is left; returns the number of records.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn finish(self) -> Result<u64, CliError> {
        self.end().map(|(written, _)| written)
    }

    /// As [`finish`](Self::finish); returns what a terminal does not show, too.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn end(mut self) -> Result<(u64, Hidden), CliError> {
        let written = self.written;
        let out = &mut self.out;
        let rest = match &mut self.form {
            Form::Json if written == 0 => out.write_all(b"[]\n"),
            Form::Json => out.write_all(b"\n]\n"),
            Form::Jsonl => Ok(()),
            Form::Csv(csv) => csv.finish(out),
            Form::Table(table) => table.finish(out),
        };
        rest.and_then(|()| self.out.commit())
            .map_err(|error| CliError::output(&error))?;
        let hidden = match self.form {
            Form::Table(table) => table.hidden(),
            Form::Json | Form::Jsonl | Form::Csv(_) => Hidden::default(),
        };
        Ok((written, hidden))
    }
}

fn selected<'a>(layout: &Layout, raw: &'a RawValue) -> Cow<'a, RawValue> {
    match &layout.fields {
        Some(fields) => Cow::Owned(project(raw, fields)),
        None => Cow::Borrowed(raw),
    }
}
