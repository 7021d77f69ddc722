//! Reads bodies: the only place that assembles the bytes of a response.

use super::gateway::Timeouts;
use super::incoming::Incoming;
use crate::engine::failure::{TransportFailure, failure};
#[cfg(feature = "testing")]
use crate::engine::http::{HttpBody, HttpError};
use crate::engine::memory::Most;
use crate::wire::error::Result;
use bytes::{Bytes, BytesMut};

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
    pub(super) response: &'a mut reqwest::Response,
    pub(super) timeouts: Timeouts,
}

impl Pieces for Plain<'_> {
    async fn piece(&mut self, received: usize) -> Result<Option<Bytes>, TransportFailure> {
        match tokio::time::timeout(self.timeouts.between, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|error| failure(error.without_url(), self.timeouts.total)),
            Err(_) => Err(TransportFailure::no_bytes(
                self.timeouts.between,
                received as u64,
            )),
        }
    }

    fn length(&self) -> Option<u64> {
        self.response.content_length()
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
    let body = Incoming::new(body.0, encoding::decoder(headers), endless);
    let whole = whole(body, most).await;
    whole.map_err(|failure| HttpError::new(failure.message))
}
