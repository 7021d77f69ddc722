//! How many requests are in flight at once.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Hands out permits to send, in the order in which they were asked for. Whoever gives up waiting gives up only its own place.
#[derive(Debug)]
pub(crate) struct Limit(Semaphore);

impl Limit {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        Self(Semaphore::new(
            max_in_flight.clamp(1, Semaphore::MAX_PERMITS),
        ))
    }

    /// Waits for a permit. None once the limit is closed.
    pub(crate) async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.0.acquire().await.ok()
    }

    /// Whoever waits, and whoever comes, gets no permit any more.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}
