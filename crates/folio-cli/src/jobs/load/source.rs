//! The records of the file as a stream for the SDK, which takes them as it writes them.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::failed::{FailedFile, Failure};
use super::input::Input;
use super::piece::Piece;
use super::pieces::Pieces;
use super::reasons::Reasons;
use crate::error::CliError;
use crate::interrupt::Interrupt;

/// The number of records that are read ahead.
const AHEAD: usize = 64;

/// What the stream and the command share.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

/// The records between the file and their outcome, and the failures.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Those that the SDK has taken, by their position among all it has taken.
    pending: HashMap<u64, (u64, Box<RawValue>)>,
    taken: u64,
    pub(crate) failed: Option<FailedFile>,
    pub(crate) reasons: Reasons,
    pub(crate) malformed: u64,
    pub(crate) notes: Vec<String>,
    /// The first failures, for the terminal.
    pub(crate) first: Vec<Failure>,
    /// Why the file could not be read, or the failures not be written.
    pub(crate) error: Option<CliError>,
    /// Whether the end of the file was reached.
    pub(crate) is_read: bool,
}

/// The number of failures that are shown on the terminal.
const SHOWN: usize = 10;

impl Shared {
    pub(crate) fn new(failed: Option<FailedFile>) -> Self {
        Self(Arc::new(Mutex::new(Ledger {
            failed,
            ..Ledger::default()
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// A record whose outcome is known: its line and its text.
    pub(crate) fn settle(&mut self, index: u64) -> Option<(u64, Box<RawValue>)> {
        self.pending.remove(&index)
    }

    /// The number of records of the file, of which this share was read. An estimate.
    pub(crate) fn expected(&self, share: f64) -> u64 {
        match self.is_read {
            true => self.taken,
            false => (self.taken as f64 / share.clamp(f64::EPSILON, 1.0)) as u64,
        }
    }

    /// Takes note of a record that was not written.
    pub(crate) fn fail(&mut self, failure: Failure, record: &RawValue) {
        let written = self
            .failed
            .as_mut()
            .map(|file| file.record(&failure, record));
        self.count(failure, written);
    }

    fn count(&mut self, failure: Failure, written: Option<Result<(), CliError>>) {
        if let Some(Err(error)) = written {
            self.error.get_or_insert(error);
        }
        self.reasons.add(&failure);
        if self.first.len() < SHOWN {
            self.first.push(failure);
        }
    }

    fn malformed(&mut self, line: u64, text: &str, problem: &str) {
        let failure = Failure {
            line,
            status: None,
            message: format!("malformed: {problem}"),
            outcome_unknown: false,
        };
        self.malformed += 1;
        let written = self.failed.as_mut().map(|file| file.text(&failure, text));
        self.count(failure, written);
    }
}

/// The stream. It ends at the end of the file, and at an interruption.
pub(crate) struct Source {
    pieces: mpsc::Receiver<io::Result<Piece>>,
    interruption: Pin<Box<dyn Future<Output = ()> + Send>>,
    shared: Shared,
    name: String,
    has_ended: bool,
}

impl Source {
    /// Starts to read the file.
    pub(crate) fn start(
        input: Input,
        name: String,
        key: Option<String>,
        interrupt: Interrupt,
        shared: Shared,
    ) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let mut pieces = Pieces::new(input.reader, key);
            // It ends early if nobody takes them.
            while let Some(piece) = pieces.next().transpose() {
                let is_last = piece.is_err();
                if sender.blocking_send(piece).is_err() || is_last {
                    break;
                }
            }
        });
        Self {
            pieces,
            interruption: Box::pin(async move { interrupt.wait().await }),
            shared,
            name,
            has_ended: false,
        }
    }
}

impl Stream for Source {
    type Item = Box<RawValue>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Box<RawValue>>> {
        let this = &mut *self;
        if this.has_ended {
            return Poll::Ready(None);
        }
        if this.interruption.as_mut().poll(context).is_ready() {
            this.has_ended = true;
            return Poll::Ready(None);
        }
        loop {
            // Failures that cannot be written would be lost.
            if this.shared.lock().error.is_some() {
                this.has_ended = true;
                return Poll::Ready(None);
            }
            let piece = std::task::ready!(this.pieces.poll_recv(context));
            let mut ledger = this.shared.lock();
            match piece {
                Some(Ok(Piece::Record { line, record })) => {
                    let index = ledger.taken;
                    ledger.taken += 1;
                    ledger.pending.insert(index, (line, record.clone()));
                    return Poll::Ready(Some(record));
                }
                Some(Ok(Piece::Malformed {
                    line,
                    text,
                    problem,
                })) => ledger.malformed(line, &text, &problem),
                Some(Ok(Piece::Note(note))) => ledger.notes.push(note),
                Some(Err(error)) => {
                    let what = format_args!("cannot read `{}` to its end", this.name);
                    ledger.error.get_or_insert(CliError::io(what, &error));
                    this.has_ended = true;
                    return Poll::Ready(None);
                }
                None => {
                    ledger.is_read = true;
                    this.has_ended = true;
                    return Poll::Ready(None);
                }
            }
        }
    }
}
