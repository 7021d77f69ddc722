//! Drives the tasks of a harvest: starts one for each unit, and collects their results.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::checkpoint::Checkpoint;
use super::figures::Figures;
use super::slots::SlotPool;
use super::work_source::{OpenUnit, WorkSource};
use super::work_unit::{
    NewUnit, UnitContext, UnitCounts, UnitOutcome, UnitProgress, UnitRest, UnitStart,
};
use crate::wire::error::{Error, Result};

/// How a run processes records.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunSettings {
    pub(super) tasks: TaskSettings,
    /// The number of units that wait until their results are returned.
    pub(super) waiting: usize,
    /// Whether results are returned in the order of the units.
    pub(super) is_ordered: bool,
}

/// How the tasks of a run process records.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskSettings {
    /// The number of records that are processed at once.
    pub(super) records: usize,
    /// The number of tasks that decode; none for as many as the runtime has threads.
    pub(super) decoders: Option<usize>,
    /// Whether results are returned. Otherwise a record counts once it was processed.
    pub(super) returns: bool,
}

/// The tasks of a harvest.
pub(super) struct WorkRun<U, E> {
    source: Box<dyn WorkSource<U, E>>,
    settings: RunSettings,
    pool: Option<SlotPool>,
    tasks: JoinSet<(u64, UnitOutcome<U, E>)>,
    /// In the order of their start.
    units: VecDeque<RunUnit<U, E>>,
    /// The number of units so far.
    started: u64,
    /// The unit that is started next.
    next: Option<(u64, UnitCounts, UnitStart<U, E>)>,
    /// There are no more units.
    is_last: bool,
    /// The error that ended it, while records are still being processed.
    failure: Option<E>,
    ended: bool,
    pub(super) figures: Figures,
    /// The part that remained at the start of this run.
    begun: Checkpoint,
    /// The number of readable records of the units that were completed.
    good: u64,
}

struct RunUnit<U, E> {
    number: u64,
    rest: UnitRest,
    progress: Arc<UnitProgress>,
    outcome: Option<FinishedUnit<U, E>>,
}

/// A unit whose task has ended.
struct FinishedUnit<U, E> {
    outputs: std::vec::IntoIter<(usize, bool, U)>,
    failure: Option<(usize, E)>,
    read: Option<(u64, u64)>,
}

