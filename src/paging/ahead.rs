//! Requests that are sent before their response is needed.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::client::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

/// A request that proceeds without being polled. Dropping it cancels the request.
pub(crate) struct Ahead<T = Response>(Option<JoinHandle<Result<T>>>);

impl Ahead {
    pub(crate) fn send(client: &FolioClient, request: Request) -> Self {
        Self::spawn(client.execute(request))
    }
}

impl<T: Send + 'static> Ahead<T> {
    pub(crate) fn spawn(request: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let runtime = Handle::try_current().ok();
        Self(runtime.map(|runtime| runtime.spawn(request)))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T>> {
        let Some(task) = &mut self.0 else {
            return Poll::Ready(Err(Error::no_runtime()));
        };
        Pin::new(task).poll(context).map(|outcome| match outcome {
            Ok(outcome) => outcome,
            // The runtime is shutting down: the only other way for the task to end.
            Err(_) => Err(Error::closed()),
        })
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
