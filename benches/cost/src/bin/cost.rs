//! The cost of 10,000 small GETs, with the SDK and with a hand-written program, at 1, 10 and 50 in
//! flight.
//!
//! `cargo run --release -p folio-sdk-cost --bin cost` prints CPU time and throughput of all in
//! alternation, and their ratios. `cost PROGRAM URL CALLS` (`value`, `by-hand-value`, …) only makes
//! calls, sequentially on one thread: for a profiler that counts instructions. With one more
//! argument, that many run concurrently on all threads: for one that counts system calls.
//! `cost job NAME URL TIMES` does a counted job, `cost jobs` lists them: for `.ci/measurements`.

use std::time::Instant;

use folio_sdk_cost::{Failure, Job, Program, Reads, Ready, serve, server};
use rustix::time::{ClockId, clock_gettime};

/// The number of GETs of a measurement.
const CALLS: usize = 10_000;

/// The number of calls of one program before the other one continues: disturbances of the machine
/// last longer, and affect both equally.
const SLICE: usize = 500;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let one = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let many = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        ["server"] => one.block_on(serve()),
        ["jobs"] => {
            for (name, job) in Job::ALL {
                println!("{}", serde_json::json!([name, job.times()]));
            }
            Ok(())
        }
        ["job", name, url, times] => one.block_on(async {
            let mut job = Job::named(name)?.prepare(url).await?;
            job.run(times.parse()?).await
        }),
        [program, url, calls] => one.block_on(alone(program, url, calls.parse()?, 1)),
        [program, url, calls, in_flight] => {
            many.block_on(alone(program, url, calls.parse()?, in_flight.parse()?))
        }
        rounds => {
            let rounds = rounds.first().map_or(Ok(7), |rounds| rounds.parse())?;
            many.block_on(compare(rounds))
        }
    }
}

async fn alone(program: &str, url: &str, calls: usize, in_flight: usize) -> Result<(), Failure> {
    let ready = Ready::connect(Program::named(program)?, url, in_flight).await?;
    ready.run(calls, in_flight).await
}

/// The CPU seconds of all threads of this process.
fn worked() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The median of some numbers.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn compare(rounds: usize) -> Result<(), Failure> {
    let (_server, url) = server().await?;
    let programs = [
        ("by hand, Value", Program::ByHand(Reads::Value)),
        ("folio_get, Value", Program::Ours(Reads::Value)),
        ("hyper-util, Value", Program::Direct(Reads::Value)),
        ("by hand", Program::ByHand(Reads::Few)),
        ("folio_get", Program::Ours(Reads::Few)),
        ("by hand, all fields", Program::ByHand(Reads::All)),
        ("get_user", Program::Typed),
    ];
    // Each is compared with a program that reads the same record.
    let compared = [0, 0, 0, 3, 3, 5, 5];
    println!(
        "in flight  program                CPU/call   ratio    calls/s   ratio   (medians of {rounds} rounds, ratios within a round)"
    );
    for in_flight in [1, 10, 50] {
        let mut ready = Vec::new();
        for (_, program) in programs {
            let program = Ready::connect(program, &url, in_flight).await?;
            // Connections are established, memory is allocated.
            program.run(CALLS / 10, in_flight).await?;
            ready.push(program);
        }
        // CPU seconds and seconds, of each program in each round.
        let mut figures = vec![Vec::new(); programs.len()];
        for _ in 0..rounds {
            let mut sums = vec![(0.0, 0.0); programs.len()];
            for slice in 0..CALLS / SLICE {
                // The order alternates.
                for turn in 0..programs.len() {
                    let index = (slice + turn) % programs.len();
                    let (cpu, start) = (worked(), Instant::now());
                    ready[index].run(SLICE, in_flight).await?;
                    sums[index].0 += worked() - cpu;
                    sums[index].1 += start.elapsed().as_secs_f64();
                }
            }
            for (figures, sum) in figures.iter_mut().zip(sums) {
                figures.push(sum);
            }
        }
        for (index, (name, _)) in programs.iter().enumerate() {
            let of = |figure: fn((f64, f64), (f64, f64)) -> f64| {
                let pairs = figures[index].iter().zip(&figures[compared[index]]);
                median(
                    &mut pairs
                        .map(|(own, hand)| figure(*own, *hand))
                        .collect::<Vec<_>>(),
                )
            };
            println!(
                "{in_flight:>9}  {name:<20} {:>7.1} µs   {:>5.3}   {:>8.0}   {:>5.3}",
                of(|own, _| own.0) / CALLS as f64 * 1e6,
                of(|own, hand| own.0 / hand.0),
                CALLS as f64 / of(|own, _| own.1),
                of(|own, hand| hand.1 / own.1),
            );
        }
    }
    Ok(())
}
