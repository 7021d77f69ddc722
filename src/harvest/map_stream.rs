//! The results of a closure that is called with each record of a harvest, in several tasks.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::checkpoint::Checkpoint;
use super::progress::{Progress, ProgressStream};
use super::work_run::WorkRun;
use crate::wire::error::{Error, Result};

/// The results of [`Harvest::map`](crate::Harvest::map), as a stream. After an error it ends; the
/// [checkpoint](Self::checkpoint) then says what is left. Dropping it aborts its tasks and requests.
#[must_use = "a stream sends no request before it is polled"]
pub struct MapStream<U, E> {
    run: WorkRun<U, E>,
}

impl<U, E> Unpin for MapStream<U, E> {}

impl<U: Send + 'static, E: From<Error> + Send + 'static> MapStream<U, E> {
    pub(super) fn new(run: WorkRun<U, E>) -> Self {
        Self { run }
    }

    /// The next result; none at the end.
    pub async fn next(&mut self) -> Option<Result<U, E>> {
        std::future::poll_fn(|context| self.run.poll_next(context)).await
    }

    /// The part that remains: all records whose results were not returned, also if they were
    /// processed already. A harvest that resumes from it returns the results of these, and no
    /// others. See [`HarvestStream::checkpoint`](crate::HarvestStream::checkpoint).
    pub fn checkpoint(&self) -> Checkpoint {
        self.run.checkpoint()
    }

    /// The current progress. A record counts once its result was returned.
    pub fn progress(&self) -> Progress {
        self.run.figures.progress()
    }

    /// The progress as a stream: see [`HarvestStream::watch`](crate::HarvestStream::watch).
    pub fn watch(&self, period: Duration) -> ProgressStream {
        self.run.figures.watch(period)
    }

    /// See [`HarvestStream::note`](crate::HarvestStream::note).
    pub fn note(&self) -> Option<&str> {
        self.run.note()
    }
}

impl<U: Send + 'static, E: From<Error> + Send + 'static> Stream for MapStream<U, E> {
    type Item = Result<U, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.run.poll_next(context)
    }
}

impl<U: Send + 'static, E: From<Error> + Send + 'static> fmt::Debug for MapStream<U, E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MapStream")
            .field("progress", &self.run.figures.progress())
            .finish_non_exhaustive()
    }
}
