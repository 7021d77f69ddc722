//! Where the units of a run come from: pages of ranges, or groups of records of a list that is read
//! sequentially.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::checkpoint::Checkpoint;
use super::figures::Figures;
use super::range_reader::RangeReader;
use super::unit_task::process;
use super::work_unit::{
    NewUnit, UnitContext, UnitRecords, UnitRest, UnitState, UnitTask, ranges_left,
};
use crate::paging::{ListPosition, RecordStream};
use crate::wire::error::{Error, Result};

/// The maximum number of records of a group.
const GROUP: usize = 64;

/// A unit that was not processed completely, or whose results were not all returned.
pub(super) type OpenUnit<'a> = (&'a UnitRest, UnitState);

/// A list in units.
pub(super) trait WorkSource<U, E>: Send {
    /// The next unit; none if there are no more. `is_holding` if units are in memory.
    fn poll_unit(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
        is_holding: bool,
    ) -> Poll<Option<Result<NewUnit<U, E>>>>;

    /// A unit was read: its number of records including nulls, and the number of these.
    fn has_read(&mut self, _records: u64, _nulls: u64) {}

    /// Whether the list is complete, once all units were processed.
    fn poll_end(&mut self, _context: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// What remains of `begun`, if these units are open, in the order of their start.
    fn remaining(&self, begun: &Checkpoint, open: &[OpenUnit<'_>], is_complete: bool)
    -> Checkpoint;

    /// Whether the list remains from one position on, so that results have to be returned in order.
    fn is_sequential(&self) -> bool;

    /// See [`RecordStream::note`].
    fn note(&self) -> Option<&str> {
        None
    }
}

/// Makes the task of a unit of its records.
pub(super) type UnitWork<T, U, E> =
    Arc<dyn Fn(UnitRecords<T>, UnitContext) -> UnitTask<U, E> + Send + Sync>;

/// The work of a closure that returns futures.
pub(super) fn asynchronous<T, U, E, W, F>(work: W) -> UnitWork<T, U, E>
where
    T: DeserializeOwned + Send + 'static,
    U: Send + 'static,
    E: From<Error> + Send + 'static,
    W: Fn(Result<T>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<U, E>> + Send + 'static,
{
    let work = Arc::new(work);
    Arc::new(move |records, context| Box::pin(process(records, Arc::clone(&work), context)))
}

/// A list that is read by id: each page is a unit.
pub(super) struct RangeUnits<T, U, E> {
    pub(super) reader: Box<RangeReader>,
    pub(super) work: UnitWork<T, U, E>,
}

impl<T, U, E> WorkSource<U, E> for RangeUnits<T, U, E>
where
    T: DeserializeOwned + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
{
    fn poll_unit(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
        is_holding: bool,
    ) -> Poll<Option<Result<NewUnit<U, E>>>> {
        let next = std::task::ready!(self.reader.poll_page(context, figures, is_holding));
        Poll::Ready(next.map(|page| {
            let page = page?;
            if let Err(error) = self.reader.check_keys(&page) {
                self.reader.put_back(page);
                return Err(error);
            }
            let work = Arc::clone(&self.work);
            Ok(NewUnit {
                rest: UnitRest::Page(Box::new(page.fresh())),
                start: Box::new(move |context| work(UnitRecords::Page(Box::new(page)), context)),
            })
        }))
    }

    fn has_read(&mut self, records: u64, nulls: u64) {
        self.reader.has_read(records, nulls);
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.reader.poll_end(context)
    }

    fn remaining(
        &self,
        begun: &Checkpoint,
        open: &[OpenUnit<'_>],
        is_complete: bool,
    ) -> Checkpoint {
        let of_units = open.iter().flat_map(|(rest, state)| match rest {
            UnitRest::Page(page) => ranges_left(page, state),
            UnitRest::Group(..) => Vec::new(),
        });
        let ranges = of_units.chain(self.reader.rest()).collect();
        Checkpoint::rest_of(begun, ranges, is_complete)
    }

    fn is_sequential(&self) -> bool {
        self.reader.has_text_keys()
    }
}

/// A list that is read sequentially: so many records at a time are a unit.
pub(super) struct GroupUnits<T, U, E> {
    records: Box<RecordStream<T>>,
    work: UnitWork<T, U, E>,
    /// The error that ended the list, once the records before it were processed.
    failure: Option<Error>,
    ended: bool,
    result: PhantomData<fn() -> (U, E)>,
}

impl<T, U, E> GroupUnits<T, U, E> {
    pub(super) fn new(records: Box<RecordStream<T>>, work: UnitWork<T, U, E>) -> Self {
        Self {
            records,
            work,
            failure: None,
            ended: false,
            result: PhantomData,
        }
    }
}

impl<T, U, E> WorkSource<U, E> for GroupUnits<T, U, E>
where
    T: DeserializeOwned + Send + 'static,
    U: Send + 'static,
    E: Send + 'static,
{
    fn poll_unit(
        &mut self,
        context: &mut Context<'_>,
        figures: &mut Figures,
        _: bool,
    ) -> Poll<Option<Result<NewUnit<U, E>>>> {
        if let Some(error) = self.failure.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        let start = self.records.position();
        let (mut group, mut passed) = (Vec::new(), Vec::new());
        while group.len() < GROUP {
            let record = match Pin::new(&mut *self.records).poll_next(context) {
                Poll::Pending => break,
                Poll::Ready(None) => {
                    self.ended = true;
                    break;
                }
                Poll::Ready(Some(Err(error))) if error.record_json().is_none() => {
                    self.ended = true;
                    self.failure = Some(error);
                    break;
                }
                Poll::Ready(Some(record)) => record,
            };
            let (offset, key) = self.records.passed();
            passed.push((offset, key.map(str::to_owned)));
            group.push(record);
        }
        figures.sequence(self.records.received(), self.records.total());
        if group.is_empty() {
            return match self.failure.take() {
                Some(error) => Poll::Ready(Some(Err(error))),
                None if self.ended => Poll::Ready(None),
                None => Poll::Pending,
            };
        }
        let work = Arc::clone(&self.work);
        Poll::Ready(Some(Ok(NewUnit {
            rest: UnitRest::Group(start, passed),
            start: Box::new(move |context| work(UnitRecords::Group(group.into_iter(), 0), context)),
        })))
    }

    fn remaining(
        &self,
        begun: &Checkpoint,
        open: &[OpenUnit<'_>],
        is_complete: bool,
    ) -> Checkpoint {
        let first = open.iter().find_map(|(rest, state)| match rest {
            UnitRest::Group(start, passed) => {
                let passed = passed.iter().take(state.processed());
                let passed = passed.map(|(offset, key)| (*offset, key.as_deref()));
                Some(start.clone().after_records(passed))
            }
            UnitRest::Page(_) => None,
        });
        let position = first.unwrap_or_else(|| self.records.position());
        at_position(begun, position, is_complete)
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn note(&self) -> Option<&str> {
        self.records.note()
    }
}

/// What remains of a list that is read sequentially, at a position in it.
pub(super) fn at_position(
    begun: &Checkpoint,
    position: ListPosition,
    is_complete: bool,
) -> Checkpoint {
    let ListPosition {
        offset, mut recent, ..
    } = position;
    if recent.is_empty() {
        recent.clone_from(&begun.last);
    }
    Checkpoint::from_offset(begun.list.clone(), offset, recent).ended(is_complete)
}

/// A harvest that cannot start.
pub(super) struct InvalidList(pub(super) Option<Error>);

impl<U, E> WorkSource<U, E> for InvalidList {
    fn poll_unit(
        &mut self,
        _: &mut Context<'_>,
        _: &mut Figures,
        _: bool,
    ) -> Poll<Option<Result<NewUnit<U, E>>>> {
        Poll::Ready(self.0.take().map(Err))
    }

    fn remaining(&self, begun: &Checkpoint, _: &[OpenUnit<'_>], _: bool) -> Checkpoint {
        begun.clone()
    }

    fn is_sequential(&self) -> bool {
        true
    }
}
