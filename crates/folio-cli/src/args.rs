//! The command line: commands and their arguments.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::account::{login, logout, whoami};
use crate::global::Global;
use crate::help::{completion, man};
use crate::info::{cql, diff_release, doctor, routes};
use crate::jobs::{export, load, sandbox};
use crate::records::{delete, edit, get, patch, post, put};

/// Reads, writes, exports and loads the records of FOLIO, the library services platform.
#[derive(Debug, Parser)]
#[command(
    name = "folio",
    version,
    after_help = MORE,
    after_long_help = format!("{MORE}\n\n{}", crate::exit::HELP),
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands of other programs.
const MORE: &str = "\
More commands:
  sql      Queries FOLIO's lists with SQL, and writes Parquet files: the program folio-sql
  NAME     Any other command runs the program folio-NAME, if it is installed";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(login::Args),
    Logout(logout::Args),
    Whoami(whoami::Args),
    Get(get::Args),
    Post(post::Args),
    Put(put::Args),
    Patch(patch::Args),
    Delete(delete::Args),
    Edit(edit::Args),
    Export(export::Args),
    Load(load::Args),
    Sandbox(sandbox::Args),
    Routes(routes::Args),
    Cql(cql::Args),
    DiffRelease(diff_release::Args),
    Doctor(doctor::Args),
    Completion(completion::Args),
    Man(man::Args),
    /// The name of another program, and its arguments.
    #[command(external_subcommand)]
    External(Vec<OsString>),
}
