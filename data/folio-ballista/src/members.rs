//! The executors that the scheduler accepts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::{BallistaError, Result};
use ballista_core::serde::protobuf::ExecutorHeartbeat;
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::task_manager::JobInfoCache;
use tokio::sync::Mutex;

use crate::share::executor_id;
use crate::slots::Slots;

/// Ballista's state of the cluster, which accepts only the executors that share a limit of concurrent
/// requests. Each of them can be registered once at a time, so their shares add up to no more than
/// the limit.
pub(crate) struct Members {
    executors: usize,
    limit: usize,
    state: InMemoryClusterState,
    slots: Mutex<Slots>,
}

impl Members {
    pub(crate) fn new(executors: usize, limit: usize) -> Self {
        Self {
            executors,
            limit,
            state: InMemoryClusterState::default(),
            slots: Mutex::default(),
        }
    }

    /// Whether there is no executor.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.executor_heartbeats().is_empty()
    }

    fn check(&self, id: &str) -> Result<()> {
        let mut members =
            (1..=self.executors).map(|number| executor_id(number, self.executors, self.limit));
        match members.any(|member| member == id) {
            true => Ok(()),
            false => Err(BallistaError::Configuration(format!(
                "the executor `{id}` is not one of the {executors} that share {limit} concurrent requests: start it with `--executor 1/{executors}` to `{executors}/{executors}` and `--max-requests {limit}`",
                executors = self.executors,
                limit = self.limit,
            ))),
        }
    }
}

#[async_trait]
impl ClusterState for Members {
    async fn init(&self) -> Result<()> {
        self.state.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        let mut slots = self.slots.lock().await;
        for (executor, lost) in slots.lost(&used(&jobs).await) {
            let freed = slots.free(&executor, lost);
            self.state.unbind_tasks(vec![(executor, freed)]).await?;
        }
        let bound = self
            .state
            .bind_schedulable_tasks(distribution, jobs, executors);
        let bound = bound.await?;
        for (executor, task) in &bound {
            slots.take(executor, task.vcores_consumed);
        }
        Ok(bound)
    }

    async fn unbind_tasks(&self, freed: Vec<ExecutorSlot>) -> Result<()> {
        let mut slots = self.slots.lock().await;
        let freed = freed.into_iter().map(|(executor, count)| {
            let freed = slots.free(&executor, count);
            (executor, freed)
        });
        self.state.unbind_tasks(freed.collect()).await
    }

    async fn register_executor(
        &self,
        metadata: ExecutorMetadata,
        data: ExecutorData,
    ) -> Result<()> {
        self.check(&metadata.id)?;
        let mut slots = self.slots.lock().await;
        let (all, free) = (data.total_vcores, data.available_vcores);
        let id = metadata.id.clone();
        self.state.register_executor(metadata, data).await?;
        slots.add(&id, all, free);
        Ok(())
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.check(&metadata.id)?;
        self.state.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, id: &str) -> Result<ExecutorMetadata> {
        self.state.get_executor_metadata(id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.state.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.state.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, id: &str) -> Result<()> {
        self.slots.lock().await.remove(id);
        self.state.remove_executor(id).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.state.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, id: &str) -> Option<ExecutorHeartbeat> {
        self.state.get_executor_heartbeat(id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.state.cluster_state_events().await
    }
}

/// The slots of the running tasks of each executor.
async fn used(jobs: &HashMap<JobId, JobInfoCache>) -> HashMap<String, u32> {
    let mut used: HashMap<String, u32> = HashMap::new();
    for job in jobs.values() {
        let graph = job.execution_graph.read().await;
        for task in graph.running_tasks() {
            let slots = graph.task_vcores(task.stage_id, task.task_id);
            *used.entry(task.executor_id).or_default() += slots.unwrap_or_default();
        }
    }
    used
}
