//! The course of `folio sql`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use folio_arrow::files::{FileFormat, FileOptions, FileWriter};
use folio_cli::extension::{CliError, Exit, Format, Progress, Session};
use futures_util::StreamExt as _;
use tokio::task::block_in_place;
use tokio::time::{MissedTickBehavior, interval};

use crate::args::Args;
use crate::batches::Columns;
use crate::encode::{self, Shape};
use crate::engine::Engine;
use crate::failure;
use crate::list;
use crate::progress::Reading;
use crate::statement;
use crate::target::Target;

/// How often the progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// Executes a statement, or lists tables or columns.
pub(crate) async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, CliError> {
    let target = Target::of(&args, session.chosen_format(), session.format())?;
    if args.tables.is_some() || args.describe.is_some() {
        let Target::Rows(format) = target else {
            return Err(CliError::usage(
                "a list of tables or columns is written as .csv, .json or .jsonl",
            ));
        };
        let engine = Engine::connect(session, &args).await?;
        let out = list::Out::new(session, args.to.as_deref(), format);
        match (&args.describe, &args.tables) {
            (Some(table), _) => list::columns(&out, &engine, table).await?,
            (None, text) => {
                let text = text.as_ref().and_then(Option::as_deref);
                list::tables(&out, &engine, text.unwrap_or_default())?;
            }
        }
        return Ok(Exit::Success);
    }
    let text = match args.explain {
        true => format!("explain {}", statement::text(&args)?),
        false => statement::text(&args)?,
    };
    // Before anything is requested.
    let statement = statement::parse(&text)?;
    let engine = Engine::connect(session, &args).await?;
    let plan = session.interruptible(engine.plan(statement)).await??;
    let is_plan = matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let started = Instant::now();
    let query = session.interruptible(Query::new(&engine, plan));
    let query = query.await??;
    if is_plan && args.to.is_none() && session.chosen_format().is_none_or(|it| it == Format::Table)
    {
        return show_plan(session, &query).await;
    }
    for name in &query.columns.renamed {
        session.note(format_args!(
            "the result has several columns of one name: one is `{name}`"
        ));
    }
    let rows = match (&target, &args.to) {
        (Target::Columns(format), Some(path)) => {
            query.columns(session, path, format, args.overwrite).await?
        }
        (Target::Rows(format), path) => query.rows(session, path.as_deref(), *format).await?,
        (Target::Columns(_), None) => 0,
    };
    let reading = Reading::of(&query.plan);
    if !is_plan {
        let place = match &args.to {
            Some(path) => format!(" in `{}`", path.display()),
            None => String::new(),
        };
        session.note(format_args!(
            "{rows} rows{place}, {} records read, {:.1} s",
            reading.records,
            started.elapsed().as_secs_f64()
        ));
    }
    if reading.misfits > 0 {
        session.warning(format_args!(
            "{} values do not fit their columns, and are null there; the column _extra has them",
            reading.misfits
        ));
    }
    Ok(Exit::Success)
}

/// A statement that is ready to be executed.
struct Query<'a> {
    engine: &'a Engine,
    plan: Arc<dyn ExecutionPlan>,
    columns: Columns,
}

impl<'a> Query<'a> {
    async fn new(engine: &'a Engine, plan: LogicalPlan) -> Result<Self, CliError> {
        let plan = engine.context.state().create_physical_plan(&plan).await;
        let plan = plan.map_err(|error| failure::of(&error))?;
        Ok(Self {
            columns: Columns::of(&plan.schema()),
            engine,
            plan,
        })
    }

    /// Passes the batches on. An interruption cancels the requests.
    async fn each(
        &self,
        session: &Session<'_>,
        mut take: impl FnMut(&RecordBatch) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let progress = session.progress("sql");
        let read = self.read(&progress, &mut take);
        session.interruptible(read).await?
    }

    async fn read(
        &self,
        progress: &Progress,
        take: &mut impl FnMut(&RecordBatch) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let context = self.engine.context.task_ctx();
        let batches = execute_stream(Arc::clone(&self.plan), context);
        let mut batches = batches.map_err(|error| failure::of(&error))?;
        let mut shown = interval(SHOWN_EVERY);
        shown.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let batch = tokio::select! {
                biased;
                _ = shown.tick() => {
                    progress.set(Reading::of(&self.plan).records);
                    continue;
                }
                batch = batches.next() => batch,
            };
            let Some(batch) = batch else {
                return Ok(());
            };
            let batch = batch.map_err(|error| failure::of(&error))?;
            let batch = self.columns.name(&batch);
            let batch = batch.map_err(|error| CliError::other(error.to_string()))?;
            // It waits for a disk or a terminal, and other threads go on.
            block_in_place(|| take(&batch))?;
        }
    }

    /// Writes the result as text.
    async fn rows(
        &self,
        session: &Session<'_>,
        path: Option<&Path>,
        format: Format,
    ) -> Result<u64, CliError> {
        let shape = match format {
            Format::Json | Format::Jsonl => Shape::Nested,
            Format::Csv => Shape::Flat,
            Format::Table => Shape::Cells,
        };
        let names = encode::names(&self.columns.schema(), shape)?;
        let mut rows = session.rows(&names, path, format);
        self.each(session, |batch| {
            encode::rows(batch, &names, shape, |row| rows.write(row))
        })
        .await?;
        let shown = rows.finish()?;
        if !shown.hidden.is_empty() {
            session.note(format_args!(
                "{} columns are not shown, for want of room: {}",
                shown.hidden.len(),
                shown.hidden.join(", ")
            ));
        }
        if shown.has_shortened {
            session.note(
                "values that end with … are shortened: --format json and --to FILE have them whole",
            );
        }
        Ok(shown.rows)
    }

    /// Writes the result as a file of columns. It appears when it is complete.
    async fn columns(
        &self,
        session: &Session<'_>,
        path: &Path,
        format: &FileFormat,
        overwrite: bool,
    ) -> Result<u64, CliError> {
        let failed = |error: folio_arrow::files::FileError| CliError::other(error.to_string());
        let options = FileOptions::default()
            .format(format.clone())
            .overwrite(overwrite);
        let file = FileWriter::create(path, self.columns.schema(), &options);
        let mut file = file.map_err(failed)?;
        self.each(session, |batch| file.write(batch).map_err(failed))
            .await?;
        let written = block_in_place(|| file.finish()).map_err(failed)?;
        Ok(written.rows)
    }
}

/// Shows a plan as the lines that it has.
async fn show_plan(session: &Session<'_>, query: &Query<'_>) -> Result<Exit, CliError> {
    let mut text = String::new();
    let names = encode::names(&query.columns.schema(), Shape::Nested)?;
    query
        .each(session, |batch| {
            encode::rows(batch, &names, Shape::Nested, |row| {
                let row: serde_json::Value = serde_json::from_str(row.get())
                    .map_err(|error| CliError::other(error.to_string()))?;
                let part = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
                let title = part("plan_type").unwrap_or_default();
                let lines = part("plan").unwrap_or_default().trim_end();
                text.push_str(&format!("{title}:\n{lines}\n\n"));
                Ok(())
            })
        })
        .await?;
    session.line(text.trim_end())?;
    Ok(Exit::Success)
}
