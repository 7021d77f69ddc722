//! Writes record batches to a file.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::cause::Cause;
use super::csv_file::CsvFile;
use super::error::{FileError, FileErrorKind};
use super::format::Format;
use super::ipc_file::IpcFile;
use super::new_file::NewFile;
use super::options::{FileFormat, FileOptions};
use super::order::OrderCheck;
use super::parquet_file::ParquetFile;

/// Writes record batches of one schema to a file, which has its name from
/// [`finish`](Self::finish) on.
///
/// A writer that is dropped before leaves nothing behind. If the process is killed, a temporary file
/// remains in the folder, whose name starts with `.folio-` and ends with `.part`; it can be removed.
///
/// The calls wait for the disk: in asynchronous code use them on a thread for blocking operations, as
/// [`export`](super::export()) does.
///
/// The memory does not grow with the number of batches. A Parquet file needs as much as a
/// [row group](super::ParquetOptions::row_group_bytes); an Arrow IPC file as much as a compressed batch,
/// and the values of its dictionaries; a CSV file as the texts of a batch's dictionaries, and 64 kB.
///
/// ```
/// # fn example(batch: arrow_array::RecordBatch) -> Result<(), folio_arrow::files::FileError> {
/// use folio_arrow::files::{FileOptions, FileWriter};
///
/// let mut file = FileWriter::create("users.parquet", batch.schema(), &FileOptions::default())?;
/// file.write(&batch)?;
/// let written = file.finish()?;
/// println!("{} rows, {} bytes", written.rows, written.bytes);
/// # Ok(())
/// # }
/// ```
pub struct FileWriter {
    path: PathBuf,
    file: NewFile,
    format: Box<dyn Format>,
    schema: SchemaRef,
    order: OrderCheck,
    rows: u64,
    has_failed: bool,
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("FileWriter")
            .field("path", &self.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The path, as it was given.
    pub path: PathBuf,
    /// The number of rows.
    pub rows: u64,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// Whether the rows were in ascending order of the [identifier](FileOptions::id_column): each was
    /// compared with the one before. Only then a Parquet file declares the order
    /// (`sorting_columns`).
    pub is_ordered: bool,
}

impl FileWriter {
    /// Begins a file. All problems that can be known before the first batch are found here.
    ///
    /// # Errors
    /// The file exists, or cannot be created; the ending of its name is not that of a format; a
    /// setting is invalid; the format cannot represent a column.
    pub fn create(
        path: impl AsRef<Path>,
        schema: SchemaRef,
        options: &FileOptions,
    ) -> Result<Self, FileError> {
        let path = path.as_ref();
        let failed = |cause: Cause| FileError::of(path, cause);
        let format = match &options.format {
            Some(format) => format.clone(),
            None => FileFormat::of_path(path)?,
        };
        if let FileFormat::Parquet(parquet) = &format {
            parquet.check(path)?;
        }
        let file = NewFile::create(path, options.overwrite)?;
        let handle = file.handle().map_err(|error| failed(error.into()))?;
        let format: Result<Box<dyn Format>, Cause> = match &format {
            FileFormat::Parquet(parquet) => ParquetFile::create(handle, &schema, options, parquet)
                .map(|file| Box::new(file) as _),
            FileFormat::Ipc(ipc) => {
                IpcFile::create(handle, &schema, ipc).map(|file| Box::new(file) as _)
            }
            FileFormat::Csv(_) => CsvFile::create(handle, &schema).map(|file| Box::new(file) as _),
        };
        Ok(Self {
            format: format.map_err(failed)?,
            path: path.to_owned(),
            order: OrderCheck::new(&schema, options.id()),
            file,
            schema,
            rows: 0,
            has_failed: false,
        })
    }

    /// Appends the rows of a batch.
    ///
    /// # Errors
    /// The batch has another schema, the disk is full, or another I/O error. The file is not
    /// written then: further calls fail, too.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), FileError> {
        self.check()?;
        self.has_failed = true;
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(FileError::new(
                &self.path,
                FileErrorKind::Data,
                "a batch has another schema than the file",
                "write batches of one layout to a file",
            ));
        }
        self.format
            .write(batch)
            .map_err(|cause| FileError::of(&self.path, cause))?;
        self.order.add(batch);
        self.rows += u64::try_from(batch.num_rows()).unwrap_or_default();
        self.has_failed = false;
        Ok(())
    }

    /// Completes the file, waits until it is on the disk, and gives it its name.
    ///
    /// # Errors
    /// An earlier call failed; the disk is full; the file exists by now and is not to be replaced;
    /// another I/O error.
    pub fn finish(self) -> Result<Written, FileError> {
        self.check()?;
        let failed = |cause| FileError::of(&self.path, cause);
        let is_ordered = self.order.is_ordered();
        self.format.finish(is_ordered).map_err(failed)?;
        let bytes = self.file.commit().map_err(|error| failed(error.into()))?;
        Ok(Written {
            bytes,
            is_ordered,
            rows: self.rows,
            path: self.path,
        })
    }

    /// The bytes in memory that are not yet in the file: an estimate.
    pub fn memory(&self) -> usize {
        self.format.memory()
    }

    /// The number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn check(&self) -> Result<(), FileError> {
        match self.has_failed {
            false => Ok(()),
            true => Err(FileError::new(
                &self.path,
                FileErrorKind::Incomplete,
                "an earlier batch could not be written",
                "solve the problem of the first error, and export again",
            )),
        }
    }
}
