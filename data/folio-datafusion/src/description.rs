//! What a scan reads, as a value that another process can read: without a client and without a secret.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use folio_arrow::{Layout, LayoutOptions, Table, Uuids};
use folio_sdk::cql::raw;
use folio_sdk::{Checkpoint, Cql};
use serde::{Deserialize, Serialize};

use crate::names::{Names, renamed};

/// So many pages are read one after the other for a limit.
const PAGES_IN_SEQUENCE: usize = 10;

/// What a scan reads: a list, its columns, the query, and the ranges of ids of its partitions.
///
/// It can be serialised, to run parts of a plan in other processes: with
/// [`FolioExec::new`](crate::FolioExec::new) it becomes a plan again. It contains the name of the
/// credentials ([`Options::credentials`](crate::Options::credentials)), and no secret. (The values of
/// filters are part of the query.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanDescription {
    /// The release of FOLIO that defines the columns.
    pub release: String,
    /// The module that serves the list, `mod-inventory-storage`.
    pub module: String,
    /// The path of the list.
    pub path: String,
    /// UUIDs are 16 bytes rather than text.
    pub binary_uuids: bool,
    /// The whole record is in the column `_json`.
    pub raw: bool,
    /// The digits behind the point of amounts of money.
    pub money_scale: u8,
    /// The names of the columns.
    pub names: Names,
    /// The numbers of the columns of the table that are read.
    pub columns: Vec<usize>,
    /// The query in CQL; none for all records.
    pub query: Option<String>,
    /// Disjoint queries, of which each partition has one besides: they divide a long list of values.
    /// Then there are no ranges.
    pub queries: Vec<String>,
    /// The queries select exactly the records of its filters; otherwise they are applied again.
    pub is_exact: bool,
    /// What each partition reads; one partition that reads everything if there are none.
    pub partitions: Vec<Checkpoint>,
    /// The maximum number of records of each partition.
    pub limit: Option<usize>,
    /// The records of a partition are in the order of their ids, and the partitions, too.
    pub is_ordered: bool,
    /// The maximum number of concurrent requests of all partitions.
    pub parallel: usize,
    /// The number of records per page.
    pub page_size: u32,
    /// The expected number of records.
    pub expected: Option<u64>,
    /// The name of the credentials with which another process logs in.
    pub credentials: Option<String>,
}

impl ScanDescription {
    /// The list.
    ///
    /// # Errors
    /// The release or its list is not known here.
    pub fn table(&self) -> Result<Table> {
        let release = self.release.parse().map_err(external)?;
        Table::at(release, &self.path).map_err(external)
    }

    /// The columns that are read.
    pub(crate) fn layout(&self, table: &Table) -> Layout {
        table.layout(&self.layout_options()).project(&self.columns)
    }

    /// The schema of the columns that are read.
    pub(crate) fn schema(&self, table: &Table) -> Result<SchemaRef> {
        let all = table.layout(&self.layout_options()).schema();
        let schema = renamed(&all, self.names).project(&self.columns)?;
        Ok(schema.into())
    }

    fn layout_options(&self) -> LayoutOptions {
        LayoutOptions {
            uuids: match self.binary_uuids {
                true => Uuids::Binary,
                false => Uuids::Text,
            },
            raw: self.raw,
            money_scale: self.money_scale,
        }
    }

    /// Whether so few records are read one page after the other: ranges that are read in parallel
    /// would request more pages.
    pub(crate) fn is_sequential(&self, limit: usize) -> bool {
        let page = usize::try_from(self.page_size).unwrap_or(usize::MAX);
        limit <= page.saturating_mul(PAGES_IN_SEQUENCE)
    }

    /// The number of partitions.
    pub fn partition_count(&self) -> usize {
        self.partitions.len().max(self.queries.len()).max(1)
    }

    /// A scan of one partition alone. All of them return the rows of this scan, with the same
    /// number of concurrent requests.
    ///
    /// Beyond the last partition, it is that of a scan without ranges and queries.
    #[must_use]
    pub fn partition(&self, number: usize) -> Self {
        let count = self.partition_count();
        let shared = |all: u64| all.div_ceil(u64::try_from(count).unwrap_or(u64::MAX));
        Self {
            partitions: self.partitions.get(number).cloned().into_iter().collect(),
            queries: self.queries.get(number).cloned().into_iter().collect(),
            parallel: self.parallel.div_ceil(count),
            expected: self.expected.map(shared),
            ..self.clone()
        }
    }

    /// The query of a partition.
    pub(crate) fn query_of(&self, partition: usize) -> Option<Cql> {
        let all = self.query.as_ref().map(raw);
        match (all, self.queries.get(partition).map(raw)) {
            (Some(all), Some(query)) => Some(all.and(query)),
            (all, query) => all.or(query),
        }
    }
}

/// An error as one of DataFusion, with its text.
pub(crate) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
