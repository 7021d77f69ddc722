//! Parquet files: the part of an export that another program has, which depends on Arrow.

use std::fmt;
use std::path::Path;

use serde_json::value::RawValue;

use crate::error::CliError;
use crate::output::selection::Selection;

/// The table that an export writes.
#[derive(Clone, Copy, Debug)]
pub struct TableRequest<'a> {
    /// The file to write. Nothing else is in its folder.
    pub file: &'a Path,
    /// The path of the list: `/instance-storage/instances`.
    pub list: &'a str,
    /// The name of the release whose descriptions define the columns; the newest if it is not known.
    pub release: Option<&'a str>,
    /// The columns that the user has chosen. The records have no other fields then.
    pub fields: Option<&'a Selection>,
}

/// Writes Parquet files.
pub trait TableFormat: fmt::Debug + Send + Sync {
    /// Checks the arguments before anything is requested: the name of a release, and chosen fields.
    ///
    /// # Errors
    /// The release is not known, or a field cannot be a column.
    fn check(&self, release: Option<&str>, fields: Option<&Selection>) -> Result<(), CliError>;

    /// Begins a file.
    ///
    /// # Errors
    /// The file cannot be written.
    fn begin(&self, request: &TableRequest<'_>) -> Result<Box<dyn TableWriter>, CliError>;
}

/// A table that is being written.
pub trait TableWriter {
    /// Appends a record.
    ///
    /// # Errors
    /// The file cannot be written.
    fn write(&mut self, record: &RawValue) -> Result<(), CliError>;

    /// Completes the file, and waits until it is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    fn finish(self: Box<Self>) -> Result<TableReport, CliError>;
}

/// What an export reports of its table.
#[derive(Clone, Debug, Default)]
pub struct TableReport {
    /// What the user may want to know.
    pub notes: Vec<String>,
    /// What the user has to know.
    pub warnings: Vec<String>,
    /// The number of values that are not in a column of their own, but in `_extra`.
    pub in_extra: u64,
}
