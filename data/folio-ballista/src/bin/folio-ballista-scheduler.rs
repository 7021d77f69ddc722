//! Ballista's scheduler for plans over FOLIO.

use std::process::ExitCode;

use clap::Parser;
use folio_ballista::{LevelFilter, Scheduler, log};

/// Ballista's scheduler for plans over FOLIO. It prints a line with its URL when it is ready.
#[derive(Debug, Parser)]
#[command(name = "folio-ballista-scheduler", version)]
struct Arguments {
    #[command(flatten)]
    scheduler: Scheduler,
    /// Messages of this level are shown: off, error, warn, info, debug or trace.
    #[arg(long, default_value = "warn", value_name = "LEVEL")]
    log: LevelFilter,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(arguments.log);
    folio_ballista::run(arguments.scheduler.run(|url| println!("ready: {url}")))
}
