//! The settings of a file.

use std::path::Path;

use super::error::{FileError, FileErrorKind};

/// The format of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// [Apache Parquet](https://parquet.apache.org/).
    Parquet(ParquetOptions),
    /// The file format of [Arrow IPC](https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format),
    /// which is Feather of version 2.
    Ipc(IpcOptions),
    /// CSV.
    Csv(CsvOptions),
}

/// The endings of file names.
const ENDINGS: [&str; 5] = ["parquet", "arrow", "feather", "ipc", "csv"];

impl FileFormat {
    /// The format of the ending of a path, with its default settings: `.parquet`; `.arrow`,
    /// `.feather` or `.ipc`; `.csv`. Upper and lower case do not matter.
    ///
    /// # Errors
    /// [`FileErrorKind::UnknownFormat`]: it has another ending, or none.
    pub fn of_path(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let ending = path.extension().unwrap_or_default();
        match &*ending.to_string_lossy().to_lowercase() {
            "parquet" => Ok(Self::Parquet(ParquetOptions::default())),
            "arrow" | "feather" | "ipc" => Ok(Self::Ipc(IpcOptions::default())),
            "csv" => Ok(Self::Csv(CsvOptions::default())),
            _ => {
                let known = ENDINGS.map(|known| format!(".{known}")).join(", ");
                Err(FileError::new(
                    path,
                    FileErrorKind::UnknownFormat,
                    "the ending of its name is not that of a format",
                    format!("use one of {known}, or set `format`"),
                ))
            }
        }
    }
}

/// The settings of a file.
///
/// ```
/// use folio_arrow::files::{FileFormat, FileOptions, ParquetOptions};
///
/// let parquet = ParquetOptions::default().zstd_level(9).bloom_filter(true);
/// let options = FileOptions::default().format(FileFormat::Parquet(parquet)).overwrite(true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOptions {
    pub(super) format: Option<FileFormat>,
    pub(super) overwrite: bool,
    pub(super) id: Option<String>,
}

impl FileOptions {
    /// The format. By default that of [the path's ending](FileFormat::of_path).
    #[must_use]
    pub fn format(mut self, format: FileFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Whether an existing file is replaced, once the new one is complete. By default, an existing
    /// file is an error.
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// The column of the records' identifiers: by default that of the table in an export, else `id`.
    /// The writer checks whether the rows
    /// are in its order, and its values have no dictionary, because each occurs once.
    #[must_use]
    pub fn id_column(mut self, name: impl Into<String>) -> Self {
        self.id = Some(name.into());
        self
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("id")
    }
}

/// The settings of a Parquet file.
///
/// All columns are compressed with zstd. They have statistics and a page index, so that readers skip
/// the row groups and pages that a query does not need; `_extra` and `_json` have no page index, and
/// columns below lists have neither: their minimum and maximum rarely exclude a row group.
///
/// A column has a dictionary, unless the first batch has no values of it, or most of these occur
/// once: titles, notes and names are stored without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParquetOptions {
    pub(super) zstd_level: i32,
    pub(super) row_group_rows: usize,
    pub(super) row_group_bytes: usize,
    pub(super) bloom_filter: bool,
}

impl Default for ParquetOptions {
    fn default() -> Self {
        Self {
            zstd_level: 1,
            row_group_rows: 122_880,
            row_group_bytes: 64 << 20,
            bloom_filter: false,
        }
    }
}

impl ParquetOptions {
    /// The level of zstd, 1 to 22. By default 1.
    #[must_use]
    pub fn zstd_level(mut self, level: i32) -> Self {
        self.zstd_level = level;
        self
    }

    /// The maximum number of rows in a row group. By default 122,880, the size for which DuckDB is
    /// optimized.
    #[must_use]
    pub fn row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = rows;
        self
    }

    /// The memory that a row group may take while it is written, in bytes: its compressed pages,
    /// its dictionaries and the page of each column that is not yet complete. By default 64 MiB. It
    /// bounds the memory of the writer: a row group ends when it has this size, and may exceed it by
    /// the rows that are written together: a quarter of this size, or 1,024 rows.
    #[must_use]
    pub fn row_group_bytes(mut self, bytes: usize) -> Self {
        self.row_group_bytes = bytes;
        self
    }

    /// Checks the settings.
    pub(super) fn check(&self, path: &Path) -> Result<(), FileError> {
        let (reason, help) = if !(1..=22).contains(&self.zstd_level) {
            let level = self.zstd_level;
            (
                format!("zstd has no level {level}"),
                "set `zstd_level` to 1 to 22",
            )
        } else if self.row_group_rows == 0 || self.row_group_bytes == 0 {
            (
                "a row group cannot be empty".to_owned(),
                "set `row_group_rows` and `row_group_bytes` to 1 or more",
            )
        } else {
            return Ok(());
        };
        let kind = FileErrorKind::InvalidOption;
        Err(FileError::new(path, kind, reason, help))
    }

    /// Whether each row group has a Bloom filter of the identifiers, with which readers skip row
    /// groups when they look up an identifier. By default false: in a sorted file the statistics
    /// suffice. It takes some 1.2 bytes per row.
    #[must_use]
    pub fn bloom_filter(mut self, bloom_filter: bool) -> Self {
        self.bloom_filter = bloom_filter;
        self
    }
}

/// The settings of an Arrow IPC file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpcOptions {
    pub(super) compression: IpcCompression,
}

/// The compression of the buffers of an Arrow IPC file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IpcCompression {
    /// None: readers can map the file into memory.
    #[default]
    None,
    /// LZ4 frames.
    Lz4,
    /// zstd.
    Zstd,
}

impl IpcOptions {
    /// The compression, none by default.
    #[must_use]
    pub fn compression(mut self, compression: IpcCompression) -> Self {
        self.compression = compression;
        self
    }
}

/// The settings of a CSV file, as RFC 4180 describes them, with `\n` at the end of a line.
///
/// - The first line has the names of the columns. A struct has no column of its own, but one for each
///   of its fields, by its path: `personal.lastName`.
/// - A null is an empty cell; an empty text is `""`, in quotation marks. PostgreSQL's `COPY` makes
///   this distinction, too. In a file of one column, null is `""` as well, because readers skip empty
///   lines. A struct that is null cannot be distinguished from one whose fields are null.
/// - UUIDs are text with hyphens, in lower case. Timestamps are those of RFC 3339, in UTC
///   (`2025-03-03T09:00:00.000+00:00`), with three or six digits of a fraction. Dates are
///   `2025-03-03`; booleans `true` and `false`; numbers as in JSON. The values of a dictionary are
///   their text.
/// - A list is JSON text, without the null fields of its structs.
/// - `_extra`, `_json` and other columns of JSON are JSON text.
/// - The encoding is UTF-8. Text is written as it is, also if a spreadsheet would take it for a
///   formula.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvOptions {}
