//! The file that is loaded: opened, and decompressed.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::CliError;
use crate::jobs::packing::Packing;

/// The file, and its size.
pub(crate) struct Input {
    pub(crate) reader: Box<dyn BufRead + Send>,
    /// None for the standard input, and other files without a size.
    pub(crate) size: Option<u64>,
    /// The number of bytes that were read from it.
    pub(crate) read: Arc<AtomicU64>,
}

/// Counts what is read.
struct Counted<R> {
    source: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(bytes)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Whether the path stands for the standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Input {
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        let failed = |error: &io::Error| {
            CliError::io(format_args!("cannot read `{}`", path.display()), error)
        };
        if is_stdin(path) {
            return Self::of(io::stdin(), None).map_err(|error| failed(&error));
        }
        let file = File::open(path).map_err(|error| failed(&error))?;
        let kind = file.metadata().map_err(|error| failed(&error))?;
        if kind.is_dir() {
            return Err(CliError::usage(format!(
                "`{}` is a directory",
                path.display()
            )));
        }
        let size = kind.is_file().then_some(kind.len());
        Self::of(file, size).map_err(|error| failed(&error))
    }

    fn of(source: impl Read + Send + 'static, size: Option<u64>) -> io::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let mut source = Counted {
            source,
            read: Arc::clone(&read),
        };
        // The compression is that of the content: a name may be wrong, and stdin has none.
        let mut first = Vec::with_capacity(4);
        (&mut source).take(4).read_to_end(&mut first)?;
        let packing = Packing::detect(&first);
        let reader = packing.unpack(io::Cursor::new(first).chain(source))?;
        Ok(Self { reader, size, read })
    }
}
