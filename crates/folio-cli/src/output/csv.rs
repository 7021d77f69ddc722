//! Records as CSV.
//!
//! The header is the fields that the user chose. Without a choice it is those of the first records:
//! fields of objects by their path (`personal.lastName`), lists as JSON in one cell. If records
//! follow, or two fields of a record have the same path (`{"a.b": 1, "a": {"b": 2}}`), there is one
//! more column, `_more`, with the fields of a record that the other columns lack, as a JSON object:
//! none is lost.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::value::RawValue;

use crate::output::field_path::{FieldPath, WHOLE, cell, cell_of, values};
use crate::output::json;

/// The number of records whose fields make the header.
const LOOKED_AT: usize = 1000;

/// The column for fields that the header lacks.
const MORE: &str = "_more";

/// Records, to be written as CSV.
#[derive(Debug)]
pub(crate) struct CsvRecords {
    columns: Columns,
    waiting: Vec<Box<RawValue>>,
}

#[derive(Debug)]
enum Columns {
    /// The header is not written yet. The fields that the user chose, if any.
    Unknown(Option<Vec<FieldPath>>),
    Chosen(Vec<FieldPath>),
    Found(Header),
}

/// The fields of the first records.
#[derive(Debug, Default)]
struct Header {
    /// The columns of the paths.
    columns: HashMap<String, usize>,
    has_more: bool,
}

/// The fields of a record, with their paths.
type Leaves<'a> = Vec<(String, &'a RawValue)>;

impl CsvRecords {
    pub(crate) fn new(chosen: Option<Vec<FieldPath>>) -> Self {
        Self {
            columns: Columns::Unknown(chosen),
            waiting: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, record: &RawValue, out: &mut impl Write) -> io::Result<()> {
        if let Columns::Unknown(chosen) = &self.columns {
            if chosen.is_none() && self.waiting.len() < LOOKED_AT {
                self.waiting.push(record.to_owned());
                return Ok(());
            }
            self.begin(true, out)?;
        }
        match &self.columns {
            Columns::Unknown(_) => Ok(()),
            Columns::Chosen(columns) => line(values(record, columns).iter().map(cell), out),
            Columns::Found(header) => line(header.row(&leaves(record)), out),
        }
    }

    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        match self.columns {
            Columns::Unknown(_) => self.begin(false, out),
            Columns::Chosen(_) | Columns::Found(_) => Ok(()),
        }
    }

    /// Writes the header, and the records that waited for it. `others`: more records follow.
    fn begin(&mut self, others: bool, out: &mut impl Write) -> io::Result<()> {
        if let Columns::Unknown(Some(chosen)) = &mut self.columns {
            let chosen = std::mem::take(chosen);
            line(chosen.iter().map(FieldPath::as_str), out)?;
            self.columns = Columns::Chosen(chosen);
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let waiting: Vec<Leaves<'_>> = waiting.iter().map(|record| leaves(record)).collect();
        let (header, names) = Header::of(&waiting, others);
        if !names.is_empty() {
            line(names, out)?;
        }
        for leaves in &waiting {
            line(header.row(leaves), out)?;
        }
        self.columns = Columns::Found(header);
        Ok(())
    }
}

impl Header {
    /// The columns of records, in the order of their appearance, and the names of the columns.
    fn of<'a>(records: &'a [Leaves<'_>], others: bool) -> (Self, Vec<&'a str>) {
        let mut names: Vec<&str> = Vec::new();
        let mut header = Self {
            columns: HashMap::new(),
            has_more: others,
        };
        // The last record that has the column.
        let mut last: Vec<usize> = Vec::new();
        for (number, leaves) in records.iter().enumerate() {
            for (path, _) in leaves {
                match header.columns.get(path) {
                    None => {
                        header.columns.insert(path.clone(), names.len());
                        names.push(path);
                        last.push(number);
                    }
                    Some(at) => match last.get_mut(*at) {
                        Some(last) if *last == number => header.has_more = true,
                        Some(last) => *last = number,
                        None => {}
                    },
                }
            }
        }
        if header.has_more {
            names.push(MORE);
        }
        (header, names)
    }

    fn row(&self, leaves: &Leaves<'_>) -> Vec<String> {
        let mut row = vec![None; self.columns.len()];
        let mut more = Vec::new();
        for (path, value) in leaves {
            let column = self.columns.get(path).and_then(|at| row.get_mut(*at));
            match column {
                Some(column) if column.is_none() => *column = Some(cell_of(value)),
                _ => {
                    let name = serde_json::Value::from(path.as_str());
                    more.push(format!("{name}:{}", json::compact(value)));
                }
            }
        }
        let mut row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        if self.has_more {
            row.push(match more.is_empty() {
                true => String::new(),
                false => format!("{{{}}}", more.join(",")),
            });
        }
        row
    }
}

/// The fields that have no fields of their own, with their paths.
fn leaves(record: &RawValue) -> Leaves<'_> {
    let mut leaves = Vec::new();
    flatten(record, "", &mut leaves);
    leaves
}

fn flatten<'a>(value: &'a RawValue, path: &str, leaves: &mut Leaves<'a>) {
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
        _ if path.is_empty() => leaves.push((WHOLE.to_owned(), value)),
        _ => leaves.push((path.to_owned(), value)),
    }
}

fn line<C: AsRef<[u8]>>(
    cells: impl IntoIterator<Item = C>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}
