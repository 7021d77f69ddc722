//! The pages of a list, for programs that show one at a time.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::mode::Mode;
use super::page_cursor::PageCursor;
use crate::client::marker::Async;
use crate::paging::{ListRequest, Pager, RecordStream};
use crate::wire::error::{Error, Result};

/// The pages of a list: made by `pages()` of a typed list, of
/// [`folio_get_all`](crate::FolioClient::folio_get_all) and of a [`RecordStream`].
///
/// Each [`Page`] has as many records as [`limit`] says (500 by default); only the last one has
/// fewer. The pages are cut from the same [`RecordStream`] that `stream()` gives, so that together
/// they neither skip nor repeat a record, whatever the server's own page size is and however the
/// list is read. Unlike `stream()`, it requests a page only when that page is needed: one page
/// mostly costs one request.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// # #[cfg(feature = "users")] {
/// let mut pages = folio.users().list_users().limit(100).pages();
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} of {:?}", page.len(), page.total_records());
///     for user in page {
///         println!("{}", user?.username.unwrap_or_default());
///     }
/// }
/// # }
/// # Ok(())
/// # }
/// ```
///
/// A list without records has one page, which is empty. A list that the server gives in one
/// response only ([`PagingStyle::Whole`](crate::PagingStyle::Whole) and the like) is one page. A list
/// of mod-search has pages for its first 10,000 records; there is an error behind them, and
/// `stream()` reads on.
///
/// Where a request fails, the records that came before it are a shorter page, the error comes behind
/// it, and the stream ends. [`Page::next_page`] of that page, and [`after`](Self::after) with its
/// cursor, continue the list.
///
/// [`limit`]: crate::GetAllRequest::limit
#[must_use = "a stream sends nothing before it is polled"]
pub struct PageStream<T, M = Async> {
    mode: M,
    records: RecordStream<T>,
    /// How many records a page has.
    size: usize,
    /// The records of the next page that came so far.
    gathered: Vec<Result<T>>,
    total: Option<u64>,
    /// What comes behind the records that were gathered.
    failed: Option<Error>,
    has_given: bool,
    ended: bool,
}

impl<T, M> Unpin for PageStream<T, M> {}

