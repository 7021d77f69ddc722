//! Decoding on several cores: `for_each_concurrent` compared with the stream and with hand-written
//! loops, in one run.
//!
//! Nothing but the client uses the cores: the pages come from memory, through a service in place of
//! connections. Copying a page costs each job the same, some 5 % of decoding it. A job runs in a
//! process of its own, with so many threads of the runtime, on so many cores (`taskset`, if there is
//! one). The minimum of several alternating runs counts.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use folio_sdk::{FolioClient, HttpBody, HttpFuture, HttpRequest, HttpResponse, HttpService};

use hyper::header::HeaderValue;

use crate::PAGE;
use crate::baseline::lossless::Instances;
use crate::client::{all, begin, in_tasks, title_length};
use crate::measure::{Failure, Seen, Took, report};
use crate::server::Fixture;

/// Pages from memory, in place of connections.
struct Memory(Arc<Fixture>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Memory")
    }
}

impl HttpService for Memory {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let fixture = Arc::clone(&self.0);
        Box::pin(async move {
            let page = fixture.page(request.uri().query().unwrap_or_default());
            let mut response = HttpResponse::new(HttpBody::from(page));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", json);
            Ok(response)
        })
    }
}

/// Runs a job with so many threads, and prints its cost.
pub(crate) fn run(job: &str, threads: usize, records: u64) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let fixture = Arc::new(Fixture::new(records, Duration::ZERO));
    let service = Memory(Arc::clone(&fixture));
    let folio = FolioClient::builder("http://127.0.0.1:9130")
        .tenant("diku")
        .token("token")
        .http_service(service)
        .build()?;
    let start = Instant::now();
    let job = job.to_owned();
    // On a thread of the runtime: there are as many as cores.
    let task = runtime.spawn(async move {
        match job.as_str() {
            "stream" => all(begin(&folio, PAGE).stream(), title_length).await,
            "tasks" => in_tasks(begin(&folio, PAGE)).await,
            "hand" => hand(&fixture, 1).await,
            _ => hand(&fixture, threads).await,
        }
    });
    let seen = runtime.block_on(task)??;
    report(&seen, start.elapsed().as_secs_f64())
}

/// The hand-written loop: decodes a page with serde, uses its records, drops it. In each of so many
/// tasks, which take the pages in turns.
async fn hand(fixture: &Arc<Fixture>, tasks: usize) -> Result<Seen, Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (fixture, next) = (Arc::clone(fixture), Arc::clone(&next));
            tokio::spawn(async move {
                let mut seen = Seen::default();
                loop {
                    let offset = next.fetch_add(PAGE.into(), Ordering::Relaxed);
                    let page = fixture.page(&format!("offset={offset}&limit={PAGE}"));
                    let page: Instances = serde_json::from_slice(&page)?;
                    for instance in &page.instances {
                        seen.add(instance.title.len());
                    }
                    if page.instances.is_empty() {
                        return Ok::<_, Failure>(seen);
                    }
                }
            })
        })
        .collect();
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await??;
        all.records += seen.records;
        all.sum += seen.sum;
    }
    Ok(all)
}

type Measure = fn(&Took) -> f64;

fn job(job: &str, threads: usize, records: u64) -> Result<Took, Failure> {
    let program = std::env::current_exe()?;
    let cores = format!("0-{}", threads - 1);
    let has_taskset = Command::new("taskset")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    let mut command = match has_taskset {
        true => {
            let mut command = Command::new("taskset");
            command.args(["-c", &cores]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.args(["decode", job, &threads.to_string(), &records.to_string()]);
    let output = command.stderr(Stdio::inherit()).output()?;
    let took: Took = serde_json::from_slice(&output.stdout)?;
    if took.records != records {
        return Err(format!("{job} has seen {} records of {records}", took.records).into());
    }
    Ok(took)
}

/// Measures all jobs on one core and on all.
pub(crate) fn measure(records: u64, rounds: usize) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism()?.get();
    let jobs = [
        ("hand", 1, "hand-written loop"),
        ("stream", 1, "`stream()`"),
        ("tasks", 1, "`for_each_concurrent`"),
        ("hand-tasks", cores, "hand-written loop in tasks"),
        ("stream", cores, "`stream()`"),
        ("tasks", cores, "`for_each_concurrent`"),
    ];
    let mut best: BTreeMap<(&str, usize), Took> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, threads, _) in jobs {
            let took = job(name, threads, records)?;
            let least = best.entry((name, threads)).or_insert(took);
            least.wall = least.wall.min(took.wall);
            least.cpu = least.cpu.min(took.cpu);
            least.peak = least.peak.min(took.peak);
        }
    }
    println!("{records} instances, {PAGE} per page, from memory; the minimum of {rounds} runs\n");
    println!(
        "| | cores | wall | CPU | peak memory | records per second |\n|---|---|---|---|---|---|"
    );
    for (name, threads, title) in jobs {
        let took = best[&(name, threads)];
        println!(
            "| {title} | {threads} | {:.2} s | {:.2} s | {:.0} MB | {:.0} |",
            took.wall,
            took.cpu,
            took.peak,
            records as f64 / took.wall
        );
    }
    let ratio =
        |of: (&str, usize), to: (&str, usize), what: Measure| what(&best[&of]) / what(&best[&to]);
    let (wall, cpu): (Measure, Measure) = (|took| took.wall, |took| took.cpu);
    let (one, all) = (("tasks", 1), ("tasks", cores));
    println!("\n| | measured | goal |\n|---|---|---|");
    println!(
        "| rate of `for_each_concurrent` on {cores} cores : on one | {:.2} | >= {:.1} |",
        ratio(one, all, wall),
        0.8 * cores as f64
    );
    println!(
        "| rate of `for_each_concurrent` on {cores} cores : of `stream()` on one | {:.2} | >= {:.1} |",
        ratio(("stream", 1), all, wall),
        0.8 * cores as f64
    );
    for (title, of, to) in [
        (
            "its CPU : that of `stream()`, on one core",
            one,
            ("stream", 1),
        ),
        (
            "its CPU : that of `stream()`, on all",
            all,
            ("stream", cores),
        ),
        (
            "its CPU on all : that of `stream()` on one core",
            all,
            ("stream", 1),
        ),
    ] {
        println!("| {title} | {:.2} | <= 1.10 |", ratio(of, to, cpu));
    }
    println!(
        "| its CPU : that of the hand-written loop in tasks | {:.2} | |",
        ratio(all, ("hand-tasks", cores), cpu)
    );
    println!(
        "| the hand-written loop in tasks, rate on {cores} cores : on one | {:.2} | |",
        ratio(("hand", 1), ("hand-tasks", cores), wall)
    );
    Ok(())
}
