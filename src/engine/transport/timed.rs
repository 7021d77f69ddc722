//! The body of a response, limited by the timeout of the attempt.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::engine::http::{HttpBody, HttpError};
use crate::wire::cause;

/// Ends with an error when the attempt times out.
pub(super) struct Timed {
    body: HttpBody,
    timer: Pin<Box<Sleep>>,
    total: Duration,
}

impl Timed {
    pub(super) fn new(body: HttpBody, ends: Instant, total: Duration) -> Self {
        Self {
            body,
            timer: Box::pin(tokio::time::sleep_until(ends)),
            total,
        }
    }

    /// The error of an attempt that timed out.
    pub(super) fn over(total: Duration) -> HttpError {
        HttpError::timeout(cause::late(total))
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let total = self.total;
        self.timer
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(Self::over(total))))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
