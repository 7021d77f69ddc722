//! Turns the file of records into a table.

use std::fs::File;
use std::io::{self, BufRead as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::columns::Columns;
use super::part::failed;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::jobs::packing::{Packer, Packing};
use crate::output::field_path::{FieldPath, Found, cell};
use crate::output::selection::Selection;
use crate::table_format::{TableFormat, TableReport, TableRequest};

/// How often an interruption is noticed, in records.
const CHECKED_EVERY: u64 = 1_000;

/// The conversion of a file of records.
pub(crate) struct Conversion<'a> {
    pub(crate) records: &'a File,
    pub(crate) path: &'a Path,
    /// The compression of the records.
    pub(crate) packing: Packing,
    pub(crate) complete: &'a Path,
    pub(crate) fields: Option<&'a [FieldPath]>,
    pub(crate) interrupt: &'a Interrupt,
}

/// The table to make.
pub(crate) enum TableKind {
    Csv(Packing),
    Parquet {
        format: Arc<dyn TableFormat>,
        list: String,
        release: Option<String>,
    },
}

impl Conversion<'_> {
    /// Writes the table, and waits until it is on the disk.
    ///
    /// # Errors
    /// An I/O error; the records are no table; an interruption.
    pub(crate) fn run(&self, kind: &TableKind) -> Result<TableReport, CliError> {
        match kind {
            TableKind::Csv(packing) => self.csv(*packing),
            TableKind::Parquet {
                format,
                list,
                release,
            } => self.parquet(&**format, list, release.as_deref()),
        }
    }

    fn csv(&self, packing: Packing) -> Result<TableReport, CliError> {
        let mut columns = Columns::new(self.fields);
        self.each(|record| {
            columns.observe(record);
            Ok(())
        })?;
        let header = columns.header()?;
        let write = |error: &io::Error| failed("write", self.complete, error);
        let file = File::create(self.complete).map_err(|error| write(&error))?;
        let out = file.try_clone().and_then(|file| packing.begin(file));
        let out = out.map_err(|error| write(&error))?;
        let mut table = CsvFile::begin(out, &header).map_err(|error| write(&error))?;
        self.each(|record| {
            let row = columns.row(record, header.len());
            table.row(&row).map_err(|error| write(&error))
        })?;
        table
            .finish()
            .and_then(|()| file.sync_all())
            .map_err(|error| write(&error))?;
        Ok(TableReport {
            warnings: columns.absent().into_iter().map(no_record_has).collect(),
            ..TableReport::default()
        })
    }

    fn parquet(
        &self,
        format: &dyn TableFormat,
        list: &str,
        release: Option<&str>,
    ) -> Result<TableReport, CliError> {
        let fields = self.fields.map(Selection::of);
        let mut table = format.begin(&TableRequest {
            file: self.complete,
            list,
            release,
            fields: fields.as_ref(),
        })?;
        let mut present = vec![false; self.fields.map_or(0, <[FieldPath]>::len)];
        self.each(|record| {
            if let Some(fields) = &fields {
                fields.mark(record, &mut present);
            }
            table.write(record)
        })?;
        let mut report = table.finish()?;
        let fields = self.fields.unwrap_or_default().iter().zip(present);
        let absent = fields.filter(|(_, present)| !present);
        report
            .warnings
            .extend(absent.map(|(field, _)| no_record_has(field.as_str())));
        Ok(report)
    }

    /// Reads the records.
    fn each(
        &self,
        mut take: impl FnMut(&RawValue) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let read = |error: &io::Error| failed("read", self.path, error);
        // The file is locked, and on some systems it can be read by this handle only.
        let mut file = self.records;
        let mut lines = file
            .rewind()
            .and_then(|()| self.packing.unpack(file))
            .map_err(|error| read(&error))?;
        let mut line = String::new();
        let mut count = 0_u64;
        loop {
            line.clear();
            if lines.read_line(&mut line).map_err(|error| read(&error))? == 0 {
                return Ok(());
            }
            let record = serde_json::from_str::<&RawValue>(&line);
            take(record.map_err(|error| read(&error.into()))?)?;
            count += 1;
            if count.is_multiple_of(CHECKED_EVERY) && self.interrupt.is_set() {
                return Err(CliError::interrupted());
            }
        }
    }
}

fn no_record_has(field: &str) -> String {
    format!("no record has the field `{field}`")
}

/// A CSV file with a header.
struct CsvFile {
    out: csv::Writer<Packer>,
}

impl CsvFile {
    fn begin(out: Packer, header: &[String]) -> io::Result<Self> {
        let mut out = csv::WriterBuilder::new()
            .buffer_capacity(1 << 16)
            .from_writer(out);
        if !header.is_empty() {
            out.write_record(header).map_err(io_error)?;
        }
        Ok(Self { out })
    }

    fn row(&mut self, row: &[Found<'_>]) -> io::Result<()> {
        for found in row {
            self.out.write_field(cell(found)).map_err(io_error)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io_error)
    }

    /// Writes the rest. Everything is passed to the operating system.
    fn finish(self) -> io::Result<()> {
        let out = self.out.into_inner().map_err(|error| {
            let error = error.error();
            io::Error::new(error.kind(), error.to_string())
        })?;
        out.finish()
    }
}

/// The I/O error, with its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
