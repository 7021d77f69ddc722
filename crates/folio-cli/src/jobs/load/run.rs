//! The course of a load.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use folio_sdk::{Collection, FolioClient, MissingFields, Outcome, WriteResult};
use serde_json::value::RawValue;

use super::args::Args;
use super::failed::FailedFile;
use super::input::{Input, is_stdin};
use super::source::{Shared, Source};
use super::summary::{Summary, shortened};
use crate::context::Context;
use crate::error::{CliError, exit_of};
use crate::exit::Exit;
use crate::jobs::durable;
use crate::jobs::list::{self, List};

/// The number of records that are looked up and written together where each is sent by itself. An
/// interrupted load ends after them.
const SINGLE_RECORDS: usize = 50;

/// Loads a file.
pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let path = list::path_of(&args.into)?;
    // On a thread of its own, so that an interruption ends the wait for the first bytes.
    let file = args.file.clone();
    let opening = tokio::task::spawn_blocking(move || Input::open(&file));
    let input = context.interruptible(opening).await?;
    let input = input.map_err(|_| CliError::interrupted())??;
    let failed = match args.dry_run {
        true => None,
        false => Some(FailedFile::create(failed_path(&args)?)?),
    };
    let folio = context.folio().await?;
    let collection = collection(context, &folio, path, args.key.clone()).await?;
    let started = Instant::now();
    let mut summary = Summary {
        file: args.file.display().to_string(),
        list: collection.path().to_owned(),
        dry_run: args.dry_run,
        ..Summary::default()
    };
    let (size, read) = (input.size, input.read.clone());
    let shared = Shared::new(failed);
    let key = Some(collection.items().to_owned());
    let source = Source::start(
        input,
        summary.file.clone(),
        key,
        context.interrupt.clone(),
        shared.clone(),
    );
    let takes_batches = collection.takes_batches();
    let mut upsert = folio
        .upsert_stream_at(collection, source)
        .concurrency(usize::from(args.parallel))
        .overwrite(args.overwrite)
        .dry_run(args.dry_run);
    if !takes_batches {
        upsert = upsert.max_records(SINGLE_RECORDS);
    }
    if args.keep_missing_fields {
        upsert = upsert.missing_fields(MissingFields::Keep);
    }
    if let Some(field) = &args.match_on {
        upsert = upsert.match_on(field);
    }
    let what = if args.dry_run { "dry run" } else { "load" };
    let progress = context.console.progress(None, what);
    while let Some(outcome) = upsert.next().await {
        take(&args, &mut summary, &shared, &outcome);
        let done = summary.total();
        if done.is_multiple_of(100)
            && let Some(size) = size.filter(|size| *size > 0)
        {
            let share = read.load(Ordering::Relaxed) as f64 / size as f64;
            progress.set_total(Some(shared.lock().expected(share)));
        }
        progress.set(done);
    }
    drop(progress);
    let stopped = upsert
        .stopped()
        .map(|error| (exit_of(error), format!("{error:#}")));
    drop(upsert);
    end(context, summary, &shared, started, stopped)
}

/// Counts an outcome. A record that was not written goes to the file of failed ones.
fn take(args: &Args, summary: &mut Summary, shared: &Shared, outcome: &Outcome) {
    let mut ledger = shared.lock();
    let Some((line, record)) = ledger.settle(outcome.index) else {
        return;
    };
    if let Some(failure) = summary.count(outcome, line) {
        let may_exist = failure.outcome_unknown || args.match_on.is_none();
        let record = match may_exist {
            true => identified(&record, outcome),
            false => record,
        };
        ledger.fail(failure, &record);
    }
}

/// The record with the id that it was sent with: so it is not created twice when it is loaded again.
fn identified(record: &RawValue, outcome: &Outcome) -> Box<RawValue> {
    let WriteResult::Failed { record: sent, .. } = &outcome.result else {
        return record.to_owned();
    };
    let id = sent.get("id").and_then(|id| id.as_str());
    let has_id = crate::output::json::members(record)
        .is_some_and(|members| members.iter().any(|(name, _)| name == "id"));
    let (Some(id), false, Some(rest)) = (id, has_id, record.get().strip_prefix('{')) else {
        return record.to_owned();
    };
    let comma = if rest.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    let text = format!("{{\"id\":{}{comma}{rest}", serde_json::Value::from(id));
    RawValue::from_string(text).unwrap_or_else(|_| record.to_owned())
}

/// The path of the file of failed records.
fn failed_path(args: &Args) -> Result<PathBuf, CliError> {
    let path = match &args.failed {
        Some(path) => path.clone(),
        None if is_stdin(&args.file) => PathBuf::from("stdin.failed.jsonl"),
        None => durable::beside(&args.file, ".failed.jsonl"),
    };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if real(&path).is_some_and(|failed| Some(failed) == real(&args.file)) {
        return Err(CliError::usage(
            "the file of failed records is the one that is loaded",
        ));
    }
    Ok(path)
}

/// The collection at the path.
async fn collection(
    context: &Context,
    folio: &FolioClient,
    path: String,
    key: Option<String>,
) -> Result<Collection, CliError> {
    if let Some(collection) = Collection::described(&path)
        && key.as_deref().is_none_or(|key| key == collection.items())
    {
        return Ok(collection);
    }
    let list = List::find(folio, path, key);
    let list = context.interruptible(list).await??;
    match list.key {
        Some(key) => Ok(Collection::new(list.path, key)),
        None => Err(CliError::usage(format!(
            "records cannot be loaded into {}: its response has no key of the records",
            list.path
        ))),
    }
}

/// Writes the report, and decides the exit code.
fn end(
    context: &Context,
    mut summary: Summary,
    shared: &Shared,
    started: Instant,
    stopped: Option<(Exit, String)>,
) -> Result<Exit, CliError> {
    let mut ledger = shared.lock();
    summary.malformed = ledger.malformed;
    summary.failed += ledger.malformed;
    summary.reasons = ledger.reasons.sorted();
    summary.complete = ledger.is_read && stopped.is_none();
    summary.seconds = started.elapsed().as_secs_f64();
    let finished = ledger.failed.take().map(FailedFile::finish).transpose();
    let (failed_file, earlier) = match finished {
        Ok(finished) => finished.unwrap_or_default(),
        Err(error) => {
            ledger.error.get_or_insert(error);
            (None, Vec::new())
        }
    };
    summary.failed_file = failed_file.map(|path| path.display().to_string());
    let console = &context.console;
    for note in &ledger.notes {
        console.warning(note);
    }
    for failure in &ledger.first {
        console.line(&format!(
            "line {}: {}",
            failure.line,
            shortened(&failure.message)
        ));
    }
    for earlier in earlier {
        console.note(format_args!(
            "the failed records of an earlier run are now in `{}`",
            earlier.display()
        ));
    }
    match context.results.chosen() {
        None => context.results.line(&summary.to_string())?,
        Some(_) => context.results.value(&summary)?,
    }
    if let Some(error) = ledger.error.take() {
        return Err(error);
    }
    if context.interrupt.is_set() && !summary.complete {
        return Err(CliError::new(
            Exit::Interrupted,
            "interrupted before all records of the file were read",
        )
        .with_help("run the same command again: it writes only what is missing"));
    }
    if let Some((exit, error)) = stopped {
        return Err(CliError::new(
            exit,
            format!("stopped before all records were written: {error}"),
        )
        .with_help(
            "run the same command again when it can succeed: it writes only what is missing",
        ));
    }
    Ok(match summary.failed {
        0 => Exit::Success,
        _ => Exit::SomeFailed,
    })
}
