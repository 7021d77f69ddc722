//! Throughput of reading and writing many records, compared with a hand-written loop and
//! FolioClient, in one run. Prints tables in Markdown.
//!
//! `cargo run --release -p folio-sdk-speed` measures everything in `benches/README.md`. With
//! `--quick` a tenth of the records. `tasks` measures only decoding in several tasks (`tasks.rs`),
//! and `memory [LIMIT...]` only the memory of harvests (`memory.rs`).
//!
//! Each job runs in a separate process against a server in another one, several times in
//! alternation with the others; the minimum of each counts, because disturbances of the machine
//! only add.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

#[path = "../../src/baseline/mod.rs"]
#[allow(dead_code, reason = "only what is read is measured")]
mod baseline;
mod client;
mod measure;
mod memory;
#[path = "../../src/sample.rs"]
mod sample;
mod server;
mod tasks;

use measure::{Failure, Server, Took};
use server::Fixture;

/// Records per page, for all.
const PAGE: u32 = 1_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    };
    match words[..] {
        ["server", records, latency] => {
            let latency = std::time::Duration::from_millis(latency.parse()?);
            Ok(runtime()?.block_on(server::serve(Fixture::new(records.parse()?, latency)))?)
        }
        ["client", job, url, records] => {
            runtime()?.block_on(client::run(job, url, PAGE, records.parse()?))
        }
        ["decode", job, threads, records] => tasks::run(job, threads.parse()?, records.parse()?),
        ["harvest", kind, limit, url] => runtime()?.block_on(memory::run(kind, limit, url)),
        ["memory"] => memory::measure(200_000, 5, &["default"]),
        ["memory", ref limits @ ..] => memory::measure(200_000, 5, limits),
        ["tasks"] => tasks::measure(200_000, 5),
        ["tasks", "--quick"] => tasks::measure(40_000, 3),
        [] => measure(200_000, 3),
        ["--quick"] => measure(20_000, 2),
        _ => Err("expected nothing, `tasks`, `memory`, or --quick".into()),
    }
}

/// Runs a job in a separate process.
fn job(job: &str, server: &Server, records: u64) -> Result<Took, Failure> {
    let mut command = match job {
        "folioclient" => {
            let mut command = Command::new(python());
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers/folioclient_list.py");
            command.args([script, &server.url, &PAGE.to_string()]);
            command
        }
        job => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["client", job, &server.url, &records.to_string()]);
            command
        }
    };
    measure::run(&mut command, job, server, records)
}

