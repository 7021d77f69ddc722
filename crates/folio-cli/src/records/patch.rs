//! `folio patch`: Sends a PATCH.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Sends a PATCH.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio patch` is not part of this build"))
}
