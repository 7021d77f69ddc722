//! The concurrency limit and the rate limit of a client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::engine::lifecycle::Lifecycle;
use crate::wire::error::{Error, Result};

/// Issues permits to send, in the order of the requests. Cancelling a waiter affects no other
/// waiter.
#[derive(Debug)]
pub(crate) struct Limit {
    permits: Arc<Semaphore>,
    /// The number of permits.
    most: usize,
    longest_wait: Option<Duration>,
}

impl Limit {
    pub(crate) fn new(max_in_flight: usize, longest_wait: Option<Duration>) -> Self {
        let most = max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(most)),
            most,
            longest_wait,
        }
    }

    /// The number of permits, free or not.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Waits for a permit: at most for the timeout, if there is one, and until the client is
    /// closed.
    pub(crate) async fn acquire(&self, life: &Lifecycle) -> Result<SemaphorePermit<'_>> {
        life.check()?;
        // The clock is read only if no permit is free.
        if let Some(permit) = self.try_acquire() {
            return Ok(permit);
        }
        let turn = self.permits.acquire();
        let permit = match self.longest_wait {
            None => life.until_closed(turn).await?,
            Some(longest) => {
                let permit = life.within(longest, turn).await?;
                permit.ok_or_else(|| Error::queued(longest))?
            }
        };
        permit.map_err(|_| Error::closed())
    }

    /// A permit without waiting, if one is free.
    pub(crate) fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().ok()
    }

    /// Whether so many permits are free.
    pub(crate) fn has_free(&self, count: usize) -> bool {
        self.permits.available_permits() >= count
    }

    /// The permit, to be held while a response is read.
    pub(crate) fn owned(&self, permit: SemaphorePermit<'_>) -> OwnedPermit {
        permit.forget();
        OwnedPermit(Arc::clone(&self.permits))
    }
}

/// A permit that outlives its call.
#[derive(Debug)]
pub(crate) struct OwnedPermit(Arc<Semaphore>);

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// The rate limit: a token bucket that time fills, and requests empty.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    burst: f64,
    /// The content of the bucket, and its time. Never held across an await.
    bucket: Mutex<(f64, Instant)>,
    /// The first in the queue waits for the bucket; the others wait for their turn, in order of
    /// arrival.
    queue: Semaphore,
}

impl Rate {
    /// A `per_second` that is not a positive number means no limit.
    pub(crate) fn new(per_second: f64, burst: u32) -> Option<Self> {
        let burst = f64::from(burst.max(1));
        (per_second > 0.0 && per_second.is_finite()).then(|| Self {
            per_second,
            burst,
            bucket: Mutex::new((burst, Instant::now())),
            queue: Semaphore::new(1),
        })
    }

    /// Waits until one more request may be sent. A cancelled waiter uses nothing of the bucket.
    pub(crate) async fn acquire(&self, life: &Lifecycle) -> Result<()> {
        let first = life.until_closed(self.queue.acquire()).await?;
        let _first = first.map_err(|_| Error::closed())?;
        while let Some(wait) = self.take() {
            life.pause(wait).await?;
        }
        Ok(())
    }

    /// Takes one out of the bucket, or returns the wait until one is available.
    fn take(&self) -> Option<Duration> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = now.saturating_duration_since(bucket.1).as_secs_f64();
        let filled = (bucket.0 + since * self.per_second).min(self.burst);
        *bucket = (filled, now);
        if filled >= 1.0 {
            bucket.0 -= 1.0;
            return None;
        }
        let seconds = (1.0 - filled) / self.per_second;
        // At least the clock's resolution: rounding must not lead to repeated waits of zero.
        Some(
            Duration::try_from_secs_f64(seconds)
                .unwrap_or(Duration::MAX)
                .max(Duration::from_millis(1)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_kept_to_the_millisecond_after_what_may_come_at_once() {
        let rate = Rate::new(50.0, 5).unwrap();
        let start = Instant::now();
        let mut sent = Vec::new();
        while sent.len() < 25 {
            match rate.take() {
                None => sent.push(start.elapsed().as_millis()),
                Some(wait) => tokio::time::sleep(wait).await,
            }
        }
        assert_eq!(sent[..5], [0; 5]);
        for (index, time) in sent[5..].iter().enumerate() {
            let due = 20 * (index as u128 + 1);
            assert!(
                (due..=due + 2 * (index as u128 + 1)).contains(time),
                "{sent:?}"
            );
        }
    }
}
