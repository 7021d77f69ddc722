//! `folio cql`: Checks a query.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Checks a query.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio cql` is not part of this build"))
}
