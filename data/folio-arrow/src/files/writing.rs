//! Writes a file on a thread for blocking operations, while the next batch is read.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::error::{FileError, FileErrorKind};
use super::options::FileOptions;
use super::writer::{FileWriter, Written};

/// A file that is written on another thread. Dropped before its end, it is not written.
pub(super) struct Writing {
    path: PathBuf,
    steps: mpsc::Sender<Step>,
    thread: JoinHandle<Result<Option<Written>, FileError>>,
}

enum Step {
    Write(RecordBatch),
    Finish,
}

impl Writing {
    /// Creates the file.
    pub(super) async fn start(
        path: &Path,
        schema: SchemaRef,
        options: FileOptions,
    ) -> Result<Self, FileError> {
        let to = path.to_owned();
        let created = spawn_blocking(move || FileWriter::create(to, schema, &options)).await;
        let file = created.unwrap_or_else(|error| Err(ended(path, error)))?;
        // One batch waits while another is written.
        let (steps, received) = mpsc::channel(1);
        Ok(Self {
            path: path.to_owned(),
            steps,
            thread: spawn_blocking(move || write(file, received)),
        })
    }

    /// Writes a batch, some time later.
    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<(), FileError> {
        match self.steps.send(Step::Write(batch)).await {
            Ok(()) => Ok(()),
            // The thread has ended, because of an error.
            Err(_) => self.end().await.map(|_| ()),
        }
    }

    /// Completes the file.
    pub(super) async fn finish(mut self) -> Result<Written, FileError> {
        // If it cannot be sent, the thread has ended.
        let _ = self.steps.send(Step::Finish).await;
        self.end().await
    }

    /// Waits until the file is removed.
    pub(super) async fn abandon(self) {
        drop(self.steps);
        // Its error is not the first one.
        let _ = self.thread.await;
    }

    async fn end(&mut self) -> Result<Written, FileError> {
        let written = (&mut self.thread).await;
        let written = written.unwrap_or_else(|error| Err(ended(&self.path, error)))?;
        written.ok_or_else(|| incomplete(&self.path))
    }
}

fn write(
    mut file: FileWriter,
    mut steps: mpsc::Receiver<Step>,
) -> Result<Option<Written>, FileError> {
    while let Some(step) = steps.blocking_recv() {
        match step {
            Step::Write(batch) => file.write(&batch)?,
            Step::Finish => return file.finish().map(Some),
        }
    }
    // The export was dropped.
    Ok(None)
}

/// The thread ended without a result.
fn ended(path: &Path, error: JoinError) -> FileError {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => incomplete(path),
    }
}

fn incomplete(path: &Path) -> FileError {
    FileError::new(
        path,
        FileErrorKind::Incomplete,
        "the runtime was shut down",
        "export again, and wait for its end",
    )
}
