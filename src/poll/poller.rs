//! Reads the status of a job until the job has ended.

use std::time::Duration;

use tokio::time::Instant;

use super::intervals::Intervals;
use super::source::{StatusRead, StatusSource};
use super::update::JobUpdate;
use crate::client::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::long_running::{JobPhase, JobStatus};

/// How long a job may wait for another request before that is an error. The request that starts a
/// step may have been sent just now, and a server begins it in the background: so the state of the
/// step before can be seen for a while (a bulk edit).
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What bounds the wait for a job.
#[derive(Debug, Clone)]
pub(super) struct WaitLimits {
    pub(super) intervals: Intervals,
    pub(super) timeout: Duration,
    pub(super) max_outage: Duration,
    /// States that count as ends, whatever they are otherwise.
    pub(super) stop_at: Vec<String>,
}

impl Default for WaitLimits {
    fn default() -> Self {
        Self {
            intervals: Intervals::default(),
            timeout: Duration::from_secs(24 * 3600),
            max_outage: Duration::from_secs(15 * 60),
            stop_at: Vec::new(),
        }
    }
}

/// A job whose status is being read.
pub(super) struct Poller<T> {
    client: FolioClient,
    source: StatusSource<T>,
    bounds: WaitLimits,
    started: Option<Instant>,
    /// How often the status was read, or tried to be.
    reads: u32,
    /// How long to wait at least before the next read, as the server says.
    retry_after: Duration,
    last: Option<JobStatus>,
    /// Since when the job waits for another request.
    waiting: Option<Instant>,
    /// Since when the status cannot be read.
    failing: Option<Instant>,
}

impl<T> Poller<T> {
    pub(super) fn new(client: FolioClient, source: StatusSource<T>, bounds: WaitLimits) -> Self {
        Self {
            client,
            source,
            bounds,
            started: None,
            reads: 0,
            retry_after: Duration::ZERO,
            last: None,
            waiting: None,
            failing: None,
        }
    }

    /// The next status: the first one at once, and each later one after a delay. Transient failures
    /// are waited out.
    pub(super) async fn next(&mut self) -> Result<JobUpdate<T>> {
        let started = *self.started.get_or_insert_with(Instant::now);
        let client = self.client.clone();
        let life = &client.session().life;
        loop {
            life.check()?;
            if self.reads > 0 {
                let delay = self.bounds.intervals.delay(self.reads, fastrand::f64());
                let delay = delay.max(self.retry_after).min(self.time_left(started));
                life.pause(delay).await?;
            }
            let left = self.time_left(started);
            if left.is_zero() && self.reads > 0 {
                return Err(self.late());
            }
            let began = Instant::now();
            let read = life.within(left, (self.source)()).await?;
            self.reads = self.reads.saturating_add(1);
            match read {
                None => return Err(self.late()),
                Some(Ok(seen)) => return self.judge(seen),
                Some(Err(error)) => self.wait_out(error, began)?,
            }
        }
    }

    fn time_left(&self, started: Instant) -> Duration {
        self.bounds.timeout.saturating_sub(started.elapsed())
    }

    fn late(&self) -> Error {
        Error::job_timeout(self.last.as_ref(), self.bounds.timeout)
    }

    /// What a status means.
    fn judge(&mut self, seen: StatusRead<T>) -> Result<JobUpdate<T>> {
        self.failing = None;
        self.retry_after = Duration::ZERO;
        let status = seen.status.clone();
        self.last = Some(status.clone());
        if self.bounds.stop_at.contains(&status.state) {
            return Ok(JobUpdate::Done(status, seen.into_value()?));
        }
        match status.phase {
            JobPhase::Done => return Ok(JobUpdate::Done(status, seen.into_value()?)),
            JobPhase::Failed => return Err(seen.explain(Error::job_failed(&status))),
            JobPhase::Running => self.waiting = None,
            JobPhase::Waiting => {
                let waited = self.waiting.get_or_insert_with(Instant::now).elapsed();
                if waited >= LONGEST_WAIT {
                    return Err(seen.explain(Error::job_waits(&status, waited)));
                }
            }
        }
        Ok(JobUpdate::Running(status))
    }

    /// Accepts a transient failure, unless they last for too long; any other failure is the end.
    fn wait_out(&mut self, error: Error, began: Instant) -> Result<()> {
        if !error.is_retryable() {
            return Err(error);
        }
        let outage = self.failing.get_or_insert(began).elapsed();
        if outage >= self.bounds.max_outage {
            return Err(error.while_polling(self.last.as_ref(), outage));
        }
        self.retry_after = error.retry_after().unwrap_or_default();
        tracing::warn!(error = %error, "the status of a job could not be read, and is read again");
        Ok(())
    }
}
