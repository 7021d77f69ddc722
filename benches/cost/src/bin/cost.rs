//! What 10,000 small GETs cost, by the SDK and by hand, at 1, 10 and 50 in flight.
//!
//! `cargo run --release -p folio-sdk-cost --bin cost` prints CPU time and throughput of both in alternation, and their ratios.
//! `cost ours|by-hand CALLS` does nothing but calls, one after the other on one thread: for a profiler that counts instructions.

use std::time::Instant;

use folio_sdk_cost::{Failure, Program, Ready, serve, server};
use rustix::time::{ClockId, clock_gettime};

/// How many GETs a measurement has.
const CALLS: usize = 10_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let one = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments.as_slice() {
        ["server"] => one.block_on(serve()),
        ["ours", url, calls] => one.block_on(alone(Program::Ours, url, calls.parse()?)),
        ["by-hand", url, calls] => one.block_on(alone(Program::ByHand, url, calls.parse()?)),
        rounds => {
            let rounds = rounds.first().map_or(Ok(7), |rounds| rounds.parse())?;
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?
                .block_on(compare(rounds))
        }
    }
}

async fn alone(program: Program, url: &str, calls: usize) -> Result<(), Failure> {
    Ready::connect(program, url, 1).await?.run(calls, 1).await
}

/// Seconds that all threads of this process have worked.
fn worked() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The middle of some numbers.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn compare(rounds: usize) -> Result<(), Failure> {
    let (_server, url) = server().await?;
    println!("in flight   CPU/call ours  by hand   ratio     calls/s ours  by hand   ratio");
    for in_flight in [1, 10, 50] {
        let programs = [Program::Ours, Program::ByHand];
        let mut ready = Vec::new();
        for program in programs {
            let program = Ready::connect(program, &url, in_flight).await?;
            // Connections are made, memory is there.
            program.run(CALLS / 10, in_flight).await?;
            ready.push(program);
        }
        // CPU seconds and seconds, of each program.
        let mut figures = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
        let (mut cpu_ratios, mut rate_ratios) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let mut pair = [(0.0, 0.0); 2];
            // Who comes first changes, so that what else the machine does hits both alike.
            for turn in 0..2 {
                let index = (round + turn) % 2;
                let (cpu, start) = (worked(), Instant::now());
                ready[index].run(CALLS, in_flight).await?;
                pair[index] = (worked() - cpu, start.elapsed().as_secs_f64());
                figures[index].0.push(pair[index].0);
                figures[index].1.push(pair[index].1);
            }
            cpu_ratios.push(pair[0].0 / pair[1].0);
            rate_ratios.push(pair[1].1 / pair[0].1);
        }
        let [(ours_cpu, ours_time), (hand_cpu, hand_time)] = &mut figures;
        let micros = |cpu: &mut [f64]| median(cpu) / CALLS as f64 * 1e6;
        let rate = |time: &mut [f64]| CALLS as f64 / median(time);
        println!(
            "{in_flight:>9}   {:>10.1} µs {:>6.1} µs   {:>5.3}   {:>12.0} {:>9.0}   {:>5.3}",
            micros(ours_cpu),
            micros(hand_cpu),
            median(&mut cpu_ratios),
            rate(ours_time),
            rate(hand_time),
            median(&mut rate_ratios),
        );
    }
    Ok(())
}
