//! How a list is read.

use folio_sdk::{Checkpoint, Cql};

use crate::decode::Limits;
use crate::layout::Layout;

/// How a list is read: which columns and records, and how many requests at once.
#[derive(Clone, Debug)]
#[must_use]
pub struct ScanOptions {
    pub(crate) layout: Layout,
    pub(crate) query: Option<Cql>,
    pub(crate) parallel: Option<usize>,
    pub(crate) page_size: Option<u32>,
    pub(crate) max_buffered_bytes: Option<usize>,
    pub(crate) ordered: bool,
    pub(crate) limits: Limits,
    pub(crate) resume: Option<Checkpoint>,
}

impl ScanOptions {
    /// Reads all records, with the columns of a layout.
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            query: None,
            parallel: None,
            page_size: None,
            max_buffered_bytes: None,
            ordered: false,
            limits: Limits::default(),
            resume: None,
        }
    }

    /// Reads the records that a query selects.
    pub fn query(mut self, query: impl Into<Cql>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// The maximum number of concurrent requests: 8 by default. See
    /// [`Harvest::parallel`](folio_sdk::Harvest::parallel).
    pub fn parallel(mut self, requests: usize) -> Self {
        self.parallel = Some(requests);
        self
    }

    /// The number of records of a page: 500 by default, or the largest that the list accepts, if it
    /// is smaller.
    pub fn page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// The maximum size of the pages in memory. See
    /// [`Harvest::max_buffered_bytes`](folio_sdk::Harvest::max_buffered_bytes).
    pub fn max_buffered_bytes(mut self, bytes: usize) -> Self {
        self.max_buffered_bytes = Some(bytes);
        self
    }

    /// Reads the records in the order of their ids. See [`Harvest::ordered`](folio_sdk::Harvest::ordered).
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// The limits of a batch.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Resumes from a [checkpoint](crate::Scan::checkpoint), or reads one part of a plan. See
    /// [`Harvest::resume`](folio_sdk::Harvest::resume).
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        self.resume = Some(checkpoint);
        self
    }
}
