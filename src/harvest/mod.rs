//! Harvests: whole lists, read in parallel, resumable.
//!
//! A list that can be read by id can be read in several places at once: its identifiers are UUIDs, and a range of them is a list of its
//! own (`id>"…" and id<="…"`). What this module rests on:
//!
//! - UUIDs are spread evenly, mostly. Where they are not, a range turns out to hold more than others; then what is left of it is split, also
//!   while a page of it is on its way.
//! - A record that is there from beginning to end lies in one range and comes once, whatever is inserted and deleted meanwhile.
//! - Offsets move when something is inserted or deleted. So a list that cannot be read by id is read from beginning to end, one page after
//!   the other.

mod checkpoint;
mod progress;
mod segments;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use crate::client::FolioClient;
use crate::paging::{Ahead, Items, Pager};
use crate::value::uuid::is_beyond;
use crate::wire::error::{Error, Result};
use crate::wire::paging::PagingStyle;
use checkpoint::Range;
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointFile};
use progress::Figures;
pub use progress::{Progress, ProgressStream};
use segments::{Segments, Taken};

/// How many requests of a harvest are on their way at once if the caller does not say.
const PARALLEL: usize = 8;

/// From so many records on RMB estimates `totalRecords` (`exactCount`); below it counts.
const ESTIMATED: u64 = 1_000;

impl FolioClient {
    /// Reads a whole list in parallel: `folio.harvest(folio.users().list_users().stream())`, or with `folio_get_all(…)`. Nothing is asked
    /// for before the first record is taken.
    ///
    /// It is sent with the client and for the tenant that the list was made with.
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
        list: impl Into<Items<T>>,
    ) -> Harvest<T> {
        Harvest {
            list: list.into(),
            parallel: PARALLEL,
            ordered: false,
            resume: None,
        }
    }
}

/// A harvest that is about to begin: see [`FolioClient::harvest`].
#[must_use = "a harvest asks for nothing before its stream is polled"]
#[derive(Debug)]
pub struct Harvest<T> {
    list: Items<T>,
    parallel: usize,
    ordered: bool,
    resume: Option<Checkpoint>,
}

impl<T: DeserializeOwned + Send + 'static> Harvest<T> {
    /// How many requests are on their way at once: 8 by default, at least 1. The client's own limit
    /// ([`max_in_flight`](crate::FolioClientBuilder::max_in_flight)) holds besides. As many pages are held in memory, three times as many if
    /// the records are to come in order.
    pub fn parallel(mut self, requests: usize) -> Self {
        self.parallel = requests.max(1);
        self
    }

    /// Lets the records come in the order of their ids, rather than as they arrive. It costs more requests, since the list is cut into small
    /// ranges.
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Reads what a checkpoint left over, or one part of a plan. **A finished checkpoint begins again**: all that it had read is read once more,
    /// and its [mark](Checkpoint::mark) is 0, so that a job that runs every night reads everything every night. Who does not want that asks
    /// [`is_finished`](Checkpoint::is_finished) before.
    ///
    /// A checkpoint of another list, and one that contradicts itself, is an error that the stream gives.
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        self.resume = Some(checkpoint);
        self
    }

    /// Whether the list can be read in parallel: by id, and without an order of the caller's. Other lists are read from beginning to end,
    /// one page after the other.
    pub fn is_parallel(&self) -> bool {
        self.list.pager().by_key
    }

    /// All that this harvest has to read. [`Checkpoint::split`] makes a plan for several machines of it.
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

    /// The records, as a stream.
    pub fn stream(self) -> HarvestStream<T> {
        let checkpoint = self.checkpoint();
        let problem = self.problem(&checkpoint);
        let by_key = self.is_parallel();
        let mut pager = self.list.into_pager();
        let figures = Figures::new(&checkpoint);
        let begun = checkpoint.clone();
        let source = match problem {
            Some(problem) => Source::Refused(Some(pager.refusal(problem))),
            None if by_key => Source::Ranges(Box::new(Reading {
                segments: Segments::new(&checkpoint.remaining, self.parallel, self.ordered),
                current: None,
                pager,
                watched: None,
                arrived: 0,
                counting: None,
            })),
            None => {
                pager.go_on_after(checkpoint.offset.unwrap_or_default(), &checkpoint.last);
                Source::Sequence(Box::new(Items::of(pager)))
            }
        };
        HarvestStream {
            source,
            figures,
            begun,
            ended: false,
        }
    }

    /// Why a checkpoint cannot be gone on from.
    fn problem(&self, checkpoint: &Checkpoint) -> Option<String> {
        let pager = self.list.pager();
        if let Some(problem) = checkpoint.problem() {
            return Some(format!("the checkpoint cannot be used: {problem}"));
        }
        let (mine, its) = (identity(pager), &checkpoint.list);
        if mine != *its {
            return Some(format!(
                "the checkpoint is of another list: it is of {its}, and this is {mine}"
            ));
        }
        if self.is_parallel() != checkpoint.offset.is_none() {
            return Some("the checkpoint is of a list that was read another way".to_owned());
        }
        if self.is_parallel() && pager.offset() > 0 {
            return Some("a harvest by id has no `offset`".to_owned());
        }
        let begun = checkpoint.offset.unwrap_or_default() > pager.offset();
        (pager.plan.style == PagingStyle::Search && begun).then(|| {
            "a list of mod-search has no order that holds, and cannot be gone on with".to_owned()
        })
    }
}

