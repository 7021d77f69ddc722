//! `folio put`: replaces a record, or changes fields of it.

use folio_sdk::{Json, Method};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::records::body::BodyArgs;
use crate::records::{list, send, set_fields};

/// Replaces a record, or changes fields of it, with PUT
///
/// With a FILE the record is replaced: fields that the file lacks are removed. Without a FILE,
/// `--set` and `--unset` read the record first, change these fields, and write it back with its
/// `_version`: nothing else changes, and after a conflict with another client it is read and changed
/// again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio put /users/8c1a2a5e-0000-4000-8000-000000000000 --set active=false
  folio put /item-storage/items/69640328-788e-43fc-9c3c-af39e243f3b7 --set-string barcode=0012 --unset copyNumber
  folio put /groups/3684a786-6671-4268-8ed0-9db82ebca60b group.json")]
pub(crate) struct Args {
    /// The path of the record below the URL of the gateway
    #[arg(value_name = "PATH")]
    path: String,
    #[command(flatten)]
    body: BodyArgs,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path(&args.path)?;
    if args.body.has_file() {
        let payload = args.body.read(context).await?;
        return send::send(context, Method::PUT, &path, payload).await;
    }
    let changes = args.body.changes.parsed()?;
    if changes.is_empty() {
        return Err(
            CliError::usage("there is nothing to write; nothing was sent").with_help(
                "name a FILE, - for the standard input, or fields with --set or --unset",
            ),
        );
    }
    let path = list::path_of_record(&path)?;
    let folio = context.folio().await?;
    let mut problem = None;
    let update = folio.update_at(&path, |record: &mut Json| {
        let before = record.clone();
        if let Err(error) = set_fields::apply(&changes, record) {
            // Unchanged, it is not written.
            *record = before;
            problem = Some(error);
        }
    });
    let update = context.not_interrupted(async { Ok(update.await?) }).await?;
    if let Some(problem) = problem {
        return Err(problem);
    }
    context.console.note(if update.written {
        format!("Changed {path}.")
    } else {
        format!("{path} has these values already; nothing was written.")
    });
    Ok(Exit::Success)
}