impl<U, E> WorkRun<U, E>
where
    U: Send + 'static,
    E: From<Error> + Send + 'static,
{
    pub(super) fn new(
        source: Box<dyn WorkSource<U, E>>,
        begun: Checkpoint,
        settings: RunSettings,
    ) -> Self {
        Self {
            source,
            settings,
            pool: None,
            tasks: JoinSet::new(),
            units: VecDeque::new(),
            started: 0,
            next: None,
            is_last: false,
            failure: None,
            ended: false,
            figures: Figures::new(&begun),
            begun,
            good: 0,
        }
    }

    /// The next result; none at the end.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<U, E>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match self.give() {
                Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                Some(output) => return Poll::Ready(Some(output)),
                None => {}
            }
            match self.tasks.poll_join_next(context) {
                Poll::Ready(Some(Ok((number, outcome)))) => {
                    self.collect(number, outcome);
                    continue;
                }
                Poll::Ready(Some(Err(error))) => match error.try_into_panic() {
                    // That of the closure.
                    Ok(panic) => {
                        self.fail(());
                        std::panic::resume_unwind(panic)
                    }
                    // The runtime is shutting down.
                    Err(_) => return Poll::Ready(Some(Err(self.fail(Error::closed().into())))),
                },
                // No task runs.
                Poll::Ready(None) => {
                    if let Some(failure) = self.failure.take() {
                        return Poll::Ready(Some(Err(self.fail(failure))));
                    }
                    if self.is_last && self.units.is_empty() {
                        return match ready!(self.source.poll_end(context)) {
                            Ok(()) => {
                                self.ended = true;
                                self.figures.end(true);
                                Poll::Ready(None)
                            }
                            Err(error) => Poll::Ready(Some(Err(self.fail(error.into())))),
                        };
                    }
                }
                Poll::Pending => {}
            }
            match ready!(self.poll_start(context)) {
                Ok(()) => {}
                // Records that are being processed are finished before the error is returned.
                Err(error) if !self.settings.tasks.returns => self.stop(error.into()),
                Err(error) => return Poll::Ready(Some(Err(self.fail(error.into())))),
            }
        }
    }

    /// Starts the task of the next unit, if there are slots for it. It is ready if something
    /// changed.
    fn poll_start(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.failure.is_some() {
            return Poll::Pending;
        }
        let Ok(runtime) = Handle::try_current() else {
            return Poll::Ready(Err(Error::no_runtime()));
        };
        let TaskSettings {
            records, decoders, ..
        } = self.settings.tasks;
        let pool = self.pool.get_or_insert_with(|| {
            let threads = || runtime.metrics().num_workers();
            SlotPool::new(records, decoders.unwrap_or_else(threads))
        });
        if let Some(unit) = self.next.take() {
            let Poll::Ready(slots) = pool.poll_slots(context) else {
                self.next = Some(unit);
                return Poll::Pending;
            };
            let (number, counts, start) = unit;
            let task = start(UnitContext { slots, counts });
            let task = async move { (number, task.await) };
            self.tasks.spawn_on(task, &runtime);
            return Poll::Ready(Ok(()));
        }
        let waiting = self.units.iter().filter(|unit| unit.outcome.is_some());
        if self.is_last || waiting.count() >= self.settings.waiting {
            return Poll::Pending;
        }
        ready!(pool.poll_decoder(context));
        let is_holding = !self.units.is_empty();
        let polled = self
            .source
            .poll_unit(context, &mut self.figures, is_holding);
        let Some(unit) = ready!(polled) else {
            self.is_last = true;
            return Poll::Ready(Ok(()));
        };
        let NewUnit { rest, start } = unit?;
        let progress = Arc::new(UnitProgress::default());
        let counts = match self.settings.tasks.returns {
            true => None,
            false => Some((Arc::clone(&progress), self.figures.counter())),
        };
        self.next = Some((self.started, counts, start));
        self.units.push_back(RunUnit {
            number: self.started,
            rest,
            progress,
            outcome: None,
        });
        self.started += 1;
        Poll::Ready(Ok(()))
    }

    /// A task has ended.
    fn collect(&mut self, number: u64, outcome: UnitOutcome<U, E>) {
        let UnitOutcome {
            outputs,
            mut failure,
            read,
        } = outcome;
        if !self.settings.tasks.returns
            && let Some((_, error)) = failure.take()
        {
            self.stop(error);
            return;
        }
        let Some(at) = self.units.iter().position(|unit| unit.number == number) else {
            return;
        };
        if !self.settings.tasks.returns {
            // Of a unit that was stopped, a part remains.
            if let Some(read) = read {
                self.close(at, read);
            }
            return;
        }
        self.units[at].outcome = Some(FinishedUnit {
            outputs: outputs.into_iter(),
            failure,
            read,
        });
    }

    /// All of a unit was processed, and returned.
    fn close(&mut self, at: usize, (records, nulls): (u64, u64)) {
        if let Some(unit) = self.units.remove(at) {
            self.good += unit.progress.state().good;
            self.source.has_read(records, nulls);
        }
    }

    /// The next result of the units whose tasks have ended.
    fn give(&mut self) -> Option<Result<U, E>> {
        let is_ordered = self.settings.is_ordered || self.source.is_sequential();
        loop {
            let is_stopped = |finished: &FinishedUnit<U, E>| {
                finished.outputs.as_slice().is_empty()
                    && finished.failure.is_none()
                    && finished.read.is_none()
            };
            let has_result = |unit: &RunUnit<U, E>| {
                let finished = unit.outcome.as_ref();
                finished.is_some_and(|finished| !is_stopped(finished))
            };
            let first = match is_ordered {
                true => self
                    .units
                    .front()
                    .filter(|unit| has_result(unit))
                    .map(|_| 0),
                false => self.units.iter().position(has_result),
            };
            let Some(at) = first else {
                // If the first unit was stopped, another one has the reason.
                let is_over = is_ordered
                    && self
                        .units
                        .front()
                        .and_then(|unit| unit.outcome.as_ref())
                        .is_some_and(is_stopped);
                let mut units = self.units.iter_mut().filter(|_| is_over);
                let failure = units.find_map(|unit| unit.outcome.as_mut()?.failure.take());
                return failure.map(|(_, error)| Err(error));
            };
            let unit = &mut self.units[at];
            let finished = unit.outcome.as_mut()?;
            let failed = finished.failure.as_ref().map(|(at, _)| *at);
            let outputs = finished.outputs.as_slice();
            let is_next = outputs
                .first()
                .is_some_and(|(at, ..)| failed.is_none_or(|failed| *at < failed));
            if is_next && let Some((at, is_good, output)) = finished.outputs.next() {
                unit.progress.begin(at);
                unit.progress.end(at, is_good);
                self.figures.count(is_good);
                return Some(Ok(output));
            }
            if let Some((_, error)) = finished.failure.take() {
                return Some(Err(error));
            }
            match finished.read {
                Some(read) => self.close(at, read),
                None => finished.outputs = Vec::new().into_iter(),
            }
        }
    }

    /// Ends the run once no record is being processed any more.
    fn stop(&mut self, error: E) {
        if let Some(pool) = &self.pool {
            pool.stop();
        }
        self.failure.get_or_insert(error);
    }

    /// Ends the run.
    fn fail<V>(&mut self, error: V) -> V {
        self.ended = true;
        self.figures.end(false);
        self.tasks.abort_all();
        error
    }

    /// The part that remains.
    pub(super) fn checkpoint(&self) -> Checkpoint {
        let open: Vec<OpenUnit<'_>> = self
            .units
            .iter()
            .map(|unit| (&unit.rest, unit.progress.state()))
            .collect();
        let good = open
            .iter()
            .fold(self.good, |good, (_, state)| good + state.good);
        let is_complete = self.ended && self.figures.is_complete();
        let checkpoint = self.source.remaining(&self.begun, &open, is_complete);
        checkpoint.after_run(&self.begun, good, self.ended && !is_complete)
    }

    pub(super) fn note(&self) -> Option<&str> {
        self.source.note()
    }
}
