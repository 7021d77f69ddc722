//! The session that executes statements: DataFusion with FOLIO's tables.

use std::sync::Arc;

use datafusion::execution::context::SQLOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use folio_arrow::Release;
use folio_cli::extension::{CliError, Session};
use folio_datafusion::{FolioCatalog, Options, register};
use folio_sdk::FolioClient;

use crate::args::Args;
use crate::failure;

/// The session, and the tables.
pub(crate) struct Engine {
    pub(crate) context: SessionContext,
    pub(crate) catalog: Arc<FolioCatalog>,
    pub(crate) release: Release,
}

/// The release that `--release` names.
///
/// # Errors
/// It is not known.
pub(crate) fn named(name: &str) -> Result<Release, CliError> {
    name.parse()
        .map_err(|error: folio_arrow::TableError| CliError::usage(error.to_string()))
}

impl Engine {
    /// Requests the modules of the tenant, and registers the tables of its release.
    ///
    /// # Errors
    /// The request failed.
    pub(crate) async fn connect(session: &mut Session<'_>, args: &Args) -> Result<Self, CliError> {
        let chosen = args.release.as_deref().map(named).transpose()?;
        let folio = session.folio().await?;
        let release = match chosen {
            Some(release) => release,
            None => of_tenant(session, &folio).await?,
        };
        let parallel = usize::from(args.parallel);
        let config = SessionConfig::new()
            .with_information_schema(true)
            .with_target_partitions(parallel);
        let memory = usize::try_from(args.memory).unwrap_or(usize::MAX);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(memory.saturating_mul(1 << 20), 1.0)
            .build_arc()
            .map_err(|error| failure::of(&error))?;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let options = Options {
            release,
            parallel,
            page_size: args.page_size,
            pushes_filters: !args.no_pushdown,
            ..Options::default()
        };
        let catalog = session.interruptible(register(&context, &folio, options));
        let catalog = catalog.await?.map_err(|error| failure::of(&error))?;
        Ok(Self {
            context,
            catalog,
            release,
        })
    }

    /// The plan of a statement that only reads.
    ///
    /// # Errors
    /// The statement is invalid, or writes something.
    pub(crate) async fn plan(&self, statement: Statement) -> Result<LogicalPlan, CliError> {
        let what = match &statement {
            Statement::CreateExternalTable(_) => Some("CREATE EXTERNAL TABLE".to_owned()),
            Statement::CopyTo(_) => Some("COPY".to_owned()),
            _ => None,
        };
        if let Some(what) = what {
            return Err(only_reads(&what));
        }
        let plan = self.context.state().statement_to_plan(statement).await;
        let plan = plan.map_err(|error| failure::of(&error))?;
        let options = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        options.verify_plan(&plan).map_err(|error| {
            let text = error.strip_backtrace();
            only_reads(text.rsplit(": ").next().unwrap_or_default())
        })?;
        Ok(plan)
    }
}

fn only_reads(what: &str) -> CliError {
    CliError::usage(format!("`folio sql` only reads, and rejects {what}"))
        .with_help("--to writes the result to a file; `folio load` writes records")
}

/// The release of the tenant; the newest one, with a note, if it is not known.
async fn of_tenant(session: &Session<'_>, folio: &FolioClient) -> Result<Release, CliError> {
    let name = session.release(folio).await?;
    let release = name.as_deref().map(str::parse::<Release>);
    if let Some(Ok(release)) = release {
        return Ok(release);
    }
    let newest = Release::default();
    session.note(format_args!(
        "the release of the tenant is not known: the tables are those of {newest}; --release names another"
    ));
    Ok(newest)
}
