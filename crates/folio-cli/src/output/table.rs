//! Records as a table that fits the terminal.
//!
//! The first records determine the columns and their widths, and later ones are written with these:
//! a list of any length needs little memory. On a terminal, values that do not fit end with `…`;
//! elsewhere they are complete.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use console::{measure_text_width, truncate_str};
use serde_json::value::RawValue;

use crate::output::field_path::{FieldPath, Found, WHOLE, cell, values};
use crate::output::json;
use crate::output::layout::Layout;
use crate::output::style::Style;

/// The number of records whose values determine the columns.
const LOOKED_AT: usize = 500;

/// The widest column on a terminal, in characters.
const WIDEST: usize = 60;

/// The narrowest width to which a column shrinks.
const NARROWEST: usize = 8;

/// The space between two columns.
const GAP: usize = 2;

/// Records, to be written as a table.
#[derive(Debug)]
pub(crate) struct TableRecords {
    chosen: Option<Vec<FieldPath>>,
    colored: bool,
    /// The width of the terminal, if there is one.
    width: Option<usize>,
    columns: Option<Vec<Column>>,
    waiting: Vec<Box<RawValue>>,
    omits_columns: bool,
    hidden: Hidden,
}

/// What a table on a terminal does not show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    /// The columns without room.
    pub(crate) columns: Vec<String>,
    /// Whether values are shortened.
    pub(crate) has_shortened: bool,
}

#[derive(Debug)]
struct Column {
    field: FieldPath,
    width: usize,
}

impl TableRecords {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            chosen: layout.fields.clone(),
            colored: layout.colored,
            width: layout.width.map(usize::from),
            columns: None,
            waiting: Vec::new(),
            omits_columns: layout.omits_columns,
            hidden: Hidden::default(),
        }
    }

    pub(crate) fn hidden(self) -> Hidden {
        self.hidden
    }

    pub(crate) fn write(&mut self, record: &RawValue, out: &mut impl Write) -> io::Result<()> {
        self.waiting.push(record.to_owned());
        if self.waiting.len() < LOOKED_AT {
            return Ok(());
        }
        self.flush(out)
    }

    /// Writes what is left.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.flush(out)
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let is_first = self.columns.is_none();
        let (columns, rows) = match self.columns.take() {
            Some(columns) => {
                let rows = rows(&waiting, columns.iter().map(|column| &column.field));
                (columns, rows)
            }
            None => {
                let is_chosen = self.chosen.is_some();
                let fields = self.chosen.take();
                let fields = fields.unwrap_or_else(|| scalar_fields(&waiting));
                let fields = match fields.is_empty() {
                    // The records have no such fields: each is shown as it is.
                    true => vec![FieldPath::new("")],
                    false => fields,
                };
                let rows = rows(&waiting, &fields);
                (self.columns(fields, is_chosen, &rows), rows)
            }
        };
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if is_first {
            let names = columns
                .iter()
                .map(|column| fitting(name(&column.field), column, self.width));
            table.set_header(names.collect::<Vec<_>>());
        }
        for row in &rows {
            // Cells of columns that are left out are at the end.
            let cells = columns.iter().zip(row);
            let cells = cells.map(|(column, text)| fitting(text, column, self.width));
            let cells: Vec<String> = cells.collect();
            self.hidden.has_shortened |= cells.iter().zip(row).any(|(cell, text)| cell != text);
            table.add_row(cells);
        }
        for (at, column) in columns.iter().enumerate() {
            let is_last = at + 1 == columns.len();
            if let Some(shown) = table.column_mut(at) {
                let gap = if is_last { 0 } else { GAP };
                shown.set_padding((0, u16::try_from(gap).unwrap_or_default()));
                let width = u16::try_from(column.width + gap).unwrap_or(u16::MAX);
                shown.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
            }
        }
        for (at, line) in table.lines().enumerate() {
            let line = line.trim_end();
            if is_first && at == 0 {
                writeln!(out, "{}", Style::Bold.paint(line, self.colored))?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        self.columns = Some(columns);
        Ok(())
    }

    /// The columns, as wide as the rows need and the terminal allows.
    fn columns(
        &mut self,
        fields: Vec<FieldPath>,
        is_chosen: bool,
        rows: &[Vec<String>],
    ) -> Vec<Column> {
        let mut columns: Vec<Column> = fields
            .into_iter()
            .map(|field| Column {
                width: measure_text_width(name(&field)),
                field,
            })
            .collect();
        for row in rows {
            for (column, text) in columns.iter_mut().zip(row) {
                column.width = column.width.max(measure_text_width(text));
            }
        }
        let Some(available) = self.width else {
            return columns;
        };
        for column in &mut columns {
            column.width = column.width.min(WIDEST);
        }
        if self.omits_columns && is_chosen {
            let narrow = |columns: &[Column]| -> usize {
                let widths = columns.iter().map(|column| column.width.min(NARROWEST));
                widths.sum::<usize>() + columns.len().saturating_sub(1) * GAP
            };
            while narrow(&columns) > available && columns.len() > 1 {
                let column = columns.pop();
                let names = column.iter().map(|column| name(&column.field).to_owned());
                self.hidden.columns.extend(names);
            }
            self.hidden.columns.reverse();
        }
        while total(&columns) > available {
            // Of the chosen columns the widest one becomes narrower; others are left out.
            if !is_chosen && columns.len() > 1 {
                columns.pop();
                continue;
            }
            match columns.iter_mut().max_by_key(|column| column.width) {
                Some(widest) if is_chosen && widest.width > NARROWEST => widest.width -= 1,
                _ => break,
            }
        }
        columns
    }
}

/// The name of a column; the path of a whole record is empty.
fn name(field: &FieldPath) -> &str {
    match field.as_str() {
        "" => WHOLE,
        name => name,
    }
}

/// The texts of the cells. Each record is parsed once.
fn rows<'p>(
    records: &[Box<RawValue>],
    fields: impl IntoIterator<Item = &'p FieldPath, IntoIter: Clone>,
) -> Vec<Vec<String>> {
    let fields = fields.into_iter();
    records
        .iter()
        .map(|record| {
            let found = values(record, fields.clone());
            found.iter().map(one_line).collect()
        })
        .collect()
}

/// On a terminal, which has a width, a text that does not fit ends with `…`.
fn fitting(text: &str, column: &Column, terminal: Option<usize>) -> String {
    match terminal {
        Some(_) => truncate_str(text, column.width, "…").into_owned(),
        None => text.to_owned(),
    }
}

fn total(columns: &[Column]) -> usize {
    let widths: usize = columns.iter().map(|column| column.width).sum();
    widths + columns.len().saturating_sub(1) * GAP
}

/// The fields with a text, a number or a truth value, in the order of their appearance: what a
/// person looks for. Versions and metadata are left out.
fn scalar_fields(records: &[Box<RawValue>]) -> Vec<FieldPath> {
    let mut names: Vec<String> = Vec::new();
    for record in records {
        for (name, value) in json::members(record).unwrap_or_default() {
            let is_scalar = !value.get().starts_with(['{', '[']) && value.get() != "null";
            if is_scalar && !name.starts_with('_') && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.into_iter().map(FieldPath::new).collect()
}

/// The text of a cell, on one line and without control characters.
fn one_line(found: &Found<'_>) -> String {
    let text = match found {
        Found::Each(values) => {
            let texts: Vec<String> = values
                .iter()
                .map(|value| cell(&Found::One(value)))
                .collect();
            texts.join("; ")
        }
        other => cell(other),
    };
    if text.contains(char::is_control) {
        text.replace(char::is_control, " ")
    } else {
        text
    }
}
