//! A scan whose partitions Ballista can assign to tasks.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, PlanProperties,
};
use folio_datafusion::{ClientProvider, FolioExec, ScanDescription};
use futures_util::{TryStreamExt as _, stream};

/// Reads the parts of a scan that its input describes, one row per part.
///
/// Ballista runs a task for some partitions of a plan. It selects them in the leaves that it knows,
/// and leaves others as they are: each task would read all partitions of a
/// [`FolioExec`]. So the leaf of a scan is a table in memory with the descriptions of the parts, of
/// which a task gets its own.
pub(crate) struct PartsExec {
    /// The scan without its ranges and queries.
    common: FolioExec,
    input: Arc<dyn ExecutionPlan>,
    provider: Arc<dyn ClientProvider>,
    properties: Arc<PlanProperties>,
}

impl PartsExec {
    /// All parts of a scan.
    pub(crate) fn of(
        description: &ScanDescription,
        provider: Arc<dyn ClientProvider>,
    ) -> Result<Self> {
        let parts = (0..description.partition_count()).map(|number| {
            let part = serde_json::to_string(&description.partition(number));
            let part = part.map_err(|error| DataFusionError::External(Box::new(error)))?;
            let texts = StringArray::from(vec![part]);
            Ok(vec![RecordBatch::try_new(rows(), vec![Arc::new(texts)])?])
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let input = MemorySourceConfig::try_new_exec(&parts, rows(), None)?;
        let mut common = description.partition(0);
        common.partitions.clear();
        common.queries.clear();
        Self::new(common, input, provider)
    }

    /// The parts of the input.
    pub(crate) fn new(
        common: ScanDescription,
        input: Arc<dyn ExecutionPlan>,
        provider: Arc<dyn ClientProvider>,
    ) -> Result<Self> {
        let common = FolioExec::with_provider(Arc::clone(&provider), common)?;
        let of = common.properties();
        let properties = PlanProperties::new(
            EquivalenceProperties::clone(of.equivalence_properties()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            of.emission_type,
            of.boundedness,
        );
        let properties = properties.with_scheduling_type(of.scheduling_type);
        Ok(Self {
            common,
            input,
            provider,
            properties: Arc::new(properties),
        })
    }

    /// The scan without its ranges and queries.
    pub(crate) fn common(&self) -> &ScanDescription {
        self.common.description()
    }

    fn execute_part(
        provider: &Arc<dyn ClientProvider>,
        part: &str,
        context: &Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let part = serde_json::from_str(part).map_err(|error| {
            DataFusionError::Execution(format!("cannot decode a part of a scan of FOLIO: {error}"))
        })?;
        FolioExec::with_provider(Arc::clone(provider), part)?.execute(0, Arc::clone(context))
    }
}

/// The schema of the descriptions.
fn rows() -> SchemaRef {
    let field = Field::new("part", DataType::Utf8, false);
    Arc::new(Schema::new(vec![field]))
}

impl ExecutionPlan for PartsExec {
    fn name(&self) -> &'static str {
        "PartsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        let (Some(input), None) = (children.next(), children.next()) else {
            return internal_err!("PartsExec has one child");
        };
        let provider = Arc::clone(&self.provider);
        Ok(Arc::new(Self::new(self.common().clone(), input, provider)?))
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
        let parts = self.input.execute(partition, Arc::clone(&context))?;
        let provider = Arc::clone(&self.provider);
        let records = parts
            .map_ok(move |batch| {
                let texts = batch.column(0).as_string_opt::<i32>().cloned();
                let texts = texts.into_iter().flat_map(|texts| {
                    let rows = 0..texts.len();
                    let texts = rows.map(|row| texts.value(row).to_owned());
                    texts.collect::<Vec<_>>()
                });
                let streams: Vec<_> = texts
                    .map(|part| Self::execute_part(&provider, &part, &context))
                    .collect();
                stream::iter(streams).try_flatten()
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            records,
        )))
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        let parts = match args.partition() {
            Some(_) => 1,
            None => self.properties.partitioning.partition_count(),
        };
        let expected = self.common().expected;
        if let Some(expected) = expected.and_then(|expected| usize::try_from(expected).ok()) {
            statistics.num_rows = Precision::Inexact(expected.saturating_mul(parts));
        }
        Ok(Arc::new(statistics))
    }
}

impl DisplayAs for PartsExec {
    fn fmt_as(&self, format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if format != DisplayFormatType::TreeRender {
            let parts = self.properties.partitioning.partition_count();
            write!(out, "PartsExec: {parts} parts of ")?;
        }
        self.common.fmt_as(format, out)
    }
}

impl fmt::Debug for PartsExec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PartsExec")
            .field("common", &self.common)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
