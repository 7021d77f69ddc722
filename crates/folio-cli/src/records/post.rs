//! `folio post`: Creates a record.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Creates a record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio post` is not part of this build"))
}
