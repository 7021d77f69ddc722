//! Whether a client is open; closing it ends all waits.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;

use crate::wire::error::{Error, Result};

/// The lifecycle of a client and all its clones. It ends once.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// Read by every call, so it has no lock.
    closed: AtomicBool,
    closing: watch::Sender<bool>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            closed: AtomicBool::new(false),
            closing: watch::Sender::new(false),
        }
    }
}

impl Lifecycle {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// An error if the client is closed.
    pub(crate) fn check(&self) -> Result<()> {
        match self.is_closed() {
            true => Err(Error::closed()),
            false => Ok(()),
        }
    }

    /// Closes it, and ends all waits. False if it was already closed.
    pub(crate) fn close(&self) -> bool {
        let was_open = !self.closed.swap(true, Ordering::AcqRel);
        self.closing.send_replace(true);
        was_open
    }

    /// The result of `work`; an error as soon as the client is closed.
    pub(crate) async fn until_closed<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut closing = self.closing.subscribe();
        let mut closed = pin!(closing.wait_for(|closed| *closed));
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            closed.as_mut().poll(context).map(|_| Err(Error::closed()))
        })
        .await
    }

    /// As [`until_closed`](Self::until_closed), for at most `longest`: none after that.
    pub(crate) async fn within<T>(
        &self,
        longest: Duration,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>> {
        let work = tokio::time::timeout(longest, work);
        Ok(self.until_closed(work).await?.ok())
    }

    /// Waits for `delay`; an error as soon as the client is closed.
    pub(crate) async fn pause(&self, delay: Duration) -> Result<()> {
        self.until_closed(tokio::time::sleep(delay)).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn every_wait_ends_when_it_is_closed_and_none_begins_afterwards() {
        let life = Arc::new(Lifecycle::default());
        let start = Instant::now();
        let waits = [0, 1, 2].map(|kind| {
            let life = Arc::clone(&life);
            tokio::spawn(async move {
                match kind {
                    0 => life.pause(HOUR).await,
                    1 => life.until_closed(pending()).await,
                    _ => life.within(HOUR, pending::<()>()).await.map(drop),
                }
            })
        });
        life.pause(Duration::from_secs(5)).await.unwrap();
        assert!(life.close() && !life.close());
        for wait in waits {
            assert!(wait.await.unwrap().unwrap_err().is_closed());
        }
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        assert!(life.pause(HOUR).await.unwrap_err().is_closed());
        assert!(life.check().unwrap_err().is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_has_a_longest_time() {
        let life = Lifecycle::default();
        assert_eq!(life.within(HOUR, pending::<u8>()).await.unwrap(), None);
        assert_eq!(life.within(HOUR, async { 7 }).await.unwrap(), Some(7));
    }
}
