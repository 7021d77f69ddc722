//! The stream of an upsert: takes records, distributes them to tasks, and returns their outcomes.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::wire::error::Error;
use crate::write::report::{Outcome, UpsertReport};
use crate::write::upsert::Upsert;
use crate::write::writer::Writer;

impl<T: Serialize + DeserializeOwned + Send + 'static> Upsert<T> {
    /// Writes all records and returns the report.
    pub async fn run(mut self) -> UpsertReport {
        let mut report = UpsertReport::default();
        while let Some(outcome) = self.next().await {
            report.add(outcome, self.failures);
        }
        report.stopped = self.stopped;
        report
    }

    /// The outcome of the next record; none at the end. Outcomes are returned in order of
    /// completion.
    pub async fn next(&mut self) -> Option<Outcome> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The reason why it ended before all records were taken, if it did.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    fn writer(&mut self) -> Option<Arc<Writer>> {
        if let Some(settings) = self.settings.take() {
            self.writer = Some(Arc::new(settings));
        }
        self.writer.clone()
    }

    /// Takes records until there are enough for a request. Returns whether some are ready to be
    /// written.
    fn fill(&mut self, writer: &Writer, context: &mut Context<'_>) -> bool {
        while self.chunk.len() < writer.max_records {
            let (entry, size) = match self.held.take() {
                Some(held) => held,
                None if self.drained => break,
                None => match self.source.as_mut().poll_next(context) {
                    Poll::Pending => return false,
                    Poll::Ready(None) => {
                        self.drained = true;
                        break;
                    }
                    Poll::Ready(Some(record)) => match self.take(writer, record) {
                        Ok(taken) => taken,
                        Err(outcome) => {
                            self.ready.push_back(outcome);
                            // So that a list of only such records does not fill the memory.
                            if self.ready.len() >= writer.max_records {
                                return false;
                            }
                            continue;
                        }
                    },
                },
            };
            // Another record with this id or key is being written, or this one does not fit any
            // more: it is the first of the next request.
            if self.lanes.contains(&entry.lane)
                || !self.chunk.is_empty()
                    && self.bytes + size > writer.max_bytes.load(Ordering::Relaxed)
            {
                self.held = Some((entry, size));
                break;
            }
            self.lanes.insert(entry.lane.clone());
            self.bytes += size;
            self.chunk.push(entry);
        }
        !self.chunk.is_empty()
    }

    /// Takes no more records, and reports the error for those that were taken and not sent.
    fn stop(&mut self, error: Error) {
        let held = self.held.take().map(|(entry, _)| entry);
        let unsent = std::mem::take(&mut self.chunk).into_iter().chain(held);
        self.ready
            .extend(unsent.map(|entry| entry.failed(error.duplicate()).outcome));
        self.drained = true;
        self.stopped.get_or_insert(error);
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Stream for Upsert<T> {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let this = &mut *self;
        let Some(writer) = this.writer() else {
            return Poll::Ready(None);
        };
        loop {
            if let Some(outcome) = this.ready.pop_front() {
                return Poll::Ready(Some(outcome));
            }
            while this.stopped.is_none()
                && this.tasks.len() < this.concurrency
                && !writer.stopped.load(Ordering::Relaxed)
                && this.fill(&writer, context)
            {
                if Handle::try_current().is_err() {
                    this.stop(Error::no_runtime());
                    break;
                }
                this.bytes = 0;
                let chunk = std::mem::take(&mut this.chunk);
                this.tasks.spawn(Arc::clone(&writer).write(chunk));
            }
            if !this.ready.is_empty() {
                continue;
            }
            match this.tasks.poll_join_next(context) {
                Poll::Ready(Some(Ok((outcomes, reason)))) => {
                    for done in outcomes {
                        this.lanes.remove(&done.lane);
                        this.ready.push_back(done.outcome);
                    }
                    if let Some(error) = reason {
                        this.stop(error);
                    }
                }
                // The caller's own code failed: the merge, or the serialisation of a record.
                Poll::Ready(Some(Err(error))) if error.is_panic() => {
                    std::panic::resume_unwind(error.into_panic());
                }
                // The runtime was shut down.
                Poll::Ready(Some(Err(_))) => this.stop(Error::closed()),
                Poll::Ready(None) if this.drained && this.held.is_none() => {
                    return Poll::Ready(None);
                }
                // The source has no record ready.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}
