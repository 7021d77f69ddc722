//! `folio completion`: writes a script that completes commands in a shell.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Writes the script that completes commands and options in a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage(
        "`folio completion` is not part of this build",
    ))
}
