//! Files that are complete or absent: written under a temporary name, then renamed.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct WholeFile {
    part: NamedTempFile,
    target: PathBuf,
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl WholeFile {
    /// Begins a file. Until [`commit`](Self::commit) an existing one stays as it is, and the new one
    /// vanishes if this value is dropped. A symbolic link stays one: its target is replaced.
    pub(crate) fn create(path: &Path, access: Access) -> io::Result<Self> {
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = folder_of(&target);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".folio-").suffix(".part");
        #[cfg(unix)]
        if access == Access::Shared {
            use std::os::unix::fs::PermissionsExt as _;
            // The file mode creation mask of the user is applied to it.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = access;
        Ok(Self {
            part: builder.tempfile_in(folder)?,
            target,
        })
    }

    /// Gives the complete file its name.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.part.as_file().sync_all()?;
        self.part
            .persist(&self.target)
            .map_err(|error| error.error)?;
        Ok(())
    }
}

impl io::Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.part.as_file_mut().flush()
    }
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The user only.
    Private,
    /// As the user's other files.
    Shared,
}
