//! Limits how many records are processed at once, and how many tasks decode them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The slots of a run: for records that are being processed, and for tasks that decode.
pub(super) struct SlotPool {
    records: SlotQueue,
    decoders: SlotQueue,
    /// No record is begun any more.
    stopped: Arc<AtomicBool>,
}

impl SlotPool {
    pub(super) fn new(records: usize, decoders: usize) -> Self {
        Self {
            records: SlotQueue::new(records),
            decoders: SlotQueue::new(decoders),
            stopped: Arc::default(),
        }
    }

    /// Waits until another task may decode.
    pub(super) fn poll_decoder(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.decoders.poll_ready(context)
    }

    /// Waits for the slots of another task.
    pub(super) fn poll_slots(&mut self, context: &mut Context<'_>) -> Poll<Slots> {
        ready!(self.decoders.poll_ready(context));
        ready!(self.records.poll_ready(context));
        Poll::Ready(Slots {
            records: Arc::clone(&self.records.slots),
            stopped: Arc::clone(&self.stopped),
            held: self.records.ready.take().into_iter().collect(),
            decoder: self.decoders.ready.take(),
        })
    }

    /// From now on no record is begun. Those that are being processed are finished.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }
}

impl Drop for SlotPool {
    /// Tasks on threads for blocking work cannot be aborted: they end before the next record.
    fn drop(&mut self) {
        self.stop();
    }
}

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// Slots of which one at a time is waited for. It is reserved until it is taken.
struct SlotQueue {
    slots: Arc<Semaphore>,
    acquiring: Option<Acquiring>,
    ready: Option<OwnedSemaphorePermit>,
}

impl SlotQueue {
    fn new(slots: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS))),
            acquiring: None,
            ready: None,
        }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ready.is_none() {
            let slots = &self.slots;
            let acquiring = self
                .acquiring
                .get_or_insert_with(|| Box::pin(Arc::clone(slots).acquire_owned()));
            let acquired = ready!(acquiring.as_mut().poll(context));
            self.acquiring = None;
            // The semaphore is never closed.
            self.ready = acquired.ok();
        }
        Poll::Ready(())
    }
}

/// The slots of one task: one for each record that it processes, and at least one until its end.
pub(super) struct Slots {
    records: Arc<Semaphore>,
    stopped: Arc<AtomicBool>,
    held: Vec<OwnedSemaphorePermit>,
    /// Until all records of the unit were begun.
    decoder: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// Whether a record may be begun while so many are being processed.
    pub(super) fn may_begin(&mut self, running: usize) -> bool {
        if running >= self.held.len() {
            let more = Arc::clone(&self.records).try_acquire_owned();
            self.held.extend(more.ok());
        }
        running < self.held.len()
    }

    /// Releases the slots that are not used.
    pub(super) fn shrink(&mut self, running: usize) {
        self.held.truncate(running.max(1));
    }

    /// All records were begun: another task may decode.
    pub(super) fn end_decoding(&mut self, running: usize) {
        self.decoder = None;
        self.shrink(running);
    }

    /// Ends the run, because a record failed.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
