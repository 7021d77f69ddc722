//! Measures processes: what a job took, and what the server took for it.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use serde_json::json;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The cost of a job.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Took {
    pub(crate) records: u64,
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds of user and system time.
    pub(crate) cpu: f64,
    /// MB.
    pub(crate) peak: f64,
    /// The CPU seconds of the server for it.
    #[serde(default)]
    pub(crate) server: f64,
}

impl Took {
    /// The share of the cores, without the server's share, in which the client was busy.
    pub(crate) fn busy(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        self.cpu / (self.wall * cores - self.server)
    }
}

/// A server in a separate process, which ends with this value.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(records: u64, latency: u64) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["server", &records.to_string(), &latency.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut port = String::new();
        BufReader::new(output).read_line(&mut port)?;
        Ok(Self {
            process,
            url: format!("http://127.0.0.1:{}", port.trim()),
        })
    }
}

impl Server {
    /// Seconds of user and system time so far.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        let tasks = format!("/proc/{}/task", self.process.id());
        cpu_of(Path::new(&tasks))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a job, which prints its cost, in a separate process.
pub(crate) fn run(
    command: &mut Command,
    name: &str,
    server: &Server,
    records: u64,
) -> Result<Took, Failure> {
    let before = server.cpu()?;
    let output = command.stderr(Stdio::inherit()).output()?;
    let after = server.cpu()?;
    if !output.status.success() {
        return Err(format!("{name} failed").into());
    }
    let mut took: Took = serde_json::from_slice(&output.stdout)?;
    took.server = after - before;
    if took.records != records {
        return Err(format!("{name} has seen {} records of {records}", took.records).into());
    }
    Ok(took)
}

/// The result of a job: the number of records, and a checksum, so that nothing is optimized away.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) records: u64,
    pub(crate) sum: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, sum: usize) {
        self.records += 1;
        self.sum += sum as u64;
    }
}

/// Prints the cost of a job.
pub(crate) fn report(seen: &Seen, wall: f64) -> Result<(), Failure> {
    let line = json!({"records": seen.records, "sum": seen.sum, "wall": wall, "cpu": cpu_of("/proc/self/task".as_ref())?, "peak": peak()?});
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

/// User and system time of the threads of a process, in seconds: of its live threads, to the
/// nanosecond, which are all threads of the runtime.
fn cpu_of(tasks: &Path) -> Result<f64, Failure> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(tasks)? {
        let told = fs::read_to_string(thread?.path().join("schedstat"))?;
        let ran = told.split_whitespace().next().ok_or("no CPU time")?;
        nanoseconds += ran.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// The peak memory of this process, in MB.
fn peak() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no peak of memory")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
