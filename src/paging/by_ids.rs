//! The records of many ids.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::page::Page;
use super::{Ahead, Pager};
use crate::error::Result;
use crate::request_line;

/// How many requests are on their way at once; the client's own limit holds besides.
const AHEAD: usize = 4;

/// The records of many ids, as a stream in the order of the ids. Made by [`Items::ids`](crate::Items::ids) and
/// [`FolioClient::folio_get_by_ids`](crate::FolioClient::folio_get_by_ids).
///
/// They are asked for by `id==("…" or "…")`, as many at once as a URL has room for, in several requests at the same time; where there is
/// an endpoint that takes the query in a body (`POST /instance-storage/instances/retrieve`, also of holdings and items), by that, 1,000 at
/// once. An id that is given twice is asked for once. A record that cannot be read is an error of kind
/// [`ErrorKind::Record`](crate::ErrorKind::Record) in its place; after any other error the stream ends.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct ByIds<T> {
    pager: Pager,
    /// Those that were not asked for yet.
    ids: VecDeque<String>,
    chunks: VecDeque<(Vec<String>, Ahead)>,
    ready: VecDeque<Result<T>>,
    missing: Vec<String>,
    ended: bool,
}

impl<T> Unpin for ByIds<T> {}

impl<T: DeserializeOwned + Send + 'static> ByIds<T> {
    pub(super) fn new(pager: Pager, ids: impl Iterator<Item = String>) -> Self {
        let mut known = HashSet::new();
        Self {
            pager,
            ids: ids.filter(|id| known.insert(id.clone())).collect(),
            chunks: VecDeque::new(),
            ready: VecDeque::new(),
            missing: Vec::new(),
            ended: false,
        }
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The ids that the server has no record of, as far as it was asked; at the end, all of them.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    fn ask(&mut self) -> Result<()> {
        self.pager.check()?;
        while self.chunks.len() < AHEAD && !self.ids.is_empty() {
            let (request, count) = self.pager.some_ids(self.ids.make_contiguous());
            let chunk = self.ids.drain(..count).collect();
            let ahead = Ahead::send(&self.pager.client, request);
            self.chunks.push_back((chunk, ahead));
        }
        Ok(())
    }

    fn arrange(&mut self, ids: Vec<String>, mut page: Page) -> Result<()> {
        let mut found: HashMap<String, Result<T>> = HashMap::with_capacity(ids.len());
        while let Some(record) = page.next::<T>() {
            match record {
                Err(error) if error.record_json().is_none() => return Err(error),
                record => {
                    if let Some(key) = page.key_of_last() {
                        found.insert(key.to_ascii_lowercase(), record);
                    }
                }
            }
        }
        self.pager.seen += page.received();
        for id in ids {
            match found.remove(&id.to_ascii_lowercase()) {
                Some(record) => self.ready.push_back(record),
                None => self.missing.push(id),
            }
        }
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for ByIds<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if let Some(record) = this.ready.pop_front() {
                return Poll::Ready(Some(record));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let outcome = this.ask().and_then(|()| {
                let Some((_, ahead)) = this.chunks.front_mut() else {
                    this.ended = true;
                    return Ok(Poll::Ready(()));
                };
                let Poll::Ready(response) = ahead.poll(context) else {
                    return Ok(Poll::Pending);
                };
                let is_several = this.chunks.front().is_some_and(|(ids, _)| ids.len() > 1);
                let response = match response {
                    // By GET then, or for half as many.
                    Err(error)
                        if this.pager.refuses_post(&error)
                            || is_several && request_line::is_too_long(&error) =>
                    {
                        for (ids, _) in this.chunks.drain(..).rev() {
                            ids.into_iter().rev().for_each(|id| this.ids.push_front(id));
                        }
                        return Ok(Poll::Ready(()));
                    }
                    response => response?,
                };
                let ids = this.chunks.pop_front().map(|(ids, _)| ids);
                let page = this.pager.page(&response, this.pager.seen);
                this.arrange(ids.unwrap_or_default(), page)?;
                Ok(Poll::Ready(()))
            });
            match outcome {
                Ok(done) => ready!(done),
                Err(error) => {
                    this.ended = true;
                    this.chunks.clear();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T> fmt::Debug for ByIds<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ByIds")
            .field("request", self.pager.request())
            .field("open", &self.ids.len())
            .field("missing", &self.missing.len())
            .finish_non_exhaustive()
    }
}
