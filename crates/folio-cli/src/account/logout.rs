//! `folio logout`: Forgets the password of a profile.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Forgets the password of a profile.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio logout` is not part of this build"))
}