/// What a checkpoint is recognised by. No secret is in it.
fn identity(pager: &Pager) -> String {
    pager.request().shown()
}

/// The records of a harvest. As with [`Items`], a record that cannot be read is an error in its place
/// ([`ErrorKind::Record`](crate::ErrorKind::Record)), and after any other error the stream ends; the [checkpoint](Self::checkpoint) then
/// says what is left to read.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct HarvestStream<T> {
    source: Source<T>,
    figures: Figures,
    /// What was left when this run began.
    begun: Checkpoint,
    ended: bool,
}

enum Source<T> {
    Ranges(Box<Reading>),
    Sequence(Box<Items<T>>),
    Refused(Option<Error>),
}

/// A list that is read by id, in ranges.
struct Reading {
    segments: Segments,
    /// The page whose records are taken now, the last key that was taken, and where it ends.
    current: Option<Taken>,
    pager: Pager,
    /// The key of the record before, as long as the order is watched.
    watched: Option<String>,
    /// How many records came, those that were null or bad included.
    arrived: u64,
    /// The exact number of records, asked for when fewer came than there should be.
    counting: Option<Ahead>,
}

impl<T> Unpin for HarvestStream<T> {}

impl<T: DeserializeOwned + Send + 'static> HarvestStream<T> {
    /// How a list that is read one page after the other is read otherwise than FOLIO's descriptions say, and why: see [`Items::note`].
    pub fn note(&self) -> Option<&str> {
        match &self.source {
            Source::Sequence(items) => items.note(),
            _ => None,
        }
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What is left to read after the record that was taken last. Whoever goes on from there gets every other record, and none of those
    /// that were taken.
    ///
    /// The output and the checkpoint must agree: write what was taken, make sure that it is on the disk, and then
    /// [save](Checkpoint::save) the checkpoint with the size of the output as its [mark](Checkpoint::with_mark). To go on, cut the output
    /// back to the mark. `examples/harvest.rs` does so.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = match &self.source {
            Source::Ranges(reading) => {
                let current = reading.current.iter().map(Taken::rest);
                Checkpoint::of_ranges(
                    self.begun.list.clone(),
                    current.chain(reading.segments.rest()).collect(),
                )
                .part_of(&self.begun)
            }
            Source::Sequence(items) => {
                let mut last: Vec<String> = items.recent().cloned().collect();
                last.reverse();
                if last.is_empty() {
                    last.clone_from(&self.begun.last);
                }
                Checkpoint::from_offset(self.begun.list.clone(), items.passed(), last)
                    .ended(self.ended && self.figures.is_complete())
            }
            Source::Refused(_) => self.begun.clone(),
        };
        if self.ended && !self.figures.is_complete() && checkpoint.is_finished() {
            // All was read, and records are missing: it is not known where, so that it is to be read again.
            return self.begun.clone();
        }
        checkpoint.records = self
            .begun
            .records
            .saturating_add(self.figures.progress().records);
        checkpoint.mark = self.begun.mark;
        checkpoint
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.figures.progress()
    }

    /// How far it is, as a stream of figures for another task: one at once and one every `period`, until the harvest has ended or was
    /// dropped; the last one is the final one.
    pub fn watch(&self, period: std::time::Duration) -> ProgressStream {
        self.figures.watch(period)
    }

    fn finish(&mut self, is_complete: bool) {
        self.ended = true;
        self.figures.end(is_complete);
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for HarvestStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let next = match &mut this.source {
            Source::Ranges(reading) => ready!(reading.poll_next::<T>(context, &mut this.figures)),
            Source::Sequence(items) => {
                let next = ready!(Pin::new(&mut **items).poll_next(context));
                this.figures.sequence(items.received(), items.total());
                next
            }
            Source::Refused(error) => error.take().map(Err),
        };
        match &next {
            Some(Ok(_)) => this.figures.count(true),
            Some(Err(error)) if error.record_json().is_some() => this.figures.count(false),
            Some(Err(_)) => this.finish(false),
            None => this.finish(true),
        }
        Poll::Ready(next)
    }
}

