//! The progress of a harvest, in figures.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::watch;
use tokio::time::{Interval, interval};

use super::record_count::RecordCount;
use crate::value::time::Length;

/// The progress of a harvest. `Display` writes one line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of returned records, in this run.
    pub records: u64,
    /// The number of unreadable records, in this run.
    pub bad: u64,
    /// The number of received pages, in this run.
    pub pages: u64,
    /// Their size in bytes, decompressed.
    pub bytes: u64,
    /// The share of the list that was read in this and earlier runs, 0 to 1: the share of the ids,
    /// or the share of the server's count for a list read by offset. An estimate; none without a
    /// basis.
    pub done: Option<f64>,
    /// The share that was read in this run.
    pub done_now: Option<f64>,
    /// The duration of this run so far.
    pub elapsed: Duration,
    /// Whether the harvest has ended and nothing remains to be read.
    pub is_complete: bool,
}

impl Progress {
    /// Records per second, over this run.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.records as f64 / seconds
        } else {
            0.0
        }
    }

    /// The remaining duration, extrapolated. An estimate.
    pub fn time_left(&self) -> Option<Duration> {
        let (done, now) = (self.done?, self.done_now?);
        if self.is_complete {
            return Some(Duration::ZERO);
        }
        let seconds = self.elapsed.as_secs_f64() * (1.0 - done).max(0.0) / now;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// The total number of records of the list, extrapolated. An estimate.
    pub fn expected(&self) -> Option<u64> {
        let (done, now) = (self.done?, self.done_now?);
        if self.is_complete {
            return Some(self.records);
        }
        let rest = self.records as f64 * (1.0 - done).max(0.0) / now;
        rest.is_finite().then(|| self.records + rest as u64)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = Length(Duration::from_secs(self.elapsed.as_secs()));
        write!(
            out,
            "{} records, {:.0} a second, in {elapsed}",
            self.records,
            self.rate()
        )?;
        if self.bad > 0 {
            write!(out, "; {} unreadable", self.bad)?;
        }
        if let Some(done) = self.done {
            write!(out, "; {:.1} % done", done * 100.0)?;
        }
        if let Some(left) = self.time_left().filter(|_| !self.is_complete) {
            let left = Length(Duration::from_secs(left.as_secs()));
            write!(out, ", {left} left")?;
        }
        Ok(())
    }
}

/// The figures of a harvest at regular intervals: see
/// [`HarvestStream::watch`](crate::HarvestStream::watch).
#[must_use = "a stream does nothing before it is polled"]
#[derive(Debug)]
pub struct ProgressStream {
    figures: watch::Receiver<Progress>,
    /// The number of records, which is more recent.
    count: Arc<RecordCount>,
    period: Duration,
    tick: Option<Interval>,
    ended: bool,
}

impl ProgressStream {
    pub(super) fn new(
        figures: watch::Receiver<Progress>,
        count: Arc<RecordCount>,
        period: Duration,
    ) -> Self {
        Self {
            figures,
            count,
            period: period.max(Duration::from_millis(1)),
            tick: None,
            ended: false,
        }
    }

    /// The next figures; none after the final ones.
    pub async fn next(&mut self) -> Option<Progress> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for ProgressStream {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Progress>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if this.tick.is_none() && tokio::runtime::Handle::try_current().is_err() {
            // Without a clock there is no harvest either.
            return Poll::Ready(None);
        }
        let tick = this.tick.get_or_insert_with(|| interval(this.period));
        ready!(tick.poll_tick(context));
        // The harvest has ended or was dropped.
        this.ended = this.figures.has_changed().is_err();
        let figures = *this.figures.borrow();
        Poll::Ready(Some(Progress {
            records: this.count.good(),
            bad: this.count.bad(),
            ..figures
        }))
    }
}
