//! Reads a list as record batches.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use folio_sdk::{
    Checkpoint, FolioClient, Harvest, HarvestStream, Method, Progress, RawRecord, RecordStream,
    Request,
};
use futures_core::Stream;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::counts::ColumnCount;
use crate::decode::Decoder;
use crate::error::{Error, Result};
use crate::scan_options::ScanOptions;
use crate::table::Table;

/// So many records are decoded before other tasks of the thread get their turn.
const BURST: usize = 512;

/// Reads a list as record batches: in parallel ranges of ids where the list
/// [can be divided](Table::can_be_divided), else page by page. The client's limits, retries and
/// tenant apply. Nothing is requested before the first poll.
pub fn read(folio: &FolioClient, table: &Table, options: ScanOptions) -> Scan {
    let problem = match table.has_parameters() {
        true => Some(format!(
            "the path `{}` has parameters: get the table with `Table::at`, and a complete path",
            table.path()
        )),
        false if !table.can_be_streamed() => {
            Some(format!("`{}` cannot be read to its end", table.path()))
        }
        false => None,
    };
    let decoder = Decoder::new(&options.layout, options.limits);
    let source = match options.layout.is_object() {
        true => Source::Objects(Box::new(harvest(folio, table, &options).stream())),
        false => Source::Values(Box::new(harvest(folio, table, &options).stream())),
    };
    let begun = source.checkpoint();
    Scan {
        source,
        decoder,
        at_batch: begun,
        is_read: problem.is_some(),
        failure: problem.map(Error::Configuration),
        ended: false,
    }
}

/// The harvest below a scan.
fn harvest<T: DeserializeOwned + Send + 'static>(
    folio: &FolioClient,
    table: &Table,
    options: &ScanOptions,
) -> Harvest<T> {
    let mut request = Request::to(Method::GET, table.path());
    if let Some(query) = &options.query {
        request = request.query(query.clone());
    }
    let list = RecordStream::<T>::new(
        folio.clone(),
        request,
        table.paging(),
        options.page_size,
        None,
    );
    let mut harvest = folio.harvest(list);
    if let Some(requests) = options.parallel {
        harvest = harvest.parallel(requests);
    }
    if let Some(bytes) = options.max_buffered_bytes {
        harvest = harvest.max_buffered_bytes(bytes);
    }
    if options.ordered {
        harvest = harvest.ordered();
    }
    if let Some(checkpoint) = &options.resume {
        harvest = harvest.resume(checkpoint.clone());
    }
    harvest
}

/// The record batches of a list: see [`read`].
///
/// A record that cannot be read is an error ([`is_of_record`](Error::is_of_record)), which comes
/// before the batch with the records around it; reading continues. Any other error comes after the
/// batch of the records before it, and ends the stream. The [checkpoint](Self::checkpoint) says what
/// is left to read.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient, table: folio_arrow::Table) -> Result<(), Box<dyn std::error::Error>> {
/// use folio_arrow::{LayoutOptions, ScanOptions, read};
///
/// let layout = table.layout(&LayoutOptions::default());
/// let mut batches = read(&folio, &table, ScanOptions::new(layout).parallel(16));
/// while let Some(batch) = batches.next().await {
///     match batch {
///         Ok(batch) => println!("{} records", batch.num_rows()),
///         Err(error) if error.is_of_record() => eprintln!("{error}"),
///         Err(error) => return Err(error.into()),
///     }
///     // After the batch was stored:
///     batches.checkpoint().save("instances.checkpoint.json")?;
/// }
/// for column in batches.misfits() {
///     println!("{}: {} values in _extra", column.column, column.misfits);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream asks for nothing before it is polled"]
pub struct Scan {
    source: Source,
    decoder: Decoder,
    /// What remains after the last batch that was returned.
    at_batch: Checkpoint,
    /// Nothing is read any more.
    is_read: bool,
    /// The error that ended the list, after the last batch.
    failure: Option<Error>,
    ended: bool,
}

/// The records.
enum Source {
    Objects(Box<HarvestStream<ObjectRecord>>),
    Values(Box<HarvestStream<RawRecord>>),
}

/// A record that is an object. For any other the SDK's error names it.
struct ObjectRecord(Box<RawValue>);

impl<'de> Deserialize<'de> for ObjectRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Box::<RawValue>::deserialize(deserializer)?;
        match record.get().starts_with('{') {
            true => Ok(Self(record)),
            false => Err(D::Error::custom("expected a record, which is an object")),
        }
    }
}

impl Source {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<folio_sdk::Result<Box<RawValue>>>> {
        match self {
            Self::Objects(records) => Pin::new(records)
                .poll_next(context)
                .map(|next| next.map(|record| record.map(|record| record.0))),
            Self::Values(records) => Pin::new(records).poll_next(context),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        match self {
            Self::Objects(records) => records.checkpoint(),
            Self::Values(records) => records.checkpoint(),
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Objects(records) => records.progress(),
            Self::Values(records) => records.progress(),
        }
    }

    fn note(&self) -> Option<&str> {
        match self {
            Self::Objects(records) => records.note(),
            Self::Values(records) => records.note(),
        }
    }
}

impl Scan {
    /// The Arrow schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.decoder.layout().schema()
    }

    /// The next batch; none at the end.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The part that remains after the last returned batch. A scan that resumes from it returns all
    /// other records, and none of those already returned; the errors of records that came after
    /// this batch come again. See [`HarvestStream::checkpoint`].
    pub fn checkpoint(&self) -> Checkpoint {
        self.at_batch.clone()
    }

    /// The current progress: of the records that were read, also those of the batch that is being
    /// filled.
    pub fn progress(&self) -> Progress {
        self.source.progress()
    }

    /// The columns with values in `_extra`, and the fields that have no column: see
    /// [`Decoder::misfits`].
    pub fn misfits(&self) -> Vec<ColumnCount> {
        self.decoder.misfits()
    }

    /// See [`RecordStream::note`].
    pub fn note(&self) -> Option<&str> {
        self.source.note()
    }

    /// The batch so far; without records, the error that follows it.
    fn give(&mut self) -> Option<Result<RecordBatch>> {
        match self.decoder.flush() {
            Ok(Some(batch)) => {
                self.at_batch = self.source.checkpoint();
                Some(Ok(batch))
            }
            Ok(None) => {
                self.ended = true;
                self.at_batch = self.source.checkpoint();
                self.failure.take().map(Err)
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

impl Stream for Scan {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if this.is_read {
            return Poll::Ready(this.give());
        }
        for _ in 0..BURST {
            let record = match this.source.poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(record)) => record.map_err(Error::from),
                Poll::Ready(None) => {
                    this.is_read = true;
                    return Poll::Ready(this.give());
                }
            };
            match record.and_then(|record| this.decoder.push(&record)) {
                Ok(()) if this.decoder.is_full() => return Poll::Ready(this.give()),
                Ok(()) => {}
                Err(error) if error.is_of_record() => return Poll::Ready(Some(Err(error))),
                Err(error) => {
                    this.is_read = true;
                    this.failure = Some(error);
                    return Poll::Ready(this.give());
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scan")
            .field("decoder", &self.decoder)
            .field("progress", &self.source.progress())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
