//! The body of a response, read piece by piece and decoded.

use super::gateway::Timeouts;
use crate::engine::failure::{TransportFailure, failure_of};
use crate::engine::http::HttpBody;
use crate::value::encoding::{self, Decoder};
use crate::wire::error::Result;
use bytes::Bytes;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// The body of a response, read piece by piece and decoded.
pub(crate) struct Incoming {
    pub(super) body: HttpBody,
    pub(super) decoder: Option<Box<Decoder>>,
    /// Received data that was not decoded yet.
    encoded: Bytes,
    /// The following data.
    failed: Option<TransportFailure>,
    ended: bool,
    pub(super) between: Duration,
    pub(super) total: Duration,
    /// Runs while the next piece is awaited.
    timer: Option<Pin<Box<Sleep>>>,
    /// The number of bytes received over the connection.
    pub(super) received: u64,
}

impl Incoming {
    pub(super) fn new(body: HttpBody, decoder: Option<Decoder>, timeouts: Timeouts) -> Self {
        Self {
            body,
            decoder: decoder.map(Box::new),
            encoded: Bytes::new(),
            failed: None,
            ended: false,
            between: timeouts.between,
            total: timeouts.total,
            timer: None,
            received: 0,
        }
    }

    /// An empty body.
    pub(crate) fn empty() -> Self {
        let at_once = Timeouts {
            total: Duration::MAX,
            head: Duration::MAX,
            between: Duration::MAX,
        };
        Self::new(HttpBody::default(), None, at_once)
    }

    /// The stated length of the rest of the body, if any. The length of an encoded body says little
    /// of that of the decoded one.
    pub(super) fn length(&self) -> Option<u64> {
        let stated = http_body::Body::size_hint(&self.body).exact();
        stated.filter(|_| self.decoder.is_none())
    }

    /// The next piece, which is not empty; none at the end and after a failure.
    pub(crate) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportFailure>>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && !self.encoded.is_empty()
            {
                let step = self
                    .encoded
                    .split_to(encoding::STEP.min(self.encoded.len()));
                match decoder.decode(&step) {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Poll::Ready(Some(Ok(piece.into()))),
                    Err(fault) => {
                        self.encoded.clear();
                        self.failed = Some(fault.into());
                    }
                }
                continue;
            }
            if let Some(failure) = self.failed.take() {
                self.ended = true;
                return Poll::Ready(Some(Err(failure)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let polled = http_body::Body::poll_frame(Pin::new(&mut self.body), context);
            let Poll::Ready(frame) = polled else {
                let between = self.between;
                let timer = self
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(between)));
                ready!(timer.as_mut().poll(context));
                self.failed = Some(TransportFailure::no_bytes(between, self.received));
                continue;
            };
            self.timer = None;
            match frame {
                None => {
                    self.ended = true;
                    if let Some(decoder) = &mut self.decoder {
                        match decoder.finish() {
                            Ok(rest) if rest.is_empty() => {}
                            Ok(rest) => return Poll::Ready(Some(Ok(rest.into()))),
                            Err(fault) => self.failed = Some(fault.into()),
                        }
                    }
                }
                Some(Err(error)) => {
                    self.failed = Some(failure_of(error, self.total));
                }
                // Trailers are ignored.
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        self.received += piece.len() as u64;
                        if self.decoder.is_some() {
                            self.encoded = piece;
                        } else if !piece.is_empty() {
                            return Poll::Ready(Some(Ok(piece)));
                        }
                    }
                }
            }
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Bytes, TransportFailure>> {
        poll_fn(|context| self.poll_piece(context)).await
    }
}
