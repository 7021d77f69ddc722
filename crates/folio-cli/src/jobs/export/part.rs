//! The files of an export before it is complete: `FILE.part` with the records, and
//! `FILE.part.json` with the state. `FILE` appears when everything is in it.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use folio_sdk::Checkpoint;

use super::state::{Settings, State};
use super::target::Target;
use crate::error::CliError;
use crate::jobs::durable;

/// What to do with what an earlier run left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earlier {
    /// The file is replaced when the export is complete.
    pub(crate) overwrite: bool,
    /// There must be an interrupted export.
    pub(crate) must_resume: bool,
}

/// The files of an export, used by this process only.
pub(crate) struct Part {
    pub(crate) target: Target,
    /// The records.
    pub(crate) path: PathBuf,
    pub(crate) state_path: PathBuf,
    /// It holds the lock.
    file: File,
    overwrite: bool,
    /// Whether this run has created it, and nothing has been written.
    is_unused: bool,
}

impl Part {
    /// Opens the files for this process. Nothing is written.
    ///
    /// # Errors
    /// The target exists; another process writes it; the folder cannot be written.
    pub(crate) fn open(target: Target, earlier: Earlier) -> Result<Self, CliError> {
        let (path, state_path) = (target.beside(".part"), target.beside(".part.json"));
        if !earlier.overwrite {
            must_be_absent(&target)?;
        }
        let is_left = path.exists();
        if earlier.must_resume && !is_left {
            return Err(CliError::usage(format!(
                "there is no interrupted export to `{}`",
                target.path.display()
            ))
            .with_help("run the command without --resume"));
        }
        let file = lock(&path)?;
        Ok(Self {
            target,
            path,
            state_path,
            file,
            overwrite: earlier.overwrite,
            is_unused: !is_left,
        })
    }

    /// The state at which to continue, or a new one.
    ///
    /// # Errors
    /// The files belong to another export, or do not fit together.
    pub(crate) fn state(
        &mut self,
        settings: Settings,
        whole: Checkpoint,
        restart: bool,
    ) -> Result<State, CliError> {
        let length = self.file.metadata().map(|file| file.len());
        let length = length.map_err(|error| self.failed("read", &error))?;
        let fresh = State::new(settings, whole);
        let earlier = match restart {
            true => None,
            false => State::load(&self.state_path)?,
        };
        // A crash just after the file got its final name leaves the state of a complete export.
        let is_published = length == 0 && self.target.path.exists();
        let is_ours = earlier.is_some() || restart;
        let found = earlier.filter(|state| state.checkpoint.position() > 0 && !is_published);
        let again = "begin again with --restart, or export to another file";
        let part = self.path.display();
        let state = match found {
            None if length > 0 && !is_ours => {
                return Err(CliError::other(format!(
                    "`{part}` exists, but the state of its export, `{}`, does not",
                    self.state_path.display()
                ))
                .with_help(again));
            }
            None => {
                let saved = fresh.save(&self.state_path);
                saved.map_err(|error| self.failed("write", &error))?;
                fresh
            }
            Some(state) => {
                let differences = fresh.settings.differences(&state.settings);
                if !differences.is_empty() {
                    return Err(CliError::usage(format!(
                        "`{part}` is an interrupted export with other settings: {}",
                        differences.join("; ")
                    ))
                    .with_help(format!("continue it with its own settings; {again}")));
                }
                if length < state.checkpoint.position() {
                    return Err(CliError::other(format!(
                        "`{part}` is shorter than its checkpoint states: {length} instead of {} bytes",
                        state.checkpoint.position()
                    ))
                    .with_help(again));
                }
                state
            }
        };
        self.is_unused = false;
        Ok(state)
    }

    /// Removes the files if no record is saved.
    pub(crate) fn discard_if_empty(&self) {
        let state = State::load(&self.state_path);
        if let Ok(Some(state)) = state
            && state.checkpoint.position() == 0
        {
            // Otherwise the next run begins with them.
            let _ = durable::remove(&self.path);
            let _ = durable::remove(&self.state_path);
        }
    }

    /// Another handle of the file of the records.
    pub(crate) fn records(&self) -> Result<File, CliError> {
        let file = self.file.try_clone();
        file.map_err(|error| self.failed("write", &error))
    }

    /// Gives a complete file, that is on the disk, its final name, and removes the others.
    ///
    /// # Errors
    /// An I/O error, or the target exists meanwhile.
    pub(crate) fn publish(self, complete: &std::path::Path) -> Result<(), CliError> {
        if !self.overwrite {
            must_be_absent(&self.target)?;
        }
        let renamed = durable::rename(complete, &self.target.path);
        renamed.map_err(|error| self.failed("rename", &error))?;
        if complete != self.path {
            let removed = durable::remove(&self.path);
            removed.map_err(|error| self.failed("remove", &error))?;
        }
        let removed = durable::remove(&self.state_path);
        removed.map_err(|error| self.failed("remove", &error))
    }

    /// An I/O error of one of the files.
    pub(crate) fn failed(&self, what: &str, error: &io::Error) -> CliError {
        failed(what, &self.path, error)
    }
}

impl Drop for Part {
    /// A command that failed before it wrote anything leaves no file.
    fn drop(&mut self) {
        if self.is_unused {
            // What stays is empty.
            let _ = durable::remove(&self.path);
        }
    }
}

fn must_be_absent(target: &Target) -> Result<(), CliError> {
    if fs::symlink_metadata(&target.path).is_err() {
        return Ok(());
    }
    Err(
        CliError::usage(format!("`{}` exists", target.path.display()))
            .with_help("replace it with --overwrite, or export to another file"),
    )
}

/// Opens and locks the file of the records.
fn lock(path: &std::path::Path) -> Result<File, CliError> {
    let file = durable::lock(path).map_err(|error| failed("write", path, &error))?;
    file.ok_or_else(|| {
        CliError::other(format!("another process writes `{}`", path.display()))
            .with_help("wait for its end, or export to another file")
    })
}

/// An I/O error, with what to do if the disk is full.
pub(crate) fn failed(what: &str, path: &std::path::Path, error: &io::Error) -> CliError {
    let told = CliError::io(format_args!("cannot {what} `{}`", path.display()), error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            told.with_help(
                "make room, and run the same command again: it continues at its last checkpoint",
            )
        }
        _ => told,
    }
}
