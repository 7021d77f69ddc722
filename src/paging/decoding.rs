//! A page that is decoded in a task of its own, so that several are decoded at once, on all workers of the runtime.

use std::ops::Range;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Ahead;
use super::page::{Page, Shape};
use crate::error::{Error, Result};

/// How many records are handed over at once. So few that they are still in the cache of the processor when they are taken, and that other
/// tasks of the worker have their turn after some hundreds of microseconds.
const CHUNK: usize = 32;

/// Records of a page, and where in it they are.
type Chunk<T> = Vec<(Range<usize>, Result<T>)>;

enum Piece<T> {
    Records(Chunk<T>),
    End(Shape),
}

/// The records of a page on their way from the task that decodes them. Dropping it ends the task.
pub(crate) struct Decoding<T> {
    /// The page with nothing read of it.
    page: Page,
    task: Ahead<()>,
    pieces: UnboundedReceiver<Piece<T>>,
    ready: std::vec::IntoIter<(Range<usize>, Result<T>)>,
    /// Where the records are that were taken.
    taken: Vec<Range<usize>>,
}

/// What there is of a page.
pub(crate) enum Came {
    /// Records: [`next`](Decoding::next) gives them.
    Records,
    /// All were taken, and the page was like this.
    End(Shape),
}

impl<T: DeserializeOwned + Send + 'static> Decoding<T> {
    pub(crate) fn new(page: Page) -> Self {
        let (pieces, receiver) = unbounded_channel();
        Self {
            page: page.fresh(),
            task: Ahead::run(decode(page, pieces)),
            pieces: receiver,
            ready: Vec::new().into_iter(),
            taken: Vec::new(),
        }
    }

    /// The next of the records that are here.
    pub(crate) fn next(&mut self) -> Option<Result<T>> {
        let (span, record) = self.ready.next()?;
        self.taken.push(span);
        Some(record)
    }

    /// Waits for more records when those that were here are taken.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Came>> {
        match self.pieces.poll_recv(context) {
            Poll::Ready(Some(Piece::Records(chunk))) => {
                self.ready = chunk.into_iter();
                Poll::Ready(Ok(Came::Records))
            }
            Poll::Ready(Some(Piece::End(shape))) => Poll::Ready(Ok(Came::End(shape))),
            // It ended before its time: its task says why.
            Poll::Ready(None) => self
                .task
                .poll(context)
                .map(|ended| ended.and(Err(Error::closed()))),
            Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn page(&self) -> &Page {
        &self.page
    }

    /// The key of the last record that was taken and has one.
    pub(crate) fn last_key(&self) -> Option<String> {
        let mut backwards = self.taken.iter().rev();
        backwards.find_map(|span| self.page.key_in(span))
    }

    /// The key of the record that was taken last.
    pub(crate) fn key_of_last(&self) -> Option<String> {
        self.page.key_in(self.taken.last()?)
    }
}

async fn decode<T: DeserializeOwned>(mut page: Page, pieces: UnboundedSender<Piece<T>>) {
    let mut chunk = Chunk::with_capacity(CHUNK);
    while let Some(record) = page.next::<T>() {
        let is_broken = matches!(&record, Err(error) if error.record_json().is_none());
        chunk.push((page.last_span(), record));
        if chunk.len() < CHUNK && !is_broken {
            continue;
        }
        let full = std::mem::replace(&mut chunk, Chunk::with_capacity(CHUNK));
        // Nobody takes them, or there is nothing more.
        if pieces.send(Piece::Records(full)).is_err() || is_broken {
            return;
        }
        tokio::task::yield_now().await;
    }
    // If nobody takes it, that is no matter.
    let _ = pieces.send(Piece::Records(chunk));
    let _ = pieces.send(Piece::End(page.shape()));
}
