//! How far a harvest is, in figures.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval};

use super::checkpoint::Checkpoint;

/// How far a harvest is. `Display` gives one line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Records that were taken, in this run.
    pub records: u64,
    /// Records that could not be read, in this run.
    pub bad: u64,
    /// Pages that came, in this run.
    pub pages: u64,
    /// Their bytes, decompressed.
    pub bytes: u64,
    /// The part of the list that was read in this and earlier runs, 0 to 1: by the share of the ids, or by the server's count where a list
    /// is read by offset. An estimate; none where there is nothing to go by.
    pub done: Option<f64>,
    /// The part that was read in this run.
    pub done_now: Option<f64>,
    /// How long this run takes so far.
    pub elapsed: Duration,
    /// Whether the harvest has ended with nothing left to read.
    pub is_complete: bool,
}

impl Progress {
    /// Records a second, over this run.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.records as f64 / seconds
        } else {
            0.0
        }
    }

    /// How long it will still take, by how long it took so far. An estimate.
    pub fn time_left(&self) -> Option<Duration> {
        let (done, now) = (self.done?, self.done_now?);
        if self.is_complete {
            return Some(Duration::ZERO);
        }
        let seconds = self.elapsed.as_secs_f64() * (1.0 - done).max(0.0) / now;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// How many records the list has in all, by what was read so far. An estimate.
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
        let elapsed = humantime::format_duration(Duration::from_secs(self.elapsed.as_secs()));
        write!(
            out,
            "{} records, {:.0} a second, in {elapsed}",
            self.records,
            self.rate()
        )?;
        if self.bad > 0 {
            write!(out, "; {} cannot be read", self.bad)?;
        }
        if let Some(done) = self.done {
            write!(out, "; {:.1} % done", done * 100.0)?;
        }
        if let Some(left) = self.time_left().filter(|_| !self.is_complete) {
            let left = Duration::from_secs(left.as_secs());
            write!(out, ", {} left", humantime::format_duration(left))?;
        }
        Ok(())
    }
}

/// The figures of a harvest, every so often: see [`HarvestStream::watch`](crate::HarvestStream::watch).
#[must_use = "a stream does nothing before it is polled"]
#[derive(Debug)]
pub struct ProgressStream {
    figures: watch::Receiver<Progress>,
    period: Duration,
    tick: Option<Interval>,
    ended: bool,
}

impl ProgressStream {
    /// The next figures; none when the harvest has ended and its final ones were given.
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
            // There is no clock, and no harvest either.
            return Poll::Ready(None);
        }
        let tick = this.tick.get_or_insert_with(|| interval(this.period));
        ready!(tick.poll_tick(context));
        // Nobody writes any more.
        this.ended = this.figures.has_changed().is_err();
        Poll::Ready(Some(*this.figures.borrow()))
    }
}

/// How many records are counted before those who watch are told.
const OFTEN: u64 = 256;

/// The figures, as they are kept.
pub(super) struct Figures {
    now: Progress,
    started: Option<Instant>,
    /// What part of the list was left when this run began.
    open: Option<f64>,
    told: watch::Sender<Progress>,
    ended: bool,
}

impl Figures {
    pub(super) fn new(checkpoint: &Checkpoint) -> Self {
        let share = |range: &super::Range| range.share() as f64 / u128::MAX as f64;
        let open = checkpoint
            .offset
            .is_none()
            .then(|| checkpoint.remaining.iter().map(share).sum());
        Self {
            now: Progress::default(),
            started: None,
            open,
            told: watch::Sender::new(Progress::default()),
            ended: false,
        }
    }

    /// The figures of now.
    pub(super) fn progress(&self) -> Progress {
        let elapsed = match self.started {
            Some(started) if !self.ended => started.elapsed(),
            _ => self.now.elapsed,
        };
        Progress {
            elapsed,
            ..self.now
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.now.is_complete
    }

    /// How many records came.
    pub(super) fn received(&self) -> u64 {
        self.now.records + self.now.bad
    }

    pub(super) fn watch(&self, period: Duration) -> ProgressStream {
        ProgressStream {
            figures: self.told.subscribe(),
            period: period.max(Duration::from_millis(1)),
            tick: None,
            ended: false,
        }
    }

    pub(super) fn count(&mut self, is_good: bool) {
        self.started.get_or_insert_with(Instant::now);
        self.now.records += u64::from(is_good);
        self.now.bad += u64::from(!is_good);
        if self.received().is_multiple_of(OFTEN) {
            self.tell();
        }
    }

    pub(super) fn page(&mut self, bytes: usize) {
        self.now.pages += 1;
        self.now.bytes += bytes as u64;
    }

    /// What part of all ids is left.
    pub(super) fn rest(&mut self, rest: f64) {
        self.started.get_or_insert_with(Instant::now);
        self.now.done = Some(1.0 - rest);
        self.now.done_now = self.open.map(|open| open - rest);
        self.tell();
    }

    /// How far a list is that is read by offset.
    pub(super) fn sequence(&mut self, received: u64, total: Option<u64>) {
        if let Some(total) = total.filter(|total| *total > 0) {
            let done = (received as f64 / total as f64).min(1.0);
            (self.now.done, self.now.done_now) = (Some(done), Some(done));
        }
    }

    pub(super) fn end(&mut self, is_complete: bool) {
        self.now.is_complete = is_complete;
        if is_complete {
            self.now.done = Some(1.0);
            self.now.done_now = Some(self.open.unwrap_or(1.0));
        }
        self.now.elapsed = self.progress().elapsed;
        self.ended = true;
        self.tell();
        // Whoever watches gets the last figures and then nothing more.
        let last = *self.told.borrow();
        self.told = watch::Sender::new(last);
    }

    fn tell(&self) {
        self.told.send_replace(self.progress());
    }
}
