//! The builder of a harvest: its settings, and the checkpoint from which it resumes.

use serde::de::DeserializeOwned;

use super::checkpoint::Checkpoint;
use super::range_reader::RangeReader;
use super::segments::{Limits, Segments};
use super::stream::{HarvestStream, ListSource};
use super::work_run::{RunSettings, TaskSettings, WorkRun};
use super::work_source::{GroupUnits, InvalidList, RangeUnits, UnitWork, WorkSource};
use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::paging::{Pager, RecordStream};
use crate::wire::error::Error;

/// The default number of requests in flight of a harvest.
const PARALLEL: usize = 8;

/// The default limit for the bytes of pages in memory, and that of records in order: there, pages
/// wait for earlier ones.
const BUFFERED: usize = 10 * 1024 * 1024;
const BUFFERED_IN_ORDER: usize = 64 * 1024 * 1024;

/// The minimum number of units whose results wait until they are returned.
const LEAST_WAITING: usize = 4;

impl FolioClient {
    /// Reads a whole list in parallel: `folio.harvest(folio.users().list_users().stream())`, or
    /// with `folio_get_all(…)`. Nothing is requested before the stream is polled for the first
    /// time.
    ///
    /// Requests use the client and the tenant with which the list was created.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let instances = folio.folio_get_all::<Value>("/instance-storage/instances", "instances").by_id().limit(1000);
    /// let mut harvest = folio.harvest(instances).parallel(16).stream();
    /// while let Some(instance) = harvest.next().await {
    ///     println!("{}", instance?["title"]);
    /// }
    /// println!("{}", harvest.progress());
    /// # Ok(())
    /// # }
    /// ```
    pub fn harvest<T: DeserializeOwned + Send + 'static>(
        &self,
        list: impl Into<RecordStream<T>>,
    ) -> Harvest<T> {
        Harvest {
            mode: Async,
            list: list.into(),
            parallel: PARALLEL,
            buffered: None,
            ordered: false,
            resume: None,
        }
    }
}

/// A harvest before its start: see [`FolioClient::harvest`].
#[must_use = "a harvest sends no request before its stream is polled"]
#[derive(Debug)]
pub struct Harvest<T, M = Async> {
    pub(crate) mode: M,
    list: RecordStream<T>,
    parallel: usize,
    buffered: Option<usize>,
    ordered: bool,
    resume: Option<Checkpoint>,
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> Harvest<T, M> {
    /// The maximum number of concurrent requests: 8 by default, at least 1. The client's own limit
    /// ([`max_in_flight`](crate::FolioClientBuilder::max_in_flight)) applies as well. At most as many
    /// pages are held in memory, three times as many if the records are to come in order, and at most
    /// [`max_buffered_bytes`](Self::max_buffered_bytes) of them. There can be more requests in flight
    /// than pages fit into memory.
    ///
    /// The harvest adapts to the server: it begins with one request, and sends more at once while
    /// that raises the throughput. Where the latency rises instead, because requests queue at the
    /// server, it sends fewer.
    pub fn parallel(mut self, requests: usize) -> Self {
        self.parallel = requests.max(1);
        self
    }

    /// The maximum size of the pages in memory, in bytes: 10 MiB by default, 64 MiB if the records are
    /// returned [in order](Self::ordered). It counts the buffers of bodies (decompressed) that are
    /// being read, that wait, and whose records are being processed; a buffer is used for one page
    /// after the other. Records that the caller holds do not count, nor do the buffers of the
    /// connections: up to 1 MB for each request in flight.
    ///
    /// A response whose page does not fit waits, with its body unread. Requests are sent before there
    /// is memory for their pages, as many as pages are processed during the latency of a request, so
    /// that the latency costs no throughput. If the caller is slow, there are no such requests. If it
    /// stops, a response waits for at most 20 s, is then given up, and is requested again later.
    /// Timeouts do not apply to this wait.
    ///
    /// A body of a stated length is read once there is room for it; others count as the largest
    /// recent page, and exceed the limit by the difference if they are larger. Those of an
    /// [HTTP service](crate::FolioClientBuilder::http_service) in memory count as the largest page so
    /// far. A page that is larger than the limit is read while no other is in memory.
    ///
    /// In order, a small limit costs throughput: pages wait in memory for those before them.
    pub fn max_buffered_bytes(mut self, bytes: usize) -> Self {
        self.buffered = Some(bytes);
        self
    }

    /// Returns the records in the order of their ids, rather than in order of arrival. This costs
    /// more requests, because the list is split into small ranges.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Resumes from a checkpoint, or reads one part of a plan. **A finished checkpoint starts again
    /// from the beginning**: all records are read once more, and its
    /// [position](Checkpoint::position) is 0, so that a nightly job reads everything every night. A
    /// job that does not want that checks [`is_finished`](Checkpoint::is_finished) first.
    ///
    /// A checkpoint of another list, or an inconsistent one, results in an error of the stream.
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        self.resume = Some(checkpoint);
        self
    }

