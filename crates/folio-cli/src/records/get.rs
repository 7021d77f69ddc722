//! `folio get`: Reads a record, or the records of a list.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Reads a record, or the records of a list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio get` is not part of this build"))
}
