//! The scheduler.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ballista_core::error::{BallistaError, Result};
use ballista_core::utils::default_config_producer;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::cluster::memory::InMemoryJobState;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use clap::Args;
use datafusion::common::exec_err;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;

use crate::codec::FolioCodec;
use crate::functions::session_state;
use crate::members::Members;
use crate::share;

/// Ballista's scheduler for plans over FOLIO. It needs neither FOLIO nor credentials.
#[derive(Args, Clone, Debug)]
pub struct Scheduler {
    /// The address on which it listens. Ballista has no authentication: use a private network.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// The port on which it listens; 0 for a free one.
    #[arg(long, default_value_t = 50050)]
    pub port: u16,
    /// The name or address by which executors reach it.
    #[arg(long, default_value = "localhost", value_name = "HOST")]
    pub host: String,
    /// The number of executors that share the limit. Others are rejected.
    #[arg(long, value_name = "NUMBER")]
    pub executors: usize,
    /// The maximum number of concurrent requests to FOLIO of all executors together.
    #[arg(long, default_value_t = 16, value_name = "NUMBER")]
    pub max_requests: usize,
    /// After this time without a sign of life an executor counts as lost, and its tasks run on others.
    /// Without any executor for this time, statements fail.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub executor_timeout: u64,
    /// The results and intermediate data of a finished statement are deleted after this time.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub keep_data: u64,
}

impl Scheduler {
    /// Runs until the process gets SIGTERM or Ctrl-C. `ready` is called with the URL for sessions once
    /// it accepts connections.
    ///
    /// # Errors
    /// The limit is lower than the number of executors, or the port cannot be used.
    pub async fn run(self, ready: impl FnOnce(&str)) -> Result<()> {
        share::check(self.max_requests, self.executors)
            .map_err(|error| BallistaError::Configuration(error.to_string()))?;
        let address = SocketAddr::new(self.bind, self.port);
        let listener = TcpListener::bind(address).await.map_err(|error| {
            BallistaError::Configuration(format!("cannot listen on {address}: {error}"))
        })?;
        let port = listener.local_addr()?.port();
        let config = self.config(port);
        config.validate()?;
        let url = format!("http://{}:{port}", self.host);
        let members = Arc::new(Members::new(self.executors, self.max_requests));
        let known = Arc::clone(&members);
        // It is called for each statement. Without this check, a statement would wait
        // forever for executors.
        let sessions = move |config| match known.is_empty() {
            true => {
                exec_err!("the scheduler has no executors: start them, and run the statement again")
            }
            false => session_state(config),
        };
        let jobs = InMemoryJobState::new(
            config.scheduler_id.clone(),
            Arc::new(sessions),
            Arc::new(default_config_producer),
        );
        let cluster = BallistaCluster::new(members, Arc::new(jobs));
        let server =
            create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config))
                .await?;
        ready(&url);
        tokio::select! {
            ended = start_grpc_service_with_listener(listener, server) => ended,
            () = crate::signals::stop() => Ok(()),
        }
    }

    fn config(&self, port: u16) -> SchedulerConfig {
        SchedulerConfig {
            bind_host: self.bind.to_string(),
            bind_port: port,
            external_host: self.host.clone(),
            // All executors get tasks, not one after the other.
            task_distribution: TaskDistributionPolicy::RoundRobin,
            executor_timeout_seconds: self.executor_timeout,
            no_executors_grace_period_seconds: self.executor_timeout,
            expire_dead_executor_interval_seconds: checks(self.executor_timeout).as_secs(),
            finished_job_data_clean_up_interval_seconds: self.keep_data,
            override_physical_codec: Some(Arc::new(FolioCodec::without_clients())),
            ..SchedulerConfig::default()
        }
    }
}

/// How often lost executors are looked for.
fn checks(timeout: u64) -> Duration {
    Duration::from_secs((timeout / 4).clamp(1, 15))
}
