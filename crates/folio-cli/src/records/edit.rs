//! `folio edit`: Edits a record in an editor.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

/// Edits a record in an editor.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(CliError::usage("`folio edit` is not part of this build"))
}
