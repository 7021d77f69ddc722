//! The timeouts of one attempt whose response is read at once, with a single timer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::gateway::Timeouts;
use crate::engine::failure::TransportFailure;

/// Longer than any program runs.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The timeouts of one attempt: its end, and the next time at which it must have made progress.
pub(super) struct Clock<'a> {
    pub(super) timeouts: Timeouts,
    /// None if the duration is not limited.
    ends: Option<Instant>,
    timer: Pin<&'a mut Sleep>,
}

impl Timeouts {
    /// The end of the attempt, if it begins now.
    pub(super) fn ends(self) -> Option<Instant> {
        Instant::now().checked_add(self.total)
    }

    /// The timer until the head of the response is there. It is not started before it is polled.
    pub(super) fn timer(self) -> Sleep {
        tokio::time::sleep(self.head.min(self.total).min(FOREVER))
    }
}

impl<'a> Clock<'a> {
    pub(super) fn new(
        timeouts: Timeouts,
        ends: Option<Instant>,
        timer: Pin<&'a mut Sleep>,
    ) -> Self {
        Self {
            timeouts,
            ends,
            timer,
        }
    }

    /// Allows progress to take so long from now on.
    pub(super) fn restart(&mut self, longest: Duration) {
        let now = Instant::now();
        let next = now.checked_add(longest).unwrap_or(now + FOREVER);
        let next = self.ends.map_or(next, |ends| ends.min(next));
        self.timer.as_mut().reset(next);
    }

    /// Ready when it is too late: with the failure of the attempt as a whole, or with `idle`.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        idle: impl FnOnce() -> TransportFailure,
    ) -> Poll<TransportFailure> {
        let deadline = self.timer.deadline();
        self.timer.as_mut().poll(context).map(|()| {
            match self.ends.is_some_and(|ends| ends <= deadline) {
                true => TransportFailure::late(self.timeouts.total),
                false => idle(),
            }
        })
    }

    /// Waits for the head of a response.
    pub(super) async fn head<F: Future + Unpin>(
        &mut self,
        mut sending: F,
    ) -> Result<F::Output, TransportFailure> {
        poll_fn(|context| {
            if let Poll::Ready(sent) = Pin::new(&mut sending).poll(context) {
                return Poll::Ready(Ok(sent));
            }
            let head = self.timeouts.head;
            self.poll(context, || TransportFailure::no_head(head))
                .map(Err)
        })
        .await
    }
}
