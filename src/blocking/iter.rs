//! Streams as iterators, and downloads as readers.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::wait::Blocking;
use crate::call::page_cursor::PageCursor;
use crate::call::pages::PageStream;
use crate::engine::download::{Download, Records};
use crate::harvest::Progress;
use crate::paging::{LookupById, LookupByValue, RawRecord, RecordStream};
use crate::wire::error::Result;
use crate::write::Outcome;

/// What a stream gives, one after the other: the iterator over a list, the reader of a download.
///
/// It has the methods of the stream that do not wait, by [`Deref`].
#[must_use = "it sends no request before it is used"]
pub struct Iter<S> {
    pub(super) stream: S,
    pub(super) mode: Blocking,
    /// What a reader was given and had no room for.
    rest: Bytes,
    ended: bool,
}

impl<S> Iter<S> {
    pub(super) fn new(stream: S, mode: Blocking) -> Self {
        Self {
            stream,
            mode,
            rest: Bytes::new(),
            ended: false,
        }
    }

    /// The stream itself.
    pub fn into_inner(self) -> S {
        self.stream
    }

    fn map<N>(self, change: impl FnOnce(S) -> N) -> Iter<N> {
        Iter {
            stream: change(self.stream),
            mode: self.mode,
            rest: self.rest,
            ended: self.ended,
        }
    }
}

impl<S: Stream<Item: IterItem> + Unpin> Iterator for Iter<S> {
    type Item = Result<<S::Item as IterItem>::Value>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Self { stream, mode, .. } = self;
        let next =
            std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context).map(Ok));
        let next = match mode.wait(next) {
            Ok(next) => next.map(IterItem::into_item),
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        };
        self.ended |= next.is_none();
        next
    }
}

/// What streams of the SDK give. What cannot fail by itself is a `Result` in an iterator, since
/// waiting for it is an error in asynchronous code.
pub trait IterItem: sealed_item::Sealed {
    /// What it is if nothing fails.
    type Value;

    #[doc(hidden)]
    fn into_item(self) -> Result<Self::Value>;
}

mod sealed_item {
    pub trait Sealed {}
    impl<T> Sealed for crate::wire::error::Result<T> {}
    impl Sealed for crate::write::Outcome {}
    impl Sealed for crate::harvest::Progress {}
}

impl<T> IterItem for Result<T> {
    type Value = T;

    fn into_item(self) -> Self {
        self
    }
}

impl IterItem for Outcome {
    type Value = Self;

    fn into_item(self) -> Result<Self> {
        Ok(self)
    }
}

impl IterItem for Progress {
    type Value = Self;

    fn into_item(self) -> Result<Self> {
        Ok(self)
    }
}

impl<S> Deref for Iter<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stream
    }
}

impl<S> DerefMut for Iter<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<T: DeserializeOwned + Send + 'static> Iter<RecordStream<T>> {
    /// The same list, not begun yet, as records that are not decoded: see [`RecordStream::raw`].
    pub fn raw(self) -> Iter<RecordStream<RawRecord>> {
        self.map(RecordStream::raw)
    }

    /// Instead of the whole list, the records of these ids: see [`RecordStream::ids`].
    pub fn ids(self, ids: impl IntoIterator<Item = impl fmt::Display>) -> Iter<LookupById<T>> {
        self.map(|items| items.ids(ids))
    }

    /// Instead of the whole list, the records that have one of these values in a field: see
    /// [`RecordStream::values`].
    pub fn values(
        self,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Iter<LookupByValue<T>> {
        self.map(|items| items.values(field, values))
    }

    /// The same list, not begun yet, as pages: see [`RecordStream::pages`].
    pub fn pages(self) -> Iter<PageStream<T, Blocking>> {
        let mode = self.mode.clone();
        self.map(|records| PageStream::new(mode, records))
    }
}

impl<T: DeserializeOwned + Send + 'static> Iter<PageStream<T, Blocking>> {
    /// Begins behind the page that has this cursor: see [`PageStream::after`].
    pub fn after(self, cursor: &PageCursor) -> Self {
        self.map(|pages| pages.after(cursor))
    }
}

impl Iter<Download> {
    /// Reads the rest into memory.
    ///
    /// # Errors
    /// Those of [`Download::bytes`].
    pub fn bytes(self) -> Result<Bytes> {
        self.mode.wait(self.stream.bytes())
    }

    /// Reads the rest into memory, as text.
    ///
    /// # Errors
    /// Those of [`Download::text`].
    pub fn text(self) -> Result<String> {
        self.mode.wait(self.stream.text())
    }

    /// Writes the rest into a file as it comes, and says how many bytes that were: see
    /// [`Download::save`].
    ///
    /// # Errors
    /// Those of [`Download::save`].
    pub fn save(self, path: impl AsRef<Path>) -> Result<u64> {
        self.mode.wait(self.stream.save(path))
    }

    /// Writes the rest to `writer` as it comes, and says how many bytes that were.
    ///
    /// # Errors
    /// Those of [`Download::write_to`].
    pub fn write_to(mut self, writer: &mut (impl io::Write + ?Sized)) -> Result<u64> {
        let mut written = 0;
        while let Some(piece) = self.next() {
            let piece = piece?;
            let outcome = writer.write_all(&piece);
            outcome.map_err(|error| self.stream.unwritten("the response", error))?;
            written += piece.len() as u64;
        }
        let flushed = writer.flush();
        flushed.map_err(|error| self.stream.unwritten("the response", error))?;
        Ok(written)
    }

    /// The records of a response that has one record per line: see [`Records`].
    pub fn records<T: DeserializeOwned>(self) -> Iter<Records<T>> {
        self.map(Download::records)
    }
}

impl io::Read for Iter<Download> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.next() {
                None => return Ok(0),
                Some(piece) => self.rest = piece.map_err(io::Error::other)?,
            }
        }
        let length = buffer.len().min(self.rest.len());
        let piece = self.rest.split_to(length);
        if let Some(room) = buffer.get_mut(..length) {
            room.copy_from_slice(&piece);
        }
        Ok(length)
    }
}

impl<S: fmt::Debug> fmt::Debug for Iter<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Iter").field(&self.stream).finish()
    }
}
