//! Checkpoints in files: saved atomically, and used by only one program at a time.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;

/// The reason why a checkpoint could not be saved or loaded.
#[derive(Debug)]
pub struct CheckpointError {
    what: &'static str,
    path: std::path::PathBuf,
    source: io::Error,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(
            out,
            "the checkpoint {path} cannot be {}: {}",
            self.what, self.source
        )
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Checkpoint {
    /// Writes the checkpoint to a file, atomically and durably: after a crash the file contains the
    /// old or the new checkpoint. It writes and syncs a temporary file beside it, which then
    /// replaces the file. (It waits for the disk, some milliseconds.)
    ///
    /// For a program that may be started twice by mistake use a [`CheckpointFile`], which locks the
    /// file.
    ///
    /// # Errors
    /// An I/O error, or another program holds the file as a [`CheckpointFile`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "saved",
            path: path.into(),
            source,
        };
        // A program without a lock leaves no lock file behind.
        let lock = Lock::if_there(path).map_err(failed)?;
        let written = self.write(path).map_err(failed);
        drop(lock);
        written
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        file.write_all(&json)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        // The new name is durable only when its directory is synced.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Reads a checkpoint from a file; none if the file does not exist.
    ///
    /// # Errors
    /// An I/O error, or the file is not a checkpoint, or an inconsistent one: the error states the
    /// reason.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>, CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "loaded",
            path: path.into(),
            source,
        };
        match std::fs::read(path) {
            Ok(json) => {
                let checkpoint: Self =
                    serde_json::from_slice(&json).map_err(|error| failed(error.into()))?;
                match checkpoint.problem() {
                    Some(problem) => {
                        Err(failed(io::Error::new(io::ErrorKind::InvalidData, problem)))
                    }
                    None => Ok(Some(checkpoint)),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// The file of a checkpoint, for one program at a time: a second one that opens it gets an error.
/// It is unlocked when this value is dropped, or when the program ends in any way.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// # use serde_json::Value;
/// let left = folio_sdk::CheckpointFile::open("users.checkpoint")?;
/// let mut harvest = folio.harvest(folio.folio_get_all::<Value>("/users", "users").by_id());
/// if let Some(checkpoint) = left.load()? {
///     harvest = harvest.resume(checkpoint);
/// }
/// let mut users = harvest.stream();
/// while let Some(user) = users.next().await {
///     println!("{}", user?["username"]);
///     left.save(&users.checkpoint())?;
/// }
/// left.save(&users.checkpoint())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    _lock: Lock,
}

impl CheckpointFile {
    /// Locks the file for this program, whether or not it exists. The lock is on a file beside it,
    /// whose name ends with `.lock`; that file stays there and has no meaning when unlocked.
    ///
    /// # Errors
    /// Another program holds it, or the same one a second time; or an I/O error.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let path = path.into();
        match Lock::of(&path) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(source) => Err(CheckpointError {
                what: "opened",
                path,
                source,
            }),
        }
    }

    /// Reads the checkpoint; none if the file does not exist.
    ///
    /// # Errors
    /// Those of [`Checkpoint::load`].
    pub fn load(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        Checkpoint::load(&self.path)
    }

    /// Writes a checkpoint as [`Checkpoint::save`] does.
    ///
    /// # Errors
    /// An I/O error.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint
            .write(&self.path)
            .map_err(|source| CheckpointError {
                what: "saved",
                path: self.path.clone(),
                source,
            })
    }
}

/// The exclusive lock of the file of a checkpoint.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "it is held")] File);

impl Lock {
    fn of(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        Self::by(options.create(true).truncate(false), path)
    }

    /// The lock, if there is a file for it.
    fn if_there(path: &Path) -> io::Result<Option<Self>> {
        match Self::by(&mut OpenOptions::new(), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            lock => lock.map(Some),
        }
    }

    fn by(options: &mut OpenOptions, path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let file = options.write(true).open(beside)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another program uses it: wait until that program ends, or use another checkpoint file",
            )),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
