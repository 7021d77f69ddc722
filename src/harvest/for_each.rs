//! A closure that is called with each record of a harvest, in several tasks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::checkpoint::Checkpoint;
use super::progress::{Progress, ProgressStream};
use super::work_run::WorkRun;
use crate::wire::error::{Error, Result};

/// A harvest whose records are processed in several tasks: see
/// [`Harvest::for_each_concurrent`](crate::Harvest::for_each_concurrent). It is a future, which is
/// ready once all records were processed, or with the first error.
///
/// Awaited as `(&mut for_each).await`, it can be asked for its [checkpoint](Self::checkpoint)
/// afterwards, and meanwhile between two polls. Dropping it aborts its tasks and requests.
#[must_use = "futures do nothing before they are awaited"]
pub struct ForEach<E> {
    run: WorkRun<(), E>,
}

impl<E> Unpin for ForEach<E> {}

impl<E: From<Error> + Send + 'static> ForEach<E> {
    pub(super) fn new(run: WorkRun<(), E>) -> Self {
        Self { run }
    }

    /// The part that remains: all records for which the closure has not returned `Ok`. A harvest
    /// that resumes from it processes these, and no others.
    ///
    /// If the list is not read by id, or its ids are not UUIDs, some records that follow the first
    /// remaining one may have been processed already, and are processed again.
    ///
    /// Taking it reads the pages that are being processed, without decoding their records: some
    /// milliseconds for large pages. Every few seconds is often enough.
    pub fn checkpoint(&self) -> Checkpoint {
        self.run.checkpoint()
    }

    /// The current progress. A record counts once the closure has returned `Ok` for it.
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

impl<E: From<Error> + Send + 'static> Future for ForEach<E> {
    type Output = Result<(), E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        loop {
            match ready!(self.run.poll_next(context)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<E: From<Error> + Send + 'static> fmt::Debug for ForEach<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ForEach")
            .field("progress", &self.run.figures.progress())
            .finish_non_exhaustive()
    }
}
