//! The builder of an upsert: its records, its collection and its settings.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::wire::error::Error;
use crate::wire::operation::Creates;
use crate::write::collection::{Collection, Stored};
use crate::write::entry::{Done, Entry, Fields};
use crate::write::key::RecordKey;
use crate::write::merge::{Merge, MissingFields};
use crate::write::report::Outcome;
use crate::write::writer::{UNNUMBERED, Writer};

/// The key of a record, from which its id is derived.
type KeyOf<T> = Box<dyn Fn(&T) -> Option<String> + Send>;

/// The default number of records per request: servers accept 10,000, and perform well with some
/// hundreds.
const RECORDS: usize = 500;

/// The default maximum size of a request in bytes: gateways accept 1 MB.
const BYTES: usize = 999_000;

/// The default number of concurrent requests.
const CONCURRENCY: usize = 4;

/// The default number of failures in a report.
const FAILURES: usize = 1_000;

impl FolioClient {
    /// Writes records: creates missing ones, replaces existing ones, and skips unchanged ones.
    /// Written records stay written, however the run ends, so that another run with the same
    /// records writes only the missing ones.
    ///
    /// See [`Upsert`] for the details and the settings.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, instances: Vec<serde_json::Value>) -> Result<(), folio_sdk::Error> {
    /// # #[cfg(feature = "inventory-storage")] {
    /// use folio_sdk::inventory_storage::Instance;
    ///
    /// # let instances: Vec<Instance> = Vec::new();
    /// let report = folio.upsert(instances).run().await;
    /// println!("{report}");
    /// for failure in &report.failures {
    ///     eprintln!("{}: {}", failure.id, failure.error);
    /// }
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn upsert<T: Stored>(
        &self,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Upsert<T> {
        self.upsert_at(T::COLLECTION, records)
    }

    /// As [`upsert`](Self::upsert), for records from a stream.
    pub fn upsert_stream<T: Stored>(
        &self,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Upsert<T> {
        Upsert::new(self, T::COLLECTION, Box::pin(records))
    }

    /// As [`upsert`](Self::upsert), for any records and any collection.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::Collection;
    /// use serde_json::json;
    ///
    /// let groups = ["staff", "students"].map(|group| json!({"group": group}));
    /// let report = folio.upsert_at(Collection::new("/groups", "usergroups"), groups).match_on("group").run().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upsert_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
    ) -> Upsert<T> {
        Upsert::new(self, collection, Box::pin(Wrapped(records.into_iter())))
    }

    /// As [`upsert_at`](Self::upsert_at), for records from a stream.
    pub fn upsert_stream_at<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        collection: Collection,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Upsert<T> {
        Upsert::new(self, collection, Box::pin(records))
    }
}

/// An iterator as a stream.
struct Wrapped<I>(I);

impl<I> Unpin for Wrapped<I> {}

impl<I: Iterator> Stream for Wrapped<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// An upsert: a stream of the outcomes of its records. [`run`](Self::run) returns their sum.
///
/// Procedure:
///
/// - Records are taken as needed, a few requests' worth at a time, so that their number is
///   unlimited. A record without an `id` gets a random one, or one derived from a key
///   ([`id_from_key`](Self::id_from_key)), or that of the stored record with the same value of a
///   field ([`match_on`](Self::match_on)).
/// - Existing records are read, in requests within the length of a request line
///   ([`max_request_line`]). An unchanged record is not sent. A changed one is sent with the
///   server's `_version`; if the incoming record has its own, older `_version`, it fails with a
///   conflict ([`Error::is_conflict`]): another client changed it since it was read.
///   [`overwrite`](Self::overwrite) and [`merge`](Self::merge) change this.
/// - Server-generated values do not count as changes, and are taken from the stored record if
///   absent: `hrid`, `metadata`, effective locations, dates of statuses, defaults, and fields that
///   the descriptions declare read-only. A second run with the same records writes nothing.
/// - If the module has a batch endpoint, records are sent together, at most 500 and less than 1 MB
///   ([`max_records`](Self::max_records), [`max_bytes`](Self::max_bytes)), in several concurrent
///   requests ([`concurrency`](Self::concurrency)) within the client's own limit. Otherwise each
///   record is sent by itself. Inventory records without `hrid` are limited to 1,663 per request,
///   which PostgreSQL accepts.
/// - A rejected request is halved until the bad record is isolated. That record fails with the
///   server's message; the others are written.
/// - A request without a response (a timeout, a broken connection, a 5xx) has an unknown outcome.
///   The records are read again, and only those that were not written are sent again, within the
///   client's [`RetryPolicy`](crate::RetryPolicy) and its budget. If the module assigns its own ids
///   to new records, a POST is never retried.
/// - Of several records with one `id` the last one wins: they are written sequentially, and
///   [`Outcome::repeats`] refers to the earlier one. Of several different records with one key,
///   only the first is written; the others fail. For this, some 20 to 35 bytes per record are
///   stored until the end of the run.
///
/// It ends early if it cannot succeed: the user lacks the permission, the client was closed, or 10
/// writes of single records (20 of batches, 100 with the status 500) failed consecutively. See
/// [`UpsertReport::stopped`](crate::UpsertReport::stopped).
///
/// Dropping it ends it; requests in flight may still be executed.
///
/// [`max_request_line`]: crate::FolioClientBuilder::max_request_line
#[must_use = "nothing is written before it is run"]
pub struct Upsert<T, M = Async> {
    #[cfg_attr(
        not(feature = "blocking"),
        allow(dead_code, reason = "only the blocking client reads it")
    )]
    pub(crate) mode: M,
    pub(super) source: Pin<Box<dyn Stream<Item = T> + Send>>,
    pub(super) settings: Option<Writer>,
    pub(super) writer: Option<Arc<Writer>>,
    pub(super) id_from_key: Option<KeyOf<T>>,
    pub(super) concurrency: usize,
    pub(super) failures: usize,
    /// A record that waits until another one with its id is written.
    pub(super) held: Option<(Entry, usize)>,
    pub(super) chunk: Vec<Entry>,
    pub(super) bytes: usize,
    /// The lanes of the records in progress.
    pub(super) lanes: HashSet<String>,
    pub(super) taken: u64,
    pub(super) drained: bool,
    pub(super) tasks: JoinSet<(Vec<Done>, Option<Error>)>,
    pub(super) ready: VecDeque<Outcome>,
    pub(super) stopped: Option<Error>,
}

