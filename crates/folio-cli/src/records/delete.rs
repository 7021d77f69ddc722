//! `folio delete`: Deletes a record, or the records that a query finds.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Deletes a record, or the records that a query finds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio delete` is not part of this build"))
}
