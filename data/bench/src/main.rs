//! Exports of all instances to Parquet, compared with LDLite and with DuckDB, in one run.
//!
//! `cargo run --release -p folio-data-bench [FILE.json]` in the folder `data`; with `--quick` 20,000
//! records instead of 200,000. It prints tables in Markdown, and writes the same numbers to the file.
//! `README.md` describes the jobs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use measure::{Failure, Server, Took};
use serde_json::{Value, json};
use server::Fixture;

mod client;
#[path = "../../../benches/speed/src/measure.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod measure;
#[path = "../../../benches/src/sample.rs"]
mod sample;
#[path = "../../../benches/speed/src/server.rs"]
#[allow(dead_code, reason = "the other benchmarks use the rest")]
mod server;
mod varied;

const PATH: &str = "/instance-storage/instances";

/// Records per page, for all: LDLite's default.
const PAGE: u32 = 1_000;

/// The latencies of the server, in milliseconds.
const LATENCIES: [u64; 2] = [0, 30];

/// The programs that take part.
const JOBS: [(&str, &str); 6] = [
    ("typed", "`list_instances().stream()`, nothing written"),
    ("parquet-ordered", "folio-arrow to Parquet, in order"),
    ("parquet", "folio-arrow to Parquet"),
    ("jsonl", "`harvest` to JSON Lines"),
    ("duckdb", "DuckDB: JSON Lines to Parquet"),
    ("ldlite", "LDLite 4.0.1 to Parquet"),
];

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
            let records = records.parse()?;
            let fixture = Fixture::of(records, latency, varied::instances(records));
            Ok(runtime()?.block_on(server::serve(fixture))?)
        }
        ["client", job, url, folder] => runtime()?.block_on(client::run(job, url, folder.as_ref())),
        [] => compare(200_000, 3, None),
        ["--quick"] => compare(20_000, 1, None),
        ["--quick", file] => compare(20_000, 1, Some(file)),
        [file] => compare(200_000, 3, Some(file)),
        _ => Err("expected nothing, --quick, or the name of a file".into()),
    }
}

