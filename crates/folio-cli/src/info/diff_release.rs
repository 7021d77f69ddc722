//! `folio diff-release`: Shows the differences between two releases.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Shows the differences between two releases.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage(
        "`folio diff-release` is not part of this build",
    ))
}
