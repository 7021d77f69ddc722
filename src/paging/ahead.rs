//! Requests that are sent before their response is needed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

/// A request that proceeds without being polled. Dropping it cancels the request.
pub(crate) struct Ahead {
    task: Option<JoinHandle<(Result<Response>, Duration)>>,
    round_trip: Duration,
}

impl Ahead {
    pub(crate) fn send(client: &FolioClient, request: Request) -> Self {
        let response = client.execute(request);
        let timed = async move {
            let sent = Instant::now();
            let response = response.await;
            (response, sent.elapsed())
        };
        Self {
            task: Handle::try_current()
                .ok()
                .map(|runtime| runtime.spawn(timed)),
            round_trip: Duration::ZERO,
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Response>> {
        let Some(task) = &mut self.task else {
            return Poll::Ready(Err(Error::no_runtime()));
        };
        Pin::new(task).poll(context).map(|outcome| match outcome {
            Ok((outcome, round_trip)) => {
                self.round_trip = round_trip;
                outcome
            }
            // The runtime is shutting down: the only other way for the task to end.
            Err(_) => Err(Error::closed()),
        })
    }

    /// The time from sending the request to its complete response, including waits and retries.
    /// Zero before [`poll`](Self::poll) returned the response.
    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// Whether [`poll`](Self::poll) returns the response at once.
    pub(super) fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
