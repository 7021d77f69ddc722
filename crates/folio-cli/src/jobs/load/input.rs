//! The file that is loaded: opened, and decompressed.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::CliError;
use crate::file::is_utf16;
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

/// Decompresses a file without use of its content: a damaged file may decompress to other records
/// than those that were compressed, and only its checksum, at the end, shows that.
fn verify(mut file: &File) -> io::Result<()> {
    let mut first = Vec::with_capacity(4);
    file.take(4).read_to_end(&mut first)?;
    file.rewind()?;
    match Packing::detect(&first) {
        Packing::None => {}
        packing => {
            io::copy(&mut packing.unpack(file)?, &mut io::sink())?;
            file.rewind()?;
        }
    }
    Ok(())
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
        if kind.is_file() {
            verify(&file).map_err(|error| failed(&error).with_help("nothing was sent"))?;
        }
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
        if is_utf16(&first) {
            return Err(io::Error::other("it is UTF-16 text: convert it to UTF-8"));
        }
        let packing = Packing::detect(&first);
        let reader = packing.unpack(io::Cursor::new(first).chain(source))?;
        Ok(Self { reader, size, read })
    }
}
