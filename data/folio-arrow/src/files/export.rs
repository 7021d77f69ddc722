//! Exports a list to a file.

use std::path::Path;
use std::time::{Duration, Instant};

use folio_sdk::FolioClient;

use super::export_error::ExportError;
use super::options::FileOptions;
use super::writer::Written;
use super::writing::Writing;
use crate::counts::ColumnCount;
use crate::layout::LayoutOptions;
use crate::scan::read;
use crate::scan_options::ScanOptions;
use crate::table::Table;

/// The number of errors of records that a [`Summary`] has.
const MOST_ERRORS: usize = 20;

/// What is exported, and how. By default all records with all columns, in the order of their ids, to
/// a file that does not exist yet.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    scan: Option<ScanOptions>,
    file: FileOptions,
    ordered: bool,
    skip_unreadable: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            scan: None,
            file: FileOptions::default(),
            ordered: true,
            skip_unreadable: false,
        }
    }
}

impl ExportOptions {
    /// The columns and records, and how they are read.
    #[must_use]
    pub fn scan(mut self, scan: ScanOptions) -> Self {
        self.scan = Some(scan);
        self
    }

    /// The settings of the file.
    #[must_use]
    pub fn file(mut self, file: FileOptions) -> Self {
        self.file = file;
        self
    }

    /// Whether the records are in the order of their ids. True by default. It costs more requests
    /// and memory, and nothing where a list [cannot be divided](Table::can_be_divided); readers of a
    /// Parquet file then skip most of it when they look for an id.
    #[must_use]
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    /// Whether records that cannot be read are left out and [counted](Summary::unreadable). By
    /// default, such a record is an error, and no file is written.
    #[must_use]
    pub fn skip_unreadable(mut self, skip: bool) -> Self {
        self.skip_unreadable = skip;
        self
    }
}

/// The outcome of an export.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The number of records in the file.
    pub records: u64,
    /// The number of records that could not be read and are not in the file. 0 unless
    /// [`skip_unreadable`](ExportOptions::skip_unreadable) is set.
    pub unreadable: u64,
    /// The errors of the first 20 of them.
    pub errors: Vec<String>,
    /// The columns and fields whose values are in `_extra`, with their numbers.
    pub misfits: Vec<ColumnCount>,
    /// What the list says about its completeness: see
    /// [`RecordStream::note`](folio_sdk::RecordStream::note).
    pub note: Option<String>,
    /// The file: its size in bytes, and whether its rows are in order.
    pub file: Written,
    /// The time from the first request until the file was complete.
    pub elapsed: Duration,
}

/// Exports a list to a file, whose format is that of the path's ending unless the
/// [options](ExportOptions::file) have another.
///
/// The file appears when it is complete, with every record of the list; after an error there is
/// none, and an earlier one is as it was. If the future is dropped, the export ends and leaves nothing
/// behind (the temporary file is removed some milliseconds later).
///
/// Batches are written on a thread of their own, while the next ones are read. The memory does not
/// depend on the number of records: the pages that the scan
/// [holds](ScanOptions::max_buffered_bytes), up to three batches of its
/// [limits](ScanOptions::limits), and the memory of the [`FileWriter`](super::FileWriter).
///
/// # Errors
/// A request failed, or a record cannot be read, or the file cannot be written: see [`ExportError`].
pub async fn export(
    folio: &FolioClient,
    table: &Table,
    options: ExportOptions,
    path: impl AsRef<Path>,
) -> Result<Summary, ExportError> {
    let (start, path) = (Instant::now(), path.as_ref());
    let ExportOptions {
        scan,
        mut file,
        ordered,
        skip_unreadable,
    } = options;
    let scan = scan.unwrap_or_else(|| ScanOptions::new(table.layout(&LayoutOptions::default())));
    let scan = if ordered { scan.ordered() } else { scan };
    if file.id.is_none() {
        file.id = table.key().map(str::to_owned);
    }
    let mut scan = read(folio, table, scan);
    let mut writing = Writing::start(path, scan.schema(), file).await?;
    let mut unreadable = 0;
    let mut errors = Vec::new();
    while let Some(batch) = scan.next().await {
        match batch {
            Ok(batch) => writing.write(batch).await?,
            Err(error) if error.is_of_record() && skip_unreadable => {
                unreadable += 1;
                if errors.len() < MOST_ERRORS {
                    errors.push(error.to_string());
                }
            }
            Err(error) => {
                writing.abandon().await;
                return Err(ExportError::read(table.path(), path, error));
            }
        }
    }
    let file = writing.finish().await?;
    Ok(Summary {
        records: file.rows,
        unreadable,
        errors,
        misfits: scan.misfits(),
        note: scan.note().map(str::to_owned),
        file,
        elapsed: start.elapsed(),
    })
}
