//! Plans statements in the session, and sends the plans to Ballista.

use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::planner::scans_only_information_schema;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
use folio_datafusion::FolioExec;

use crate::clients::no_credentials;
use crate::remote::RemoteExec;

/// Plans statements in the session's process, and sends the plans that read from FOLIO to Ballista.
///
/// The scheduler needs neither FOLIO nor credentials, and the plans are those of one process:
/// `EXPLAIN` shows them. Statements without a table of FOLIO run in the session's process, and so
/// does writing a result to a file (`COPY … TO`), while its query runs on Ballista.
#[derive(Debug)]
pub struct FolioPlanner {
    scheduler: String,
}

impl FolioPlanner {
    /// Sends plans to the scheduler with this URL, such as `http://localhost:50050`.
    pub fn new(scheduler: impl Into<String>) -> Self {
        Self {
            scheduler: scheduler.into(),
        }
    }

    fn remote(&self, plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(RemoteExec::new(self.scheduler.clone(), plan))
    }
}

#[async_trait]
impl QueryPlanner for FolioPlanner {
    async fn create_physical_plan(
        &self,
        logical: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::default();
        let is_local =
            matches!(logical, LogicalPlan::Explain(_)) || scans_only_information_schema(logical)?;
        if let LogicalPlan::Analyze(_) = logical {
            return Err(DataFusionError::NotImplemented(
                "EXPLAIN ANALYZE is not available for plans that run on Ballista: use EXPLAIN, or a session of one process".to_owned(),
            ));
        }
        let plan = planner.create_physical_plan(logical, session).await?;
        if is_local || !reads_from_folio(&plan)? {
            return Ok(plan);
        }
        // A file is written here, not on an executor.
        if plan.is::<DataSinkExec>() {
            let inputs = plan.children().into_iter();
            let inputs = inputs.map(|input| self.remote(Arc::clone(input))).collect();
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            return plan.replace_children(inputs, options);
        }
        Ok(self.remote(plan))
    }
}

/// Whether a plan contains scans of FOLIO, which must have names of credentials.
fn reads_from_folio(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut reads = false;
    plan.apply(|node| {
        if let Some(scan) = node.downcast_ref::<FolioExec>() {
            reads = true;
            let description = scan.description();
            if description.credentials.is_none() {
                return Err(DataFusionError::Plan(no_credentials(&description.path)));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(reads)
}
