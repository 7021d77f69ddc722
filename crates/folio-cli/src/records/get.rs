//! `folio get`: reads a record, a list, or anything else that a GET gives.

use std::io::Write as _;
use std::path::PathBuf;

use folio_sdk::{Download, Method, RawRecord};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::Format;
use crate::output::field_path::FieldPath;
use crate::output::results::Results;
use crate::records::list;

/// The largest number of records that is asked for in one request.
const ONE_REQUEST: u64 = 1000;

/// Reads a record, the records of a list, or anything else that a GET gives
///
/// Of a list this is one page, of 10 records unless `--limit` is given; `--all` reads the whole list
/// and holds only a page in memory. As JSON, one page is shown as the server sent it; `--all`,
/// `--fields` and the other formats show the records. A response that is not JSON is written
/// unchanged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio get /users --query 'active==true sortby username' --limit 20
  folio get /users --all --fields id,username,personal.lastName --format csv > users.csv
  folio get /users/8c1a2a5e-0000-4000-8000-000000000000
  folio get /instance-storage/instances --all --format jsonl | jq .title
  folio get '/item-storage/items?limit=2' --fields id,barcode,status.name")]
pub(crate) struct Args {
    /// The path below the URL of the gateway; it may have a query string
    #[arg(value_name = "PATH")]
    path: String,
    /// The records that match this CQL query
    #[arg(long, value_name = "CQL")]
    query: Option<String>,
    /// All records, page by page
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// At most this many records
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The fields to show, as paths: `id,personal.lastName`; below a list, the field of each element
    #[arg(long, value_name = "PATH,…", value_delimiter = ',')]
    fields: Vec<FieldPath>,
    /// The member of the response that has the records, if it is not known
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Other parameters of the query string, as name=value
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    param: Vec<(String, String)>,
    /// Writes a file in place of stdout; it gets its name when it is complete
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Reads `name=value`.
fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path(&args.path)?;
    if args.fields.iter().any(|field| field.as_str().is_empty()) {
        return Err(CliError::usage(
            "a name in --fields is empty; nothing was sent",
        ));
    }
    let results = context.results.in_file(args.to.clone());
    if args.all || args.limit.is_some_and(|limit| limit > ONE_REQUEST) {
        return stream(context, &args, &path, &results).await;
    }
    let folio = context.folio().await?;
    let mut request = folio.request(Method::GET, &path);
    if let Some(query) = &args.query {
        request = request.query(query);
    }
    if let Some(limit) = args.limit {
        request = request.param("limit", limit);
    }
    for (name, value) in &args.param {
        request = request.param(name.clone(), value);
    }
    let download = request.download().await?;
    let kind = download.header("content-type").unwrap_or_default();
    if !is_json(kind) {
        if results.chosen().is_some() || !args.fields.is_empty() {
            context.console.warning(format_args!(
                "the response is not JSON ({kind}): it is written unchanged, without --format and --fields"
            ));
        }
        return unchanged(download, &results).await;
    }
    let body = download.bytes().await?;
    match serde_json::from_slice::<Box<RawValue>>(&body) {
        Ok(body) => show(context, &args, &path, &results, &body),
        Err(_) if body.is_empty() => Ok(Exit::Success),
        Err(error) => {
            context.console.warning(format_args!(
                "the response is labelled as JSON, and it is not ({error}): it is written unchanged"
            ));
            results.bytes(&body)?;
            Ok(Exit::Success)
        }
    }
}

/// Whether it is one JSON value; `application/stream+json` is a sequence of them.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.ends_with("+json") && kind != "application/stream+json")
}

/// Writes a response as it is, while it arrives.
async fn unchanged(mut download: Download, results: &Results) -> Result<Exit, CliError> {
    let mut out = results.sink();
    while let Some(piece) = download.next().await {
        let piece = piece?;
        out.write_all(&piece)
            .map_err(|error| CliError::output(&error))?;
    }
    out.commit().map_err(|error| CliError::output(&error))?;
    Ok(Exit::Success)
}

/// One response with JSON.
fn show(
    context: &Context,
    args: &Args,
    path: &str,
    results: &Results,
    body: &RawValue,
) -> Result<Exit, CliError> {
    let fields = (!args.fields.is_empty()).then(|| args.fields.clone());
    let Some(found) = list::records(path, args.key.as_deref(), body)? else {
        results.record(body, fields)?;
        return Ok(Exit::Success);
    };
    let shown = found.records.len();
    if results.list_format() == Format::Json && fields.is_none() && args.key.is_none() {
        results.record(body, None)?;
    } else {
        let mut writer = results.records(fields);
        for record in &found.records {
            writer.raw(record)?;
        }
        writer.finish()?;
    }
    if let Some(total) = found.total
        && (shown as u64) < total.min(args.limit.unwrap_or(u64::MAX))
    {
        let more = match args.limit {
            None => "--limit N or --all shows more",
            // Some modules have a largest page.
            Some(_) => "the server returned fewer than --limit; --all reads all of them",
        };
        context
            .console
            .note(format_args!("{shown} of {total} records; {more}"));
    }
    Ok(Exit::Success)
}

/// A list, page by page.
async fn stream(
    context: &mut Context,
    args: &Args,
    path: &str,
    results: &Results,
) -> Result<Exit, CliError> {
    let folio = context.folio().await?;
    let key = list::key(&folio, path, args.key.as_deref(), args.query.as_deref()).await?;
    let mut list = folio.folio_get_all::<RawRecord>(path, key.as_deref());
    if let Some(query) = &args.query {
        list = list.query(query);
    }
    for (name, value) in &args.param {
        list = list.param(name.clone(), value);
    }
    let fields = (!args.fields.is_empty()).then(|| args.fields.clone());
    let mut writer = results.records(fields);
    // A bar between the lines of a list would disturb both.
    let progress =
        (!results.is_terminal()).then(|| context.console.progress(args.limit, "Reading"));
    let mut records = list.stream();
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0
        && let Some(record) = records.next().await
    {
        writer.raw(&record?)?;
        left -= 1;
        if let Some(progress) = &progress {
            progress.inc(1);
        }
    }
    let note = records.note().map(str::to_owned);
    if let Some(progress) = progress {
        progress.finish();
    }
    let written = writer.finish()?;
    if let Some(note) = note {
        context.console.note(note);
    }
    if !results.is_terminal() || results.list_format() == Format::Table {
        context.console.note(format_args!("{written} records"));
    }
    Ok(Exit::Success)
}
