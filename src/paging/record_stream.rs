//! The records of a list, as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::list_position::ListPosition;
use super::list_reader::ListReader;
use super::lookup_by_id::LookupById;
use super::lookup_by_value::LookupByValue;
use super::pager::Pager;
use super::plan::{ListRequest, Plan};
use crate::client::FolioClient;
use crate::wire::error::Result;
use crate::wire::paging::Paging;
use crate::wire::request::Request;

/// The records of a list, as a stream: [`next`](Self::next) returns them one by one, and so do the
/// methods of `futures`' `StreamExt` and `TryStreamExt`. It holds one page in memory, and the next
/// one, which it requests as soon as a second record is taken: while the caller processes one page,
/// the next is in flight. Dropping the stream cancels its requests.
///
/// While the caller waits for the server, a list that is read by id has two pages in flight, and up
/// to three in memory: the page after the next one is requested by the last known id, with an
/// `offset` at which it starts with the last record of the next page, and a `limit` of one more than
/// the page size. A page that does not continue there is discarded, and requested again by id. This
/// starts after two whole pages, needs a free place of
/// [`max_in_flight`](crate::FolioClientBuilder::max_in_flight), and pauses if two requests at once
/// gain no time.
///
/// An unreadable record is an error of kind [`ErrorKind::Record`](crate::ErrorKind::Record) in its
/// place, with the record as the server sent it, and the stream continues. After any other error it
/// ends.
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
/// The builder of a typed list converts into it: where a function accepts `impl
/// Into<RecordStream<T>>`, such as [`harvest`](crate::FolioClient::harvest), pass
/// `folio.users().list_users()` itself.
///
/// Other clients may insert and delete records while a list is read: every record that exists
/// throughout is returned once. In a list read by offset, such changes shift the records that
/// follow. So each page starts with the last record of the previous one; if that is missing, the
/// list is read again from further back, and records already received are dropped. If some
/// thousands are deleted at once, so that skipped records cannot be ruled out, the list ends with
/// an error. The lists of mod-search have no stable order, and should be read while there are no
/// writers.
#[must_use = "a stream sends no request before it is polled"]
pub struct RecordStream<T> {
    reader: ListReader<T>,
}

impl<T> Unpin for RecordStream<T> {}

/// A record as the server wrote it, a piece of JSON that is validated and not decoded: `get()`
/// returns the text. Lists and harvests return it like any type, `folio_get_all::<RawRecord>(…)`,
/// and typed lists with [`RecordStream::raw`].
pub type RawRecord = Box<RawValue>;

impl<T: DeserializeOwned + Send + 'static> RecordStream<T> {
    /// The records of the list of `request`, which may have a `query`. `limit` is the page size;
    /// `offset` is the number of records to skip.
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
        Self::of(Pager::new(ListRequest {
            client,
            request,
            plan,
            limit,
            offset,
        }))
    }

    pub(crate) fn of(pager: Pager) -> Self {
        Self {
            reader: ListReader::new(pager),
        }
    }

    /// The same list, from its start, as records that are not decoded: to forward them, or to store
    /// them in files. It takes about half the time.
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
    pub fn raw(self) -> RecordStream<RawRecord> {
        RecordStream::of(self.into_pager())
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| self.reader.poll_next(context)).await
    }

    /// Instead of the whole list, the records of these ids, in as many requests as the length of a
    /// request line requires: see [`LookupById`].
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
    pub fn ids(self, ids: impl IntoIterator<Item = impl fmt::Display>) -> LookupById<T> {
        LookupById::new(self.into_pager(), ids.into_iter().map(|id| id.to_string()))
    }

    /// Instead of the whole list, the records that have one of these values in a field: HRIDs,
    /// barcodes, user names, external ids. They are matched exactly (`==`), in as many requests as
    /// the length of a request line requires: see [`LookupByValue`]. `field` is written as in CQL
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
    ) -> LookupByValue<T> {
        let values = values.into_iter().map(|value| value.to_string());
        LookupByValue::new(self.into_pager(), field.into(), values)
    }

    /// The number of records received so far, including the whole current page and unreadable ones.
    pub fn received(&self) -> u64 {
        self.pager().seen
    }

    /// The difference between the actual way of reading this list and FOLIO's descriptions, and the
    /// reason; usually none. It is known once the first record was returned, and is also logged as
    /// a warning.
    ///
    /// A server may reject the first page of a list, with 400, 422 or 500, because it does not
    /// support the SDK's additions: an order (`sortBy id`), `cql.allRecords=1`, or pages of 500. If
    /// no other reason is likely, the page is then requested without them. A list that is read
    /// without an order can repeat or skip records during concurrent writes: the note states this.
    pub fn note(&self) -> Option<&str> {
        self.pager().note()
    }

    pub(crate) fn pager(&self) -> &Pager {
        self.reader.pager()
    }

    pub(crate) fn into_pager(self) -> Pager {
        self.reader.into_pager()
    }

    /// From now on, a page is requested only when it is needed.
    pub(crate) fn without_look_ahead(mut self) -> Self {
        self.reader.without_look_ahead();
        self
    }

    /// The position after the last returned record.
    pub(crate) fn position(&self) -> ListPosition {
        self.reader.position()
    }

    /// Of a list that is read by offset: the offset after the last returned record, and its key.
    pub(crate) fn passed(&self) -> (u64, Option<&str>) {
        self.reader.passed()
    }

    /// `totalRecords` of the first page that has it.
    pub(crate) fn stated_total(&self) -> Option<u64> {
        self.reader.stated_total()
    }

    /// The number of records that the server states.
    pub(crate) fn total(&self) -> Option<u64> {
        self.pager().total()
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for RecordStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.reader.poll_next(context)
    }
}

impl<T> fmt::Debug for RecordStream<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.show(out)
    }
}
