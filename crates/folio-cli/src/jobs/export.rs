//! `folio export`: Writes a list to a file.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes a list to a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio export` is not part of this build"))
}
