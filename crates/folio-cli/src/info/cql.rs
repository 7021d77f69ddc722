//! `folio cql`: checks a query, and explains how FOLIO reads it.

mod fields;
mod invalid;
mod modifiers;
mod reading;
mod sorting;
mod term;
mod traps;
mod warning;

use folio_sdk::Cql;
use serde::Serialize;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::file::BYTE_ORDER_MARK;
use crate::global::Format;
use crate::output::style::Style;
use fields::List;
use warning::Warning;

/// Checks a CQL query, and explains how FOLIO reads it
///
/// Prints the query in its normal form, its reading, and warnings about traps: conditions that find
/// other records than one would expect, or that FOLIO rejects. The rules are those of the storage
/// modules (RMB); with --list, the indexes of the list count, too, and the fields are checked
/// against the record. Nothing is sent without --count.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio cql 'status.name==\"Checked out\" and dueDate<\"2026-01-01\" sortBy dueDate'
  folio cql --list /users 'personal.lastname=smith'
  folio cql --list /item-storage/items --count 'barcode==\"1001*\"'

Exit codes: 0 if the query is valid, also with warnings; 1 if it is not.")]
pub(crate) struct Args {
    /// The query; `-` reads it from the standard input
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    query: String,
    /// The list that is queried: its record has the fields
    #[arg(long, value_name = "PATH")]
    list: Option<String>,
    /// The release whose records are meant [default: the newest]
    #[arg(long, value_name = "NAME", requires = "list")]
    release: Option<String>,
    /// Asks the server for the number of records that the query finds (GET, `limit=0`)
    #[arg(long, requires = "list")]
    count: bool,
    /// Exits with 1 if there are warnings
    #[arg(long)]
    strict: bool,
}

/// The result, as JSON.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    query: String,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reading: Vec<String>,
    warnings: Vec<Warning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Problem {
    /// The number of the character, counted from 1.
    position: usize,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let text = match args.query.as_str() {
        // On a thread of its own, so that an interruption ends the wait.
        "-" => tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()))
            .await
            .map_err(|_| CliError::interrupted())?
            .map_err(|error| CliError::io("cannot read the standard input", &error))?,
        query => query.to_owned(),
    };
    let text = text.trim_end_matches(['\r', '\n']);
    let text = text
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(text)
        .to_owned();
    let list = match &args.list {
        None => None,
        Some(path) => Some(List::named(path, args.release.as_deref())?),
    };
    let query = match Cql::parse(&text) {
        Ok(query) => query,
        Err(error) => return invalid(context, text, &error),
    };
    let mut warnings = traps::of_text(&text, &query);
    warnings.extend(traps::of_query(&query, list.as_ref()));
    warnings.extend(sorting::traps(&query, list.as_ref()));
    let mut report = Report {
        valid: true,
        normalized: Some(query.to_string()),
        reading: reading::lines(&query, list.as_ref()),
        warnings,
        query: text,
        ..Report::default()
    };
    if let (true, Some(list)) = (args.count, &list) {
        report.count = Some(count(context, list, &report.query).await?);
    }
    write(context, &report)?;
    Ok(match args.strict && !report.warnings.is_empty() {
        true => Exit::Error,
        false => Exit::Success,
    })
}

/// The error of an invalid query: on stderr with a mark at its position, or as JSON.
fn invalid(
    context: &Context,
    text: String,
    error: &folio_sdk::cql::CqlError,
) -> Result<Exit, CliError> {
    let help = invalid::help(&text, error);
    if matches!(context.results.chosen(), Some(Format::Json | Format::Jsonl)) {
        context.results.value(&Report {
            error: Some(Problem {
                position: error.position(),
                message: error.message().to_owned(),
                help,
            }),
            query: text,
            ..Report::default()
        })?;
        return Ok(Exit::Error);
    }
    let message = format!("{error}\n{}", invalid::marked(&text, error.position()));
    let error = CliError::other(message);
    Err(match help {
        Some(help) => error.with_help(help),
        None => error,
    })
}

/// The number of records that the query finds. With `limit=0` it is exact (recorded), but modules
/// based on Spring reject that.
async fn count(context: &mut Context, list: &List, query: &str) -> Result<u64, CliError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        #[serde(alias = "totalResults", alias = "total_records")]
        total_records: Option<u64>,
    }
    let folio = context.folio().await?;
    let ask = |limit: u32| {
        let request = folio.folio_get::<Counted>(list.path(), None);
        request.query(query).param("limit", limit)
    };
    let counted = match ask(0).await {
        Err(error) if error.status().is_some_and(|status| status == 422) => ask(1).await,
        other => other,
    };
    counted?.total_records.ok_or_else(|| {
        CliError::other(format!("the response of {} has no total", list.path()))
            .with_help("read the list and count its records: folio get PATH --query … --all")
    })
}

fn write(context: &Context, report: &Report) -> Result<(), CliError> {
    let results = &context.results;
    match results.chosen() {
        Some(Format::Json | Format::Jsonl) => return results.value(report),
        Some(Format::Csv) => return results.rows(&["rule", "in", "message"], &report.warnings),
        Some(Format::Table) | None => {}
    }
    let head = |text: &str| results.paint(Style::Bold, text);
    results.line(&format!(
        "{} {}",
        head("query:"),
        report.normalized.as_deref().unwrap_or_default()
    ))?;
    results.line(&head("reading:"))?;
    for line in &report.reading {
        results.line(&format!("  {line}"))?;
    }
    for Warning {
        rule,
        place,
        message,
    } in &report.warnings
    {
        let label = results.paint(Style::Yellow, "warning:");
        results.line(&format!("{label} {place}: {message} [{rule}]"))?;
    }
    if let Some(count) = report.count {
        results.line(&format!("{} {count}", head("records:")))?;
    }
    Ok(())
}
