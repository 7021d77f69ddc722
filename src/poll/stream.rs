//! The statuses of a job as a stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::poller::Poller;
use super::update::JobUpdate;
use crate::wire::error::Result;

/// The statuses of a job, one for each time that it is read: see [`UntilDone::stream`].
///
/// The last one is [`JobUpdate::Done`], or an error. Requests are sent only while the next
/// item is awaited. Dropping it cancels nothing on the server.
///
/// [`UntilDone::stream`]: crate::UntilDone::stream
#[must_use = "a stream sends nothing before it is polled"]
pub struct JobStream<T>(StreamState<T>);

type NextUpdate<T> = Pin<Box<dyn Future<Output = (Box<Poller<T>>, Result<JobUpdate<T>>)> + Send>>;

enum StreamState<T> {
    Idle(Box<Poller<T>>),
    Reading(NextUpdate<T>),
    Ended,
}

impl<T: Send + 'static> JobStream<T> {
    pub(super) fn new(poller: Poller<T>) -> Self {
        Self(StreamState::Idle(Box::new(poller)))
    }

    /// The next status; none after the last. Dropping the future loses no status.
    pub async fn next(&mut self) -> Option<Result<JobUpdate<T>>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

// Nothing in it is pinned in place.
impl<T> Unpin for JobStream<T> {}

impl<T: Send + 'static> Stream for JobStream<T> {
    type Item = Result<JobUpdate<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut reading = match std::mem::replace(&mut self.0, StreamState::Ended) {
            StreamState::Ended => return Poll::Ready(None),
            StreamState::Reading(reading) => reading,
            StreamState::Idle(mut poller) => Box::pin(async move {
                let update = poller.next().await;
                (poller, update)
            }),
        };
        match reading.as_mut().poll(context) {
            Poll::Pending => {
                self.0 = StreamState::Reading(reading);
                Poll::Pending
            }
            Poll::Ready((poller, update)) => {
                if let Ok(JobUpdate::Running(_)) = update {
                    self.0 = StreamState::Idle(poller);
                }
                Poll::Ready(Some(update))
            }
        }
    }
}

impl<T> fmt::Debug for JobStream<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("JobStream").finish_non_exhaustive()
    }
}
