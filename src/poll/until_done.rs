//! The builder of a wait for a job.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use super::poller::{Poller, WaitLimits};
use super::source::{self, StatusSource};
use super::stream::JobStream;
use super::update::JobUpdate;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::call::mode::{Mode, ResponseFuture, failed};
use crate::call::typed::{Call, FromResponse};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Result;
use crate::wire::long_running::JobStatus;

/// What a caller does at each status.
type OnProgress = Box<dyn FnMut(&JobStatus) + Send>;

/// Waits for a job on the server to end: a data import, an export, a bulk edit, a reindex.
///
/// The builder of a GET that shows the status of a job has `until_done()`; which GETs these are,
/// and what their states mean, stands in `docs/facts.md` under "Long-running operations". Await it,
/// or call [`send`](Self::send).
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// # #[cfg(feature = "source-record-manager")] {
/// use std::time::Duration;
///
/// let job = folio
///     .source_record_manager()
///     .get_job_execution("0b6a3a1c-5f0b-4c1e-9f43-6f2b7d1f0a11")
///     .until_done()
///     .timeout(Duration::from_secs(3 * 3600))
///     .on_progress(|status| println!("{status}"))
///     .await?;
/// println!("{} records", job.progress.and_then(|progress| progress.total).unwrap_or_default());
/// # }
/// # Ok(())
/// # }
/// ```
///
/// **On the wire**: the GET, at once and then after each delay: 1 s, growing by half each time, up
/// to 30 s, each up to 10 % shorter or longer at random. Each read follows the client's
/// [`RetryPolicy`](crate::RetryPolicy), renews the token, and counts against the limits of the
/// client as any call does; between two reads nothing is held.
///
/// **Ends**: the job is done (the record of the last response), it failed
/// ([`ErrorKind::Job`](crate::ErrorKind::Job), with [`job_state`](crate::Error::job_state) and
/// [`record_json`](crate::Error::record_json)), the [`timeout`](Self::timeout), or
/// [`close`](FolioClient::close) of the client
/// ([`ErrorKind::ClientClosed`](crate::ErrorKind::ClientClosed)). Transient failures of a read are
/// no end, unless they last longer than [`max_outage`](Self::max_outage). A state that this SDK
/// does not know counts as running.
///
/// A job that waits for another request for 60 s is an error too (a bulk edit waits for the
/// confirmation of its changes): [`stop_at`](Self::stop_at) accepts such a state as the end.
///
/// **Done is not complete.** A job may be done although single records failed: read its numbers and
/// its log.
///
/// Dropping the future, an error and a timeout leave the job on the server unchanged: it
/// continues, and can be awaited again by its id, also by another process.
#[must_use = "nothing is sent before it is awaited"]
pub struct UntilDone<T, M = Async> {
    client: FolioClient,
    source: Result<StatusSource<T>>,
    bounds: WaitLimits,
    on_progress: Option<OnProgress>,
    mode: M,
}

impl<T, M> UntilDone<T, M> {
    pub(super) fn new(client: FolioClient, source: Result<StatusSource<T>>, mode: M) -> Self {
        Self {
            client,
            source,
            bounds: WaitLimits::default(),
            on_progress: None,
            mode,
        }
    }

    /// The delay after the first read, 1 s by default. Later ones grow by half each time, up to
    /// [`max_interval`](Self::max_interval). At least 10 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.bounds.intervals.initial = interval;
        self
    }

    /// The longest delay between two reads, 30 s by default. One that is shorter than
    /// [`interval`](Self::interval) keeps all delays at `interval`.
    pub fn max_interval(mut self, longest: Duration) -> Self {
        self.bounds.intervals.longest = longest;
        self
    }

    /// How long to wait in all, 24 h by default; after that it is an error
    /// ([`is_timeout`](crate::Error::is_timeout)). Nothing is cancelled on the server.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.bounds.timeout = timeout;
        self
    }

    /// For how long reads of the status may fail in a row, 15 min by default: a module that is
    /// restarted or a gateway that is down does not end the wait for a job of hours. Only transient
    /// failures ([`is_retryable`](crate::Error::is_retryable)) are waited out; a job that is not found or
    /// a missing permission is an error at once. With [`Duration::ZERO`] the first failure that the
    /// client's [`RetryPolicy`](crate::RetryPolicy) does not repair is the end.
    pub fn max_outage(mut self, longest: Duration) -> Self {
        self.bounds.max_outage = longest;
        self
    }

    /// Accepts a state as the end, by FOLIO's name, whatever it is otherwise: the state in which a
    /// bulk edit waits for the next step (`REVIEW_CHANGES`), or a failed one whose record is of
    /// use. It can be called for several states.
    pub fn stop_at(mut self, state: impl Into<String>) -> Self {
        self.bounds.stop_at.push(state.into());
        self
    }

    /// Calls a function with each status that is read, the last one too, unless it is an error. It
    /// replaces one that was set before. Progress that is to be awaited is for
    /// [`stream`](Self::stream).
    pub fn on_progress(mut self, call: impl FnMut(&JobStatus) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(call));
        self
    }
}

#[cfg(feature = "blocking")]
in_mode!(UntilDone<T> { client, source, bounds, on_progress });

impl<T: Send + 'static, M: Mode> UntilDone<T, M> {
    /// Waits for the end. (To await it does the same.)
    ///
    /// # Errors
    /// [`ErrorKind::Job`](crate::ErrorKind::Job) if the job failed or waits for another request,
    /// [`is_timeout`](crate::Error::is_timeout) if it did not end in time,
    /// [`is_closed`](crate::Error::is_closed) if the client was closed, and those of the GET.
    pub fn send(self) -> M::Sent<T> {
        let mode = self.mode.clone();
        mode.send(self.end())
    }

    /// The statuses as a stream, whose last item is [`JobUpdate::Done`] or an error. Requests
    /// are sent only while the next item is awaited. A function that was set by
    /// [`on_progress`](Self::on_progress) is not called.
    ///
    /// # Errors
    /// The request cannot be made, or its operation shows no status of a job.
    pub fn stream(self) -> Result<M::Stream<JobStream<T>>> {
        let poller = Poller::new(self.client, self.source?, self.bounds);
        Ok(self.mode.stream(JobStream::new(poller)))
    }

    fn end(self) -> ResponseFuture<T> {
        let source = match self.source {
            Ok(source) => source,
            Err(error) => return failed(error),
        };
        let mut poller = Poller::new(self.client, source, self.bounds);
        let mut on_progress = self.on_progress;
        Box::pin(async move {
            loop {
                let update = poller.next().await?;
                if let Some(call) = &mut on_progress {
                    call(update.status());
                }
                if let JobUpdate::Done(_, value) = update {
                    return Ok(value);
                }
            }
        })
    }
}

impl<T: Send + 'static> IntoFuture for UntilDone<T> {
    type Output = Result<T>;
    type IntoFuture = ResponseFuture<T>;

    fn into_future(self) -> ResponseFuture<T> {
        self.send()
    }
}

impl<T, M> fmt::Debug for UntilDone<T, M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("UntilDone")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// Of the typed call of an operation whose response shows the status of a job.
#[doc(hidden)]
#[allow(unreachable_pub, reason = "generated code uses it through `runtime`")]
pub fn until_done<A: FromResponse, M: Mode>(call: Call, mode: M) -> UntilDone<A::Output, M> {
    let client = call.client().clone();
    let source = call.ready();
    let source = source.and_then(|(client, request)| source::of_request(client, request, A::read));
    UntilDone::new(client, source, mode)
}
