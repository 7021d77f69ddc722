//! `folio routes`: Finds operations by words.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Finds operations by words.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio routes` is not part of this build"))
}
