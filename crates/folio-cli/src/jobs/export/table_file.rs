//! Turns the file of records into a table.

use std::fs::File;
use std::io::{self, BufRead as _, Seek as _};
use std::path::Path;

use serde_json::value::RawValue;

use super::columns::Columns;
use super::part::failed;
#[cfg(feature = "parquet")]
use super::target::FileFormat;
use super::target::Target;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::jobs::packing::Packing;
use crate::output::field_path::{FieldPath, Found, cell};

/// How often an interruption is noticed, in records.
const CHECKED_EVERY: u64 = 1_000;

/// The conversion of a file of records.
pub(crate) struct Conversion<'a> {
    pub(crate) records: &'a File,
    pub(crate) path: &'a Path,
    pub(crate) packing: Packing,
    pub(crate) target: &'a Target,
    pub(crate) complete: &'a Path,
    pub(crate) fields: Option<&'a [FieldPath]>,
    pub(crate) interrupt: &'a Interrupt,
}

/// A table that is being written.
trait TableWriter {
    fn row(&mut self, row: &[Found<'_>]) -> io::Result<()>;
    /// Writes the rest. Everything is passed to the operating system.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl Conversion<'_> {
    /// Writes the table, and waits until it is on the disk. Returns the chosen fields that no
    /// record has.
    ///
    /// # Errors
    /// An I/O error; the records are no table; an interruption.
    pub(crate) fn run(&self) -> Result<Vec<String>, CliError> {
        let mut columns = Columns::new(self.fields);
        self.each(|record| {
            columns.observe(record);
            Ok(())
        })?;
        let header = columns.header()?;
        let write = |error: &io::Error| failed("write", self.complete, error);
        let file = File::create(self.complete).map_err(|error| write(&error))?;
        let out = file
            .try_clone()
            .and_then(|file| self.target.packing.begin(file))
            .map_err(|error| write(&error))?;
        let mut table: Box<dyn TableWriter> = match self.target.format {
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => Box::new(
                super::parquet_file::ParquetFile::begin(out, &header)
                    .map_err(|error| write(&error))?,
            ),
            _ => Box::new(CsvFile::begin(out, &header).map_err(|error| write(&error))?),
        };
        self.each(|record| {
            let row = columns.row(record, header.len());
            table.row(&row).map_err(|error| write(&error))
        })?;
        table
            .finish()
            .and_then(|()| file.sync_all())
            .map_err(|error| write(&error))?;
        Ok(columns.absent().into_iter().map(str::to_owned).collect())
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

/// A CSV file with a header.
struct CsvFile {
    out: csv::Writer<crate::jobs::packing::Packer>,
}

impl CsvFile {
    fn begin(
        out: crate::jobs::packing::Packer,
        header: &[(String, super::columns::ColumnType)],
    ) -> io::Result<Self> {
        let mut out = csv::WriterBuilder::new()
            .buffer_capacity(1 << 16)
            .from_writer(out);
        if !header.is_empty() {
            out.write_record(header.iter().map(|(name, _)| name.as_bytes()))
                .map_err(io_error)?;
        }
        Ok(Self { out })
    }
}

impl TableWriter for CsvFile {
    fn row(&mut self, row: &[Found<'_>]) -> io::Result<()> {
        for found in row {
            self.out.write_field(cell(found)).map_err(io_error)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io_error)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
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

#[cfg(feature = "parquet")]
impl TableWriter for super::parquet_file::ParquetFile {
    fn row(&mut self, row: &[Found<'_>]) -> io::Result<()> {
        Self::row(self, row)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Self::finish(*self)
    }
}
