//! Where results go: stdout, or a file that gets its name when it is complete.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::file::{Access, WholeFile};

/// The size of the buffer of results.
const BUFFER: usize = 1 << 16;

/// Where results go.
#[derive(Debug)]
pub(crate) enum Sink {
    Stdout(BufWriter<Stdout>),
    /// A file that is created with the first result.
    Named(PathBuf),
    File(PathBuf, BufWriter<WholeFile>),
}

impl Sink {
    pub(crate) fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(BUFFER, io::stdout()))
    }

    pub(crate) fn file(path: &Path) -> Self {
        Self::Named(path.to_owned())
    }

    /// The end of complete results.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.open()?;
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::Named(_) => Ok(()),
            Self::File(path, file) => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(WholeFile::commit)
                .map_err(|error| named(&path, &error)),
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if let Self::Named(path) = self {
            let file =
                WholeFile::create(path, Access::Shared).map_err(|error| named(path, &error))?;
            let path = std::mem::take(path);
            *self = Self::File(path, BufWriter::with_capacity(BUFFER, file));
        }
        Ok(())
    }
}

/// The error with the name of the file.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?;
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Named(_) => Ok(0),
            Self::File(path, file) => file.write(bytes).map_err(|error| named(path, &error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Named(_) => Ok(()),
            Self::File(path, file) => file.flush().map_err(|error| named(path, &error)),
        }
    }
}
