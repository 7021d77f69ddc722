//! An executor.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::error::{BallistaError, Result};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::health::ExecutorHealth;
use clap::Args;
use tokio::time::{Instant, sleep};

use crate::clients::Clients;
use crate::codec::FolioCodec;
use crate::credentials::CredentialsResolver;
use crate::functions::registry;
use crate::share::{Place, Share};

/// Between two attempts to reach the scheduler.
const PAUSE: Duration = Duration::from_millis(500);

/// Finished data older than this is deleted, should the scheduler not have done so.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// An executor of Ballista, which reads from FOLIO.
#[derive(Args, Clone, Debug)]
pub struct Executor {
    /// The host of the scheduler.
    #[arg(long, default_value = "localhost", value_name = "HOST")]
    pub scheduler_host: String,
    /// The port of the scheduler.
    #[arg(long, default_value_t = 50050, value_name = "PORT")]
    pub scheduler_port: u16,
    /// The number of this executor, and of how many: 1/2 and 2/2 are two executors.
    #[arg(long, value_name = "NUMBER/OF")]
    pub executor: Place,
    /// The maximum number of concurrent requests to FOLIO of all executors together, as at the scheduler.
    #[arg(long, default_value_t = 16, value_name = "NUMBER")]
    pub max_requests: usize,
    /// The number of tasks that run at once: by default that of the processor's cores.
    #[arg(long, value_name = "NUMBER")]
    pub tasks: Option<usize>,
    /// The address on which it listens. Ballista has no authentication: use a private network.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// The name or address by which the scheduler, other executors and sessions reach it: by default
    /// the address from which it connects to the scheduler.
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// The port for data; 0 for a free one.
    #[arg(long, default_value_t = 50051)]
    pub port: u16,
    /// The port for the scheduler's requests; 0 for a free one.
    #[arg(long, default_value_t = 50052, value_name = "PORT")]
    pub control_port: u16,
    /// The folder for results and intermediate data, which are records of FOLIO. It creates a folder
    /// in it that only its user can read, and deletes that folder when it ends.
    #[arg(long, value_name = "FOLDER")]
    pub work_dir: Option<PathBuf>,
    /// The memory of all tasks together, in MiB: by default 70 % of the machine's.
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u64>,
    /// The time between two signs of life; less than the scheduler's --executor-timeout.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub heartbeat: u64,
    /// How long it waits for the scheduler, and for the end of a lost executor with the same number.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub wait: u64,
}

impl Executor {
    /// Runs until the process gets SIGTERM or Ctrl-C: then it finishes its tasks, leaves the scheduler
    /// and logs out. `ready` is called once the scheduler has accepted it.
    ///
    /// # Errors
    /// The limit is lower than the number of executors, the scheduler rejects it, or a port or the
    /// folder cannot be used.
    pub async fn run(
        self,
        resolver: Arc<dyn CredentialsResolver>,
        ready: impl FnOnce(&str),
    ) -> Result<()> {
        let share = Share::new(self.executor, self.max_requests)
            .map_err(|error| BallistaError::Configuration(error.to_string()))?;
        let folder = self.folder()?;
        let clients = Arc::new(Clients::new(resolver, share));
        let health = ExecutorHealth::new();
        let ended = {
            let process = self.process(share, &folder, &clients, &health);
            tokio::pin!(process);
            tokio::select! {
                ended = &mut process => ended,
                () = accepted(&health) => {
                    ready(&share.executor_id());
                    process.await
                }
            }
        };
        clients.close().await;
        ended
    }

    /// The process of Ballista, which is started again while the scheduler cannot be reached or has not
    /// noticed yet that an executor of this number is lost.
    async fn process(
        &self,
        share: Share,
        folder: &tempfile::TempDir,
        clients: &Arc<Clients>,
        health: &ExecutorHealth,
    ) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(self.wait);
        loop {
            let mut config = self.config(share, folder, clients)?;
            config.health = health.clone();
            let error = match start_executor_process(Arc::new(config)).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let passes = match &error {
                BallistaError::GrpcConnectionError(_) => true,
                other => other.to_string().contains("already registered"),
            };
            if !passes || health.is_ready() || Instant::now() >= end {
                return Err(error);
            }
            sleep(PAUSE).await;
        }
    }

    fn config(
        &self,
        share: Share,
        folder: &tempfile::TempDir,
        clients: &Arc<Clients>,
    ) -> Result<ExecutorProcessConfig> {
        let bind_host = match self.bind {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let defaults = ExecutorProcessConfig::default();
        Ok(ExecutorProcessConfig {
            executor_id: share.executor_id(),
            bind_host,
            external_host: self.host.clone(),
            port: self.free(self.port)?,
            grpc_port: self.free(self.control_port)?,
            scheduler_host: self.scheduler_host.clone(),
            scheduler_port: self.scheduler_port,
            vcores: self.tasks.unwrap_or(defaults.vcores),
            work_dir: Some(folder.path().to_string_lossy().into_owned()),
            job_data_ttl_seconds: OLD.as_secs(),
            job_data_clean_up_interval_seconds: OLD.as_secs(),
            executor_heartbeat_interval_seconds: self.heartbeat,
            memory_pool_size: self.memory.map(|memory| memory.saturating_mul(1024 * 1024)),
            override_function_registry: Some(Arc::new(registry())),
            override_physical_codec: Some(Arc::new(FolioCodec::new(Arc::clone(clients) as _))),
            ..defaults
        })
    }

    /// The port, or a free one for 0: Ballista announces the ports before it uses them.
    fn free(&self, port: u16) -> Result<u16> {
        if port > 0 {
            return Ok(port);
        }
        let listener = TcpListener::bind(SocketAddr::new(self.bind, 0))?;
        Ok(listener.local_addr()?.port())
    }

    /// A folder that only the user can read.
    fn folder(&self) -> Result<tempfile::TempDir> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("folio-ballista-");
        #[cfg(unix)]
        let builder = {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o700))
        };
        let folder = match &self.work_dir {
            Some(parent) => {
                std::fs::create_dir_all(parent).and_then(|()| builder.tempdir_in(parent))
            }
            None => builder.tempdir(),
        };
        folder.map_err(|error| {
            let parent = self.work_dir.clone().unwrap_or_else(std::env::temp_dir);
            BallistaError::Configuration(format!(
                "cannot create a work folder in {}: {error}",
                parent.display()
            ))
        })
    }
}

/// Returns when the scheduler has accepted the executor.
async fn accepted(health: &ExecutorHealth) {
    while !health.is_ready() {
        sleep(Duration::from_millis(20)).await;
    }
}
