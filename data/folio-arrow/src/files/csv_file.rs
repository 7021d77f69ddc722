//! A CSV file.
//!
//! It is not written with the crate csv, which quotes either all empty cells or none: a null would be
//! the same as an empty text.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::cause::Cause;
use super::cell::push_text;
use super::flat;
use super::format::Format;

/// The bytes that are passed to the operating system together.
const BUFFER: usize = 64 << 10;

/// A file, and the text of the row that is being written.
pub(super) struct CsvFile {
    out: BufWriter<File>,
    cell: Vec<u8>,
    line: Vec<u8>,
}

impl CsvFile {
    pub(super) fn create(file: File, schema: &SchemaRef) -> Result<Self, Cause> {
        let names = flat::names(schema)?;
        let mut file = Self {
            out: BufWriter::with_capacity(BUFFER, file),
            cell: Vec::new(),
            line: Vec::new(),
        };
        for name in names {
            file.cell.extend_from_slice(name.as_bytes());
            file.end_cell();
        }
        file.end_line()?;
        Ok(file)
    }

    /// Appends the cell to the line.
    fn end_cell(&mut self) {
        let cell = &self.cell;
        let is_plain = !cell.is_empty()
            && memchr::memchr3(b',', b'"', b'\n', cell).is_none()
            && memchr::memchr(b'\r', cell).is_none();
        if is_plain {
            self.line.extend_from_slice(cell);
        } else {
            self.line.push(b'"');
            for (at, part) in cell.split(|byte| *byte == b'"').enumerate() {
                if at > 0 {
                    self.line.extend_from_slice(b"\"\"");
                }
                self.line.extend_from_slice(part);
            }
            self.line.push(b'"');
        }
        self.cell.clear();
        self.line.push(b',');
    }

    fn end_line(&mut self) -> Result<(), Cause> {
        // The comma behind the last cell.
        if let Some(end) = self.line.last_mut() {
            *end = b'\n';
        }
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

impl Format for CsvFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Cause> {
        let columns = flat::columns(batch)?;
        for row in 0..batch.num_rows() {
            for column in &columns {
                if column.is_null(row) {
                    // Readers skip empty lines.
                    self.line
                        .extend_from_slice(if columns.len() == 1 { b"\"\"," } else { b"," });
                    continue;
                }
                push_text(&column.field, &column.array, row, &mut self.cell)?;
                self.end_cell();
            }
            self.end_line()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, _is_ordered: bool) -> Result<(), Cause> {
        self.out.flush()?;
        Ok(())
    }

    fn memory(&self) -> usize {
        self.out.capacity() + self.cell.capacity() + self.line.capacity()
    }
}
