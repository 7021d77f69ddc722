//! The program `folio-sql`: `folio sql`, and the Parquet files of `folio export`.

mod args;
mod batches;
mod encode;
mod engine;
mod failure;
mod list;
mod parquet_table;
mod progress;
mod run;
mod select;
mod statement;
mod target;

use std::process::ExitCode;
use std::sync::Arc;

use folio_cli::extension::{CliError, Exit, Program, Session, TableFormat};

/// The program.
struct Sql;

impl Program for Sql {
    type Args = args::Args;

    const NAME: &'static str = "folio-sql";

    const ABOUT: &'static str = "Queries FOLIO's lists with SQL: `folio sql`";

    const HELP: &'static str = args::HELP;

    fn tables() -> Arc<dyn TableFormat> {
        Arc::new(parquet_table::Parquet)
    }

    async fn run(session: &mut Session<'_>, args: args::Args) -> Result<Exit, CliError> {
        run::run(session, args).await
    }
}

fn main() -> ExitCode {
    folio_cli::extension::main::<Sql>()
}
