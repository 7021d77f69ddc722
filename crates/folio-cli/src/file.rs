//! Files that are complete or absent: written under a temporary name, then renamed. The encoding of
//! files that are read.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that gets its name when it is complete. Pipes and devices (`/dev/null`) are written
/// directly: another file in their place would be none.
#[derive(Debug)]
pub(crate) struct WholeFile(Form);

#[derive(Debug)]
enum Form {
    Part {
        part: NamedTempFile,
        target: PathBuf,
    },
    Direct(File),
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The file that a symbolic link leads to, which may not exist yet; other paths as they are.
fn target_of(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    if let Ok(target) = fs::canonicalize(path) {
        return target;
    }
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&target) else {
            break;
        };
        target = folder_of(&target).join(next);
    }
    target
}

impl WholeFile {
    /// Begins a file. Until [`commit`](Self::commit) an existing one stays as it is, and the new one
    /// vanishes if this value is dropped. A symbolic link stays one: its target is replaced. A
    /// shared file has the permissions of the one that it replaces.
    pub(crate) fn create(path: &Path, access: Access) -> io::Result<Self> {
        let target = target_of(path);
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if existing
            .as_ref()
            .is_some_and(|existing| !existing.is_file())
        {
            let file = File::options().write(true).open(&target)?;
            return Ok(Self(Form::Direct(file)));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".folio-").suffix(".part");
        #[cfg(unix)]
        if access == Access::Shared && existing.is_none() {
            use std::os::unix::fs::PermissionsExt as _;
            // The file mode creation mask of the user is applied to it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let part = builder.tempfile_in(folder_of(&target))?;
        if access == Access::Shared
            && let Some(existing) = existing
        {
            part.as_file().set_permissions(existing.permissions())?;
        }
        Ok(Self(Form::Part { part, target }))
    }

    /// Gives the complete file its name.
    pub(crate) fn commit(self) -> io::Result<()> {
        match self.0 {
            Form::Direct(_) => Ok(()),
            Form::Part { part, target } => {
                part.as_file().sync_all()?;
                part.persist(&target).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }

    fn file(&mut self) -> &mut File {
        match &mut self.0 {
            Form::Part { part, .. } => part.as_file_mut(),
            Form::Direct(file) => file,
        }
    }
}

impl io::Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

/// Editors of Windows begin a file with it.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why bytes are not the text that FOLIO reads, UTF-8.
pub(crate) fn encoding_problem(bytes: &[u8]) -> Option<String> {
    if is_utf16(bytes) {
        return Some("it is UTF-16 text: convert it to UTF-8".to_owned());
    }
    let error = std::str::from_utf8(bytes).err()?;
    let at = error.valid_up_to() + 1;
    Some(format!("it is not UTF-8 text: see byte {at}"))
}

/// Whether a file begins as UTF-16 does, which PowerShell and others write.
pub(crate) fn is_utf16(first: &[u8]) -> bool {
    first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff")
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The user only.
    Private,
    /// As the user's other files.
    Shared,
}
