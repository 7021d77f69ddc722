//! Lookups by many values: assigns the records of a response to the values.
//!
//! The values are requested with `field==("…" or "…")`, as many per request as fit into its line.
//! `Pager::request_values` chooses the request.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;

use super::ahead::Ahead;
use super::batch::{Batch, ValueOwners, folded};
use super::page_body::PageBody;
use super::pager::Pager;
use super::requests::Wanted;
use crate::engine::request_line;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

/// The number of requests in flight; the client's own limit applies in addition.
const AHEAD: usize = 4;

/// A lookup of many values of one field: the requested values, and their records.
pub(super) struct ListLookup<T> {
    pager: Pager,
    field: String,
    /// Whether there is at most one record per value, which contains the value in this form except
    /// for case.
    is_key: bool,
    /// The values whose records were not all returned, in order; the first one has this index.
    slots: VecDeque<LookupValue<T>>,
    first: usize,
    /// The index of the first value that was not requested yet.
    next: usize,
    /// Values that are requested again, before all others.
    again: VecDeque<Batch>,
    running: VecDeque<(Batch, Ahead)>,
    /// Unreadable records that cannot be assigned to a value.
    strays: VecDeque<Result<T>>,
    pub(super) missing: Vec<String>,
    pub(super) invalid: Vec<String>,
    pub(super) ambiguous: Vec<String>,
    ended: bool,
}

struct LookupValue<T> {
    value: String,
    is_valid: bool,
    records: VecDeque<Result<T>>,
    /// The number of received records.
    count: usize,
    /// A record of another value also belongs to this one: they differ only in case.
    is_shared: bool,
    is_done: bool,
}

/// The content of a page for the requested values.
#[derive(Default)]
struct BatchPage {
    /// New records.
    is_new: bool,
    /// Records that cannot be assigned to a value.
    is_unknown: bool,
}

