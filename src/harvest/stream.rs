//! The records of a harvest, as a stream, and what is left of it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::checkpoint::Checkpoint;
use super::figures::Figures;
use super::progress::{Progress, ProgressStream};
use super::range_reader::RangeReader;
use crate::paging::RecordStream;
use crate::wire::error::{Error, Result};

/// The records of a harvest. As with [`RecordStream`], a record that cannot be read is an error in its
/// place ([`ErrorKind::Record`](crate::ErrorKind::Record)), and after any other error the stream
/// ends; the [checkpoint](Self::checkpoint) then says what is left to read.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// use serde_json::Value;
///
/// let items = folio.folio_get_all::<Value>("/item-storage/items", "items").by_id().limit(1000);
/// let mut harvest = folio.harvest(items).parallel(8).stream();
/// while let Some(item) = harvest.next().await {
///     match item {
///         Ok(item) => println!("{}", item["barcode"]),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// // After an error the checkpoint says what is left; another run resumes there.
/// if !harvest.checkpoint().is_finished() {
///     harvest.checkpoint().save("items.checkpoint.json")?;
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream asks for nothing before it is polled"]
pub struct HarvestStream<T> {
    source: ListSource<T>,
    figures: Figures,
    /// What was left when this run began.
    begun: Checkpoint,
    ended: bool,
}

/// Where the records come from.
pub(super) enum ListSource<T> {
    /// A list that is read by id, in several ranges at once.
    Ranges(Box<RangeReader>),
    /// A list that is read from beginning to end.
    Sequence(Box<RecordStream<T>>),
    /// The harvest cannot begin.
    Invalid(Option<Error>),
}

impl<T> Unpin for HarvestStream<T> {}

impl<T: DeserializeOwned + Send + 'static> HarvestStream<T> {
    pub(super) fn new(source: ListSource<T>, begun: Checkpoint) -> Self {
        Self {
            source,
            figures: Figures::new(&begun),
            begun,
            ended: false,
        }
    }

    /// How a list that is read one page after the other is read otherwise than FOLIO's descriptions
    /// say, and why: see [`RecordStream::note`].
    pub fn note(&self) -> Option<&str> {
        match &self.source {
            ListSource::Sequence(items) => items.note(),
            _ => None,
        }
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What is left to read after the record that was taken last. A harvest that resumes from there
    /// gets every other record, and none of those that were taken.
    ///
    /// The output and the checkpoint must agree: write what was taken, make sure that it is on the
    /// disk, and then [save](Checkpoint::save) the checkpoint with the size of the output as its
    /// [position](Checkpoint::with_position). To resume, cut the output back to that position.
    /// `examples/harvest.rs` does so.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = match &self.source {
            ListSource::Ranges(reading) => {
                Checkpoint::of_ranges(self.begun.list.clone(), reading.rest().collect())
                    .part_of(&self.begun)
            }
            ListSource::Sequence(items) => {
                let mut last: Vec<String> = items.recent().cloned().collect();
                last.reverse();
                if last.is_empty() {
                    last.clone_from(&self.begun.last);
                }
                Checkpoint::from_offset(self.begun.list.clone(), items.passed(), last)
                    .ended(self.ended && self.figures.is_complete())
            }
            ListSource::Invalid(_) => self.begun.clone(),
        };
        if self.ended && !self.figures.is_complete() && checkpoint.is_finished() {
            // All was read, and records are missing: it is not known where, so that it is to be
            // read again.
            return self.begun.clone();
        }
        checkpoint.records = self
            .begun
            .records
            .saturating_add(self.figures.progress().records);
        checkpoint.position = self.begun.position;
        checkpoint
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.figures.progress()
    }

    /// How far it is, as a stream of figures for another task: one at once and one every `period`,
    /// until the harvest has ended or was dropped; the last one is the final one.
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
            ListSource::Ranges(reading) => {
                ready!(reading.poll_next::<T>(context, &mut this.figures))
            }
            ListSource::Sequence(items) => {
                let next = ready!(Pin::new(&mut **items).poll_next(context));
                this.figures.sequence(items.received(), items.total());
                next
            }
            ListSource::Invalid(error) => error.take().map(Err),
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

impl<T> fmt::Debug for HarvestStream<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HarvestStream")
            .field("list", &self.begun.list)
            .field("progress", &self.figures.progress())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