impl<T: DeserializeOwned + Send + 'static, M: Mode> PageStream<T, M> {
    pub(crate) fn new(mode: M, records: RecordStream<T>) -> Self {
        Self::of(mode, records.into_pager())
    }

    fn of(mode: M, mut pager: Pager) -> Self {
        // A job lists the records in an order of its own, in which no page can be found again.
        pager.without_jobs();
        let size = match pager.has_pages() {
            true => {
                let size = pager.list().limit.unwrap_or(pager.size());
                usize::try_from(size).unwrap_or(usize::MAX)
            }
            false => usize::MAX,
        };
        Self {
            mode,
            records: RecordStream::of(pager).without_look_ahead(),
            size: size.max(1),
            gathered: Vec::new(),
            total: None,
            failed: None,
            has_given: false,
            ended: false,
        }
    }

    /// Begins behind the page that has this cursor. The list must be the same one: the same path,
    /// query and order. A cursor of another list is an error of the stream.
    ///
    /// This is how a web page shows the next page: the cursor, which is text, is part of its URL.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, from_url: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use folio_sdk::PageCursor;
    /// use serde_json::Value;
    ///
    /// let cursor: PageCursor = from_url.parse()?;
    /// let list = folio.folio_get_all::<Value>("/users", "users").limit(20);
    /// if let Some(page) = list.pages().after(&cursor).next().await {
    ///     println!("{:?}", page?.cursor().map(ToString::to_string));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn after(self, cursor: &PageCursor) -> Self {
        let list = self.records.pager().list();
        let is_of_list = cursor.is_of(&list.request);
        let mut pages = Self::resumed(self.mode, list, cursor);
        if !is_of_list {
            let problem = "the cursor is of another list: path, query and order must be those of the page that it is from";
            pages.failed = Some(pages.records.pager().invalid(problem));
        }
        pages
    }

    fn resumed(mode: M, list: ListRequest, cursor: &PageCursor) -> Self {
        let mut pager = Pager::new(list);
        let problem = pager.page_problem();
        pager.resume_at(&cursor.position, cursor.total);
        Self {
            total: cursor.total,
            failed: problem.map(|problem| pager.invalid(problem)),
            ..Self::of(mode, pager)
        }
    }

    /// How this list is read otherwise than FOLIO's descriptions say, and why: see
    /// [`RecordStream::note`].
    pub fn note(&self) -> Option<&str> {
        self.records.note()
    }

    /// The next page; none at the end of the list.
    pub async fn next(&mut self) -> Option<Result<Page<T, M>>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The page of the records that were gathered.
    fn page(&mut self) -> Page<T, M> {
        self.has_given = true;
        self.total = self.total.or(self.records.stated_total());
        let next = (!self.ended).then(|| {
            let list = self.records.pager().list();
            let position = self.records.position();
            let cursor = PageCursor::new(&list.request, position, self.total);
            Box::new(NextPage { list, cursor })
        });
        Page {
            mode: self.mode.clone(),
            records: std::mem::take(&mut self.gathered),
            total: self.total,
            next,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> Stream for PageStream<T, M> {
    type Item = Result<Page<T, M>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        while this.failed.is_none() && this.gathered.len() < this.size {
            match ready!(Pin::new(&mut this.records).poll_next(context)) {
                Some(Err(error)) if error.record_json().is_none() => this.failed = Some(error),
                Some(record) => this.gathered.push(record),
                None => {
                    this.ended = true;
                    // The end is known only now where the last page was full.
                    if this.gathered.is_empty() && this.has_given {
                        return Poll::Ready(None);
                    }
                    break;
                }
            }
        }
        // What came before a failure is given first.
        if this.gathered.is_empty()
            && let Some(error) = this.failed.take()
        {
            this.ended = true;
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(Some(Ok(this.page())))
    }
}

impl<T, M> fmt::Debug for PageStream<T, M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PageStream")
            .field("records", &self.records)
            .field("size", &self.size)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// A page of a list, made by [`PageStream`]. To iterate over it gives its records: each is a
/// `Result`, since a record that cannot be read is an error in its place
/// ([`ErrorKind::Record`](crate::ErrorKind::Record)). [`into_records`](Self::into_records) gives
/// them as a list.
pub struct Page<T, M = Async> {
    mode: M,
    records: Vec<Result<T>>,
    total: Option<u64>,
    next: Option<Box<NextPage>>,
}

/// What the next page is requested with.
struct NextPage {
    list: ListRequest,
    cursor: PageCursor,
}

impl<T, M> Page<T, M> {
    /// How many records the page has, those that cannot be read included.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the page has no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records, in the order of the list.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<T>> {
        self.records.iter()
    }

    /// The records as a list.
    ///
    /// # Errors
    /// That of the first record that cannot be read.
    pub fn into_records(self) -> Result<Vec<T>> {
        self.records.into_iter().collect()
    }

    /// How many records the whole list has: `totalRecords` of its first page. None if the server
    /// does not state it. FOLIO's storage modules estimate it, from some 1,000 records on, and it
    /// changes while others write: it is for display, and not for deciding where the list ends.
    pub fn total_records(&self) -> Option<u64> {
        self.total
    }

    /// What [`PageStream::after`] continues the list with; none if this is the last page. Where the
    /// last page is full, a cursor is there, too, and nothing behind it.
    pub fn cursor(&self) -> Option<&PageCursor> {
        self.next.as_ref().map(|next| &next.cursor)
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> Page<T, M> {
    /// Requests the page behind this one; none if this is the last one. It may be called again, also
    /// after an error, and then reads the list as it is at that time:
    ///
    /// - A list that is read by `id` continues behind the last record of this page, whatever was
    ///   inserted or deleted meanwhile.
    /// - A list that is read by offset continues behind the last of this page's records that is
    ///   still there. If none of the last 16 is, it is read from further back, or is an error.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let mut pages = folio.folio_get_all::<Value>("/groups", "usergroups").limit(20).pages();
    /// let mut page = pages.next().await.transpose()?;
    /// while let Some(current) = page {
    ///     println!("{} groups", current.len());
    ///     page = current.next_page().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the list: see [`RecordStream`].
    pub fn next_page(&self) -> M::Sent<Option<Self>> {
        let pages = self.next.as_deref().map(|NextPage { list, cursor }| {
            PageStream::resumed(self.mode.clone(), list.clone(), cursor)
        });
        self.mode.send(Box::pin(async move {
            let page = match pages {
                Some(mut pages) => pages.next().await.transpose()?,
                None => None,
            };
            Ok(page.filter(|page: &Self| !page.is_empty()))
        }))
    }
}

impl<T, M> IntoIterator for Page<T, M> {
    type Item = Result<T>;
    type IntoIter = std::vec::IntoIter<Result<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

impl<'a, T, M> IntoIterator for &'a Page<T, M> {
    type Item = &'a Result<T>;
    type IntoIter = std::slice::Iter<'a, Result<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug, M> fmt::Debug for Page<T, M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Page")
            .field("records", &self.records)
            .field("total_records", &self.total)
            .field("cursor", &self.cursor())
            .finish()
    }
}

impl<T: DeserializeOwned + Send + 'static> RecordStream<T> {
    /// The same list, not begun yet, as pages: see [`PageStream`].
    pub fn pages(self) -> PageStream<T> {
        PageStream::new(Async, self)
    }
}
