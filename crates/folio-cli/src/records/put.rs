//! `folio put`: Replaces a record, or changes fields of it.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Replaces a record, or changes fields of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio put` is not part of this build"))
}
