//! The builder of an upsert: what is written, into which collection, and how.

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

/// The key of a record, of which its id is made.
type KeyOf<T> = Box<dyn Fn(&T) -> Option<String> + Send>;

/// Records of a request, unless it is said otherwise: servers take 10,000, and are at ease with
/// some hundreds.
const RECORDS: usize = 500;

/// Bytes of a request, unless it is said otherwise: gateways take 1 MB.
const BYTES: usize = 999_000;

/// Requests at a time, unless it is said otherwise.
const CONCURRENCY: usize = 4;

/// Failures that a report keeps, unless it is said otherwise.
const FAILURES: usize = 1_000;

impl FolioClient {
    /// Writes records: creates those that are not there, replaces those that are, and leaves alone
    /// those that are the same already. What was written is written for good, however it ends, so
    /// that running it again with the same records writes only what is missing.
    ///
    /// See [`Upsert`] for how, and for what can be said before it runs.
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

    /// As [`upsert`](Self::upsert), of records that come as a stream.
    pub fn upsert_stream<T: Stored>(
        &self,
        records: impl Stream<Item = T> + Send + 'static,
    ) -> Upsert<T> {
        Upsert::new(self, T::COLLECTION, Box::pin(records))
    }

    /// As [`upsert`](Self::upsert), of any records into any collection.
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

    /// As [`upsert_at`](Self::upsert_at), of records that come as a stream.
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

/// Records on their way into a collection: a stream of what became of each. [`run`](Self::run)
/// gives the sum.
///
/// How it goes:
///
/// - Records are taken as they are needed, a few requests' worth at a time, so that there may be
///   any number of them. One without an `id` gets a random one, or one made from a key
///   ([`id_from_key`](Self::id_from_key)), or that of the stored record with the same value of a field
///   ([`match_on`](Self::match_on)).
/// - What is there already is read, in requests within the length of a request line
///   ([`max_request_line`]). A record that would not change is not sent. One that is there is sent
///   with the server's `_version`; one that brings a `_version` of its own, and an older one, fails
///   with a conflict ([`Error::is_conflict`]): somebody changed it since it was read.
///   [`overwrite`](Self::overwrite) and [`merge`](Self::merge) say otherwise.
/// - What the server generates is no change, and is taken from the stored record where it is
///   absent: `hrid`, `metadata`, effective locations, dates of statuses, defaults, and what the
///   descriptions declare read-only. A second run with the same records writes nothing.
/// - Where the module has a batch endpoint, records go together, 500 at most and less than 1 MB
///   ([`max_records`](Self::max_records), [`max_bytes`](Self::max_bytes)), in several requests at a
///   time ([`concurrency`](Self::concurrency)) within the client's own limit. Elsewhere each goes
///   alone. Records of inventory without `hrid` go in at most 1,663 per request, which PostgreSQL
///   accepts.
/// - A request that is rejected is halved until the bad record is known. That one fails with the
///   server's words; the others land.
/// - Of a request without an answer (a timeout, a broken connection, a 5xx) it is not known what it
///   did. The records are read again, and only those that did not land are sent again, as often as
///   the client's [`RetryPolicy`](crate::RetryPolicy) and its budget allow. Where the module gives
///   new records ids of its own, a POST is never sent again.
/// - Of several records of one `id` the last one wins: they are written one after the other, and
///   [`Outcome::repeats`] names the earlier one. Of several records of one key, which differ, only
///   the first is written; the others fail. For this, some 20 to 35 bytes of each record are stored
///   until the end of the run.
///
/// It ends early where it is of no use to go on: the user may not write there, the client was
/// closed, or 10 writes of single records (20 of batches, 100 with the status 500) failed one after
/// the other. See [`UpsertReport::stopped`](crate::UpsertReport::stopped).
///
/// Dropping it ends it; requests that were sent may still be carried out.
///
/// [`max_request_line`]: crate::FolioClientBuilder::max_request_line
#[must_use = "nothing is written before it is run"]
pub struct Upsert<T, M = Async> {
    pub(crate) mode: M,
    pub(super) source: Pin<Box<dyn Stream<Item = T> + Send>>,
    pub(super) settings: Option<Writer>,
    pub(super) writer: Option<Arc<Writer>>,
    pub(super) id_from_key: Option<KeyOf<T>>,
    pub(super) concurrency: usize,
    pub(super) failures: usize,
    /// A record that has to wait until another of its id is written.
    pub(super) held: Option<(Entry, usize)>,
    pub(super) chunk: Vec<Entry>,
    pub(super) bytes: usize,
    /// The lanes of the records on their way.
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

