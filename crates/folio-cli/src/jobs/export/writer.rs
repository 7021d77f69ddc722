//! The thread that writes the records: it compresses them, and saves the checkpoints.
//!
//! Records and checkpoints arrive in their order. A checkpoint is saved after the records before it
//! are on the disk, with the length of their file: so the file, cut at that length, has exactly the
//! records that the checkpoint does not read again.

use std::io;
use std::path::PathBuf;

use folio_sdk::Checkpoint;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::part::{Part, failed};
use super::record_file::RecordFile;
use super::state::State;
use crate::error::CliError;
use crate::jobs::packing::Packing;
use crate::output::field_path::{FieldPath, project};

/// The number of records, and of bytes, that are passed to the thread together.
const RECORDS: usize = 512;
const BYTES: usize = 1 << 20;

/// The number of batches that wait for the thread.
const WAITING: usize = 4;

enum Message {
    Records(Vec<Box<RawValue>>),
    Checkpoint(Checkpoint, u64),
    Back(Checkpoint),
}

/// Passes records and checkpoints to the thread.
pub(crate) struct Writer {
    sender: mpsc::Sender<Message>,
    thread: JoinHandle<Result<State, CliError>>,
    batch: Vec<Box<RawValue>>,
    bytes: usize,
}

/// What the thread writes.
struct Output {
    file: RecordFile,
    fields: Option<Vec<FieldPath>>,
    state: State,
    path: PathBuf,
    state_path: PathBuf,
}

impl Writer {
    /// Cuts the file at the checkpoint of the state, and starts the thread.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn start(
        part: &Part,
        state: State,
        packing: Packing,
        fields: Option<Vec<FieldPath>>,
    ) -> Result<Self, CliError> {
        let position = state.checkpoint.position();
        let file = RecordFile::open(part.records()?, packing, position)
            .map_err(|error| part.failed("write", &error))?;
        let output = Output {
            file,
            fields,
            state,
            path: part.path.clone(),
            state_path: part.state_path.clone(),
        };
        let (sender, receiver) = mpsc::channel(WAITING);
        Ok(Self {
            sender,
            thread: tokio::task::spawn_blocking(move || output.run(receiver)),
            batch: Vec::with_capacity(RECORDS),
            bytes: 0,
        })
    }

    /// Passes a record. Returns false if the thread has failed; [`end`](Self::end) gives the error.
    pub(crate) async fn write(&mut self, record: Box<RawValue>) -> bool {
        self.bytes += record.get().len();
        self.batch.push(record);
        if self.batch.len() < RECORDS && self.bytes < BYTES {
            return true;
        }
        self.pass().await
    }

    async fn pass(&mut self) -> bool {
        self.bytes = 0;
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(RECORDS));
        self.sender.send(Message::Records(batch)).await.is_ok()
    }

    /// Passes the checkpoint after the records so far.
    pub(crate) async fn checkpoint(&mut self, checkpoint: Checkpoint, unreadable: u64) -> bool {
        self.pass().await
            && self
                .sender
                .send(Message::Checkpoint(checkpoint, unreadable))
                .await
                .is_ok()
    }

    /// Passes the checkpoint of an earlier time, and with it the position of that time: the records
    /// since then are read again.
    pub(crate) async fn back(&mut self, checkpoint: Checkpoint) -> bool {
        self.sender.send(Message::Back(checkpoint)).await.is_ok()
    }

    /// Waits until everything is written. Returns the last saved state.
    ///
    /// # Errors
    /// Writing failed.
    pub(crate) async fn end(self) -> Result<State, CliError> {
        drop(self.sender);
        match self.thread.await {
            Ok(state) => state,
            Err(_) => Err(CliError::interrupted()),
        }
    }
}

impl Output {
    fn run(mut self, mut messages: mpsc::Receiver<Message>) -> Result<State, CliError> {
        while let Some(message) = messages.blocking_recv() {
            match message {
                Message::Records(records) => {
                    for record in records {
                        let written = match &self.fields {
                            Some(fields) => self.file.write(&project(&record, fields)),
                            None => self.file.write(&record),
                        };
                        written.map_err(|error| self.failed(&error))?;
                    }
                }
                Message::Checkpoint(checkpoint, unreadable) => {
                    let length = match checkpoint.is_finished() {
                        true => self.file.end(),
                        false => self.file.sync(),
                    };
                    let length = length.map_err(|error| self.failed(&error))?;
                    self.state.checkpoint = checkpoint.with_position(length);
                    self.state.unreadable = unreadable;
                    self.save()?;
                }
                Message::Back(checkpoint) => {
                    self.state.checkpoint = checkpoint;
                    self.save()?;
                }
            }
        }
        Ok(self.state)
    }

    fn save(&self) -> Result<(), CliError> {
        let saved = self.state.save(&self.state_path);
        saved.map_err(|error| failed("write", &self.state_path, &error))
    }

    fn failed(&self, error: &io::Error) -> CliError {
        failed("write", &self.path, error)
    }
}
