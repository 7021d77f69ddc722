//! Results: stdout, in the format that the user chose.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::global::{Format, Global};
use crate::output::console::is_colored;
use crate::output::field_path::{FieldPath, cell, project, values};
use crate::output::json;
use crate::output::json::to_raw;
use crate::output::layout::Layout;
use crate::output::record_writer::RecordWriter;
use crate::output::sink::Sink;
use crate::output::style::Style;

/// Where results go, and how.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    format: Option<Format>,
    is_terminal: bool,
    colored: bool,
    /// The width of the terminal.
    width: Option<u16>,
    /// The file to write, in place of stdout.
    file: Option<PathBuf>,
}

impl Results {
    /// The standard output of the process.
    pub(crate) fn new(global: &Global) -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self {
            format: global.format,
            is_terminal,
            colored: is_colored(global.color, is_terminal),
            width: is_terminal
                .then(|| console::Term::stdout().size_checked())
                .flatten()
                .map(|(_, columns)| columns)
                .filter(|columns| *columns > 0),
            file: None,
        }
    }

    /// The same for a file in place of stdout. It gets its name when it is complete.
    #[must_use]
    pub(crate) fn in_file(&self, file: Option<PathBuf>) -> Self {
        let Some(file) = file else {
            return self.clone();
        };
        Self {
            format: self.format,
            is_terminal: false,
            colored: false,
            width: None,
            file: Some(file),
        }
    }

    /// The same in a format.
    #[must_use]
    pub(crate) fn with_format(self, format: Format) -> Self {
        Self {
            format: Some(format),
            ..self
        }
    }

    /// Where results go.
    pub(crate) fn sink(&self) -> Sink {
        match &self.file {
            Some(file) => Sink::file(file),
            None => Sink::stdout(),
        }
    }

    /// The chosen format.
    pub(crate) fn chosen(&self) -> Option<Format> {
        self.format
    }

    /// The format of lists: the chosen one; otherwise a table on a terminal, and JSON elsewhere.
    pub(crate) fn list_format(&self) -> Format {
        let default = if self.is_terminal {
            Format::Table
        } else {
            Format::Json
        };
        self.format.unwrap_or(default)
    }

    /// Whether stdout is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// The text in this style, if stdout shows colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        style.paint(text, self.colored)
    }

    /// Records one by one. Without `fields`, tables and CSV show the fields that the first records
    /// have.
    pub(crate) fn records(&self, fields: Option<Vec<FieldPath>>) -> RecordWriter {
        let layout = Layout {
            fields,
            colored: self.colored,
            width: self.width,
            omits_columns: false,
        };
        RecordWriter::new(self.sink(), self.list_format(), layout)
    }

    /// Rows of a table with these columns. On a terminal the last ones may be left out, if there is no
    /// room for them: [`RecordWriter::end`] states it.
    pub(crate) fn table(&self, columns: Vec<FieldPath>) -> RecordWriter {
        let layout = Layout {
            // JSON has the fields as they are.
            fields: match self.list_format() {
                Format::Json | Format::Jsonl => None,
                Format::Csv | Format::Table => Some(columns),
            },
            colored: self.colored,
            width: self.width,
            omits_columns: true,
        };
        RecordWriter::new(self.sink(), self.list_format(), layout)
    }

    /// Rows that a command made, such as those of a report.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn rows<T: Serialize>(
        &self,
        columns: &[&str],
        rows: impl IntoIterator<Item = T>,
    ) -> Result<(), CliError> {
        let fields = columns.iter().copied().map(FieldPath::new);
        let mut writer = self.records(Some(fields.collect()));
        for row in rows {
            writer.write(&row)?;
        }
        writer.finish().map(drop)
    }

    /// One value that a command made: a line per column for people, otherwise the value.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn row<T: Serialize>(&self, columns: &[&str], value: &T) -> Result<(), CliError> {
        let raw = to_raw(value)?;
        match self.list_format() {
            Format::Json => self.line(&json::pretty(&raw, self.colored)),
            Format::Jsonl => self.line(&json::compact(&raw)),
            Format::Csv => self.rows(columns, [value]),
            Format::Table => {
                let width = columns.iter().map(|column| column.len()).max();
                let mut lines = Vec::new();
                let fields: Vec<FieldPath> = columns.iter().copied().map(FieldPath::new).collect();
                for (column, found) in columns.iter().zip(values(&raw, &fields)) {
                    let text = cell(&found);
                    if !text.is_empty() {
                        let padded = format!("{column:<0$}", width.unwrap_or_default());
                        lines.push(format!("{}  {text}", self.paint(Style::Bold, &padded)));
                    }
                }
                self.line(&lines.join("\n"))
            }
        }
    }

    /// One value: JSON, unless another format is chosen; then it is a list of one record.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn value<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), CliError> {
        self.record(&to_raw(value)?, None)
    }

    /// One record as the server sent it, with these fields or all.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn record(
        &self,
        raw: &RawValue,
        fields: Option<Vec<FieldPath>>,
    ) -> Result<(), CliError> {
        match self.format.unwrap_or(Format::Json) {
            Format::Json => {
                let selected = fields.map(|fields| project(raw, &fields));
                let raw = selected.as_deref().unwrap_or(raw);
                self.line(&json::pretty(raw, self.colored))
            }
            Format::Jsonl | Format::Csv | Format::Table => {
                let mut writer = self.records(fields);
                writer.raw(raw)?;
                writer.finish().map(drop)
            }
        }
    }

    /// A line of text.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = self.sink();
        out.write_all(bytes)
            .and_then(|()| out.commit())
            .map_err(|error| CliError::output(&error))
    }
}
