//! `folio patch`: sends a PATCH.

use folio_sdk::Method;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::records::body::BodyArgs;
use crate::records::{list, send};

/// Sends a PATCH, which few modules of FOLIO have
///
/// The body is sent as it is given: which fields it needs, the module defines. To change fields of
/// any record, use `folio put PATH --set FIELD=VALUE`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio patch /bulk-operations/5 --set status=done
  folio patch /some/path changes.json")]
pub(crate) struct Args {
    /// The path below the URL of the gateway
    #[arg(value_name = "PATH")]
    path: String,
    #[command(flatten)]
    body: BodyArgs,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path(&args.path)?;
    let Some(payload) = args.body.read(context).await? else {
        return Err(CliError::usage("there is no body; nothing was sent")
            .with_help("name a FILE, - for the standard input, or fields with --set"));
    };
    send::send(context, Method::PATCH, &path, Some(payload)).await
}
