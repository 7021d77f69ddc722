//! `folio load`: Writes the records of a file into a list.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes the records of a file into a list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio load` is not part of this build"))
}
