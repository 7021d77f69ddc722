//! Reads bodies: the only place that assembles the bytes of a response.

use super::clock::Clock;
#[cfg(feature = "testing")]
use super::gateway::Timeouts;
use super::incoming::Incoming;
use crate::engine::failure::{TransportFailure, failure_of};
use crate::engine::http::HttpBody;
#[cfg(feature = "testing")]
use crate::engine::http::HttpError;
use crate::engine::memory::Most;
use crate::wire::error::Result;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// The start of the body of an error response, as far as it arrives within that time. Its status is
/// known, so that a broken connection is harmless now, and a slow body is cut off.
pub(crate) async fn beginning(mut body: Incoming, most: usize) -> Bytes {
    let mut beginning = BytesMut::new();
    let longest = body.total.min(body.between);
    let reading = async {
        while let Some(Ok(piece)) = body.next().await {
            let room = most.saturating_sub(beginning.len());
            beginning.extend_from_slice(piece.get(..room).unwrap_or(&piece));
            if beginning.len() >= most {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(longest, reading).await;
    beginning.freeze()
}

/// The maximum buffer that is reserved because of a stated length: larger bodies must arrive first.
pub(super) const ANNOUNCED: u64 = 64 * 1024 * 1024;

/// A source of the pieces of a body.
pub(crate) trait Pieces {
    /// The next piece; none at the end. `received` is the number of bytes before it.
    fn piece(
        &mut self,
        received: usize,
    ) -> impl Future<Output = Result<Option<Bytes>, TransportFailure>> + Send;

    /// The stated length of the body, if any.
    fn length(&self) -> Option<u64>;
}

/// A response of the HTTP library, whose body has no content coding.
pub(super) struct Plain<'a> {
    pub(super) body: HttpBody,
    pub(super) clock: Clock<'a>,
}

impl Pieces for Plain<'_> {
    async fn piece(&mut self, received: usize) -> Result<Option<Bytes>, TransportFailure> {
        let mut is_waiting = false;
        poll_fn(|context| {
            while let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
                return Poll::Ready(match frame.map(|frame| frame.map(Frame::into_data)) {
                    None => Ok(None),
                    Some(Ok(Ok(piece))) => Ok(Some(piece)),
                    // Trailers are ignored.
                    Some(Ok(Err(_))) => continue,
                    Some(Err(error)) => Err(failure_of(error, self.clock.timeouts.total)),
                });
            }
            let between = self.clock.timeouts.between;
            if !is_waiting {
                is_waiting = true;
                self.clock.restart(between);
            }
            let idle = || TransportFailure::no_bytes(between, received as u64);
            self.clock.poll(context, idle).map(Err)
        })
        .await
    }

    fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

impl Pieces for Incoming {
    async fn piece(&mut self, _: usize) -> Result<Option<Bytes>, TransportFailure> {
        self.next().await.transpose()
    }

    fn length(&self) -> Option<u64> {
        self.length()
    }
}

/// Reads a complete body. Usually it is small and arrives in one piece, which is not copied.
pub(crate) async fn whole(mut body: impl Pieces, most: Most) -> Result<Bytes, TransportFailure> {
    let checked = |received: usize| match received > most.bytes {
        true => Err(TransportFailure::too_large(most, "the response")),
        false => Ok(received),
    };
    let Some(first) = body.piece(0).await? else {
        return Ok(Bytes::new());
    };
    let received = checked(first.len())?;
    let Some(second) = body.piece(received).await? else {
        return Ok(first);
    };
    let received = checked(received + second.len())?;
    // Assembled while it arrives: with a known length it is never in memory twice.
    let length = body.length().filter(|length| *length <= ANNOUNCED);
    let length = length.and_then(|length| usize::try_from(length).ok());
    let mut whole = BytesMut::with_capacity(length.unwrap_or(0).max(received));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    drop((first, second));
    while let Some(piece) = body.piece(whole.len()).await? {
        checked(whole.len() + piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The complete body of a service's response, without its content coding.
#[cfg(feature = "testing")]
pub(crate) async fn decoded(
    headers: &mut http::HeaderMap,
    body: HttpBody,
) -> Result<Bytes, HttpError> {
    use std::time::Duration;

    use crate::value::encoding;

    let endless = Timeouts {
        total: Duration::MAX,
        head: Duration::MAX,
        between: Duration::MAX,
    };
    let most = Most {
        bytes: usize::MAX,
        setting: "memory",
    };
    let body = Incoming::new(body, encoding::decoder(headers), endless);
    let whole = whole(body, most).await;
    whole.map_err(|failure| HttpError::new(failure.message))
}
