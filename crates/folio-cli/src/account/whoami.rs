//! `folio whoami`: Shows the user, the tenant and the platform of a profile.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Shows the user, the tenant and the platform of a profile.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio whoami` is not part of this build"))
}
