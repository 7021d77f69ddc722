//! A list of which all records are read.

use super::common::debug;
use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::call::pages::PageStream;
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::paging::{Plan, RecordStream, sorts_by_cql};
use crate::wire::error::Result;
use crate::wire::paging::PagingStyle;
use crate::wire::request::{Request, request_setters};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A whole list, as a stream. Its settings apply before the first record is taken.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct GetAllRequest<T, M = Async> {
    pub(crate) mode: M,
    pub(super) client: FolioClient,
    pub(super) request: Request,
    pub(super) items: Option<String>,
    pub(super) style: PagingStyle,
    pub(super) key: Option<&'static str>,
    pub(super) max: Option<u32>,
    pub(super) unsorted: bool,
    /// No query is sent where the caller gives none.
    pub(super) without_all: bool,
    /// The kind of record of a resource job of mod-search.
    pub(super) job: Option<&'static str>,
    pub(super) limit: Option<u32>,
    pub(super) offset: Option<u32>,
    pub(super) running: Option<RecordStream<T>>,
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> GetAllRequest<T, M> {
    request_setters!(self => self.request; sending tenant param query);

    /// The number of records per page, 500 by default. All records are read, whatever it is.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The number of records to skip at the beginning.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Reads the list by `id`: each page asks for the records after the last one (`id>"…"`). The
    /// storage modules support it. With a `sortBy` in the query it has no effect.
    pub fn by_id(mut self) -> Self {
        self.key = self.key.or(Some("id"));
        self
    }

    /// Reads the list by offset, although it is known that it can be read by `id`.
    pub fn by_offset(mut self) -> Self {
        self.key = None;
        self
    }

    /// Adds nothing to the order of the records. Only for endpoints that reject `sortBy id`:
    /// without a unique order pages may repeat and miss records.
    pub fn unsorted(mut self) -> Self {
        self.unsorted = true;
        self.key = None;
        self
    }

    /// The dialect of the list. By default what FOLIO's descriptions say: of the list, or of the
    /// module that serves the path. Of paths that no description has it is CQL.
    pub fn style(mut self, style: PagingStyle) -> Self {
        self.style = style;
        self
    }

    /// The stream of the records.
    pub fn stream(self) -> M::List<T> {
        self.mode.clone().list(self.into_records())
    }

    /// The list as pages of [`limit`](Self::limit) records, for programs that show one at a time: see
    /// [`PageStream`].
    pub fn pages(self) -> M::Stream<PageStream<T, M>> {
        let mode = self.mode.clone();
        mode.stream(PageStream::new(mode.clone(), self.into_records()))
    }

    fn into_records(mut self) -> RecordStream<T> {
        let running = self.running.take();
        running.unwrap_or_else(|| self.items())
    }

    pub(super) fn items(&self) -> RecordStream<T> {
        let plan = Plan {
            style: self.style,
            items: self.items.clone().map(Into::into),
            key: self.key.filter(|_| !self.unsorted).map(Into::into),
            tie: (sorts_by_cql(self.style) && !self.unsorted).then_some("id".into()),
            max: self.max,
            asks_for_all: !self.without_all,
            job: self.job,
            is_sorted: !self.unsorted,
        };
        RecordStream::planned(
            self.client.clone(),
            self.request.clone(),
            plan,
            self.limit,
            self.offset,
        )
    }
}

impl<T: DeserializeOwned + Send + 'static> GetAllRequest<T> {
    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.running().next().await
    }

    fn running(&mut self) -> &mut RecordStream<T> {
        let items = self.running.take().unwrap_or_else(|| self.items());
        self.running.insert(items)
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> From<GetAllRequest<T, M>> for RecordStream<T> {
    /// See [`GetAllRequest::stream`].
    fn from(list: GetAllRequest<T, M>) -> Self {
        list.into_records()
    }
}

impl<T, M> Unpin for GetAllRequest<T, M> {}

impl<T: DeserializeOwned + Send + 'static> Stream for GetAllRequest<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        Pin::new(self.running()).poll_next(context)
    }
}

#[cfg(feature = "blocking")]
in_mode!(GetAllRequest<T> { client, request, items, style, key, max, unsorted, without_all, job, limit, offset, running });

debug!(GetAllRequest<T>);
