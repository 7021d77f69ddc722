//! A list of FOLIO as a table.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result, Statistics};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use folio_arrow::{EXTRA, JSON, Layout, ScanOptions, Table, Uuids, read};
use folio_sdk::cql::raw;
use folio_sdk::{FolioClient, PagingStyle};
use serde_json::Value;

use crate::description::ScanDescription;
use crate::exec::FolioExec;
use crate::names::renamed;
use crate::options::Options;
use crate::pushdown::{Pushed, Selection, Support, Target};

/// How long a number of records is used.
const COUNTED: Duration = Duration::from_secs(60);

/// The number of queries whose numbers of records are remembered.
const MOST_COUNTS: usize = 64;

/// A range of ids has at least so many pages, by the expected number of records.
const PAGES_OF_RANGE: u64 = 2;

/// A list of FOLIO as a table of DataFusion, read with a client and its tenant.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use datafusion::prelude::SessionContext;
/// use folio_datafusion::{FolioTable, Options};
///
/// let options = Options::default();
/// let table = folio_arrow::Table::at(options.release, "/users")?;
/// let ctx = SessionContext::new();
/// ctx.register_table("users", Arc::new(FolioTable::new(&folio, table, &options)))?;
/// ctx.sql("select username from users where active limit 10").await?.show().await?;
/// # Ok(())
/// # }
/// ```
pub struct FolioTable {
    folio: FolioClient,
    table: Table,
    options: Options,
    layout: Layout,
    schema: SchemaRef,
    /// The field of the record in each column.
    fields: Vec<Option<String>>,
    /// The numbers of records of queries, and when they were counted. Never held across an await.
    counts: Mutex<HashMap<Option<String>, (Instant, u64)>>,
}

impl FolioTable {
    /// The table of a list.
    pub fn new(folio: &FolioClient, table: Table, options: &Options) -> Self {
        let layout = table.layout(&options.layout);
        let columns = layout.schema();
        let fields = columns.fields().iter().map(|field| {
            let is_field = field.name() != EXTRA && field.name() != JSON;
            is_field.then(|| field.name().clone())
        });
        Self {
            folio: folio.clone(),
            options: options.clone(),
            fields: fields.collect(),
            schema: renamed(&columns, options.names),
            layout,
            table,
            counts: Mutex::default(),
        }
    }

    /// The list.
    pub fn list(&self) -> &Table {
        &self.table
    }

    /// The query for a filter, as the table translates it: none if the filter is evaluated here only,
    /// or has so many values that they are divided among several queries.
    pub fn translate(&self, filter: &Expr) -> Option<Pushed> {
        match Support::of(&self.target(), filter).filter(|_| self.translates())? {
            Support::Query(pushed) => Some(pushed),
            Support::Divided(_) => None,
        }
    }

    /// Whether filters become queries.
    fn translates(&self) -> bool {
        self.options.pushes_filters && self.table.takes_cql()
    }

