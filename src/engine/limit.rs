//! How many requests are in flight at once, and how many are sent in a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::engine::lifecycle::Lifecycle;
use crate::wire::error::{Error, Result};

/// Hands out permits to send, in the order in which they were asked for. Whoever gives up waiting gives up only its own place.
#[derive(Debug)]
pub(crate) struct Limit {
    permits: Arc<Semaphore>,
    longest_wait: Option<Duration>,
}

impl Limit {
    pub(crate) fn new(max_in_flight: usize, longest_wait: Option<Duration>) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(
                max_in_flight.clamp(1, Semaphore::MAX_PERMITS),
            )),
            longest_wait,
        }
    }

    /// Waits for a permit. Not for ever, if there is a limit, and no longer than until the client is closed.
    pub(crate) async fn acquire(&self, life: &Lifecycle) -> Result<SemaphorePermit<'_>> {
        life.check()?;
        // The clock is asked only if there is none at once.
        if let Some(permit) = self.at_once() {
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

    /// A permit that nobody waits for, if there is one.
    pub(crate) fn at_once(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().ok()
    }

    /// The permit, to be kept as long as an answer is read.
    pub(crate) fn keep(&self, permit: SemaphorePermit<'_>) -> Kept {
        permit.forget();
        Kept(Arc::clone(&self.permits))
    }
}

/// A permit that outlives its call.
#[derive(Debug)]
pub(crate) struct Kept(Arc<Semaphore>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// How many requests are sent in a second: a bucket that time fills, and sending empties.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    burst: f64,
    /// What is in the bucket, and since when. Never held across an await.
    bucket: Mutex<(f64, Instant)>,
    /// Who is first in the queue waits for the bucket; the others wait for their place, in the order in which they came.
    queue: Semaphore,
}

impl Rate {
    /// A `per_second` that is no positive number is no limit.
    pub(crate) fn new(per_second: f64, burst: u32) -> Option<Self> {
        let burst = f64::from(burst.max(1));
        (per_second > 0.0 && per_second.is_finite()).then(|| Self {
            per_second,
            burst,
            bucket: Mutex::new((burst, Instant::now())),
            queue: Semaphore::new(1),
        })
    }

    /// Waits until one more request may be sent. Who gives up waiting takes nothing out of the bucket.
    pub(crate) async fn acquire(&self, life: &Lifecycle) -> Result<()> {
        let first = life.until_closed(self.queue.acquire()).await?;
        let _first = first.map_err(|_| Error::closed())?;
        while let Some(wait) = self.take() {
            life.pause(wait).await?;
        }
        Ok(())
    }

    /// Takes one out of the bucket, or tells how long it takes until there is one.
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
        // Not less than the clock can tell: rounding must not make it wait for nothing again and again.
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
