//! How much a plan has read, by the metrics of its scans.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;

/// What the scans of a plan have read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// The number of records.
    pub(crate) records: u64,
    /// The number of values that did not fit their columns, which are null there.
    pub(crate) misfits: u64,
}

impl Reading {
    /// Of a plan, so far.
    pub(crate) fn of(plan: &Arc<dyn ExecutionPlan>) -> Self {
        let mut sum = Self::default();
        sum.add(plan);
        sum
    }

    fn add(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        if plan.name() == "FolioExec"
            && let Some(metrics) = plan.metrics()
        {
            let count = |value: usize| u64::try_from(value).unwrap_or_default();
            self.records += count(metrics.output_rows().unwrap_or_default());
            let misfits = metrics.sum_by_name("values_in_extra");
            self.misfits += count(misfits.map_or(0, |value| value.as_usize()));
        }
        for child in plan.children() {
            self.add(child);
        }
    }
}
