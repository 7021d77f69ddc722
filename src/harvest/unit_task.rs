//! The task of a unit: decodes, processes and drops its records one by one.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::de::DeserializeOwned;
use tokio::task::coop::consume_budget;

use super::work_unit::{UnitContext, UnitOutcome, UnitRecords, UnitStep};
use crate::wire::error::{Error, Result};

/// A record that was processed.
struct Processed<U, E> {
    at: usize,
    is_good: bool,
    result: Result<U, E>,
}

/// Processes the records of a unit, as many at once as it has slots for.
pub(super) async fn process<T, U, E, W, F>(
    mut records: UnitRecords<T>,
    work: Arc<W>,
    context: UnitContext,
) -> UnitOutcome<U, E>
where
    T: DeserializeOwned,
    E: From<Error>,
    W: Fn(Result<T>) -> F,
    F: Future<Output = Result<U, E>>,
{
    let mut run = UnitRun::new(context);
    let mut running = FuturesUnordered::new();
    let mut is_decoded = false;
    loop {
        if !is_decoded && run.is_stopped() {
            is_decoded = true;
            run.context.slots.end_decoding(running.len());
        }
        if !is_decoded && run.context.slots.may_begin(running.len()) {
            consume_budget().await;
            match records.next() {
                UnitStep::Record(at, record) => {
                    run.begin(at);
                    let is_good = record.is_ok();
                    let work = work(record);
                    let mut processing = Box::pin(async move {
                        Processed {
                            at,
                            is_good,
                            result: work.await,
                        }
                    });
                    // Most end at once: then nothing is stored.
                    match poll_once(processing.as_mut()).await {
                        Poll::Ready(Processed { result, .. }) => run.ended(at, is_good, result),
                        Poll::Pending => running.push(processing),
                    }
                }
                UnitStep::End(records, nulls) => {
                    run.has_read(records, nulls);
                    is_decoded = true;
                    run.context.slots.end_decoding(running.len());
                }
                UnitStep::Failed(error) => run.failed(usize::MAX, error.into()),
            }
            continue;
        }
        match running.next().await {
            Some(Processed {
                at,
                is_good,
                result,
            }) => {
                run.ended(at, is_good, result);
                run.context.slots.shrink(running.len());
            }
            None if is_decoded => return run.outcome(),
            None => {}
        }
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// The task of a unit, and its outcome so far.
pub(super) struct UnitRun<U, E> {
    context: UnitContext,
    outcome: UnitOutcome<U, E>,
}

impl<U, E> UnitRun<U, E> {
    pub(super) fn new(context: UnitContext) -> Self {
        Self {
            context,
            outcome: UnitOutcome {
                outputs: Vec::new(),
                failure: None,
                read: None,
            },
        }
    }

    /// No further record is begun, because another one failed.
    pub(super) fn is_stopped(&self) -> bool {
        self.context.slots.is_stopped()
    }

    pub(super) fn begin(&self, at: usize) {
        if let Some((progress, _)) = &self.context.counts {
            progress.begin(at);
        }
    }

    pub(super) fn ended(&mut self, at: usize, is_good: bool, result: Result<U, E>) {
        match (result, &self.context.counts) {
            (Ok(_), Some((progress, count))) => {
                progress.end(at, is_good);
                count.add(is_good);
            }
            // It counts when it is returned.
            (Ok(output), None) => self.outcome.outputs.push((at, is_good, output)),
            (Err(error), _) => self.failed(at, error),
        }
    }

    /// The error of the first record counts.
    pub(super) fn failed(&mut self, at: usize, error: E) {
        self.context.slots.stop();
        let failure = self.outcome.failure.as_ref();
        if failure.is_none_or(|(first, _)| at < *first) {
            self.outcome.failure = Some((at, error));
        }
    }

    pub(super) fn has_read(&mut self, records: u64, nulls: u64) {
        self.outcome.read = Some((records, nulls));
    }

    /// With the outputs in the order of the records.
    pub(super) fn outcome(mut self) -> UnitOutcome<U, E> {
        self.outcome.outputs.sort_unstable_by_key(|(at, ..)| *at);
        self.outcome
    }
}
