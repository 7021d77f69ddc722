//! Files of record batches: Parquet, Arrow IPC and CSV.
//!
//! A [`FileWriter`] writes batches of one schema to a file; [`export`] writes a whole list. A file
//! appears under its name when it is complete and on the disk, and not before: after an error, or if
//! the program ends early, an earlier file of that name is as it was.
//!
//! ```no_run
//! # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
//! use folio_arrow::files::{ExportOptions, export};
//! use folio_arrow::{Release, Table};
//!
//! let table = Table::at(Release::default(), "/instance-storage/instances")?;
//! let summary = export(&folio, &table, ExportOptions::default(), "instances.parquet").await?;
//! println!("{} records, {} bytes", summary.records, summary.file.bytes);
//! # Ok(())
//! # }
//! ```

mod cause;
mod cell;
mod csv_file;
mod dictionaries;
mod error;
mod export;
mod export_error;
mod flat;
mod folder;
mod format;
mod ipc_file;
mod leaves;
mod new_file;
mod options;
mod order;
mod parquet_file;
mod writer;
mod writing;

pub use error::{FileError, FileErrorKind};
pub use export::{ExportOptions, Summary, export};
pub use export_error::ExportError;
pub use options::{
    CsvOptions, FileFormat, FileOptions, IpcCompression, IpcOptions, ParquetOptions,
};
pub use writer::{FileWriter, Written};
