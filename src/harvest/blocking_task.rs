//! The task of a unit on a thread of its own, for closures that block.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::unit_task::UnitRun;
use super::work_source::UnitWork;
use super::work_unit::{UnitContext, UnitOutcome, UnitRecords, UnitStep};
use crate::wire::error::{Error, Result};

/// The work of a closure that blocks.
pub(super) fn blocking<T, U, E, W>(work: W) -> UnitWork<T, U, E>
where
    T: DeserializeOwned + Send + 'static,
    U: Send + 'static,
    E: From<Error> + Send + 'static,
    W: Fn(Result<T>) -> Result<U, E> + Send + Sync + 'static,
{
    let work = Arc::new(work);
    Arc::new(move |records, context| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let task = tokio::task::spawn_blocking(move || process(records, &*work, context));
            task.await
                .unwrap_or_else(|error| match error.try_into_panic() {
                    // That of the closure.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => UnitOutcome::failed(Error::closed().into()),
                })
        })
    })
}

/// Processes the records of a unit, one after the other.
fn process<T: DeserializeOwned, U, E: From<Error>>(
    mut records: UnitRecords<T>,
    work: &(impl Fn(Result<T>) -> Result<U, E> + ?Sized),
    context: UnitContext,
) -> UnitOutcome<U, E> {
    let mut run = UnitRun::new(context);
    while !run.is_stopped() {
        match records.next() {
            UnitStep::Record(at, record) => {
                run.begin(at);
                let is_good = record.is_ok();
                run.ended(at, is_good, work(record));
            }
            UnitStep::End(records, nulls) => {
                run.has_read(records, nulls);
                break;
            }
            UnitStep::Failed(error) => run.failed(usize::MAX, error.into()),
        }
    }
    run.outcome()
}