    /// Whether the list can be read in parallel: by id, and without an order set by the caller.
    /// Other lists are read sequentially, page by page.
    pub fn is_parallel(&self) -> bool {
        self.list.pager().by_key
    }

    /// The complete work of this harvest. [`Checkpoint::split`] divides it into a plan for several
    /// machines.
    ///
    /// ```no_run
    /// # fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
    /// # use serde_json::Value;
    /// # let users = || folio.folio_get_all::<Value>("/users", "users").by_id();
    /// let plan = folio.harvest(users()).checkpoint().split(4);
    /// let text = serde_json::to_string(&plan)?;
    ///
    /// // On the third machine:
    /// let mut plan: Vec<folio_sdk::Checkpoint> = serde_json::from_str(&text)?;
    /// let records = folio.harvest(users()).resume(plan.swap_remove(2)).stream();
    /// # Ok(())
    /// # }
    /// ```
    pub fn checkpoint(&self) -> Checkpoint {
        let list = identity(self.list.pager());
        let resumed = self.resume.clone().map(|checkpoint| {
            if checkpoint.is_finished() && checkpoint.problem().is_none() {
                checkpoint.again(self.list.pager().offset())
            } else {
                checkpoint
            }
        });
        resumed.unwrap_or_else(|| match self.is_parallel() {
            true => Checkpoint::whole(list),
            false => Checkpoint::from_offset(list, self.list.pager().offset(), Vec::new()),
        })
    }

    /// The records, as a stream; of a blocking client, as an iterator.
    pub fn stream(self) -> M::Stream<HarvestStream<T>> {
        let (mode, checkpoint, source) = self.begin();
        mode.stream(HarvestStream::new(source, checkpoint))
    }

    /// The list, at the position where it begins or is resumed.
    fn begin(self) -> (M, Checkpoint, ListSource<T>) {
        let checkpoint = self.checkpoint();
        let problem = self.problem(&checkpoint);
        let by_key = self.is_parallel();
        let mut pager = self.list.into_pager();
        let source = match problem {
            Some(problem) => ListSource::Invalid(Some(pager.invalid(problem))),
            None if by_key => {
                let default = if self.ordered {
                    BUFFERED_IN_ORDER
                } else {
                    BUFFERED
                };
                let limits = Limits {
                    requests: self.parallel,
                    bytes: self.buffered.unwrap_or(default),
                };
                let segments = Segments::new(&checkpoint.remaining, limits, self.ordered);
                ListSource::Ranges(Box::new(RangeReader::new(segments, pager)))
            }
            None => {
                pager.resume_after(checkpoint.offset.unwrap_or_default(), &checkpoint.last);
                ListSource::Sequence(Box::new(RecordStream::of(pager)))
            }
        };
        (self.mode, checkpoint, source)
    }

    /// The tasks that process the records.
    pub(super) fn run<U, E>(
        self,
        work: UnitWork<T, U, E>,
        tasks: TaskSettings,
    ) -> (M, WorkRun<U, E>)
    where
        U: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let settings = RunSettings {
            tasks,
            waiting: self.parallel.max(LEAST_WAITING),
            is_ordered: self.ordered,
        };
        let (mode, checkpoint, source) = self.begin();
        let source: Box<dyn WorkSource<U, E>> = match source {
            ListSource::Ranges(reader) => Box::new(RangeUnits { reader, work }),
            ListSource::Sequence(records) => Box::new(GroupUnits::new(records, work)),
            ListSource::Invalid(error) => Box::new(InvalidList(error)),
        };
        (mode, WorkRun::new(source, checkpoint, settings))
    }

    /// The reason why a checkpoint cannot be resumed.
    fn problem(&self, checkpoint: &Checkpoint) -> Option<String> {
        let pager = self.list.pager();
        if let Some(problem) = checkpoint.problem() {
            return Some(format!("the checkpoint cannot be used: {problem}"));
        }
        let (mine, its) = (identity(pager), &checkpoint.list);
        if mine != *its {
            return Some(format!(
                "the checkpoint belongs to another list: it is for {its}, and this list is {mine}"
            ));
        }
        if self.is_parallel() != checkpoint.offset.is_none() {
            return Some(
                "the checkpoint belongs to a list that was read in another way".to_owned(),
            );
        }
        if self.is_parallel() && pager.offset() > 0 {
            return Some("a harvest by id does not take an `offset`".to_owned());
        }
        let begun = checkpoint.offset.unwrap_or_default() > pager.offset();
        let problem = pager.resume_problem().filter(|_| begun);
        problem.map(str::to_owned)
    }
}

#[cfg(feature = "blocking")]
in_mode!(Harvest<T> { list, parallel, buffered, ordered, resume });

/// The identification of a checkpoint's list. It contains no secret.
fn identity(pager: &Pager) -> String {
    pager.request().shown()
}
