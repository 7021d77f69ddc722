//! The course of an export.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use super::part::Part;
use super::scan::{Scan, Scanned};
use super::state::Settings;
use super::table_file::Conversion;
use super::target::{FileFormat, Target};
use super::writer::Writer;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::jobs::list::{self, List};
use crate::jobs::packing::Packing;

/// The result, for programs.
#[derive(Serialize)]
struct Summary<'a> {
    file: String,
    list: &'a str,
    records: u64,
    unreadable: u64,
    bytes: u64,
    seconds: f64,
}

/// Exports a list.
pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let target = Target::of(&args.to)?;
    let path = list::path_of(&args.list)?;
    for (at, field) in args.fields.iter().flatten().enumerate() {
        if field.as_str().is_empty() {
            return Err(CliError::usage("--fields has an empty name"));
        }
        // Two columns of one name cannot be told apart.
        if args
            .fields
            .iter()
            .flatten()
            .take(at)
            .any(|other| other == field)
        {
            return Err(CliError::usage(format!("--fields names `{field}` twice")));
        }
    }
    let mut part = Part::open(target.clone(), args.earlier())?;
    let folio = context.folio().await?;
    let list = List::find(&folio, path, args.key.clone());
    let list = context.interruptible(list).await??;
    let scan = Scan {
        parallel: usize::from(args.parallel),
        page_size: args.page_size,
        ordered: args.ordered,
        checkpoint_every: args.checkpoint_every,
    };
    let harvest = scan.harvest(&folio, &list, args.query.as_deref());
    if !harvest.is_parallel() {
        context.console.note(sequential(&args));
    }
    let fields = args.fields.clone();
    let settings = Settings {
        url: folio.url().to_owned(),
        tenant: folio.tenant().to_owned(),
        list: list.path.clone(),
        key: list.key.clone(),
        query: args.query.clone(),
        fields: fields
            .as_ref()
            .map(|fields| fields.iter().map(ToString::to_string).collect()),
        ordered: args.ordered,
    };
    let state = part.state(settings, harvest.checkpoint(), args.restart)?;
    // Tables are made of all records: their columns depend on them.
    let packing = match target.format {
        FileFormat::Jsonl => target.packing,
        FileFormat::Csv | FileFormat::Parquet => Packing::Zstd,
    };
    let earlier = state.checkpoint.records();
    if earlier > 0 {
        context.console.note(format_args!(
            "continues an interrupted export with {earlier} records"
        ));
    }
    let scanned = if state.checkpoint.is_finished() {
        Scanned {
            state,
            note: None,
            elapsed: Duration::ZERO,
            records: 0,
        }
    } else {
        let writer = Writer::start(&part, state.clone(), packing, fields.clone())?;
        let scanned = scan.run(context, harvest, writer, &state).await;
        scanned.inspect_err(|_| part.discard_if_empty())?
    };
    if let Some(note) = &scanned.note {
        context.console.note(note);
    }
    publish(context, part, &args, packing).await?;
    report(context, &list, &target, &scanned)?;
    if scanned.state.unreadable > 0 {
        return Ok(Exit::SomeFailed);
    }
    Ok(Exit::Success)
}

/// Why a list is read page by page.
fn sequential(args: &Args) -> &'static str {
    match &args.query {
        Some(query) if query.to_ascii_lowercase().contains("sortby") => {
            "the query has an order (`sortBy`): the list is read page by page, and --parallel has no effect"
        }
        _ => {
            "this list cannot be divided by id: it is read page by page, and --parallel has no effect"
        }
    }
}

/// Makes the table of the records, if the file is one, and gives the file its name.
async fn publish(
    context: &Context,
    part: Part,
    args: &Args,
    packing: Packing,
) -> Result<(), CliError> {
    if part.target.format == FileFormat::Jsonl {
        let complete = part.path.clone();
        return part.publish(&complete);
    }
    context.console.note("converts the records to a table");
    let (interrupt, fields) = (context.interrupt.clone(), args.fields.clone());
    let complete = part.target.beside(".part.out");
    let out = complete.clone();
    let converted = tokio::task::spawn_blocking(move || {
        let converted = part.records().and_then(|records| {
            let conversion = Conversion {
                records: &records,
                path: &part.path,
                packing,
                target: &part.target,
                complete: &out,
                fields: fields.as_deref(),
                interrupt: &interrupt,
            };
            conversion.run()
        });
        (part, converted)
    })
    .await;
    let (part, converted) = converted.map_err(|_| CliError::interrupted())?;
    let absent = converted.map_err(|error| {
        let _ = crate::jobs::durable::remove(&complete);
        error.with_help("the records are saved; run the same command again to continue")
    })?;
    for field in absent {
        context
            .console
            .warning(format_args!("no record has the field `{field}`"));
    }
    part.publish(&complete)
}

fn report(
    context: &Context,
    list: &List,
    target: &Target,
    scanned: &Scanned,
) -> Result<(), CliError> {
    let records = scanned.state.checkpoint.records();
    let seconds = scanned.elapsed.as_secs_f64();
    let bytes = std::fs::metadata(&target.path).map_or(0, |file| file.len());
    let rate = scanned.records as f64 / seconds.max(0.001);
    context.console.note(format_args!(
        "{records} records of {} in `{}` ({}), {rate:.0}/s",
        list.path,
        target.path.display(),
        indicatif::HumanBytes(bytes),
    ));
    if scanned.state.unreadable > 0 {
        context.console.warning(format_args!(
            "{} records could not be read and are not in the file",
            scanned.state.unreadable
        ));
    }
    if context.results.chosen().is_none() {
        return Ok(());
    }
    context.results.value(&Summary {
        file: target.path.display().to_string(),
        list: &list.path,
        records,
        unreadable: scanned.state.unreadable,
        bytes,
        seconds,
    })
}
