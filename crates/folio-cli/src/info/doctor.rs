//! `folio doctor`: Checks the connection, the platform and the permissions.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Checks the connection, the platform and the permissions.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio doctor` is not part of this build"))
}
