//! The command `folio`, as a library: `src/main.rs` calls [`main`], and tests read [`command`].

#![forbid(unsafe_code)]

mod account;
mod args;
mod context;
mod data;
mod error;
mod exit;
pub mod extension;
mod external;
mod file;
mod global;
mod help;
mod info;
mod interrupt;
mod jobs;
mod output;
mod profile;
mod records;
mod run;
mod table_format;
mod tenant_release;

use std::process::ExitCode;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    run::main()
}

/// The command line with all its commands, as clap describes it.
pub fn command() -> clap::Command {
    <args::Cli as clap::CommandFactory>::command()
}
