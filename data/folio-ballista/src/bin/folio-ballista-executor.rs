//! An executor of Ballista that reads from FOLIO, with credentials from environment variables.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use folio_ballista::{EnvironmentResolver, Executor, LevelFilter, log};

/// An executor of Ballista that reads from FOLIO. It prints a line with its id when the scheduler has
/// accepted it.
///
/// The credentials `main` are in the environment variables `FOLIO_MAIN_URL`, `FOLIO_MAIN_TENANT`,
/// `FOLIO_MAIN_USERNAME` and `FOLIO_MAIN_PASSWORD`; those of other names accordingly.
#[derive(Debug, Parser)]
#[command(name = "folio-ballista-executor", version)]
struct Arguments {
    #[command(flatten)]
    executor: Executor,
    /// Messages of this level are shown: off, error, warn, info, debug or trace.
    #[arg(long, default_value = "warn", value_name = "LEVEL")]
    log: LevelFilter,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(arguments.log);
    let resolver = Arc::new(EnvironmentResolver);
    folio_ballista::run(
        arguments
            .executor
            .run(resolver, |id| println!("ready: {id}")),
    )
}
