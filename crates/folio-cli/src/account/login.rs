//! `folio login`: Proves a user name and a password, and stores them as a profile.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Proves a user name and a password, and stores them as a profile.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio login` is not part of this build"))
}
