//! The memory that the counted jobs allocate: `cargo run --release -p folio-sdk-cost --bin
//! allocations`.
//!
//! With `--json` it prints what `.ci/measurements` compares: a name, a unit and a count per line.

use std::alloc::System;

use folio_sdk_cost::{Failure, Job, serve, server};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("server") {
        return serve().await;
    }
    let is_json = argument.as_deref() == Some("--json");
    let (_server, url) = server().await?;
    if !is_json {
        println!("{:<40} allocations      bytes   bytes kept", "");
    }
    for (name, job) in Job::ALL {
        let times = job.times();
        let mut job = job.prepare(&url).await?;
        // What is allocated once.
        job.run(times.min(100)).await?;
        let region = Region::new(MEMORY);
        job.run(times).await?;
        let change = region.change();
        let of = |count: usize| count as f64 / times as f64;
        let allocations = of(change.allocations + change.reallocations);
        let bytes = of(change.bytes_allocated);
        if is_json {
            for (unit, count) in [("allocations", allocations), ("bytes", bytes)] {
                println!("{}", serde_json::json!([name, unit, count]));
            }
        } else {
            println!(
                "{name:<40} {allocations:>11.1} {bytes:>10.0} {:>12}",
                change.bytes_allocated as i64 - change.bytes_deallocated as i64,
            );
        }
    }
    Ok(())
}
