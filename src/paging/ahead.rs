//! Requests that are sent before their response is needed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::FolioClient;
use crate::engine::page_memory::PageMemory;
use crate::engine::page_ticket::PageTicket;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

/// A request that proceeds without being polled. Dropping it cancels the request.
pub(crate) struct Ahead<T = Response> {
    task: Option<JoinHandle<(Result<T>, Duration)>>,
    has_begun: Arc<AtomicBool>,
    round_trip: Duration,
}

impl Ahead {
    pub(crate) fn send(client: &FolioClient, request: Request) -> Self {
        Self::spawn(client.execute(request))
    }

    /// The request for a page, whose body is assembled in the buffer of an earlier one.
    pub(crate) fn send_page(
        client: &FolioClient,
        request: Request,
        memory: &Arc<PageMemory>,
    ) -> Self {
        Self::spawn(client.execute_page(request, &PageTicket::new(memory, 0)))
    }
}

impl<T: Send + 'static> Ahead<T> {
    pub(crate) fn spawn(request: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let has_begun = Arc::new(AtomicBool::new(false));
        let begun = Arc::clone(&has_begun);
        let timed = async move {
            begun.store(true, Ordering::Relaxed);
            let sent = Instant::now();
            let response = request.await;
            (response, sent.elapsed())
        };
        Self {
            task: Handle::try_current()
                .ok()
                .map(|runtime| runtime.spawn(timed)),
            has_begun,
            round_trip: Duration::ZERO,
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T>> {
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

    /// Whether it holds a permit of the concurrency limit, or waits for one. Before that, its task
    /// only waits for the runtime.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Whether [`poll`](Self::poll) returns the response at once.
    pub(super) fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
