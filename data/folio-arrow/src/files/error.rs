//! Errors of files: which file, the reason, and what to do.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::cause::Cause;
use super::folder::folder_of;

/// The kind of a [`FileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The file exists, and [`FileOptions::overwrite`](super::FileOptions::overwrite) is not set.
    Exists,
    /// The ending of the file's name is not that of a format.
    UnknownFormat,
    /// A setting has an invalid value.
    InvalidOption,
    /// The disk or the quota is full, or the file is larger than the file system or a limit of the
    /// process allows.
    Full,
    /// The folder does not exist or is not writable, or the path is that of a folder or a device.
    NotWritable,
    /// The schema has a column that the format cannot represent, or a batch has another schema, or
    /// a value has no representation in the format.
    Data,
    /// Another I/O error.
    Io,
    /// An earlier batch could not be written, so the file would be incomplete.
    Incomplete,
}

/// The reason why a file was not written. The file under its final name, if there is one, is as it
/// was before.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    kind: FileErrorKind,
    reason: String,
    help: String,
    source: Option<io::Error>,
}

impl FileError {
    pub(super) fn new(
        path: &Path,
        kind: FileErrorKind,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            kind,
            reason: reason.into(),
            help: help.into(),
            source: None,
        }
    }

    pub(super) fn of(path: &Path, cause: Cause) -> Self {
        match cause {
            Cause::Io(error) => Self::of_io(path, error),
            Cause::Data(reason) => Self::new(
                path,
                FileErrorKind::Data,
                reason,
                "leave the column out, or choose another format",
            ),
        }
    }

    fn of_io(path: &Path, error: io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, FileTooLarge, InvalidFilename, IsADirectory, NotADirectory, NotFound,
            PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        let folder = folder_of(path).display();
        let (kind, help) = match error.kind() {
            AlreadyExists => return Self::exists(path),
            StorageFull | QuotaExceeded => (
                FileErrorKind::Full,
                format!("free space in {folder}, or choose another folder"),
            ),
            FileTooLarge => (
                FileErrorKind::Full,
                format!(
                    "raise the limit for the size of files (`ulimit -f`), or choose a folder on another file system than {folder}"
                ),
            ),
            NotFound => (
                FileErrorKind::NotWritable,
                format!("create the folder {folder}"),
            ),
            PermissionDenied | ReadOnlyFilesystem => (
                FileErrorKind::NotWritable,
                format!(
                    "make the folder {folder} writable for this program, or choose another: the file is written beside its final name first"
                ),
            ),
            NotADirectory => (
                FileErrorKind::NotWritable,
                format!("{folder} is not a folder: choose another path"),
            ),
            IsADirectory => (
                FileErrorKind::NotWritable,
                "it is a folder: add the name of a file".to_owned(),
            ),
            InvalidFilename => (
                FileErrorKind::NotWritable,
                "choose a shorter name".to_owned(),
            ),
            _ => (
                FileErrorKind::Io,
                format!("check the file system of {folder}, and export again"),
            ),
        };
        Self {
            source: Some(error),
            ..Self::new(path, kind, String::new(), help)
        }
    }

    pub(super) fn exists(path: &Path) -> Self {
        Self::new(
            path,
            FileErrorKind::Exists,
            "it exists",
            "choose another name, or set `overwrite` to replace it",
        )
    }

    /// The kind of error.
    pub fn kind(&self) -> FileErrorKind {
        self.kind
    }

    /// The path of the file, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the file {} cannot be written: ", self.path.display())?;
        match &self.source {
            Some(error) => write!(out, "{error}")?,
            None => out.write_str(&self.reason)?,
        }
        write!(out, "; {}", self.help)
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_ref()?;
        Some(source)
    }
}
