//! Lists that stream: every record once, page by page, whatever the server's dialect.
//!
//! What this module rests on:
//!
//! - Without a unique order, pages repeat and miss records. Where a list is known to support it, it is read by id: each page asks for the
//!   records after the last one. Elsewhere by offset, with the id added to the order.
//! - Offsets move when something is deleted. So pages overlap by a record (`overlap.rs`).
//! - `totalRecords` is an estimate. A list ends with an empty page: a short one may be short because the server has a limit of its own, or
//!   because it takes records out after counting them.
//! - A server may ignore what it does not know: the order, the offset, the query. A page that brings nothing new is an error, not a loop.
//! - Most of the time of a long list is waiting. So the next page is on its way while the caller works on this one.

mod by_ids;
mod fallback;
mod overlap;
mod page;
mod pager;
mod resources;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::client::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

pub(crate) use crate::engine::request_line::is_absent as is_without;
use crate::wire::paging::{Paging, PagingStyle};
pub use by_ids::{ByIds, ByValues};
pub(crate) use page::{Page, Shape, missing_key};
pub(crate) use pager::Pager;
use pager::Turn;
use resources::ResourceIds;

/// How a list is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) style: PagingStyle,
    pub(crate) items: Option<Cow<'static, str>>,
    /// The field to read by.
    pub(crate) key: Option<Cow<'static, str>>,
    /// The field that makes the order unique when the list is read by offset.
    pub(crate) tie: Option<Cow<'static, str>>,
    pub(crate) max: Option<u32>,
    /// Whether a query is sent although the caller gives none.
    pub(crate) asks_for_all: bool,
    /// The kind of record of a resource job.
    pub(crate) job: Option<&'static str>,
    /// Whether an order is added where the dialect has one besides CQL's.
    pub(crate) is_sorted: bool,
}

impl From<Paging> for Plan {
    fn from(paging: Paging) -> Self {
        // Without an order no record tells where the list goes on.
        let key = paging
            .key
            .filter(|_| !paging.rejects_sort)
            .map(Cow::Borrowed);
        let tie = key.clone().or(Some(Cow::Borrowed("id"))).filter(|_| {
            matches!(paging.style, PagingStyle::Cql | PagingStyle::Retrieve) && !paging.rejects_sort
        });
        Self {
            style: paging.style,
            items: paging.items.map(Cow::Borrowed),
            key,
            tie,
            max: paging.max,
            asks_for_all: !paging.rejects_all_records && !paging.lacks_query,
            job: paging.job,
            is_sorted: !paging.rejects_sort,
        }
    }
}

/// The records of a list, as a stream: [`next`](Self::next) gives them one by one, and so do the methods of `futures`' `StreamExt` and
/// `TryStreamExt`. It holds one page in memory, and the next one, which it asks for as soon as a second record is taken: a page is on its
/// way while the caller works on the one before. Dropping the stream gives that up.
///
/// A record that cannot be read is an error of kind [`ErrorKind::Record`](crate::ErrorKind::Record) in its place, with the record as the
/// server sent it, and the stream goes on. After any other error it ends.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// # use serde_json::Value;
/// let mut loans = folio.folio_get_all::<Value>("/circulation/loans", "loans").query("status.name==Open").stream();
/// while let Some(loan) = loans.next().await {
///     match loan {
///         Ok(loan) => println!("{}", loan["id"]),
///         Err(error) if error.record_json().is_some() => eprintln!("skipped: {error}"),
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// A list can be inserted into, and deleted from, while it is read: every record that is there all the time comes once. In a list by
/// offset what follows moves. So each page begins with the last record of the one before; where that is not there, the list is read again
/// from further back, and what came is left out. If some thousands are deleted at once, so that this does not tell what was missed, the
/// list ends with an error. The lists of mod-search have no order that holds, and are best read while nobody writes.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct Items<T> {
    pager: Pager,
    /// The page of a list that is read by key: decoded record by record.
    page: Option<Page>,
    /// The records of a page of other lists, whose number says where the next one begins: decoded all at once.
    decoded: VecDeque<Row<T>>,
    fetch: Fetch,
    /// The last key of this page, as far as it is known without reading it.
    expected: Option<String>,
    /// The key of the record before, as long as the order is watched.
    watched: Option<String>,
    /// How many records of this page were taken.
    taken: u64,
    /// Of a list that is read by offset: how many records lie before the next one.
    passed: u64,
    /// The keys of those that came last.
    recent: VecDeque<String>,
    /// The page is the last one.
    is_last: bool,
    /// A record was given, or an error in its place.
    has_given: bool,
    ended: bool,
}

/// A record of a page by offset.
struct Row<T> {
    /// How many records lie before the next one.
    passed: u64,
    key: Option<String>,
    record: Result<T>,
}

