//! Records as CSV.
//!
//! The header is the fields that the user chose. Without a choice it is those of the first records:
//! fields of objects by their path (`personal.lastName`), lists as JSON in one cell. If records
//! follow, there is one more column, `_more`, with the fields of a record that the header lacks, as
//! a JSON object: none is lost.

use std::io::{self, Write};

use serde_json::value::RawValue;

use crate::output::field_path::{FieldPath, cell};
use crate::output::json;

/// The number of records whose fields make the header.
const LOOKED_AT: usize = 1000;

/// The column for fields that the header lacks.
const MORE: &str = "_more";

/// Records, to be written as CSV.
#[derive(Debug)]
pub(crate) struct CsvRecords {
    chosen: Option<Vec<FieldPath>>,
    header: Option<Header>,
    waiting: Vec<Box<RawValue>>,
}

#[derive(Debug)]
struct Header {
    columns: Vec<FieldPath>,
    has_more: bool,
}

impl CsvRecords {
    pub(crate) fn new(chosen: Option<Vec<FieldPath>>) -> Self {
        Self {
            chosen,
            header: None,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, record: &RawValue, out: &mut impl Write) -> io::Result<()> {
        if self.header.is_none() && self.chosen.is_some() {
            self.begin(false, out)?;
        }
        if let Some(header) = &self.header {
            return header.row(record, out);
        }
        if self.waiting.len() == LOOKED_AT {
            self.begin(true, out)?;
            return self.write(record, out);
        }
        self.waiting.push(record.to_owned());
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        match self.header {
            Some(_) => Ok(()),
            None => self.begin(false, out),
        }
    }

    /// Writes the header, and the records that waited for it.
    fn begin(&mut self, has_more: bool, out: &mut impl Write) -> io::Result<()> {
        let columns = match self.chosen.take() {
            Some(chosen) => chosen,
            None => columns_of(&self.waiting),
        };
        let header = Header { columns, has_more };
        let names = header.columns.iter().map(FieldPath::as_str);
        let names: Vec<&str> = names.chain(has_more.then_some(MORE)).collect();
        if !names.is_empty() {
            line(names, out)?;
        }
        for record in self.waiting.drain(..) {
            header.row(&record, out)?;
        }
        self.header = Some(header);
        Ok(())
    }
}

impl Header {
    fn row(&self, record: &RawValue, out: &mut impl Write) -> io::Result<()> {
        let mut cells: Vec<String> = self
            .columns
            .iter()
            .map(|column| cell(&column.of(record)))
            .collect();
        if self.has_more {
            cells.push(self.more(record));
        }
        line(cells, out)
    }

    /// The fields of a record that the header lacks.
    fn more(&self, record: &RawValue) -> String {
        let mut leaves = Vec::new();
        flatten(record, "", &mut leaves);
        let is_known = |path: &str| self.columns.iter().any(|column| column.as_str() == path);
        let texts: Vec<String> = leaves
            .into_iter()
            .filter(|(path, _)| !is_known(path))
            .filter_map(|(path, value)| {
                let name = serde_json::to_string(&path).ok()?;
                Some(format!("{name}:{}", json::compact(value)))
            })
            .collect();
        if texts.is_empty() {
            return String::new();
        }
        format!("{{{}}}", texts.join(","))
    }
}

/// The fields of records, in the order of their appearance.
pub(crate) fn columns_of(records: &[Box<RawValue>]) -> Vec<FieldPath> {
    let mut columns: Vec<FieldPath> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for record in records {
        let mut leaves = Vec::new();
        flatten(record, "", &mut leaves);
        for (path, _) in leaves {
            if known.insert(path.clone()) {
                columns.push(FieldPath::new(path));
            }
        }
    }
    columns
}

/// The fields that have no fields of their own, with their paths.
fn flatten<'a>(value: &'a RawValue, path: &str, leaves: &mut Vec<(String, &'a RawValue)>) {
    match json::members(value) {
        Some(members) if !members.is_empty() => {
            for (name, value) in members {
                let path = match path {
                    "" => name,
                    _ => format!("{path}.{name}"),
                };
                flatten(value, &path, leaves);
            }
        }
        _ => leaves.push((path.to_owned(), value)),
    }
}

fn line<C: AsRef<[u8]>>(cells: Vec<C>, out: &mut impl Write) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}
