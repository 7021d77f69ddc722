//! Results: stdout, in the format that the user chose.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::global::{Format, Global};
use crate::output::console::is_colored;
use crate::output::field_path::FieldPath;
use crate::output::json;
use crate::output::record_writer::{Layout, RecordWriter};
use crate::output::style::Style;

/// Where results go, and how.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    format: Option<Format>,
    is_terminal: bool,
    colored: bool,
    /// The width of the terminal.
    width: Option<u16>,
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
                .map(|(_, columns)| columns),
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
        RecordWriter::new(
            self.list_format(),
            Layout {
                fields,
                colored: self.colored,
                is_terminal: self.is_terminal,
                width: self.width,
            },
        )
    }

    /// Rows that a command made, such as those of a report.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub(crate) fn rows<T: Serialize>(
        &self,
        columns: &[&str],
        rows: impl IntoIterator<Item = T>,
    ) -> Result<(), CliError> {
        let fields = columns.iter().filter_map(|column| column.parse().ok());
        let mut writer = self.records(Some(fields.collect()));
        for row in rows {
            writer.write(&row)?;
        }
        writer.finish().map(drop)
    }

    /// One value: JSON, or as a list of one record.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub(crate) fn value<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), CliError> {
        let raw = to_raw(value)?;
        match self.format.unwrap_or(Format::Json) {
            Format::Json => self.line(&json::pretty(&raw, self.colored)),
            Format::Jsonl | Format::Csv | Format::Table => {
                let mut writer = self.records(None);
                writer.write(&raw)?;
                writer.finish().map(drop)
            }
        }
    }

    /// A line of text.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub(crate) fn line(&self, text: &str) -> Result<(), CliError> {
        self.bytes(text.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// stdout cannot be written.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| CliError::output(&error))
    }
}

/// A value as JSON text.
pub(crate) fn to_raw<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, CliError> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| CliError::other(format!("cannot write a result as JSON: {error}")))
}