impl Reading {
    fn poll_next<T: DeserializeOwned>(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
    ) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(record) = self.take() {
                return Poll::Ready(Some(record));
            }
            if let Err(error) = self.pager.check() {
                return Poll::Ready(Some(Err(error)));
            }
            self.segments.ask(&self.pager);
            match self.segments.poll(context, &self.pager, figures) {
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(self.rejected(error)))),
                // A page came: others may be asked for.
                Poll::Ready(Ok(())) => continue,
                Poll::Pending => {}
            }
            match self.segments.take() {
                Some(taken) => {
                    self.watched = None;
                    self.current = Some(taken);
                }
                None if self.segments.is_done() => {
                    return ready!(self.poll_end(context)).map_or_else(
                        |error| Poll::Ready(Some(Err(error))),
                        |()| Poll::Ready(None),
                    );
                }
                None => return Poll::Pending,
            }
        }
    }

    /// The first page was rejected: why that may be.
    fn rejected(&self, error: Error) -> Error {
        let is_rejection = error
            .status()
            .is_some_and(|status| matches!(status.as_u16(), 400 | 422 | 500));
        match is_rejection && self.arrived == 0 {
            true => error.with_help("a server that rejects `sortBy` cannot be read in ranges: harvest the list with `unsorted()`, then it is read one page after the other"),
            false => error,
        }
    }

    /// Everything was read. If fewer records came than there should be, the exact number tells whether some are missing.
    ///
    /// `totalRecords` is an estimate where there are 1,000 or more, mostly, and in a long harvest others write; so that of few records is
    /// compared only, or where a range was empty and should not have been.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let has_given = self.arrived > self.pager.nulls;
        let nulls = self.pager.nulls + self.segments.nulls();
        if let Some(error) = self.pager.only_nulls(nulls).filter(|_| !has_given) {
            return Poll::Ready(Err(error));
        }
        let told = self.segments.whole().filter(|whole| *whole > self.arrived);
        let Some(told) = told.filter(|told| *told < ESTIMATED || self.segments.is_open()) else {
            self.segments.close();
            return Poll::Ready(Ok(()));
        };
        let pager = &self.pager;
        let counting = self
            .counting
            .get_or_insert_with(|| Ahead::send(&pager.client, pager.count_of_range(None, None)));
        let response = ready!(counting.poll(context));
        self.counting = None;
        let exchange = match &response {
            Ok(response) => response.exchange().clone(),
            Err(_) => pager.request().exchange(pager.client.url()),
        };
        let count = pager.count_of(response)?;
        let count = count.or(self.segments.is_open().then_some(told));
        if let Some(count) = count.filter(|count| *count > self.arrived) {
            let arrived = self.arrived;
            return Poll::Ready(Err(Error::paging(
                exchange,
                format!("{arrived} records came, and `totalRecords` is {count}: pages are missing"),
            )
            .with_help("records are missing: read the list again")));
        }
        self.segments.close();
        Poll::Ready(Ok(()))
    }

    /// The next record of the current page.
    fn take<T: DeserializeOwned>(&mut self) -> Option<Result<T>> {
        let current = self.current.as_mut()?;
        let Some(record) = current.page.next::<T>() else {
            self.pager.seen += current.page.received();
            let nulls = current.page.shape().nulls;
            self.arrived += nulls;
            self.pager.nulls += nulls;
            if let Err(error) = current.check(&self.pager) {
                return Some(Err(error));
            }
            self.current = None;
            return None;
        };
        if let Err(error) = &record
            && error.record_json().is_none()
        {
            return Some(record);
        }
        // The first page is looked at record by record: a server that does not sort would lose some.
        let is_watched = self.pager.seen == 0 || self.pager.has_text_keys();
        if is_watched || current.stop.is_some() {
            let key = current.page.key_of_last();
            if let (Some(stop), Some(key)) = (&current.stop, &key)
                && is_beyond(key, stop)
            {
                // The others are of the range after this one, and are read there.
                let nulls = current.page.shape().nulls;
                self.arrived += nulls;
                self.pager.nulls += nulls;
                self.current = None;
                return None;
            }
            if let Some(key) = key {
                if let Some(error) = self.pager.repeats(current.page.exchange(), &key) {
                    return Some(Err(error));
                }
                let before = self.watched.replace(key.clone());
                if let Some(before) = before
                    && self.pager.seen == 0
                    && let Some(error) =
                        self.pager
                            .out_of_order(current.page.exchange(), &before, &key)
                {
                    return Some(Err(error));
                }
            }
        }
        self.arrived += 1;
        Some(record)
    }
}

impl<T> fmt::Debug for HarvestStream<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HarvestStream")
            .field("list", &self.begun.list)
            .field("progress", &self.figures.progress())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
