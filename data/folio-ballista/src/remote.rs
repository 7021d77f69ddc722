//! A plan that Ballista runs.

use std::fmt;
use std::sync::Arc;

use ballista_core::execution_plans::execute_physical_plan;
use ballista_core::extension::SessionConfigExt as _;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, displayable,
};
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures_util::{TryStreamExt as _, stream};

use crate::codec::FolioCodec;
use crate::failure;

/// A plan that is sent to Ballista's scheduler when it is executed, and whose rows are fetched from
/// the executors.
pub struct RemoteExec {
    scheduler: String,
    plan: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl RemoteExec {
    /// Sends the plan to the scheduler with this URL.
    pub(crate) fn new(scheduler: String, plan: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(plan.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            scheduler,
            plan,
            properties: Arc::new(properties),
        }
    }

    /// The plan that is sent.
    pub fn plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.plan
    }
}

impl ExecutionPlan for RemoteExec {
    fn name(&self) -> &'static str {
        "RemoteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// None: the plan is not executed here.
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
                "RemoteExec has no children".to_owned(),
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
        if partition > 0 {
            return Err(DataFusionError::Internal(format!(
                "RemoteExec has 1 partition, and number {partition} is executed"
            )));
        }
        let (scheduler, plan) = (self.scheduler.clone(), Arc::clone(&self.plan));
        let submitted = async move {
            let config = context.session_config().clone();
            execute_physical_plan::<PhysicalPlanNode>(
                scheduler,
                &config.ballista_config(),
                plan,
                &FolioCodec::without_clients(),
                context.session_id(),
                config,
            )
            .await
        };
        let batches = stream::once(submitted)
            .try_flatten()
            .map_err(failure::readable);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.plan.schema(),
            batches,
        )))
    }
}

impl DisplayAs for RemoteExec {
    fn fmt_as(&self, format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::TreeRender => writeln!(out, "scheduler={}", self.scheduler),
            _ => {
                writeln!(out, "RemoteExec: scheduler={}", self.scheduler)?;
                write!(out, "{}", displayable(self.plan.as_ref()).indent(false))
            }
        }
    }
}

impl fmt::Debug for RemoteExec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RemoteExec")
            .field("scheduler", &self.scheduler)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
