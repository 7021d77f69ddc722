//! A file of records, one per line, that can be cut at its checkpoints.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};

use serde_json::value::RawValue;

use crate::jobs::packing::{Packer, Packing};
use crate::output::json;

/// The file. Between two checkpoints it has one compressed piece.
pub(crate) struct RecordFile {
    file: File,
    packing: Packing,
    piece: Option<Packer>,
}

impl RecordFile {
    /// Cuts the file at the length, and continues there.
    pub(crate) fn open(mut file: File, packing: Packing, length: u64) -> io::Result<Self> {
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self {
            file,
            packing,
            piece: None,
        })
    }

    pub(crate) fn write(&mut self, record: &RawValue) -> io::Result<()> {
        let piece = self.piece()?;
        // RMB writes a record in several lines.
        piece.write_all(json::compact(record).as_bytes())?;
        piece.write_all(b"\n")
    }

    fn piece(&mut self) -> io::Result<&mut Packer> {
        let piece = match self.piece.take() {
            Some(piece) => piece,
            None => self.packing.begin(self.file.try_clone()?)?,
        };
        Ok(self.piece.insert(piece))
    }

    /// Ends the piece and waits until it is on the disk. Returns the length of the file.
    pub(crate) fn sync(&mut self) -> io::Result<u64> {
        if let Some(piece) = self.piece.take() {
            piece.finish()?;
        }
        self.file.sync_all()?;
        self.file.stream_position()
    }

    /// As [`sync`](Self::sync), after the last record: a compressed file has at least one piece.
    pub(crate) fn end(&mut self) -> io::Result<u64> {
        if self.packing != Packing::None && self.file.metadata()?.len() == 0 {
            self.piece()?;
        }
        self.sync()
    }
}
