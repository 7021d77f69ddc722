//! The scheduler and executors as processes.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// The maximum time of a process to become ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process, which is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// What it printed when it was ready.
    pub(crate) ready: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program and waits for its line `ready: …`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        Self::try_start(command, log).unwrap_or_else(|log| panic!("it did not start: {log}"))
    }

    /// The same; if it ends before, its messages.
    pub(crate) fn try_start(command: &mut Command, log: PathBuf) -> Result<Self, String> {
        let messages = File::create(&log).unwrap();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(messages)
            .spawn()
            .unwrap();
        let (send, receive) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(ready) = line.strip_prefix("ready: ") {
                    let _ = send.send(ready.to_owned());
                }
            }
        });
        match receive.recv_timeout(PATIENCE) {
            Ok(ready) => Ok(Self { child, ready, log }),
            Err(_) => {
                child.kill().unwrap();
                child.wait().unwrap();
                Err(std::fs::read_to_string(&log).unwrap())
            }
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; true if it ended with success.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().success()
    }

    /// Its messages so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a cluster is started.
pub(crate) struct Setup<'a> {
    /// The URL of FOLIO for each executor.
    pub(crate) urls: Vec<&'a str>,
    pub(crate) max_requests: usize,
    pub(crate) tasks: usize,
    pub(crate) log: &'a str,
    pub(crate) password: &'a str,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(urls: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            urls: urls.into_iter().collect(),
            max_requests: 8,
            tasks: 4,
            log: "warn",
            password: folio_test_support::sandbox::ADMIN_PASSWORD,
        }
    }
}

/// A scheduler and executors.
pub(crate) struct Cluster {
    // In this order: executors leave before the scheduler ends.
    pub(crate) executors: Vec<Process>,
    pub(crate) scheduler: Process,
    pub(crate) folder: TempDir,
}

impl Cluster {
    pub(crate) fn start(setup: &Setup<'_>) -> Self {
        let mut cluster = Self::without_executors(setup);
        for number in 1..=setup.urls.len() {
            let executor = cluster.executor(setup, number).unwrap();
            cluster.executors.push(executor);
        }
        cluster
    }

    /// The scheduler alone.
    pub(crate) fn without_executors(setup: &Setup<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_folio-ballista-scheduler"));
        command
            .args(["--port", "0", "--executor-timeout", "3", "--log", setup.log])
            .args(["--executors", &setup.urls.len().to_string()])
            .args(["--max-requests", &setup.max_requests.to_string()]);
        let scheduler = Process::start(&mut command, folder.path().join("scheduler.log"));
        Self {
            executors: Vec::new(),
            scheduler,
            folder,
        }
    }

    /// Starts an executor; its messages if it does not start.
    pub(crate) fn executor(&self, setup: &Setup<'_>, number: usize) -> Result<Process, String> {
        let place = format!("{number}/{}", setup.urls.len());
        let mut command = self.command(&place, setup.max_requests);
        let url = setup.urls[number - 1];
        command
            .args(["--tasks", &setup.tasks.to_string()])
            .args(["--log", setup.log])
            .env("FOLIO_MAIN_URL", url)
            .env("FOLIO_MAIN_TENANT", folio_test_support::sandbox::TENANT)
            .env("FOLIO_MAIN_USERNAME", folio_test_support::sandbox::ADMIN)
            .env("FOLIO_MAIN_PASSWORD", setup.password);
        let log = self.folder.path().join(format!("executor-{number}.log"));
        Process::try_start(&mut command, log)
    }

    /// The command of an executor without credentials.
    pub(crate) fn command(&self, place: &str, max_requests: usize) -> Command {
        let port = self.scheduler.ready.rsplit(':').next().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_folio-ballista-executor"));
        command
            .args(["--scheduler-port", port, "--executor", place])
            .args(["--max-requests", &max_requests.to_string()])
            .args(["--port", "0", "--control-port", "0", "--heartbeat", "1"])
            .arg("--work-dir")
            .arg(self.folder.path());
        command
    }
}
