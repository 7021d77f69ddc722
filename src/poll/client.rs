//! Jobs of any kind: those of calls by path, and those that only the program knows.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::source;
use super::until_done::UntilDone;
use crate::call::by_path::GetRequest;
use crate::call::mode::Mode;
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Result;
use crate::wire::long_running::JobStatus;
use crate::wire::response::Response;

impl FolioClient {
    /// Waits for something on the server that no single operation shows as a job: `read` is called
    /// until `status` says of what it gives that it is done.
    ///
    /// For a job that an operation shows, its builder has `until_done()`. See [`UntilDone`] for
    /// intervals, timeout and errors.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::{JobPhase, JobStatus};
    /// use serde_json::Value;
    ///
    /// // Until the last child of a job has ended.
    /// let children = folio
    ///     .poll(
    ///         |folio| async move {
    ///             let path = "/change-manager/jobExecutions/0b6a3a1c-5f0b-4c1e-9f43-6f2b7d1f0a11/children";
    ///             folio.folio_get::<Vec<Value>>(path, "jobExecutions").limit(1000).await
    ///         },
    ///         |children| {
    ///             let running = children.iter().filter(|child| child["completedDate"].is_null()).count();
    ///             let phase = if running == 0 { JobPhase::Done } else { JobPhase::Running };
    ///             JobStatus::new(format!("{running} running"), phase)
    ///         },
    ///     )
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll<T, F>(
        &self,
        read: impl FnMut(FolioClient) -> F + Send + 'static,
        status: impl Fn(&T) -> JobStatus + Send + Sync + Clone + 'static,
    ) -> UntilDone<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let source = source::of_function(self.clone(), read, status);
        UntilDone::new(self.clone(), Ok(source), Async)
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> GetRequest<T, M> {
    /// Waits for the job whose status the path shows: see [`UntilDone`]. The value is the whole
    /// response, also where a key was given.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use serde_json::Value;
    ///
    /// let path = "/bulk-operations/0b6a3a1c-5f0b-4c1e-9f43-6f2b7d1f0a11";
    /// let edit: Value = folio.folio_get(path, None).until_done().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Besides those of [`UntilDone`]: [`ErrorKind::Request`](crate::ErrorKind::Request) where the
    /// documents of the release describe no job at the path; [`FolioClient::poll`] waits for such
    /// ones.
    pub fn until_done(self) -> UntilDone<T, M> {
        let (client, request, mode) = self.into_parts();
        let read = |response: Response| response.json();
        let source = source::of_request(client.clone(), request, read);
        UntilDone::new(client, source, mode)
    }
}
