//! `folio sandbox`: Runs a FOLIO on a port of this machine.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Runs a FOLIO on a port of this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio sandbox` is not part of this build"))
}
