//! Changes of files that survive a crash of the machine.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::file::folder_of;

/// Replaces a file atomically and durably: after a crash it has the old or the new content.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path, ".new");
    let mut file = File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    rename(&beside, path)
}

/// Opens a file for this process only, and creates it if it does not exist. None if another process
/// has it.
pub(crate) fn lock(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // A process that ends meanwhile has renamed or removed the file: then the lock is that of
        // another one.
        let mine = same_file::Handle::from_file(file.try_clone()?)?;
        if same_file::Handle::from_path(path).is_ok_and(|named| mine == named) {
            return Ok(Some(file));
        }
    }
}

/// The path with a suffix: a file beside it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Gives a file, whose content is on the disk, another name, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Removes a file, if it exists.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes the names in the folder of a file durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}