fn python() -> String {
    std::env::var("FOLIO_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether a Python with FolioClient exists.
fn has_folioclient() -> bool {
    let check =
        "import importlib.metadata as m, sys; sys.exit(m.version('folioclient') != '1.0.15')";
    let found = Command::new(python())
        .args(["-c", check])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// The minimum cost of several runs, in alternation with each other.
fn best<'a>(
    jobs: &[&'a str],
    server: &Server,
    records: u64,
    rounds: usize,
) -> Result<BTreeMap<&'a str, Took>, Failure> {
    let mut best: BTreeMap<&str, Took> = BTreeMap::new();
    for round in 0..rounds {
        for name in jobs {
            // It is slow, and far from the others.
            if *name == "folioclient" && round > 0 {
                continue;
            }
            let took = job(name, server, records)?;
            best.entry(name)
                .and_modify(|best| {
                    if took.wall < best.wall {
                        (best.wall, best.server) = (took.wall, took.server);
                    }
                    best.cpu = best.cpu.min(took.cpu);
                    best.peak = best.peak.min(took.peak);
                })
                .or_insert(took);
        }
    }
    Ok(best)
}

/// The names of the jobs in the tables.
fn title(job: &str) -> &'static str {
    match job {
        "hand-typed" => "(a) hand-written, typed, unknown fields retained",
        "hand-typed-plain" => "(a') hand-written, typed, unknown fields lost",
        "hand-value" => "(a) hand-written, `Value`",
        "folioclient" => "(b) FolioClient 1.0.15",
        "bytes" => "(c) the server's limit: bodies that are not read",
        "ours-typed" => "`list_instances().stream()`",
        "ours-value" => "`folio_get_all::<Value>`",
        "ours-raw" => "`folio_get_all::<RawRecord>`",
        "ours-harvest" => "`harvest`, typed, 16 in flight",
        "ours-harvest-raw" => "`harvest`, raw, 16 in flight",
        "ours-harvest-tasks" => "`harvest`, typed, 16 in flight, `for_each_concurrent`",
        "ours-harvest-ordered" => "`harvest`, typed, 16 in flight, in order",
        "ours-upsert" => "`upsert`",
        _ => "(a) hand-written, one by one",
    }
}

fn table(took: &BTreeMap<&str, Took>, jobs: &[&str]) {
    println!(
        "| | wall | CPU | cores busy | CPU of the server | peak memory | records per second |"
    );
    println!("|---|---|---|---|---|---|---|");
    for name in jobs {
        if let Some(job) = took.get(name) {
            let Took {
                wall,
                cpu,
                peak,
                server,
                ..
            } = job;
            println!(
                "| {} | {wall:.2} s | {cpu:.2} s | {:.0} % | {server:.2} s | {peak:.0} MB | {:.0} |",
                title(name),
                job.busy() * 100.0,
                job.records as f64 / wall
            );
        }
    }
}

/// A ratio, and its goal.
fn ratio(what: &str, value: Option<f64>, asked: &str, met: impl Fn(f64) -> bool) {
    match value {
        Some(value) => println!(
            "| {what} | {value:.2} | {asked} | {} |",
            if met(value) { "met" } else { "NOT MET" }
        ),
        None => println!("| {what} | skipped | {asked} | |"),
    }
}

fn measure(records: u64, rounds: usize) -> Result<(), Failure> {
    let peer = has_folioclient();
    if !peer {
        println!(
            "FolioClient 1.0.15 is skipped: `{} -c 'import folioclient'` does not find it (FOLIO_PEER_PYTHON names a Python)\n",
            python()
        );
    }
    println!(
        "{records} instances of {} bytes, {PAGE} per page, {} cores, the minimum of {rounds} runs each\n",
        sample::instance(0).to_string().len(),
        std::thread::available_parallelism()?
    );
    let mut ratios: Vec<Box<dyn FnOnce()>> = Vec::new();
    let of = |took: &BTreeMap<&str, Took>, ours: &str, other: &str, what: fn(&Took) -> f64| {
        Some(what(took.get(ours)?) / what(took.get(other)?))
    };
    let wall: fn(&Took) -> f64 = |took| took.wall;
    let cpu: fn(&Took) -> f64 = |took| took.cpu;
    let peak: fn(&Took) -> f64 = |took| took.peak;
    for latency in [0, 5, 30] {
        let server = Server::start(records, latency)?;
        let mut jobs = vec![
            "bytes",
            "hand-typed",
            "hand-typed-plain",
            "ours-typed",
            "hand-value",
            "ours-value",
            "ours-raw",
            "ours-harvest",
            "ours-harvest-raw",
            "ours-harvest-tasks",
            "ours-harvest-ordered",
        ];
        if peer && latency != 5 {
            jobs.insert(1, "folioclient");
        }
        // Waiting is the same each time.
        let rounds = match latency {
            0 => rounds,
            5 => 1,
            _ => rounds.min(2),
        };
        let took = best(&jobs, &server, records, rounds)?;
        println!("## Reading at {latency} ms\n");
        table(&took, &jobs);
        println!();
        if latency == 0 {
            let figures = [
                of(&took, "ours-typed", "hand-typed", cpu),
                of(&took, "ours-typed", "hand-typed-plain", cpu),
                of(&took, "ours-typed", "hand-typed", peak),
                of(&took, "ours-value", "hand-value", cpu),
                of(&took, "ours-raw", "hand-typed", cpu),
            ];
            ratios.push(Box::new(move || {
                ratio("one stream, typed : (a), CPU", figures[0], "<= 1.10", |r| {
                    r <= 1.10
                });
                ratio(
                    "one stream, typed : (a'), CPU",
                    figures[1],
                    "for comparison",
                    |_| true,
                );
                ratio(
                    "one stream, typed : (a), peak memory",
                    figures[2],
                    "<= 2",
                    |r| r <= 2.0,
                );
                ratio(
                    "`Value` : (a) with `Value`, CPU",
                    figures[3],
                    "<= 1.10",
                    |r| r <= 1.10,
                );
                ratio("raw : (a) typed, CPU", figures[4], "<= 0.65", |r| r <= 0.65);
            }));
        }
        if latency == 30 {
            let busy =
                ["ours-harvest", "ours-harvest-raw"].map(|job| took.get(job).map(Took::busy));
            let figures = [
                of(&took, "ours-typed", "hand-typed", wall),
                of(&took, "hand-typed", "ours-harvest", wall),
                of(&took, "folioclient", "ours-harvest", wall),
                of(&took, "hand-typed", "ours-harvest-raw", wall),
                of(&took, "folioclient", "ours-harvest-raw", wall),
            ];
            ratios.push(Box::new(move || {
                ratio(
                    "one stream, typed : (a), wall at 30 ms",
                    figures[0],
                    "<= 0.82",
                    |r| r <= 0.82,
                );
                let aims = [
                    ("typed, times (a)", 5.0, busy[0]),
                    ("typed, times (b)", 10.0, busy[0]),
                    ("raw, times (a)", 8.0, busy[1]),
                    ("raw, times (b)", 20.0, busy[1]),
                ];
                for ((what, aim, busy), times) in aims.into_iter().zip(&figures[1..]) {
                    let busy = busy.unwrap_or_default();
                    ratio(
                        &format!(
                            "harvest {what}, at 30 ms (cores busy: {:.0} %)",
                            busy * 100.0
                        ),
                        *times,
                        &format!(">= {aim}, or cores >= 90 % busy"),
                        |times| times >= aim || busy >= 0.9,
                    );
                }
            }));
        }
    }
    println!("## Memory of one stream\n\nThe median of three runs.\n");
    println!("| records | `list_instances().stream()` | (a) |\n|---|---|---|");
    let mut peaks = Vec::new();
    let most = records * 10;
    for records in [20_000, 200_000, 2_000_000] {
        if records > most {
            break;
        }
        let server = Server::start(records, 0)?;
        // A peak varies from run to run with the timing of the pages.
        let peak = |name| {
            let mut peaks = Vec::new();
            for _ in 0..3 {
                peaks.push(job(name, &server, records)?.peak);
            }
            peaks.sort_by(f64::total_cmp);
            Ok::<_, Failure>(peaks[1])
        };
        let (ours, hand) = (peak("ours-typed")?, peak("hand-typed")?);
        println!("| {records} | {ours:.1} MB | {hand:.1} MB |");
        peaks.push(ours);
    }
    let growth = peaks
        .last()
        .zip(peaks.first())
        .map(|(last, first)| last / first);
    ratios.push(Box::new(move || {
        ratio(
            "peak memory, of the most records : of 20,000",
            growth,
            "flat (<= 1.10)",
            |r| r <= 1.10,
        )
    }));
    println!("\n## Writing at 5 ms\n");
    let writes = records / 2;
    let server = Server::start(0, 5)?;
    let jobs = ["hand-one-by-one", "ours-upsert"];
    // One by one takes as long for a twentieth of them, twenty times over.
    let few = (writes / 20).max(1);
    let mut took = BTreeMap::new();
    took.insert("hand-one-by-one", job("hand-one-by-one", &server, few)?);
    took.insert("ours-upsert", job("ours-upsert", &server, writes)?);
    table(&took, &jobs);
    println!("\n({few} one by one, {writes} in batches.)\n");
    let times = took
        .get("ours-upsert")
        .zip(took.get("hand-one-by-one"))
        .map(|(ours, hand)| (ours.records as f64 / ours.wall) / (hand.records as f64 / hand.wall));
    ratios.push(Box::new(move || {
        ratio(
            "batch upsert, times (a) one by one, records per second",
            times,
            "reported",
            |_| true,
        )
    }));
    println!("## Goals\n\n| | measured | goal | |\n|---|---|---|---|");
    for ratio in ratios {
        ratio();
    }
    Ok(())
}
