//! The plan node that reads a list.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    EquivalenceProperties, Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use folio_arrow::Table;
use folio_sdk::FolioClient;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::client_source::{ClientProvider, ClientSource};
use crate::description::ScanDescription;
use crate::facts;
use crate::stream::ListStream;

/// The order of SQL's `order by id`. (Ids are never null.)
const ASCENDING: SortOptions = SortOptions {
    descending: false,
    nulls_first: false,
};

/// The number of characters of a divided list of values that `EXPLAIN` shows.
const SHOWN: usize = 60;

/// Reads a list of FOLIO. `EXPLAIN` shows the list, the query, and whether the filters are applied
/// again.
///
/// Its partitions are ranges of ids. Each is read when it is executed; a stream that is dropped
/// cancels its requests.
#[derive(Clone)]
pub struct FolioExec {
    source: ClientSource,
    description: Arc<ScanDescription>,
    table: Table,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl FolioExec {
    /// A plan for what a description says, which is read with this client.
    ///
    /// # Errors
    /// The release, the list or its columns are not known here.
    pub fn new(folio: FolioClient, description: ScanDescription) -> Result<Self> {
        Self::of(ClientSource::Client(folio), description)
    }

    /// A plan for what a description says, whose client is provided when it is executed: for a plan
    /// that another process made. Its errors are plain text
    /// ([`DataFusionError::Execution`]), so that they can be sent to that process.
    ///
    /// # Errors
    /// The release, the list or its columns are not known here.
    pub fn with_provider(
        provider: Arc<dyn ClientProvider>,
        description: ScanDescription,
    ) -> Result<Self> {
        Self::of(ClientSource::Provider(provider), description)
    }

    fn of(source: ClientSource, description: ScanDescription) -> Result<Self> {
        let table = description.table()?;
        let schema = description.schema(&table)?;
        let mut equivalences = EquivalenceProperties::new(Arc::clone(&schema));
        if description.is_ordered
            && let Some(id) = ordered_column(&table, &schema)
        {
            equivalences.add_ordering([PhysicalSortExpr::new(id, ASCENDING)]);
        }
        let properties = PlanProperties::new(
            equivalences,
            Partitioning::UnknownPartitioning(description.partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            source,
            description: Arc::new(description),
            table,
            schema,
            properties: Arc::new(properties.with_scheduling_type(SchedulingType::Cooperative)),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// What it reads.
    pub fn description(&self) -> &ScanDescription {
        &self.description
    }

    /// The client with which it reads, if it is not provided later.
    pub fn client(&self) -> Option<&FolioClient> {
        match &self.source {
            ClientSource::Client(folio) => Some(folio),
            ClientSource::Provider(_) => None,
        }
    }

    fn with(&self, change: impl FnOnce(&mut ScanDescription)) -> Result<Self> {
        let mut description = ScanDescription::clone(&self.description);
        change(&mut description);
        Self::of(self.source.clone(), description)
    }

    fn stream(&self, folio: &FolioClient, partition: usize, context: &TaskContext) -> ListStream {
        ListStream::new(
            folio,
            &self.table,
            &self.description,
            Arc::clone(&self.schema),
            (partition, context.session_config().batch_size()),
            &self.metrics,
        )
    }
}

/// The column `id`, if the list is read in its order: the server orders UUIDs by their lower-case
/// text, in which it stores them, and so does SQL.
fn ordered_column(table: &Table, schema: &SchemaRef) -> Option<Arc<dyn PhysicalExpr>> {
    let is_ordered =
        table.can_be_divided() && table.key() == Some("id") && facts::of(table.path()).is_some();
    let index = schema.index_of("id").ok().filter(|_| is_ordered)?;
    Some(Arc::new(Column::new("id", index)))
}

impl DisplayAs for FolioExec {
    fn fmt_as(&self, format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = &self.description;
        let columns: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .map(|it| it.name().as_str())
            .collect();
        let columns = columns.join(", ");
        let partitions = of.partition_count();
        if format == DisplayFormatType::TreeRender {
            writeln!(out, "list={}", of.path)?;
            if let Some(query) = &of.query {
                writeln!(out, "query={query}")?;
            }
            return writeln!(out, "columns={columns}");
        }
        write!(out, "FolioExec: list={}", of.path)?;
        if let Some(query) = &of.query {
            let exactness = if of.is_exact { "exact" } else { "inexact" };
            write!(out, ", query=[{query}] ({exactness})")?;
        }
        if let Some(first) = of.queries.first() {
            let shown: String = first.chars().take(SHOWN).collect();
            let more = if shown.len() < first.len() { "…" } else { "" };
            write!(
                out,
                ", {} queries such as [{shown}{more}]",
                of.queries.len()
            )?;
        }
        write!(out, ", columns=[{columns}], partitions={partitions}")?;
        if let Some(limit) = of.limit {
            write!(out, ", limit={limit}")?;
        }
        if let Some(expected) = of.expected {
            write!(out, ", expected={expected}")?;
        }
        if self.properties.output_ordering().is_some() {
            write!(out, ", ordered by id")?;
        }
        Ok(())
    }
}

impl fmt::Debug for FolioExec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioExec")
            .field("client", &self.source)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl ExecutionPlan for FolioExec {
    fn name(&self) -> &'static str {
        "FolioExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => Err(DataFusionError::Internal(
                "FolioExec has no children".to_owned(),
            )),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let count = self.description.partition_count();
        if partition >= count {
            return Err(DataFusionError::Internal(format!(
                "FolioExec has {count} partitions, and number {partition} is executed"
            )));
        }
        let provider = match &self.source {
            ClientSource::Client(folio) => {
                return Ok(Box::pin(self.stream(folio, partition, &context)));
            }
            ClientSource::Provider(provider) => Arc::clone(provider),
        };
        let this = self.clone();
        let opened = async move {
            let folio = provider.client(&this.description).await?;
            Ok::<_, DataFusionError>(this.stream(&folio, partition, &context))
        };
        let batches = stream::once(opened)
            .try_flatten()
            .map(|batch| batch.map_err(|error| DataFusionError::Execution(error.to_string())));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let of = &self.description;
        let mut statistics = Statistics::new_unknown(&self.schema);
        let expected = of
            .expected
            .and_then(|expected| usize::try_from(expected).ok());
        if let Some(expected) = expected {
            let share = match args.partition() {
                Some(_) => expected.div_ceil(of.partition_count()),
                None => expected,
            };
            let most = of.limit.unwrap_or(usize::MAX);
            statistics.num_rows = Precision::Inexact(share.min(most));
        }
        Ok(Arc::new(statistics))
    }

    /// Few records are read in one partition, page by page; many in parallel.
    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let is_sequential = limit.is_some_and(|limit| self.description.is_sequential(limit));
        let limited = self.with(|description| {
            description.limit = limit;
            if is_sequential {
                description.partitions.clear();
            }
        });
        Some(Arc::new(limited.ok()?))
    }

    fn fetch(&self) -> Option<usize> {
        self.description.limit
    }

    /// A list that is read by `id` can be read in its order.
    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
    ) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let id = ordered_column(&self.table, &self.schema);
        // What comes after the unique id changes nothing.
        let is_by_id = match (order.first(), &id) {
            (Some(first), Some(id)) => first.expr.eq(id) && first.options == ASCENDING,
            _ => false,
        };
        if !is_by_id || order.len() > 1 {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        let inner: Arc<dyn ExecutionPlan> =
            Arc::new(self.with(|description| description.is_ordered = true)?);
        Ok(SortOrderPushdownResult::Exact { inner })
    }
}