impl<T> ListLookup<T> {
    pub(super) fn show(&self, out: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        out.debug_struct(name)
            .field("request", self.pager.request())
            .field("field", &self.field)
            .field("open", &self.slots.len())
            .field("missing", &self.missing.len())
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> ListLookup<T> {
    pub(super) fn new(
        pager: Pager,
        field: String,
        is_key: bool,
        values: impl Iterator<Item = String>,
        is_valid: impl Fn(&str) -> bool,
    ) -> Self {
        let mut known = HashSet::new();
        let mut invalid = Vec::new();
        let slots = values
            .filter(|value| known.insert(value.clone()))
            .map(|value| {
                let is_valid = is_valid(&value);
                if !is_valid {
                    invalid.push(value.clone());
                }
                LookupValue {
                    value,
                    is_valid,
                    records: VecDeque::new(),
                    count: 0,
                    is_shared: false,
                    is_done: !is_valid,
                }
            })
            .collect();
        if !invalid.is_empty() {
            tracing::warn!(count = invalid.len(), %field, "values that cannot be looked up");
        }
        Self {
            pager,
            field,
            is_key,
            slots,
            first: 0,
            next: 0,
            again: VecDeque::new(),
            running: VecDeque::new(),
            strays: VecDeque::new(),
            missing: Vec::new(),
            invalid,
            ambiguous: Vec::new(),
            ended: false,
        }
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(record) = self.take() {
                return Poll::Ready(Some(record));
            }
            if self.ended || self.slots.is_empty() {
                self.ended = true;
                return Poll::Ready(None);
            }
            if let Err(error) = ready!(self.poll_response(context)) {
                self.ended = true;
                self.running.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// The next received record.
    fn take(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(stray) = self.strays.pop_front() {
                return Some(stray);
            }
            let slot = self.slots.front_mut().filter(|slot| slot.is_done)?;
            if let Some(record) = slot.records.pop_front() {
                return Some(record);
            }
            let slot = self.slots.pop_front()?;
            self.first += 1;
            if slot.count > 1 {
                self.ambiguous.push(slot.value);
            } else if slot.count == 0 && !slot.is_shared {
                self.missing.push(slot.value);
            }
        }
    }

    fn slot(&mut self, number: usize) -> Option<&mut LookupValue<T>> {
        self.slots.get_mut(number.checked_sub(self.first)?)
    }

    /// Sends as many requests as may be in flight.
    fn send_batches(&mut self) -> Result<()> {
        self.pager.check()?;
        while self.running.len() < AHEAD {
            if let Some(batch) = self.again.pop_front() {
                if let Some(rest) = self.send(batch) {
                    self.again.push_front(rest);
                }
                continue;
            }
            self.next = self.next.max(self.first);
            let open = self.slots.iter().enumerate().skip(self.next - self.first);
            let values: Vec<usize> = open
                .filter(|(_, slot)| slot.is_valid)
                .map(|(at, _)| self.first + at)
                .take(self.pager.most_values())
                .collect();
            let Some(last) = values.last().copied() else {
                return Ok(());
            };
            let rest = self.send(Batch::of(values));
            let open = rest.and_then(|rest| rest.values.first().copied());
            self.next = open.unwrap_or(last + 1);
        }
        Ok(())
    }

    /// Requests as many of some values as fit into one request, and returns the rest.
    fn send(&mut self, mut batch: Batch) -> Option<Batch> {
        let (mut request, mut count) = self.request(&batch);
        if count < batch.values.len() && batch.offset > 0 {
            // The received records belong to all of them: for fewer values it is another list.
            self.forget(&batch);
            batch = Batch {
                sorted: batch.sorted,
                ..Batch::of(batch.values)
            };
            (request, count) = self.request(&batch);
        }
        let rest = batch.values.split_off(count.min(batch.values.len()));
        let ahead = Ahead::send(&self.pager.client, request);
        self.running.push_back((batch, ahead));
        (!rest.is_empty()).then(|| Batch::of(rest))
    }

    fn request(&self, batch: &Batch) -> (Request, usize) {
        let slots = batch
            .values
            .iter()
            .filter_map(|number| self.slots.get(number.checked_sub(self.first)?));
        let texts: Vec<&str> = slots.map(|slot| slot.value.as_str()).collect();
        self.pager.request_values(&Wanted {
            field: &self.field,
            values: &texts,
            is_key: self.is_key,
            offset: batch.offset,
            is_sorted: batch.sorted,
        })
    }

    fn poll_response(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if let Err(error) = self.send_batches() {
            return Poll::Ready(Err(error));
        }
        let Some((batch, ahead)) = self.running.front_mut() else {
            // Nothing remains to be requested.
            self.slots.iter_mut().for_each(|slot| slot.is_done = true);
            return Poll::Ready(Ok(()));
        };
        let response = ready!(ahead.poll(context));
        let is_several = batch.values.len() > 1;
        match response {
            // Then by GET, or for half as many.
            Err(error)
                if self.pager.lacks_retrieve(&error)
                    || is_several && request_line::is_too_long(&error) =>
            {
                for (batch, _) in self.running.drain(..).rev() {
                    self.again.push_front(batch);
                }
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
            Ok(response) => {
                let batch = self.running.pop_front().map(|(batch, _)| batch);
                Poll::Ready(self.arrange(batch.unwrap_or_default(), &response))
            }
        }
    }

    /// Processes received records.
    fn arrange(&mut self, mut batch: Batch, response: &Response) -> Result<()> {
        let mut page = self.pager.page(response, self.pager.seen);
        let found = self.take_records(&mut batch, &mut page)?;
        self.pager.seen += page.received();
        if found.is_unknown {
            self.divide(&batch);
            return Ok(());
        }
        let come = batch.offset + page.received();
        let has_more = page.total().is_some_and(|total| total > come)
            || !self.is_key
                && page.total().is_none()
                && page.received() >= self.pager.size().into();
        if !has_more {
            self.settle(&batch.values);
            return Ok(());
        }
        if found.is_new {
            batch.is_doubted = false;
        } else if std::mem::replace(&mut batch.is_doubted, true) {
            let total = page.total().unwrap_or_default();
            return Err(Error::paging(
                page.exchange().clone(),
                format!(
                    "{come} records were received, and `totalRecords` is {total}, also when the rest is requested again: records are missing"
                ),
            ));
        }
        self.request_rest(batch, come);
        Ok(())
    }

    /// Assigns the records of a page to their values.
    fn take_records(&mut self, batch: &mut Batch, page: &mut PageBody) -> Result<BatchPage> {
        let whose = self.values_of(batch);
        let mut found = BatchPage::default();
        while let Some(record) = page.next::<T>() {
            let record = match record {
                Err(error) if error.record_json().is_none() => return Err(error),
                record => record,
            };
            let id = page.key_of_last();
            let value = match self.is_key {
                true => id.clone(),
                false => page.text_of_last(&self.field),
            };
            if let Some(id) = id
                && !batch.seen.insert(id)
            {
                continue;
            }
            match (whose.find(value.as_deref()), value) {
                (Some(number), _) => {
                    found.is_new = true;
                    if let Some(slot) = self.slot(number) {
                        slot.count += 1;
                        slot.records.push_back(record);
                    }
                }
                (None, None) if self.is_key => self.strays.push_back(record),
                (None, Some(value)) if self.is_key => {
                    return Err(self.ignored(page.exchange(), &value));
                }
                (None, _) => found.is_unknown = true,
            }
        }
        Ok(found)
    }

    /// Requests the records that a response did not contain; `come` records were received.
    fn request_rest(&mut self, mut batch: Batch, come: u64) {
        if self.is_key {
            // Received records are not requested again.
            let (came, open): (Vec<usize>, _) = batch.values.iter().partition(|number| {
                let slot = self.slots.get(number.saturating_sub(self.first));
                slot.is_some_and(|slot| slot.count > 0)
            });
            self.settle(&came);
            batch.values = open;
            if batch.values.is_empty() {
                return;
            }
        } else if batch.sorted {
            batch.offset = come;
        } else {
            // From the start, in a defined order.
            self.forget(&batch);
            batch = Batch {
                sorted: true,
                is_doubted: batch.is_doubted,
                ..Batch::of(batch.values)
            };
        }
        self.again.push_back(batch);
    }

    /// Some records cannot be assigned to their values: each half is requested by itself.
    fn divide(&mut self, batch: &Batch) {
        self.forget(batch);
        let (low, high) = batch.values.split_at(batch.values.len() / 2);
        for half in [low, high] {
            if !half.is_empty() {
                self.again.push_back(Batch::of(half.to_vec()));
            }
        }
    }

    /// The received records of these values are discarded.
    fn forget(&mut self, batch: &Batch) {
        for number in &batch.values {
            if let Some(slot) = self.slot(*number) {
                slot.records.clear();
                slot.count = 0;
            }
        }
    }

    /// All records of these values were received.
    fn settle(&mut self, values: &[usize]) {
        let came: HashSet<String> = values
            .iter()
            .filter_map(|number| self.slots.get(number.checked_sub(self.first)?))
            .filter(|slot| slot.count > 0)
            .map(|slot| folded(&slot.value))
            .collect();
        for number in values {
            if let Some(slot) = self.slot(*number) {
                slot.is_done = true;
                slot.is_shared = came.contains(&folded(&slot.value));
            }
        }
    }

    fn values_of(&self, batch: &Batch) -> ValueOwners {
        let mut values = ValueOwners::default();
        for number in &batch.values {
            let Some(slot) = number
                .checked_sub(self.first)
                .and_then(|at| self.slots.get(at))
            else {
                continue;
            };
            values.exact.insert(slot.value.clone(), *number);
            values.folded.entry(folded(&slot.value)).or_insert(*number);
        }
        if let [only] = batch.values[..]
            && !self.is_key
        {
            values.only = Some(only);
        }
        values
    }

    fn ignored(&self, exchange: &Exchange, value: &str) -> Error {
        let field = &self.field;
        Error::paging(
            exchange.clone(),
            format!(
                "the server ignores the query: it returned a record whose `{field}` is {value}, which was not requested"
            ),
        )
    }
}