/// How many keys tell where a list by offset is gone on with: so many of its last records may be deleted meanwhile.
const RECENT: usize = 16;

type Asking<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

enum Fetch {
    Nothing,
    /// Somebody waits for it.
    Page(Asking<Response>),
    /// Nobody waits for it yet. The key is what it was asked after.
    Ahead(Ahead, Option<String>),
    /// The exact number of records of a list that seems to end too early.
    Count(Asking<Response>),
    /// The resource job of mod-search, and the page that stands for it if it is refused.
    Job(Asking<ResourceIds>, Box<Page>),
}

/// A request that goes on while nobody polls it, until it is dropped.
pub(crate) struct Ahead(Option<JoinHandle<Result<Response>>>);

impl Ahead {
    pub(crate) fn send(client: &FolioClient, request: Request) -> Self {
        let runtime = Handle::try_current().ok();
        Self(runtime.map(|runtime| runtime.spawn(client.execute(request))))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Response>> {
        let Some(task) = &mut self.0 else {
            return Poll::Ready(Err(Error::no_runtime()));
        };
        Pin::new(task).poll(context).map(|outcome| match outcome {
            Ok(outcome) => outcome,
            // The runtime is shutting down: nobody else can end the task.
            Err(_) => Err(Error::closed()),
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl<T> Unpin for Items<T> {}

/// A record as the server wrote it, a piece of JSON that is checked and not decoded: `get()` gives the text. Lists and harvests give it as
/// they give any type, `folio_get_all::<RawRecord>(…)`, and typed lists by [`Items::raw`].
pub type RawRecord = Box<RawValue>;

impl<T: DeserializeOwned + Send + 'static> Items<T> {
    /// The records of the list that `request` asks for, which may have a `query`. `limit` is the number of records a page; `offset` is
    /// how many records are passed over.
    pub fn new(
        client: FolioClient,
        request: Request,
        paging: Paging,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        Self::planned(client, request, paging.into(), limit, offset)
    }

    pub(crate) fn planned(
        client: FolioClient,
        request: Request,
        plan: Plan,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        Self::of(Pager::new(client, request, plan, limit, offset))
    }

    pub(crate) fn of(pager: Pager) -> Self {
        Self {
            passed: pager.offset(),
            pager,
            page: None,
            decoded: VecDeque::new(),
            fetch: Fetch::Nothing,
            expected: None,
            watched: None,
            taken: 0,
            recent: VecDeque::new(),
            is_last: false,
            has_given: false,
            ended: false,
        }
    }

    /// The same list, not begun yet, as records that are not decoded: to pass them on, or to keep them in files. It takes about half the time.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # #[cfg(feature = "users")] {
    /// let mut users = folio.users().list_users().stream().raw();
    /// while let Some(user) = users.next().await {
    ///     println!("{}", user?.get());
    /// }
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(self) -> Items<RawRecord> {
        Items::of(self.pager)
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Instead of the whole list, the records of these ids, as many requests as the length of a request line asks for: see [`ByIds`].
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, barcodes: Vec<String>) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let wanted = ["7212ba6a-8dcf-45a1-be9a-ffaa847c4423", "5bf370e0-8cca-4d9c-82e4-5170ab2a0a39"];
    /// let mut instances = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").stream().ids(wanted);
    /// while let Some(instance) = instances.next().await {
    ///     println!("{}", instance?["title"]);
    /// }
    /// println!("not found: {:?}", instances.missing());
    /// # Ok(())
    /// # }
    /// ```
    pub fn ids(self, ids: impl IntoIterator<Item = impl fmt::Display>) -> ByIds<T> {
        ByIds::new(self.pager, ids.into_iter().map(|id| id.to_string()))
    }

    /// Instead of the whole list, the records that have one of these values in a field: HRIDs, barcodes, user names, external ids. They are
    /// matched exactly (`==`), as many requests as the length of a request line asks for: see [`ByValues`]. `field` is written as in CQL
    /// (`personal.email`).
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let instances = folio.folio_get_all::<Value>("/instance-storage/instances", "instances");
    /// let mut found = instances.stream().values("hrid", ["in00000000001", "in00000000002"]);
    /// while let Some(instance) = found.next().await {
    ///     println!("{}", instance?["title"]);
    /// }
    /// println!("not found: {:?}; several records: {:?}", found.missing(), found.ambiguous());
    /// # Ok(())
    /// # }
    /// ```
    pub fn values(
        self,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl fmt::Display>,
    ) -> ByValues<T> {
        let values = values.into_iter().map(|value| value.to_string());
        ByValues::new(self.pager, field.into(), values)
    }

    /// How many records came from the server so far, those of this page and bad ones included.
    pub fn received(&self) -> u64 {
        self.pager.seen
    }

    /// How this list is read otherwise than FOLIO's descriptions say, and why; none, mostly. It is known once the first record came, and is
    /// logged as a warning, too.
    ///
    /// A server may reject the first page of a list, with 400, 422 or 500, because it does not expect what the SDK adds: an order
    /// (`sortBy id`), `cql.allRecords=1`, or pages of 500. Where no other reason is likely, the page is then requested without them. A list
    /// that is read without an order can repeat or miss records while others write: the note says so.
    pub fn note(&self) -> Option<&str> {
        self.pager.note()
    }

    pub(crate) fn pager(&self) -> &Pager {
        &self.pager
    }

    pub(crate) fn into_pager(self) -> Pager {
        self.pager
    }

    /// Of a list that is read by offset: how many records lie before the next one.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Of a list that is read by offset: the keys of the records that were taken last.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &String> {
        self.recent.iter()
    }

    /// How many records there are, by what the server says.
    pub(crate) fn total(&self) -> Option<u64> {
        self.pager.total()
    }

    /// A page came.
    fn begin(&mut self, response: &Response) -> Result<()> {
        let page = self.pager.page(response, self.pager.seen);
        self.taken = 0;
        self.expected = None;
        if !self.pager.by_key {
            return self.decode(page);
        }
        let ends = page.ends();
        self.pager.goes_on(&page, ends.first.as_deref())?;
        self.expected = ends.last;
        self.page = Some(page);
        Ok(())
    }

    /// Decodes a page of a list that is not read by key.
    fn decode(&mut self, mut page: Page) -> Result<()> {
        let mut keys = Vec::new();
        let mut records = Vec::new();
        let mut broken = None;
        while let Some(record) = page.next::<T>() {
            match record {
                // The answer is broken from here on. What came before is good.
                Err(error) if error.record_json().is_none() => {
                    broken = Some(error);
                    break;
                }
                record => {
                    keys.push(page.key_of_last());
                    records.push((page.received(), record));
                }
            }
        }
        let shape = page.shape();
        if broken.is_none()
            && let Some((kind, query)) = self.pager.needs_job(&shape)
        {
            let base = self.pager.request().clone();
            let job = resources::find(self.pager.client.clone(), base, kind, query);
            self.fetch = Fetch::Job(Box::pin(job), Box::new(page));
            return Ok(());
        }
        let from = self.pager.from();
        // A null may stand beside the records rather than for one: then there are more than were asked for.
        let is_beside = shape.received > self.pager.size().into();
        let ends_so = records
            .last()
            .is_some_and(|(received, _)| *received == shape.received);
        let exchange = page.exchange();
        let advanced = self
            .pager
            .advance_by_offset(exchange, &shape, &keys, ends_so);
        // If the answer is broken, nothing else is to be said of it.
        let (turn, new) = match (advanced, broken.take()) {
            (Err(_), Some(broken)) => return Err(broken),
            (advanced, still) => {
                broken = still;
                advanced?
            }
        };
        self.is_last = matches!(turn, Turn::Last | Turn::Again) || broken.is_some();
        if let Turn::Again | Turn::Retry | Turn::Count = turn {
            records.clear();
        }
        if let Turn::Count = turn {
            self.count()?;
        }
        let mut passed = from;
        for (at, ((all, record), key)) in records.into_iter().zip(keys).enumerate() {
            passed = from + if is_beside { at as u64 + 1 } else { all };
            if new.has(at) {
                self.decoded.push_back(Row {
                    passed,
                    key,
                    record,
                });
            }
        }
        self.decoded.extend(broken.map(|error| Row {
            passed,
            key: None,
            record: Err(error),
        }));
        Ok(())
    }

    /// The next record of this page.
    fn take(&mut self) -> Option<Result<T>> {
        let record = match &mut self.page {
            None => {
                let row = self.decoded.pop_front()?;
                self.passed = row.passed;
                if let Some(key) = row.key {
                    self.recent.truncate(RECENT - 1);
                    self.recent.push_front(key);
                }
                row.record
            }
            Some(page) => match page.next::<T>() {
                Some(Err(error)) if error.record_json().is_none() => Err(error),
                Some(record) => {
                    if self.pager.watches(page.received())
                        && let Some(key) = page.key_of_last()
                    {
                        if let Some(error) = self.pager.repeats(page.exchange(), &key) {
                            return Some(Err(error));
                        }
                        let before = self.watched.replace(key);
                        if let (Some(before), Some(key)) = (before, &self.watched)
                            && let Some(error) =
                                self.pager.out_of_order(page.exchange(), &before, key)
                        {
                            return Some(Err(error));
                        }
                    }
                    record
                }
                None => {
                    let page = self.page.take()?;
                    return match self.pager.advance(page.exchange(), &page.shape()) {
                        Ok(Turn::Count) => self.count().err().map(Err),
                        Ok(turn) => {
                            self.is_last |= matches!(turn, Turn::Last);
                            None
                        }
                        Err(error) => Some(Err(error)),
                    };
                }
            },
        };
        self.taken += 1;
        Some(record)
    }

    /// Asks for the next page while the records of this one are taken. Not before the second: who wants only one has it.
    fn look_ahead(&mut self) {
        if self.taken == 0 || self.is_last || !matches!(self.fetch, Fetch::Nothing) {
            return;
        }
        let (request, after) = match (&self.page, self.expected.take()) {
            (Some(_), Some(last)) => (Ok(Some(self.pager.after(Some(&last)))), Some(last)),
            (Some(_), None) => return,
            // What is wrong is found when the page is needed.
            (None, _) => (self.pager.next(), None),
        };
        match request {
            Ok(Some(request)) => {
                self.fetch = Fetch::Ahead(Ahead::send(&self.pager.client, request), after);
            }
            Ok(None) => self.is_last = true,
            Err(error) => {
                self.decoded.push_back(Row {
                    passed: self.pager.offset(),
                    key: None,
                    record: Err(error),
                });
                self.is_last = true;
            }
        }
    }

    /// Waits for the next page.
    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let response = match &mut self.fetch {
                Fetch::Nothing => match self.pager.next()? {
                    None => {
                        self.is_last = true;
                        return Poll::Ready(Ok(()));
                    }
                    Some(request) => {
                        self.fetch = Fetch::Page(Box::pin(self.pager.client.execute(request)));
                        continue;
                    }
                },
                // The page did not end as it seemed to: what was asked for is of no use.
                Fetch::Ahead(_, after @ Some(_)) if after.as_deref() != self.pager.last() => {
                    self.fetch = Fetch::Nothing;
                    continue;
                }
                Fetch::Count(count) => {
                    let count = ready!(count.as_mut().poll(context));
                    self.fetch = Fetch::Nothing;
                    self.is_last = true;
                    let count = self.pager.count_of(count)?;
                    return Poll::Ready(self.pager.counted(count));
                }
                Fetch::Page(page) => ready!(page.as_mut().poll(context)),
                Fetch::Ahead(page, _) => ready!(page.poll(context)),
                Fetch::Job(job, _) => {
                    let found = ready!(job.as_mut().poll(context));
                    let Fetch::Job(_, page) = std::mem::replace(&mut self.fetch, Fetch::Nothing)
                    else {
                        return Poll::Ready(Ok(()));
                    };
                    return Poll::Ready(self.job_ended(found, *page));
                }
            };
            self.fetch = Fetch::Nothing;
            if let Err(error) = &response
                && self.pager.asks_for_fewer(error)
            {
                continue;
            }
            match response {
                Ok(response) => {
                    self.pager.settle();
                    return Poll::Ready(self.begin(&response));
                }
                Err(error) => self.pager.fall_back(error)?,
            }
        }
    }

    /// The list seems to end too early: asks for the exact number of records. That may be no error, since `totalRecords` is an estimate.
    fn count(&mut self) -> Result<()> {
        match self.pager.counting() {
            Some(request) => {
                self.fetch = Fetch::Count(Box::pin(self.pager.client.execute(request)));
                Ok(())
            }
            None => {
                self.is_last = true;
                self.pager.counted(None)
            }
        }
    }

    fn job_ended(&mut self, found: Result<ResourceIds>, page: Page) -> Result<()> {
        match found {
            Ok(ids) => {
                self.pager.read_ids(ids);
                Ok(())
            }
            // There are no jobs for this user or in this release: what the window shows is more than nothing.
            Err(error) if is_without(&error) => {
                tracing::debug!(error = %error, "no resource job");
                self.pager.refuse_jobs();
                self.decode(page.again())
            }
            Err(error) => Err(error),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            this.look_ahead();
            let error = match this.take() {
                Some(Err(error)) if error.record_json().is_none() => error,
                Some(record) => {
                    this.has_given = true;
                    return Poll::Ready(Some(record));
                }
                None if this.is_last => match this.pager.only_nulls(this.pager.nulls) {
                    Some(error) if !this.has_given => error,
                    _ => {
                        this.ended = true;
                        continue;
                    }
                },
                None => match ready!(this.poll_page(context)) {
                    Ok(()) => continue,
                    Err(error) => error,
                },
            };
            this.ended = true;
            this.page = None;
            this.fetch = Fetch::Nothing;
            return Poll::Ready(Some(Err(error)));
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Items")
            .field("request", self.pager.request())
            .field("paging", &self.pager.plan)
            .field("read", &self.pager.seen)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
