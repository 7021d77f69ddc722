//! The statistics of a harvest.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::checkpoint::Checkpoint;
use super::progress::{Progress, ProgressStream};
use super::range::Range;
use super::record_count::RecordCount;

/// The number of records after which watchers are notified.
const OFTEN: u64 = 256;

/// The statistics of a harvest, and their watchers.
pub(super) struct Figures {
    /// Without the number of records.
    now: Progress,
    count: Arc<RecordCount>,
    started: Option<Instant>,
    /// The share of the list that remained at the start of this run.
    open: Option<f64>,
    watchers: watch::Sender<Progress>,
    ended: bool,
}

impl Figures {
    pub(super) fn new(checkpoint: &Checkpoint) -> Self {
        let share = |range: &Range| range.share() as f64 / u128::MAX as f64;
        let open = checkpoint
            .offset
            .is_none()
            .then(|| checkpoint.remaining.iter().map(share).sum());
        Self {
            now: Progress::default(),
            count: Arc::default(),
            started: None,
            open,
            watchers: watch::Sender::new(Progress::default()),
            ended: false,
        }
    }

    /// The current figures.
    pub(super) fn progress(&self) -> Progress {
        let elapsed = match self.started {
            Some(started) if !self.ended => started.elapsed(),
            _ => self.now.elapsed,
        };
        Progress {
            elapsed,
            records: self.count.good(),
            bad: self.count.bad(),
            ..self.now
        }
    }

    /// The number of records, for the tasks that process them.
    pub(super) fn counter(&self) -> Arc<RecordCount> {
        Arc::clone(&self.count)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.now.is_complete
    }

    /// The number of received records.
    pub(super) fn received(&self) -> u64 {
        self.count.good() + self.count.bad()
    }

    pub(super) fn watch(&self, period: Duration) -> ProgressStream {
        ProgressStream::new(self.watchers.subscribe(), self.counter(), period)
    }

    pub(super) fn count(&mut self, is_good: bool) {
        self.started.get_or_insert_with(Instant::now);
        self.count.add(is_good);
        if self.received().is_multiple_of(OFTEN) {
            self.publish();
        }
    }

    pub(super) fn page(&mut self, bytes: usize) {
        self.now.pages += 1;
        self.now.bytes += bytes as u64;
    }

    /// The share of all ids that remains.
    pub(super) fn rest(&mut self, rest: f64) {
        self.started.get_or_insert_with(Instant::now);
        self.now.done = Some(1.0 - rest);
        self.now.done_now = self.open.map(|open| open - rest);
        self.publish();
    }

    /// The progress of a list that is read by offset.
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
        self.publish();
        // Watchers get the final figures, and then the end of the stream.
        let last = *self.watchers.borrow();
        self.watchers = watch::Sender::new(last);
    }

    fn publish(&self) {
        self.watchers.send_replace(self.progress());
    }
}