/// The Python with LDLite and DuckDB.
fn python() -> String {
    std::env::var("FOLIO_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether Python has a package in a version, or in any.
fn has(package: &str, version: Option<&str>) -> bool {
    let check = "import importlib.metadata as m, sys; v = m.version(sys.argv[1]); sys.exit(len(sys.argv) > 2 and v != sys.argv[2])";
    let found = Command::new(python())
        .args(["-c", check, package])
        .args(version)
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// What a job took, and the bytes that it wrote.
#[derive(Clone, Copy, Debug)]
struct Cost {
    took: Took,
    bytes: u64,
}

/// Runs a job in a process of its own, in a folder of its own.
fn job(name: &str, server: &Server, records: u64, folder: &Path) -> Result<Cost, Failure> {
    let script = |script: &str| {
        let mut command = Command::new(python());
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
        command
    };
    let (mut command, file) = match name {
        "ldlite" => {
            let folder = folder.join("ldlite");
            // LDLite would add to the database of an earlier run.
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            std::fs::create_dir(&folder)?;
            let mut command = script("ldlite_export.py");
            command.arg(&server.url).arg(&folder);
            (command, None)
        }
        "duckdb" => {
            let file = folder.join("duckdb.parquet");
            let mut command = script("duckdb_export.py");
            command.arg(folder.join("instances.jsonl")).arg(&file);
            (command, Some(file))
        }
        name => {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["client", name, &server.url]).arg(folder);
            let file = match name {
                "typed" => None,
                "jsonl" => Some(folder.join("instances.jsonl")),
                name => Some(folder.join(format!("{name}.parquet"))),
            };
            if let Some(file) = file.as_ref().filter(|file| file.exists()) {
                std::fs::remove_file(file)?;
            }
            (command, file)
        }
    };
    let took = measure::run(&mut command, name, server, records)?;
    let bytes = match file {
        Some(file) => std::fs::metadata(file)?.len(),
        None if name == "ldlite" => parquet_bytes(&folder.join("ldlite"))?,
        None => 0,
    };
    Ok(Cost { took, bytes })
}

/// The size of the Parquet files in a folder.
fn parquet_bytes(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "parquet")
        {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

fn compare(records: u64, rounds: usize, file: Option<&str>) -> Result<(), Failure> {
    let (ldlite, duckdb) = (has("ldlite", Some("4.0.1")), has("duckdb", None));
    for (package, is_there) in [("ldlite 4.0.1", ldlite), ("duckdb", duckdb)] {
        if !is_there {
            println!(
                "{package} is skipped: `{}` does not have it (FOLIO_PEER_PYTHON names a Python)\n",
                python()
            );
        }
    }
    println!(
        "{records} instances, {PAGE} per page, {} cores, the minimum of {rounds} runs each\n",
        std::thread::available_parallelism()?
    );
    let mut figures = BTreeMap::new();
    for latency in LATENCIES {
        let folder = tempfile::tempdir()?;
        let server = Server::start(records, latency)?;
        let mut costs: BTreeMap<&str, Cost> = BTreeMap::new();
        for round in 0..rounds {
            for (name, _) in JOBS {
                // Slow jobs that are far from the others run once.
                let is_absent =
                    (name == "ldlite" && (!ldlite || round > 0)) || (name == "duckdb" && !duckdb);
                if is_absent {
                    continue;
                }
                let cost = job(name, &server, records, folder.path())?;
                let least = costs.entry(name).or_insert(cost);
                if cost.took.wall < least.took.wall {
                    (least.took.wall, least.took.server) = (cost.took.wall, cost.took.server);
                }
                least.took.cpu = least.took.cpu.min(cost.took.cpu);
                least.took.peak = least.took.peak.min(cost.took.peak);
            }
        }
        print(latency, &costs);
        figures.insert(latency, costs);
    }
    let ratios = ratios(&figures);
    if let Some(file) = file {
        std::fs::write(
            file,
            serde_json::to_vec_pretty(&as_json(records, &figures, &ratios))?,
        )?;
    }
    Ok(())
}

fn print(latency: u64, costs: &BTreeMap<&str, Cost>) {
    println!("## {latency} ms\n");
    println!(
        "| | wall | CPU | peak memory | file | records per second |\n|---|---|---|---|---|---|"
    );
    for (name, title) in JOBS {
        let Some(Cost { took, bytes }) = costs.get(name) else {
            continue;
        };
        println!(
            "| {title} | {:.2} s | {:.2} s | {:.0} MB | {:.1} MB | {:.0} |",
            took.wall,
            took.cpu,
            took.peak,
            *bytes as f64 / 1e6,
            took.records as f64 / took.wall
        );
    }
    if let (Some(lines), Some(duckdb)) = (costs.get("jsonl"), costs.get("duckdb")) {
        let wall = lines.took.wall + duckdb.took.wall;
        println!(
            "| both: `harvest` and DuckDB | {wall:.2} s | {:.2} s | {:.0} MB | {:.1} MB | {:.0} |",
            lines.took.cpu + duckdb.took.cpu,
            lines.took.peak.max(duckdb.took.peak),
            duckdb.bytes as f64 / 1e6,
            lines.took.records as f64 / wall
        );
    }
    println!();
}

/// A ratio, and its goal.
struct Ratio {
    what: &'static str,
    value: Option<f64>,
    goal: &'static str,
    is_met: fn(f64) -> bool,
}

type Figures<'a> = BTreeMap<u64, BTreeMap<&'a str, Cost>>;

fn ratios(figures: &Figures<'_>) -> Vec<Ratio> {
    let of = |latency: u64, one: &str, other: &str, measure: fn(&Took) -> f64| {
        let costs = figures.get(&latency)?;
        Some(measure(&costs.get(one)?.took) / measure(&costs.get(other)?.took))
    };
    let wall: fn(&Took) -> f64 = |took| took.wall;
    let cpu: fn(&Took) -> f64 = |took| took.cpu;
    let ratios = vec![
        Ratio {
            what: "times LDLite's rate, at 30 ms, in order",
            value: of(30, "ldlite", "parquet-ordered", wall),
            goal: ">= 10",
            is_met: |times| times >= 10.0,
        },
        Ratio {
            what: "times LDLite's rate, at 30 ms, in any order",
            value: of(30, "ldlite", "parquet", wall),
            goal: ">= 10",
            is_met: |times| times >= 10.0,
        },
        Ratio {
            what: "CPU : that of the typed stream, at 0 ms, in order",
            value: of(0, "parquet-ordered", "typed", cpu),
            goal: "<= 1.5",
            is_met: |ratio| ratio <= 1.5,
        },
        Ratio {
            what: "CPU : that of the typed stream, at 0 ms, in any order",
            value: of(0, "parquet", "typed", cpu),
            goal: "<= 1.5",
            is_met: |ratio| ratio <= 1.5,
        },
    ];
    println!("## Goals\n\n| | measured | goal | |\n|---|---|---|---|");
    for Ratio {
        what,
        value,
        goal,
        is_met,
    } in &ratios
    {
        match value {
            Some(value) => {
                let verdict = if is_met(*value) { "met" } else { "NOT MET" };
                println!("| {what} | {value:.2} | {goal} | {verdict} |");
            }
            None => println!("| {what} | skipped | {goal} | |"),
        }
    }
    ratios
}

fn as_json(records: u64, figures: &Figures<'_>, ratios: &[Ratio]) -> Value {
    let latencies = figures.iter().map(|(latency, costs)| {
        let costs = costs.iter().map(|(name, Cost { took, bytes })| {
            let cost = json!({
                "wall_s": took.wall, "cpu_s": took.cpu, "server_cpu_s": took.server, "peak_mb": took.peak,
                "bytes": bytes, "records_per_s": took.records as f64 / took.wall,
            });
            ((*name).to_owned(), cost)
        });
        (latency.to_string(), Value::Object(costs.collect()))
    });
    let ratios = ratios.iter().map(|ratio| {
        json!({"what": ratio.what, "value": ratio.value, "goal": ratio.goal, "met": ratio.value.map(ratio.is_met)})
    });
    json!({
        "records": records, "latency_ms": Value::Object(latencies.collect()), "ratios": Value::Array(ratios.collect()),
    })
}
