//! Limits how many records are processed at once, and how many tasks decode them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of a run: for records that are being processed, and for tasks that decode.
pub(super) struct SlotPool {
    records: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
    /// No record is begun any more.
    stopped: Arc<AtomicBool>,
    acquiring: Option<Pin<Box<dyn Future<Output = Option<Slots>> + Send>>>,
    ready: Option<Slots>,
}

impl SlotPool {
    pub(super) fn new(records: usize, decoders: usize) -> Self {
        let semaphore =
            |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            records: semaphore(records),
            decoders: semaphore(decoders),
            stopped: Arc::default(),
            acquiring: None,
            ready: None,
        }
    }

    /// Waits for slots of another task. They stay reserved until they are taken.
    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ready.is_some() {
            return Poll::Ready(());
        }
        let acquiring = self.acquiring.get_or_insert_with(|| {
            let (records, decoders) = (Arc::clone(&self.records), Arc::clone(&self.decoders));
            let stopped = Arc::clone(&self.stopped);
            Box::pin(async move {
                // The semaphores are never closed.
                let decoder = decoders.acquire_owned().await.ok()?;
                let record = Arc::clone(&records).acquire_owned().await.ok()?;
                Some(Slots {
                    records,
                    stopped,
                    held: vec![record],
                    decoder: Some(decoder),
                })
            })
        });
        let slots = ready!(acquiring.as_mut().poll(context));
        self.acquiring = None;
        self.ready = slots;
        Poll::Ready(())
    }

    pub(super) fn take(&mut self) -> Option<Slots> {
        self.ready.take()
    }

    /// From now on no record is begun. Those that are being processed are finished.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
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
    pub(super) fn end_decoding(&mut self) {
        self.decoder = None;
    }

    /// Ends the run, because a record failed.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
