//! `folio delete`: deletes a record, or the records that a query finds.
//!
//! A DELETE of a list with a query is never sent: some servers ignore the query and delete all
//! records (recorded of `/request-storage/requests`, see the SDK's `Deletion`). The records are
//! listed, counted, and deleted one by one.

use folio_sdk::{Deletion, FolioClient, Method, Paging, RawRecord};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::context::Context;
use crate::error::{CliError, exit_of};
use crate::exit::Exit;
use crate::output::json;
use crate::records::list;

/// Characters that need no encoding in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Deletes a record, or the records that a query finds
///
/// PATH is that of one record, or with `--query` that of a list. The records of a list are counted
/// first, and the command asks before it deletes them one by one, by their ids. `--yes` answers the
/// question, if there are at most N records. Ctrl-C ends it after the deletion in flight.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio delete /users/8c1a2a5e-0000-4000-8000-000000000000
  folio delete /users --query 'expirationDate<2020-01-01' --dry-run
  folio delete /users --query 'expirationDate<2020-01-01' --yes --at-most 50")]
pub(crate) struct Args {
    /// The path of a record, or with --query of a list
    #[arg(value_name = "PATH")]
    path: String,
    /// The records of the list that match this CQL query
    #[arg(long, value_name = "CQL")]
    query: Option<String>,
    /// Deletes without a question
    #[arg(long, short = 'y', requires = "at_most")]
    yes: bool,
    /// Deletes nothing if more records match
    #[arg(long, value_name = "N", requires = "query")]
    at_most: Option<u64>,
    /// Shows the ids of the records, and deletes nothing
    #[arg(long, requires = "query")]
    dry_run: bool,
    /// States that PATH names one record, where that cannot be known
    #[arg(long, conflicts_with = "query")]
    one_record: bool,
    /// The member of the response that has the records, if it is not known
    #[arg(long, value_name = "NAME", requires = "query")]
    key: Option<String>,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path(&args.path)?;
    if path.contains('?') {
        return Err(CliError::usage("a DELETE with a query string is not sent: some servers ignore it and delete all records")
            .with_help("name the path of one record, or of a list with --query: its records are then deleted one by one"));
    }
    match &args.query {
        None => one(context, &args, &path).await,
        Some(query) if query.trim().is_empty() => {
            Err(CliError::usage("the query is empty; nothing was deleted")
                .with_help("to delete all records of a list: --query cql.allRecords=1"))
        }
        Some(query) => many(context, &args, path.trim_end_matches('/'), query).await,
    }
}

