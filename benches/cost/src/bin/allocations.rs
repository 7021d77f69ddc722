//! The memory that a call allocates, with the SDK and with a hand-written program: `cargo run
//! --release -p folio-sdk-cost --bin allocations`.

use std::alloc::System;

use folio_sdk_cost::{Failure, Program, Ready, serve, server};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The number of GETs that are measured.
const CALLS: usize = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    if std::env::args().nth(1).as_deref() == Some("server") {
        return serve().await;
    }
    let (_server, url) = server().await?;
    println!("program      allocations/call   bytes/call   bytes kept");
    for (name, program) in [("ours", Program::Ours), ("by hand", Program::ByHand)] {
        let ready = Ready::connect(program, &url, 1).await?;
        ready.run(100, 1).await?;
        let region = Region::new(MEMORY);
        ready.run(CALLS, 1).await?;
        let change = region.change();
        println!(
            "{name:<12} {:>16.1} {:>12.0} {:>12}",
            (change.allocations + change.reallocations) as f64 / CALLS as f64,
            change.bytes_allocated as f64 / CALLS as f64,
            change.bytes_allocated as i64 - change.bytes_deallocated as i64,
        );
    }
    Ok(())
}