impl<T, M> Unpin for Upsert<T, M> {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Upsert<T> {
    fn new(
        client: &FolioClient,
        collection: Collection,
        source: Pin<Box<dyn Stream<Item = T> + Send>>,
    ) -> Self {
        let creates = collection.creates();
        Self {
            mode: Async,
            source,
            settings: Some(Writer {
                client: client.clone(),
                collection,
                match_on: None,
                max_records: RECORDS,
                max_bytes: AtomicUsize::new(BYTES),
                max_unnumbered: AtomicUsize::new(UNNUMBERED),
                max_at_once: AtomicUsize::new(usize::MAX),
                taken: AtomicUsize::new(0),
                absent: MissingFields::Remove,
                overwrite: false,
                dry_run: false,
                merge: None,
                claims: Mutex::default(),
                creates,
                new_ids: AtomicBool::new(creates == Creates::RecordWithNewId),
                keeps_ids: AtomicBool::new(false),
                singly: AtomicBool::new(false),
                by_get: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                reason: Mutex::default(),
                failing: AtomicU32::new(0),
                given_up: AtomicBool::new(false),
            }),
            writer: None,
            id_from_key: None,
            concurrency: CONCURRENCY,
            failures: FAILURES,
            held: None,
            chunk: Vec::new(),
            bytes: 0,
            lanes: HashSet::new(),
            taken: 0,
            drained: false,
            tasks: JoinSet::new(),
            ready: VecDeque::new(),
            stopped: None,
        }
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static, M: Mode> Upsert<T, M> {
    fn set(mut self, set: impl FnOnce(&mut Writer)) -> Self {
        if let Some(settings) = &mut self.settings {
            set(settings);
        }
        self
    }

    /// The maximum number of records per request. 500 by default; servers accept up to 10,000, and
    /// perform well with 100 to 1,000.
    pub fn max_records(self, records: usize) -> Self {
        self.set(|settings| settings.max_records = records.max(1))
    }

    /// The maximum size of a request in bytes. 999,000 by default: gateways usually reject bodies
    /// of more than 1 MB. A larger record is sent by itself.
    pub fn max_bytes(self, bytes: usize) -> Self {
        self.set(|settings| settings.max_bytes = AtomicUsize::new(bytes))
    }

    /// The maximum number of concurrent batches. 4 by default. The client's own limit applies in
    /// addition.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// The treatment of fields that the stored record has and the new one lacks. By default they
    /// are dropped, as FOLIO does.
    pub fn missing_fields(self, absent: MissingFields) -> Self {
        self.set(|settings| settings.absent = absent)
    }

    /// Computes the record to be written from the stored and the incoming one: `merge(&existing,
    /// &mut incoming)`. It is called for existing records, and again after a conflict with another
    /// client. The result replaces the record, regardless of the incoming `_version`.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) {
    /// # #[cfg(feature = "inventory-storage")] {
    /// # use folio_sdk::inventory_storage::Instance;
    /// # let instances: Vec<Instance> = Vec::new();
    /// let report = folio
    ///     .upsert(instances)
    ///     .merge(|existing, incoming| incoming.staff_suppress = existing.staff_suppress)
    ///     .run()
    ///     .await;
    /// # }
    /// # }
    /// ```
    pub fn merge(self, merge: impl Fn(&T, &mut T) + Send + Sync + 'static) -> Self {
        let read = |fields: Fields, which: &str| -> Result<T, String> {
            serde_json::from_value(Value::Object(fields))
                .map_err(|error| format!("the {which} record cannot be merged: {error}"))
        };
        let merge: Merge = Arc::new(move |existing, incoming| {
            let existing = read(existing.clone(), "existing")?;
            let mut incoming = read(incoming, "incoming")?;
            merge(&existing, &mut incoming);
            match serde_json::to_value(&incoming) {
                Ok(Value::Object(fields)) => Ok(fields),
                Ok(_) => Err("the merged record is not a JSON object".to_owned()),
                Err(error) => Err(format!("the merged record cannot be serialized: {error}")),
            }
        });
        self.set(|settings| settings.merge = Some(merge))
    }

    /// Also replaces records that were changed since the incoming ones were read, according to
    /// their `_version`. The changes of others are lost.
    pub fn overwrite(self, overwrite: bool) -> Self {
        self.set(|settings| settings.overwrite = overwrite)
    }

    /// Writes nothing: stored records are looked up, and the outcomes state what a run would do.
    /// Records that only the server can reject are reported as if it accepted them. A record with
    /// the id or key of an earlier one counts as an update of that one.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, groups: Vec<serde_json::Value>) {
    /// use folio_sdk::Collection;
    ///
    /// let groups = folio.upsert_at(Collection::new("/groups", "usergroups"), groups).match_on("group");
    /// println!("would be: {}", groups.dry_run(true).run().await);
    /// # }
    /// ```
    pub fn dry_run(self, dry_run: bool) -> Self {
        self.set(|settings| settings.dry_run = dry_run)
    }

    /// The key from which the id of a record without `id` is derived: the same key results in the
    /// same id in the same tenant and collection, so that a second run finds the records of the
    /// first one. (A UUID of version 5; its name is the key, its namespace that of URLs over
    /// `folio-sdk:{tenant}{path}`.) Without this and [`match_on`](Self::match_on), a record without
    /// `id` gets a random one, and a second run creates it again.
    ///
    /// The closure returns a `String` or an `Option<String>`. A key must be unique among the
    /// records: a number of the source system, not a title. A record fails if its key is absent or
    /// blank, or equals that of an earlier, different record. An exact duplicate is not written
    /// again.
    ///
    /// Existing records with other ids, created by others, are not found this way: see `match_on`.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, groups: Vec<serde_json::Value>) {
    /// use folio_sdk::Collection;
    ///
    /// let report = folio
    ///     .upsert_at(Collection::new("/groups", "usergroups"), groups)
    ///     .id_from_key(|group| group["code"].as_str().map(str::to_owned))
    ///     .run()
    ///     .await;
    /// # }
    /// ```
    pub fn id_from_key<K: RecordKey>(mut self, key: impl Fn(&T) -> K + Send + 'static) -> Self {
        self.id_from_key = Some(Box::new(move |record| key(record).key()));
        self
    }

    /// Matches stored records by the value of a field instead of their `id`: `hrid`, `barcode`,
    /// `username`, `externalSystemId`, or any other field that the module can search; a nested
    /// field by its path, `personal.email`.
    ///
    /// The values are looked up in batches by an exact match (`barcode==("1" or "2")`). The module
    /// defines what matches: most modules ignore case, some also accents. A matching stored record
    /// is updated under its `id`, with its `_version`; other records are created. An incoming
    /// record need not have an `id`; if it has one, it must be that of the stored record. A new
    /// record without one gets a random id, or that of [`id_from_key`](Self::id_from_key).
    ///
    /// A record fails if its value is absent or blank, if several stored records have it, or if an
    /// earlier, different record of the run has it or matches the same stored record.
    ///
    /// Two clients that concurrently create a record with the same value create two, unless the
    /// module enforces uniqueness.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) {
    /// # #[cfg(feature = "users")] {
    /// # use folio_sdk::users::User;
    /// # let users: Vec<User> = Vec::new();
    /// let report = folio.upsert(users).match_on("externalSystemId").run().await;
    /// # }
    /// # }
    /// ```
    pub fn match_on(self, field: impl Into<String>) -> Self {
        self.set(|settings| settings.match_on = Some(field.into()))
    }

    /// The maximum number of failures in the report. 1,000 by default; all are counted.
    pub fn max_reported_failures(mut self, failures: usize) -> Self {
        self.failures = failures;
        self
    }
}

#[cfg(feature = "blocking")]
in_mode!(Upsert<T> {
    source, settings, writer, id_from_key, concurrency, failures, held, chunk, bytes, lanes, taken,
    drained, tasks, ready, stopped
});

impl<T, M> fmt::Debug for Upsert<T, M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writer = self.writer.as_deref().or(self.settings.as_ref());
        out.debug_struct("Upsert")
            .field("collection", &writer.map(|writer| &writer.collection))
            .field("taken", &self.taken)
            .field("on_their_way", &self.lanes.len())
            .finish_non_exhaustive()
    }
}
