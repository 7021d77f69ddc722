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
    mut context: UnitContext,
) -> UnitOutcome<U, E>
where
    T: DeserializeOwned,
    E: From<Error>,
    W: Fn(Result<T>) -> F,
    F: Future<Output = Result<U, E>>,
{
    let mut task = Task {
        outcome: UnitOutcome {
            outputs: Vec::new(),
            failure: None,
            read: None,
        },
    };
    let mut running = FuturesUnordered::new();
    let mut is_decoded = false;
    loop {
        if !is_decoded && context.slots.is_stopped() {
            is_decoded = true;
            context.slots.end_decoding();
        }
        if !is_decoded && context.slots.may_begin(running.len()) {
            consume_budget().await;
            match records.next() {
                UnitStep::Record(at, record) => {
                    context.begin(at);
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
                        Poll::Ready(processed) => task.ended(processed, &context),
                        Poll::Pending => running.push(processing),
                    }
                }
                UnitStep::End(read, nulls) => {
                    task.outcome.read = Some((read, nulls));
                    is_decoded = true;
                    context.slots.end_decoding();
                }
                UnitStep::Failed(error) => {
                    task.failed(usize::MAX, error.into(), &context);
                }
            }
            continue;
        }
        match running.next().await {
            Some(processed) => {
                task.ended(processed, &context);
                context.slots.shrink(running.len());
            }
            None if is_decoded => break,
            None => {}
        }
    }
    // In the order of the records.
    task.outcome.outputs.sort_unstable_by_key(|(at, ..)| *at);
    task.outcome
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

struct Task<U, E> {
    outcome: UnitOutcome<U, E>,
}

impl<U, E> Task<U, E> {
    fn ended(&mut self, processed: Processed<U, E>, context: &UnitContext) {
        let Processed {
            at,
            is_good,
            result,
        } = processed;
        match result {
            Ok(output) => {
                if !context.end(at, is_good) {
                    self.outcome.outputs.push((at, is_good, output));
                }
            }
            Err(error) => self.failed(at, error, context),
        }
    }

    /// The error of the first record counts.
    fn failed(&mut self, at: usize, error: E, context: &UnitContext) {
        context.slots.stop();
        let is_first = self.outcome.failure.as_ref().is_none_or(|(first, _)| at < *first);
        if is_first {
            self.outcome.failure = Some((at, error));
        }
    }
}

impl UnitContext {
    fn begin(&self, at: usize) {
        if let Some((progress, _)) = &self.counts {
            progress.begin(at);
        }
    }

    /// Counts a processed record, if it does not count only when its result is returned.
    fn end(&self, at: usize, is_good: bool) -> bool {
        if let Some((progress, count)) = &self.counts {
            progress.end(at, is_good);
            count.add(is_good);
        }
        self.counts.is_some()
    }
}
