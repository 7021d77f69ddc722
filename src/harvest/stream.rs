//! The records of a harvest, as a stream, and the remaining part.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::checkpoint::Checkpoint;
use super::figures::Figures;
use super::progress::{Progress, ProgressStream};
use super::range_reader::RangeReader;
use super::work_source::at_position;
use crate::paging::RecordStream;
use crate::wire::error::{Error, Result};

/// The records of a harvest. As with [`RecordStream`], an unreadable record is an error in its
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
    /// The part that remained at the start of this run.
    begun: Checkpoint,
    ended: bool,
}

/// The source of the records.
pub(super) enum ListSource<T> {
    /// A list that is read by id, in several ranges in parallel.
    Ranges(Box<RangeReader>),
    /// A list that is read sequentially.
    Sequence(Box<RecordStream<T>>),
    /// The harvest cannot start.
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

    /// The difference between the actual way of reading a sequential list and FOLIO's descriptions,
    /// and the reason: see [`RecordStream::note`].
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

    /// The part that remains after the last returned record. A harvest that resumes from it returns
    /// all other records, and none of those already returned.
    ///
    /// The output and the checkpoint must be consistent: write the records, sync the output to
    /// disk, and then [save](Checkpoint::save) the checkpoint with the size of the output as its
    /// [position](Checkpoint::with_position). To resume, truncate the output to that position. See
    /// `examples/harvest.rs`.
    pub fn checkpoint(&self) -> Checkpoint {
        let is_complete = self.ended && self.figures.is_complete();
        let checkpoint = match &self.source {
            ListSource::Ranges(reading) => {
                Checkpoint::rest_of(&self.begun, reading.rest().collect(), is_complete)
            }
            ListSource::Sequence(items) => at_position(&self.begun, items.position(), is_complete),
            ListSource::Invalid(_) => self.begun.clone(),
        };
        let good = self.figures.progress().records;
        checkpoint.after_run(&self.begun, good, self.ended && !is_complete)
    }

    /// The current progress.
    pub fn progress(&self) -> Progress {
        self.figures.progress()
    }

    /// The progress, as a stream of figures for another task: one immediately and one every
    /// `period`, until the harvest has ended or was dropped; the last one is final.
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