/// Deletes one record.
async fn one(context: &mut Context, args: &Args, path: &str) -> Result<Exit, CliError> {
    if Paging::described(list::plain(path)).is_some() && !args.one_record {
        return Err(CliError::usage(format!(
            "`{path}` is a list, not a record; nothing was deleted"
        ))
        .with_help("append the id of a record, or select records with --query"));
    }
    let folio = context.folio().await?;
    let mut request = folio.request(Method::DELETE, path);
    if args.one_record {
        request = request.confirm(Deletion::Record);
    }
    let outcome = context
        .not_interrupted(async { Ok(request.send().await) })
        .await?;
    match outcome {
        Ok(_) => {
            context.console.note(format_args!("Deleted {path}."));
            Ok(Exit::Success)
        }
        Err(error) if error.kind() == folio_sdk::ErrorKind::Request && !args.one_record => {
            Err(CliError::from(error)
                .with_help("if PATH names one record and no list, pass --one-record"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Deletes the records of a list.
async fn many(
    context: &mut Context,
    args: &Args,
    path: &str,
    query: &str,
) -> Result<Exit, CliError> {
    let folio = context.folio().await?;
    let ids = context
        .interruptible(ids(&folio, args, path, query))
        .await??;
    let count = ids.len() as u64;
    if args.dry_run {
        let rows = ids.iter().map(|id| serde_json::json!({ "id": id }));
        context.results.rows(&["id"], rows)?;
        context.console.note(format_args!(
            "{count} records of {path} match; nothing was deleted."
        ));
        return Ok(Exit::Success);
    }
    if count == 0 {
        context.console.note(format_args!(
            "No record of {path} matches; nothing was deleted."
        ));
        return Ok(Exit::Success);
    }
    if let Some(most) = args.at_most
        && count > most
    {
        return Err(CliError::other(format!(
            "{count} records of {path} match, more than --at-most {most}; nothing was deleted"
        )));
    }
    if !args.yes {
        confirm(context, path, count).await?;
    }
    delete_all(context, &folio, path, ids).await
}

async fn confirm(context: &Context, path: &str, count: u64) -> Result<(), CliError> {
    let records = if count == 1 { "record" } else { "records" };
    if !context.console.is_interactive() {
        return Err(CliError::usage(format!(
            "{count} {records} of {path} would be deleted, and there is no terminal to confirm it; nothing was deleted"
        ))
        .with_help(format!("to delete them without a question: --yes --at-most {count}")));
    }
    let question = format!("Delete {count} {records} of {path}?");
    let answer = context.interruptible(context.console.confirm(&question));
    if answer.await?? {
        Ok(())
    } else {
        Err(CliError::other("not confirmed; nothing was deleted"))
    }
}

/// The ids of the matching records.
async fn ids(
    folio: &FolioClient,
    args: &Args,
    path: &str,
    query: &str,
) -> Result<Vec<String>, CliError> {
    let key = list::key(folio, path, args.key.as_deref(), Some(query)).await?;
    let mut records = folio
        .folio_get_all::<RawRecord>(path, key.as_deref())
        .query(query)
        .stream();
    let mut ids = Vec::new();
    while let Some(record) = records.next().await {
        let record = record?;
        let members = json::members(&record).unwrap_or_default();
        let id = members.iter().find(|(name, _)| name == "id");
        let id = id.and_then(|(_, id)| json::text(id));
        match id.filter(|id| !id.is_empty()) {
            Some(id) => ids.push(id),
            None => {
                return Err(CliError::other(format!(
                    "a record of {path} has no id, by which it could be deleted; nothing was deleted: {}",
                    json::compact(&record)
                )));
            }
        }
    }
    Ok(ids)
}

/// After so many failures in a row the others are not tried: the reason concerns all of them.
const FAILURES: u64 = 20;

/// What was deleted.
#[derive(Debug, Default)]
struct Tally {
    deleted: u64,
    failed: Vec<Exit>,
}

/// Deletes records one by one, until all were tried, an error concerns all of them, or the user
/// interrupts it.
async fn delete_all(
    context: &Context,
    folio: &FolioClient,
    path: &str,
    ids: Vec<String>,
) -> Result<Exit, CliError> {
    let count = ids.len() as u64;
    let progress = context.console.progress(Some(count), "Deleting");
    let mut tally = Tally::default();
    let mut in_a_row = 0;
    let mut stopped = None;
    for id in ids {
        if context.interrupt.is_set() {
            stopped = Some(CliError::interrupted());
            break;
        }
        let record = format!("{path}/{}", utf8_percent_encode(&id, SEGMENT));
        match folio.folio_delete(&record).await {
            Ok(_) => {
                tally.deleted += 1;
                in_a_row = 0;
            }
            Err(error) => {
                let exit = exit_of(&error);
                tally.failed.push(exit);
                progress.pause(|| context.console.warning(format_args!("{id}: {error}")));
                in_a_row += 1;
                let concerns_all = matches!(
                    exit,
                    Exit::Authentication | Exit::Forbidden | Exit::Unreachable
                );
                if concerns_all || in_a_row >= FAILURES {
                    stopped = Some(error.into());
                    break;
                }
            }
        }
        progress.inc(1);
    }
    progress.finish();
    finish(context, path, count, &tally, stopped)
}

fn finish(
    context: &Context,
    path: &str,
    count: u64,
    tally: &Tally,
    stopped: Option<CliError>,
) -> Result<Exit, CliError> {
    let Tally { deleted, failed } = tally;
    let tried = deleted + failed.len() as u64;
    context.console.report(format_args!(
        "Deleted {deleted} of {count} records of {path}: {} failed, {} were not tried.",
        failed.len(),
        count - tried
    ));
    if let Some(error) = stopped {
        return Err(error);
    }
    // One reason for all is more precise than "some failed".
    Ok(match failed.as_slice() {
        [] => Exit::Success,
        [first, others @ ..] if *deleted == 0 && others.iter().all(|other| other == first) => {
            *first
        }
        _ => Exit::SomeFailed,
    })
}
