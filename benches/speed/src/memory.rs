//! Memory and rate of `harvest` with a limit of its pages, compared with no limit, in one run.
//!
//! 16 requests in flight, 30 ms of latency. The jobs alternate; each runs in a process of its own,
//! whose peak memory is that of the whole process, client and runtime included.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Harvest, RawRecord};

use crate::PAGE;
use crate::client::{all, begin, connect, in_tasks, title_length};
use crate::measure::{self, Failure, Server, Took, report};

const LATENCY: u64 = 30;

/// The ways of reading, and their names in the table.
const KINDS: [(&str, &str); 4] = [
    ("typed", "typed stream"),
    ("raw", "raw stream"),
    ("tasks", "`for_each_concurrent`"),
    ("ordered", "typed stream, in order"),
];

/// Runs a harvest with so many bytes of pages, or the default, and prints its cost.
pub(crate) async fn run(kind: &str, limit: &str, url: &str) -> Result<(), Failure> {
    let start = Instant::now();
    let folio = connect(url).await?;
    let limit = match limit {
        "default" => None,
        "none" => Some(usize::MAX),
        bytes => Some(bytes.parse()?),
    };
    let seen = match kind {
        "typed" => {
            all(
                limited(begin::<Instance>(&folio, PAGE), limit).stream(),
                title_length,
            )
            .await?
        }
        "raw" => {
            let harvest = limited(begin::<RawRecord>(&folio, PAGE), limit);
            all(harvest.stream(), |raw| raw.get().len()).await?
        }
        "tasks" => in_tasks(limited(begin(&folio, PAGE), limit)).await?,
        "ordered" => {
            let harvest = limited(begin::<Instance>(&folio, PAGE), limit);
            all(harvest.ordered().stream(), title_length).await?
        }
        other => return Err(format!("no such way of reading: {other}").into()),
    };
    report(&seen, start.elapsed().as_secs_f64())
}

fn limited<T: serde::de::DeserializeOwned + Send + 'static>(
    harvest: Harvest<T>,
    limit: Option<usize>,
) -> Harvest<T> {
    match limit {
        Some(bytes) => harvest.max_buffered_bytes(bytes),
        None => harvest,
    }
}

fn job(kind: &str, limit: &str, server: &Server, records: u64) -> Result<Took, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["harvest", kind, limit, &server.url]);
    measure::run(&mut command, kind, server, records)
}

/// The lowest, the middle and the highest of some numbers.
fn spread(mut numbers: Vec<f64>) -> Option<(f64, f64, f64)> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.get(numbers.len() / 2)?;
    Some((*numbers.first()?, *middle, *numbers.last()?))
}

/// Measures every way of reading with each limit, so many times.
pub(crate) fn measure(records: u64, rounds: usize, limits: &[&str]) -> Result<(), Failure> {
    let server = Server::start(records, LATENCY)?;
    let mut runs: BTreeMap<(&str, &str), Vec<Took>> = BTreeMap::new();
    for _ in 0..rounds {
        for (kind, _) in KINDS {
            for limit in ["none"].iter().chain(limits) {
                let took = job(kind, limit, &server, records)?;
                runs.entry((kind, limit)).or_default().push(took);
            }
        }
    }
    println!(
        "{records} instances, {PAGE} per page, {LATENCY} ms, 16 requests in flight, {rounds} runs\n"
    );
    println!(
        "| | `max_buffered_bytes` | wall, median | CPU | peak memory | rate, of that without a limit |"
    );
    println!("|---|---|---|---|---|---|");
    for (kind, title) in KINDS {
        for limit in ["none"].iter().chain(limits) {
            let of = |limit: &str, what: fn(&Took) -> f64| {
                let took = runs.get(&(kind, limit))?;
                spread(took.iter().map(what).collect())
            };
            let walls = of(limit, |took| took.wall).zip(of("none", |took| took.wall));
            let peaks = of(limit, |took| took.peak).zip(of(limit, |took| took.cpu));
            if let Some(((wall, unlimited), (peak, cpu))) = walls.zip(peaks) {
                println!(
                    "| {title} | {limit} | {:.2} s ({:.2} to {:.2}) | {:.2} s | {:.0} to {:.0} MB | {:.2} |",
                    wall.1,
                    wall.0,
                    wall.2,
                    cpu.1,
                    peak.0,
                    peak.2,
                    unlimited.1 / wall.1
                );
            }
        }
    }
    Ok(())
}
