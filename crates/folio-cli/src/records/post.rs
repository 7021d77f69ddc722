//! `folio post`: creates a record, or calls an operation.

use folio_sdk::Method;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::records::body::BodyArgs;
use crate::records::{list, send};

/// Creates a record, or calls an operation, with POST
///
/// A POST is retried only if it is certain that the server did not receive it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio post /groups --set group=staff --set 'desc=Staff members'
  folio post /users user.json --set active=true
  jq '.personal.email = \"a@example.org\"' user.json | folio post /users -
  folio post /authn/logout-all --no-body")]
pub(crate) struct Args {
    /// The path below the URL of the gateway
    #[arg(value_name = "PATH")]
    path: String,
    #[command(flatten)]
    body: BodyArgs,
    /// Sends no body
    #[arg(long, conflicts_with_all = ["file", "set", "set_string", "unset"])]
    no_body: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path(&args.path)?;
    let payload = args.body.read(context).await?;
    if payload.is_none() && !args.no_body {
        return Err(
            CliError::usage("there is no body; nothing was sent").with_help(
                "name a FILE, - for the standard input, or fields with --set; --no-body sends none",
            ),
        );
    }
    send::send(context, Method::POST, &path, payload).await
}