    /// How many records a request has at most. 500 by default; servers take up to 10,000, and are
    /// at ease with 100 to 1,000.
    pub fn max_records(self, records: usize) -> Self {
        self.set(|settings| settings.max_records = records.max(1))
    }

    /// How many bytes a request has at most. 999,000 by default: gateways mostly reject bodies of
    /// more than 1 MB. A record that is larger goes alone.
    pub fn max_bytes(self, bytes: usize) -> Self {
        self.set(|settings| settings.max_bytes = AtomicUsize::new(bytes))
    }

    /// How many requests' worth of records is on its way at once. 4 by default. The client's own
    /// limit holds besides.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// What becomes of the fields that the server's record has and the new one lacks. They are
    /// dropped by default, as FOLIO does.
    pub fn missing_fields(self, absent: MissingFields) -> Self {
        self.set(|settings| settings.absent = absent)
    }

    /// Makes what is written out of what is there and what came: `merge(&existing, &mut incoming)`.
    /// It is called for records that exist, and again if somebody else changes the record
    /// meanwhile. What comes out replaces the record, whatever `_version` came in.
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
                Ok(_) => Err("the merged record is no JSON object".to_owned()),
                Err(error) => Err(format!("the merged record cannot be written: {error}")),
            }
        });
        self.set(|settings| settings.merge = Some(merge))
    }

    /// Also replaces records that were changed since those that came were read, by their
    /// `_version`. What others changed is lost.
    pub fn overwrite(self, overwrite: bool) -> Self {
        self.set(|settings| settings.overwrite = overwrite)
    }

    /// The key from which a record without `id` gets its id: the same key gives the same id in the
    /// same tenant and collection, so that a second run finds what the first one made. (A UUID of
    /// version 5; its name is the key, its namespace that of URLs over `folio-sdk:{tenant}{path}`.)
    /// Without this and [`match_on`](Self::match_on), a record without `id` gets a random one, and
    /// a second run creates it again.
    ///
    /// The closure returns a `String` or an `Option<String>`. A key must be unique among the
    /// records: a number of the system they come from, not a title. A record whose key is absent or
    /// blank fails, and so does one whose key an earlier, different record has. One that is the
    /// same as the earlier one is not written again.
    ///
    /// Records that exist under other ids, since others have created them, are not found this way:
    /// see `match_on`.
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

    /// Recognizes stored records by the value of a field instead of their `id`: `hrid`, `barcode`,
    /// `username`, `externalSystemId`, or any other by which the module searches; a field within an
    /// object by its path, `personal.email`.
    ///
    /// The values are looked up in batches by an exact match (`barcode==("1" or "2")`). What
    /// matches is the module's decision: most modules ignore case, some also accents. A record that
    /// is stored under any `id` is updated there, with its `_version`; others are created. An
    /// incoming record need not have an `id`; if it has, it must be that of the stored record. A
    /// new record without one gets a random id, or that of [`id_from_key`](Self::id_from_key).
    ///
    /// A record fails if its value is absent or blank, if several stored records have it, or if an
    /// earlier, different record of the run has it or matches the same stored record.
    ///
    /// Two clients that create a record with the same value at the same time create two, unless the
    /// module has the value unique.
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

    /// How many failures the report keeps. 1,000 by default; all are counted.
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
