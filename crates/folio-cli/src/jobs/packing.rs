//! Compression of files: gzip and zstd.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The size of the buffers.
const BUFFER: usize = 1 << 18;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

/// Writes one compressed piece of a file: a gzip member or a zstd frame. A file may consist of
/// several: programs that decompress it read one after the other.
pub(crate) enum Packer {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Packing {
    /// Begins a piece at the position of the file.
    pub(crate) fn begin(self, file: File) -> io::Result<Packer> {
        let out = BufWriter::with_capacity(BUFFER, file);
        Ok(match self {
            Self::None => Packer::Plain(out),
            Self::Gzip => Packer::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Self::Zstd => {
                let mut encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Packer::Zstd(encoder)
            }
        })
    }

    /// The compression that the first bytes show.
    pub(crate) fn detect(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Reads all pieces. It fails if the last one is not complete.
    pub(crate) fn unpack<'a>(
        self,
        source: impl Read + Send + 'a,
    ) -> io::Result<Box<dyn BufRead + Send + 'a>> {
        let source = BufReader::with_capacity(BUFFER, source);
        Ok(match self {
            Self::None => Box::new(source),
            Self::Gzip => Box::new(BufReader::with_capacity(
                BUFFER,
                MultiGzDecoder::new(source),
            )),
            Self::Zstd => {
                let decoder = zstd::Decoder::with_buffer(source)?;
                Box::new(BufReader::with_capacity(BUFFER, decoder))
            }
        })
    }
}

impl Packer {
    /// Ends the piece: all its bytes are passed to the operating system.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
            Self::Zstd(out) => out.finish()?.flush(),
        }
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}
