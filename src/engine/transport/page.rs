//! Sends a request for a page of a list, whose response is read once there is memory for it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};

use super::gateway::{Gateway, Located, Timeouts};
use super::incoming::Incoming;
use super::read::{ANNOUNCED, beginning};
use super::send::response_of;
use super::timed::Timed;
use crate::engine::failure::{TransportFailure, failure_of};
use crate::engine::memory::Most;
use crate::engine::page_ticket::PageTicket;
use crate::value::body::UploadProgress;

/// A request for a page.
pub(crate) struct PageAttempt<'a> {
    pub(crate) method: Method,
    pub(crate) url: Located,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) timeouts: Timeouts,
    pub(crate) most: Most,
    pub(crate) ticket: &'a PageTicket,
}

/// The end of an attempt. The wait for memory does not count.
#[derive(Clone, Copy)]
struct End {
    at: Option<Instant>,
    total: Duration,
}

impl End {
    async fn limit<T>(
        self,
        work: impl Future<Output = Result<T, TransportFailure>>,
    ) -> Result<T, TransportFailure> {
        let Some(at) = self.at else {
            return work.await;
        };
        let over = |_| failure_of(Timed::over(self.total), self.total);
        timeout_at(at, work).await.map_err(over)?
    }
}

impl Gateway {
    /// Sends a request for a page and reads the response: of an error at once, otherwise once there
    /// is memory for it.
    pub(crate) async fn page(
        &self,
        request: PageAttempt<'_>,
    ) -> Result<http::Response<Bytes>, TransportFailure> {
        let PageAttempt {
            method,
            url,
            headers,
            body,
            timeouts,
            most,
            ticket,
        } = request;
        ticket.begin();
        let sent = Instant::now();
        let mut end = End {
            at: sent.checked_add(timeouts.total),
            total: timeouts.total,
        };
        // The total is limited here.
        let unlimited = Timeouts {
            total: Duration::MAX,
            ..timeouts
        };
        let progress = UploadProgress::default();
        let body = body.map(Into::into);
        let opened = self.open(method, url, headers, body, unlimited, &progress);
        let (head, mut body) = end.limit(opened).await?.into_parts();
        if !head.status.is_success() {
            let body = beginning(body, self.memory.error_body).await;
            return Ok(response_of(head.status, head.headers, body));
        }
        ticket.started(sent.elapsed());
        let length = body.length();
        let after = |failure: TransportFailure| failure.after(head.status);
        let first = match self.service.is_some() {
            // Of a service, it may be in memory.
            true => end.limit(next(&mut body)).await.map_err(after)?,
            false => None,
        };
        let whole = first
            .as_ref()
            .filter(|first| length == Some(first.len() as u64));
        if let Some(whole) = whole {
            if whole.len() > most.bytes {
                return Err(after(too_large(most)));
            }
            let body = ticket.hold(whole.clone());
            return Ok(response_of(head.status, head.headers, body));
        }
        let stated = length.filter(|length| *length <= ANNOUNCED);
        let stated = stated.and_then(|length| usize::try_from(length).ok());
        let waits = Instant::now();
        let mut buffer = ticket.buffer(stated).await;
        end.at = end.at.and_then(|at| at.checked_add(waits.elapsed()));
        let reading = async {
            let mut piece = first;
            loop {
                if let Some(piece) = piece {
                    if buffer.len() + piece.len() > most.bytes {
                        return Err(too_large(most));
                    }
                    buffer.extend(&piece);
                }
                piece = next(&mut body).await?;
                if piece.is_none() {
                    return Ok(());
                }
            }
        };
        end.limit(reading).await.map_err(after)?;
        Ok(response_of(head.status, head.headers, buffer.freeze()))
    }
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, TransportFailure> {
    body.next().await.transpose()
}

fn too_large(most: Most) -> TransportFailure {
    TransportFailure::too_large(most, "the response")
}
