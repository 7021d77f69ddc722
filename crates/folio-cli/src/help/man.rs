//! `folio man`: writes the man pages.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes the man pages into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio man` is not part of this build"))
}
