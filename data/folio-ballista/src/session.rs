//! The session whose statements run on Ballista.

use std::sync::Arc;

use ballista_core::config::BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK;
use ballista_core::extension::SessionConfigExt as _;
use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::functions::session_state;
use crate::planner::FolioPlanner;

/// A session whose statements run on Ballista, by the scheduler with this URL. FOLIO's tables are
/// registered as in any other session, with the name of the credentials that executors use:
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// use folio_datafusion::{Options, register};
///
/// let ctx = folio_ballista::session("http://localhost:50050")?;
/// let options = Options { credentials: Some("main".to_owned()), ..Options::default() };
/// register(&ctx, &folio, options).await?;
/// ctx.sql("select count(*) from inventory_storage.items").await?.show().await?;
/// # Ok(())
/// # }
/// ```
///
/// The client plans: it requests the tenant's modules and the numbers of records.
///
/// # Errors
/// The session cannot be made. Nothing is requested.
pub fn session(scheduler: impl Into<String>) -> Result<SessionContext> {
    // A task per range of ids, so that all executors have some.
    let config =
        SessionConfig::new_with_ballista().set_usize(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, 1);
    let planner = FolioPlanner::new(scheduler);
    let state = SessionStateBuilder::new_from_existing(session_state(config)?)
        .with_query_planner(Arc::new(planner))
        .build();
    Ok(SessionContext::new_with_state(state))
}
