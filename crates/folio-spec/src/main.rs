//! The command `folio-spec`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use folio_spec::Import;

/// Reads the API descriptions of FOLIO modules and writes canonical, facts-only documents.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Imports a release.
    Import {
        /// The name of the release, `trillium`.
        #[arg(long)]
        release: String,
        /// The folder with the release's manifest.json.
        #[arg(long)]
        from: PathBuf,
        /// The folder for the documents; what is in it is replaced.
        #[arg(long)]
        out: PathBuf,
        /// The folder with selection.toml and overrides/.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
        /// A module to import, more than once for several; `all` for all of the manifest. Without it, the selection.
        #[arg(long = "module")]
        modules: Vec<String>,
    },
}

fn main() -> ExitCode {
    let Command::Import {
        release,
        from,
        out,
        specs,
        modules,
    } = Arguments::parse().command;
    let start = std::time::Instant::now();
    match folio_spec::import(&Import {
        release,
        from,
        out,
        specs,
        modules,
    }) {
        Ok(report) => {
            for line in report.modules.iter().chain(&report.notes) {
                println!("{line}");
            }
            println!(
                "{} modules, {} operations in {:.2?}",
                report.modules.len(),
                report.operations,
                start.elapsed()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}\nnothing was written");
            ExitCode::FAILURE
        }
    }
}
