//! A file that is complete or absent: written under a temporary name, then renamed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::{FileError, FileErrorKind};
use super::folder::folder_of;

/// A file that gets its name when it is complete. Dropped before, it vanishes. Only if the process is
/// killed, the temporary file remains: `.folio-*.part` in the folder of the file.
#[derive(Debug)]
pub(super) struct NewFile {
    part: NamedTempFile,
    target: PathBuf,
    overwrite: bool,
}

impl NewFile {
    /// Begins a file. A symbolic link stays one: its target is replaced.
    pub(super) fn create(path: &Path, overwrite: bool) -> Result<Self, FileError> {
        let failed = |error: io::Error| FileError::of(path, error.into());
        let existing = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            // Also the error of a link to a missing file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if let Some(metadata) = &existing {
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            if !metadata.is_file() {
                return Err(FileError::new(
                    path,
                    FileErrorKind::NotWritable,
                    "it is a device, a pipe or a socket",
                    "write to a file, and copy it from there",
                ));
            }
        }
        if !overwrite && (existing.is_some() || fs::symlink_metadata(path).is_ok()) {
            return Err(FileError::exists(path));
        }
        let target = match &existing {
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".folio-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Those of the file that is replaced; otherwise the system applies the user's mask.
            let mode = existing.map_or(0o666, |metadata| metadata.permissions().mode() & 0o777);
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let part = builder
            .tempfile_in(folder_of(&target))
            .map_err(|error| failed(without_path(&error)))?;
        Ok(Self {
            part,
            target,
            overwrite,
        })
    }

    /// The handle to which the content is written.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.part.as_file().try_clone()
    }

    /// Gives the complete file its name, durably. Returns its size in bytes.
    pub(super) fn commit(self) -> io::Result<u64> {
        let file = self.part.as_file();
        file.sync_all()?;
        let size = file.metadata()?.len();
        let named = match self.overwrite {
            true => self.part.persist(&self.target),
            false => self.part.persist_noclobber(&self.target),
        };
        named.map_err(|error| error.error)?;
        sync_folder(folder_of(&self.target))?;
        Ok(size)
    }
}

/// The error without the temporary name, which says nothing to the user.
fn without_path(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let reason = text.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), reason)
}

/// Makes the names in a folder durable. Some file systems have no such operation.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}
