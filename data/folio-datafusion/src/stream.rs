//! The record batches of one partition.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::RecordBatchStream;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder,
};
use folio_arrow::{Decoder, Error, Limits, Scan, ScanOptions, Table, read};
use folio_sdk::{FolioClient, Method, PageStream, PagingStyle, RawRecord, RecordStream, Request};
use futures_core::Stream;

use crate::description::{ScanDescription, external};

/// The largest batch, in bytes of JSON.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// The record batches of one partition of a scan. It requests nothing before it is polled, and
/// dropping it cancels its requests.
pub(crate) struct ListStream {
    path: String,
    source: Source,
    schema: SchemaRef,
    /// The number of records that may still be returned.
    left: usize,
    metrics: BaselineMetrics,
    counts: Counts,
}

/// What is counted besides DataFusion's own metrics.
struct Counts {
    pages: Count,
    bytes: Count,
    misfits: Count,
}

/// Where the records come from.
enum Source {
    /// Ranges of ids, requested ahead and in parallel.
    Ranges(Box<Scan>),
    /// Page by page, each when it is needed: for a limit.
    Pages(Box<Pages>),
    Ended,
}

struct Pages {
    pages: PageStream<RawRecord>,
    decoder: Decoder,
}

impl ListStream {
    pub(crate) fn new(
        folio: &FolioClient,
        table: &Table,
        of: &ScanDescription,
        schema: SchemaRef,
        (partition, batch_size): (usize, usize),
        metrics: &ExecutionPlanMetricsSet,
    ) -> Self {
        let page = usize::try_from(of.page_size).unwrap_or(usize::MAX);
        let limits = Limits {
            rows: batch_size.min(page),
            bytes: BATCH_BYTES,
        };
        let left = of.limit.unwrap_or(usize::MAX);
        let source = match (of.limit, of.partitions.get(partition)) {
            (Some(0), _) => Source::Ended,
            (limit, None) if has_pages(table) && (limit.is_some() || !of.queries.is_empty()) => {
                Source::Pages(Box::new(Pages::new(folio, table, of, partition, limits)))
            }
            (_, checkpoint) => {
                let mut options = ScanOptions::new(of.layout(table))
                    .limits(limits)
                    .page_size(of.page_size)
                    .parallel(of.parallel.div_ceil(of.partition_count()));
                if let Some(query) = of.query_of(partition) {
                    options = options.query(query);
                }
                if of.is_ordered {
                    options = options.ordered();
                }
                if let Some(checkpoint) = checkpoint {
                    options = options.resume(checkpoint.clone());
                }
                Source::Ranges(Box::new(read(folio, table, options)))
            }
        };
        let count = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        Self {
            path: of.path.clone(),
            source,
            schema,
            left,
            counts: Counts {
                pages: count("pages"),
                bytes: count("bytes_received"),
                misfits: count("values_in_extra"),
            },
            metrics: BaselineMetrics::new(metrics, partition),
        }
    }

    /// The batch with the names of the table's columns, and no more records than the limit.
    fn give(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows().min(self.left);
        self.left -= rows;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let columns = batch.slice(0, rows).columns().to_vec();
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        if self.left == 0 {
            self.end();
        }
        Ok(batch)
    }

    /// Requests nothing more.
    fn end(&mut self) {
        self.count();
        self.source = Source::Ended;
    }

    fn count(&mut self) {
        if let Source::Ranges(scan) = &self.source {
            let progress = scan.progress();
            let pages = usize::try_from(progress.pages).unwrap_or(usize::MAX);
            let bytes = usize::try_from(progress.bytes).unwrap_or(usize::MAX);
            self.counts.pages.add(pages);
            self.counts.bytes.add(bytes);
        }
        let misfits = match &self.source {
            Source::Ranges(scan) => scan.misfits(),
            Source::Pages(pages) => pages.decoder.misfits(),
            Source::Ended => Vec::new(),
        };
        let misfits: u64 = misfits.iter().map(|column| column.misfits).sum();
        self.counts
            .misfits
            .add(usize::try_from(misfits).unwrap_or(usize::MAX));
    }
}

/// Whether the list can be read page by page.
fn has_pages(table: &Table) -> bool {
    matches!(
        table.paging().style,
        PagingStyle::Cql | PagingStyle::Offset | PagingStyle::Erm
    )
}

impl Drop for ListStream {
    fn drop(&mut self) {
        self.end();
    }
}

impl Pages {
    fn new(
        folio: &FolioClient,
        table: &Table,
        of: &ScanDescription,
        partition: usize,
        limits: Limits,
    ) -> Self {
        let mut request = Request::to(Method::GET, table.path());
        if let Some(query) = of.query_of(partition) {
            request = request.query(query);
        }
        let limit = of.limit.and_then(|limit| u32::try_from(limit).ok());
        let size = limit.unwrap_or(u32::MAX).min(of.page_size);
        let records = RecordStream::<RawRecord>::new(
            folio.clone(),
            request,
            table.paging(),
            Some(size),
            None,
        );
        Self {
            pages: records.pages(),
            decoder: Decoder::new(&of.layout(table), limits),
        }
    }

    /// The batch of the next page.
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        counts: &Counts,
    ) -> Poll<Option<Result<RecordBatch, Error>>> {
        loop {
            let page = match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(page) => page,
            };
            let batch = page.map_err(Error::from).and_then(|page| {
                counts.pages.add(1);
                for record in page {
                    let record = record?;
                    counts.bytes.add(record.get().len());
                    self.decoder.push(&record)?;
                }
                self.decoder.flush()
            });
            match batch.transpose() {
                // The page of an empty list.
                None => {}
                Some(batch) => return Poll::Ready(Some(batch)),
            }
        }
    }
}

impl Stream for ListStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let time = this.metrics.elapsed_compute().clone();
        let next = {
            let _timer = time.timer();
            match &mut this.source {
                Source::Ranges(scan) => Pin::new(&mut **scan).poll_next(context),
                Source::Pages(pages) => pages.poll_next(context, &this.counts),
                Source::Ended => Poll::Ready(None),
            }
        };
        let item = match ready!(next) {
            Some(Ok(batch)) => Some(this.give(&batch)),
            // No row may be missing from a result: also the error of a single record ends it.
            Some(Err(error)) => {
                this.end();
                let error = external(error);
                Some(Err(error.context(format!("reading {}", this.path))))
            }
            None => {
                this.end();
                None
            }
        };
        this.metrics.record_poll(Poll::Ready(item))
    }
}

impl RecordBatchStream for ListStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
