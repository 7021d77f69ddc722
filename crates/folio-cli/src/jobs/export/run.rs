//! The course of an export.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use folio_sdk::FolioClient;
use serde::Serialize;

use super::args::Args;
use super::part::{Part, failed};
use super::scan::{Scan, Scanned};
use super::state::Settings;
use super::table_file::{Conversion, TableKind};
use super::target::{FileFormat, Target};
use super::writer::Writer;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::external;
use crate::jobs::durable;
use crate::jobs::list::{self, List};
use crate::jobs::packing::Packing;
use crate::output::selection::Selection;
use crate::table_format::TableFormat;
use crate::tenant_release;

/// The result, for programs.
#[derive(Serialize)]
struct Summary<'a> {
    file: String,
    list: &'a str,
    records: u64,
    unreadable: u64,
    /// The values of a Parquet file that are in the column `_extra`.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_extra: Option<u64>,
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
    let tables = match target.format {
        FileFormat::Parquet => match &context.tables {
            Some(tables) => Some(Arc::clone(tables)),
            None => return Err(in_other_program(context).await),
        },
        FileFormat::Jsonl | FileFormat::Csv => None,
    };
    check_arguments(tables.as_deref(), &args)?;
    let mut part = Part::open(target.clone(), args.earlier())?;
    let folio = context.folio().await?;
    let list = List::find(&folio, path, args.key.clone());
    let list = context.interruptible(list).await??;
    let kind = match tables {
        Some(format) => TableKind::Parquet {
            format,
            list: list.path.clone(),
            release: release(context, &folio, &args).await?,
        },
        None => TableKind::Csv(target.packing),
    };
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
    let in_extra = publish(context, part, &args, packing, kind).await?;
    report(context, &list, &target, &scanned, in_extra)?;
    if scanned.state.unreadable > 0 {
        return Ok(Exit::SomeFailed);
    }
    Ok(Exit::Success)
}

/// Runs the program that writes Parquet files, with the same arguments.
async fn in_other_program(context: &Context) -> CliError {
    let Some(program) = external::find(external::SQL) else {
        return external::missing("an export to a Parquet file");
    };
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    external::run(&program, &arguments, &context.interrupt).await
}

/// Checks the arguments of a table before anything is requested.
fn check_arguments(tables: Option<&dyn TableFormat>, args: &Args) -> Result<(), CliError> {
    let fields = args.fields.as_deref().map(Selection::of);
    match (tables, &args.release) {
        (Some(tables), release) => tables.check(release.as_deref(), fields.as_ref()),
        (None, None) => Ok(()),
        (None, Some(_)) => Err(CliError::usage(
            "--release has no effect: the columns of other files than Parquet are those of the records",
        )),
    }
}

/// The release whose descriptions define the columns.
async fn release(
    context: &Context,
    folio: &FolioClient,
    args: &Args,
) -> Result<Option<String>, CliError> {
    if args.release.is_some() {
        return Ok(args.release.clone());
    }
    let release = context.interruptible(tenant_release::of(folio)).await??;
    if release.is_none() {
        context.console.note(
            "the release of the tenant is not known: the columns are those of the newest one; --release names another",
        );
    }
    Ok(release)
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
    kind: TableKind,
) -> Result<Option<u64>, CliError> {
    if part.target.format == FileFormat::Jsonl {
        let complete = part.path.clone();
        return part.publish(&complete).map(|()| None);
    }
    context.console.note("converts the records to a table");
    let (interrupt, fields) = (context.interrupt.clone(), args.fields.clone());
    let outer = part.target.beside(".part.out");
    let is_parquet = matches!(kind, TableKind::Parquet { .. });
    let complete = match is_parquet {
        true => begin_folder(&outer)?,
        false => outer.clone(),
    };
    let out = complete.clone();
    let converted = tokio::task::spawn_blocking(move || {
        let converted = part.records().and_then(|records| {
            let conversion = Conversion {
                records: &records,
                path: &part.path,
                packing,
                complete: &out,
                fields: fields.as_deref(),
                interrupt: &interrupt,
            };
            conversion.run(&kind)
        });
        (part, converted)
    })
    .await;
    let (part, converted) = converted.map_err(|_| CliError::interrupted())?;
    let report = converted.map_err(|error| {
        // What stays is replaced by the next run.
        let _ = match is_parquet {
            true => fs::remove_dir_all(&outer),
            false => durable::remove(&complete),
        };
        error.with_help("the records are saved; run the same command again to continue")
    })?;
    for note in report.notes {
        context.console.note(note);
    }
    for warning in report.warnings {
        context.console.warning(warning);
    }
    part.publish(&complete)?;
    if is_parquet {
        let removed = fs::remove_dir(&outer);
        removed.map_err(|error| failed("remove", &outer, &error))?;
    }
    Ok(is_parquet.then_some(report.in_extra))
}

/// A folder for the file, in place of what an earlier run left: a program that is killed leaves files
/// of unknown names there.
fn begin_folder(folder: &Path) -> Result<PathBuf, CliError> {
    let begun = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir(folder),
    };
    begun.map_err(|error| failed("create", folder, &error))?;
    Ok(folder.join("table.parquet"))
}

fn report(
    context: &Context,
    list: &List,
    target: &Target,
    scanned: &Scanned,
    in_extra: Option<u64>,
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
        in_extra,
        bytes,
        seconds,
    })
}
