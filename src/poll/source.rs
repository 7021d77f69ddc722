//! Where the status of a job comes from: a request that is sent again and again, or a function.

use std::future::Future;

use serde_json::Value;

use crate::client::FolioClient;
use crate::client::marker::Boxed;
use crate::wire::error::{Error, Result};
use crate::wire::long_running::JobStatus;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// Reads the status once.
pub(super) type StatusSource<T> = Box<dyn FnMut() -> Boxed<StatusRead<T>> + Send>;

/// What was read once.
pub(super) struct StatusRead<T> {
    pub(super) status: JobStatus,
    pub(super) value: Shown<T>,
}

/// The value that shows the status.
pub(super) enum Shown<T> {
    /// A response that is not decoded yet, and how it is decoded.
    Response(Box<Response>, fn(Response) -> Result<T>),
    Value(T),
}

impl<T> StatusRead<T> {
    /// Adds what was read to an error about the job.
    pub(super) fn explain(&self, error: Error) -> Error {
        match &self.value {
            Shown::Response(response, _) => error.of_job_response(response),
            Shown::Value(_) => error,
        }
    }

    /// The value that the caller gets.
    pub(super) fn into_value(self) -> Result<T> {
        match self.value {
            Shown::Response(response, read) => read(*response),
            Shown::Value(value) => Ok(value),
        }
    }
}

/// Sends a request; its response shows the status by the facts of the operation.
///
/// # Errors
/// The operation shows no status of a job.
pub(super) fn of_request<T: Send + 'static>(
    client: FolioClient,
    request: Request,
    read: fn(Response) -> Result<T>,
) -> Result<StatusSource<T>> {
    let Some(facts) = request.facts().job else {
        let message = "the response of this operation is not known to show the status of a job";
        return Err(Error::request(request.exchange(""), message).with_help(
            "docs/facts.md lists those that do; `FolioClient::poll` waits for anything else",
        ));
    };
    Ok(Box::new(move || {
        let response = client.clone().response(request.clone());
        Box::pin(async move {
            let response = response.await?;
            let status = facts.read(&response.json::<Value>()?);
            let status = status.ok_or_else(|| Error::no_job_status(&response, facts.status))?;
            Ok(StatusRead {
                status,
                value: Shown::Response(Box::new(response), read),
            })
        })
    }))
}

/// Calls a function for a value, and another one for the status that the value shows.
pub(super) fn of_function<T, F>(
    client: FolioClient,
    mut read: impl FnMut(FolioClient) -> F + Send + 'static,
    status: impl Fn(&T) -> JobStatus + Send + Sync + Clone + 'static,
) -> StatusSource<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    Box::new(move || {
        let value = read(client.clone());
        let status = status.clone();
        Box::pin(async move {
            let value = value.await?;
            Ok(StatusRead {
                status: status(&value),
                value: Shown::Value(value),
            })
        })
    })
}