    fn target(&self) -> Target<'_> {
        Target {
            path: self.table.path(),
            key: self.table.key(),
            schema: &self.schema,
            fields: &self.fields,
        }
    }

    /// The number of records of a query, if the list states it: with `limit=0` it is exact.
    async fn count(&self, query: Option<&str>) -> Option<u64> {
        if !self.options.counts || self.table.paging().style != PagingStyle::Cql {
            return None;
        }
        if let Some(count) = self.counted(query) {
            return Some(count);
        }
        let mut request = self
            .folio
            .folio_get::<Value>(self.table.path(), "totalRecords");
        if let Some(query) = query {
            request = request.query(raw(query));
        }
        // A failure here is no failure of the scan: if it lasts, the scan has it, too.
        let count = request.limit(0).await.ok()?.as_u64()?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_COUNTS {
            counts.clear();
        }
        counts.insert(query.map(str::to_owned), (Instant::now(), count));
        Some(count)
    }

    fn counted(&self, query: Option<&str>) -> Option<u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, count) = counts.get(&query.map(str::to_owned))?;
        (at.elapsed() < COUNTED).then_some(*count)
    }

    /// What a scan reads.
    async fn describe(
        &self,
        columns: Vec<usize>,
        selection: &Selection,
        limit: Option<usize>,
        target_partitions: usize,
    ) -> ScanDescription {
        // The query selects no more records than that.
        let most = selection.most.and_then(|most| usize::try_from(most).ok());
        let limit = limit.into_iter().chain(most).min();
        let query = (!selection.query.is_all()).then(|| selection.query.to_string());
        let is_short = limit.is_some_and(|limit| limit <= self.options.page_size as usize);
        let expected = match selection.most {
            Some(most) => Some(most),
            // The number of records of the other filters is not that of all.
            None if !selection.groups.is_empty() => None,
            None if is_short => self.counted(query.as_deref()),
            None => self.count(query.as_deref()).await,
        };
        let layout = &self.options.layout;
        let mut description = ScanDescription {
            release: self.options.release.name().to_owned(),
            module: self.table.module().to_owned(),
            path: self.table.path().to_owned(),
            binary_uuids: layout.uuids == Uuids::Binary,
            raw: layout.raw,
            money_scale: layout.money_scale,
            names: self.options.names,
            columns,
            query,
            queries: selection.groups.iter().map(ToString::to_string).collect(),
            is_exact: selection.is_exact,
            partitions: Vec::new(),
            limit,
            is_ordered: false,
            parallel: self.options.parallel.max(1),
            page_size: self.options.page_size.max(1),
            expected,
            credentials: self.options.credentials.clone(),
        };
        let page = u64::from(description.page_size);
        let worth = expected.map_or(u64::MAX, |expected| expected / (page * PAGES_OF_RANGE));
        let worth = usize::try_from(worth).unwrap_or(usize::MAX);
        let parts = target_partitions.min(description.parallel).min(worth);
        let is_sequential = limit.is_some_and(|limit| description.is_sequential(limit));
        if !is_sequential && parts > 1 && self.table.can_be_divided() && selection.groups.is_empty()
        {
            description.partitions = self.ranges(&description, parts);
        }
        description
    }

    /// The ranges of ids of so many partitions.
    fn ranges(&self, description: &ScanDescription, parts: usize) -> Vec<folio_sdk::Checkpoint> {
        let mut options = ScanOptions::new(self.layout.project(&[]));
        if let Some(query) = &description.query {
            options = options.query(raw(query));
        }
        // Nothing is requested: the list is not read.
        read(&self.folio, &self.table, options)
            .checkpoint()
            .split(parts)
    }
}

#[async_trait]
impl TableProvider for FolioTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let filters = filters.iter();
        let support = filters.map(|filter| {
            let support = Support::of(&self.target(), filter);
            match support.filter(|_| self.translates()) {
                Some(support) if support.is_exact() => TableProviderFilterPushDown::Exact,
                Some(_) => TableProviderFilterPushDown::Inexact,
                None => TableProviderFilterPushDown::Unsupported,
            }
        });
        Ok(support.collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        let count = usize::try_from(self.counted(None)?).ok()?;
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Inexact(count);
        Some(statistics)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = match projection {
            Some(projection) => projection.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let filters = if self.translates() { filters } else { &[] };
        let selection = Selection::new(&self.target(), filters);
        let partitions = state.config().target_partitions();
        let Some(left) = conjunction(selection.left.clone()) else {
            let limit = limit.filter(|_| selection.is_exact);
            let description = self.describe(wanted, &selection, limit, partitions).await;
            return Ok(Arc::new(FolioExec::new(self.folio.clone(), description)?));
        };
        // The columns of the filters as well; they are removed after these.
        let mut columns = wanted.clone();
        for column in left.column_refs() {
            let index = self.schema.index_of(&column.name)?;
            if !columns.contains(&index) {
                columns.push(index);
            }
        }
        let description = self.describe(columns, &selection, None, partitions).await;
        let exec: Arc<dyn ExecutionPlan> =
            Arc::new(FolioExec::new(self.folio.clone(), description)?);
        let schema = DFSchema::try_from(exec.schema())?;
        let predicate = state.create_physical_expr(unqualified(left)?, &schema)?;
        let filtered = Arc::new(FilterExec::try_new(predicate, exec)?);
        let projected = wanted.iter().enumerate().map(|(at, column)| {
            let name = self.schema.field(*column).name();
            ProjectionExpr::new(Arc::new(Column::new(name, at)), name.clone())
        });
        let projected: Vec<ProjectionExpr> = projected.collect();
        Ok(Arc::new(ProjectionExec::try_new(projected, filtered)?))
    }
}

/// An expression with the names of columns only.
fn unqualified(expression: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
    expression
        .transform(|expression| {
            Ok(match expression {
                Expr::Column(column) => {
                    let column = datafusion::common::Column::new_unqualified(column.name);
                    Transformed::yes(Expr::Column(column))
                }
                other => Transformed::no(other),
            })
        })
        .data()
}

impl fmt::Debug for FolioTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioTable")
            .field("client", &self.folio)
            .field("list", &self.table)
            .finish_non_exhaustive()
    }
}
