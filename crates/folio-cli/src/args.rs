//! The command line: commands and their arguments.

use clap::{Parser, Subcommand};

use crate::global::Global;
use crate::{account, help, info, jobs, records};

/// Reads, writes, exports and loads the records of FOLIO, the library services platform.
#[derive(Debug, Parser)]
#[command(name = "folio", version, after_long_help = crate::exit::HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(account::login::Args),
    Logout(account::logout::Args),
    Whoami(account::whoami::Args),
    Get(records::get::Args),
    Post(records::post::Args),
    Put(records::put::Args),
    Patch(records::patch::Args),
    Delete(records::delete::Args),
    Edit(records::edit::Args),
    Export(jobs::export::Args),
    Load(jobs::load::Args),
    Sandbox(jobs::sandbox::Args),
    Routes(info::routes::Args),
    Cql(info::cql::Args),
    DiffRelease(info::diff_release::Args),
    Doctor(info::doctor::Args),
    Completion(help::completion::Args),
    Man(help::man::Args),
}
