//! The records of many ids, and of many values of another field.
//!
//! Both are asked for by `field==("…" or "…")`, as many values in a request as its line has room for. What a response means for each value is
//! decided here; which request is sent is decided by `Pager::some_of`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Ahead, Pager};
use crate::engine::request_line;
use crate::value::uuid::is_uuid;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;

/// How many requests are on their way at once; the client's own limit holds besides.
const AHEAD: usize = 4;

/// The records of many ids, as a stream in the order of the ids. Made by [`Items::ids`](crate::Items::ids) and
/// [`FolioClient::folio_get_by_ids`](crate::FolioClient::folio_get_by_ids).
///
/// They are requested by `id==("…" or "…")`, as many in one request as the request line has room for
/// ([`max_request_line`](crate::FolioClientBuilder::max_request_line): about 75), in several requests at the same time; where there is
/// an endpoint that takes the query in a body (`POST /instance-storage/instances/retrieve`, also of holdings and items), by that, 1,000 at
/// once. An id that is given twice is requested once.
///
/// An id that is blank or not a UUID is not sent, since some modules answer it with an error or with nothing for all ids of the request. It is
/// [`invalid`](Self::invalid), and [`missing`](Self::missing) as well. (Of a list whose ids are no UUIDs, read
/// [`values("id", …)`](crate::Items::values).) If a response has fewer records than its own `totalRecords`, the rest is requested again; if that
/// brings nothing, the stream ends with an error. A record that cannot be read is an error of kind
/// [`ErrorKind::Record`](crate::ErrorKind::Record) in its place; after any other error the stream ends.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct ByIds<T>(Lookup<T>);

/// The records of many values of a field, as a stream in the order of the values: HRIDs, barcodes, user names, external ids. Made by
/// [`Items::values`](crate::Items::values) and [`FolioClient::folio_get_by_values`](crate::FolioClient::folio_get_by_values).
///
/// They are requested by `field==("…" or "…")`, an exact match of the whole field, as many in one request as the request line has room for, or
/// by `POST …/retrieve` as [`ByIds`] says. A value that is given twice is requested once. A blank value is [`invalid`](Self::invalid) and not
/// sent.
///
/// - A value without a record is [`missing`](Self::missing) at the end.
/// - A value with several records gives all of them, one after the other, and is [`ambiguous`](Self::ambiguous).
/// - **The server decides what is equal.** RMB's `==` ignores case and accents in most fields (a barcode of an item: only case; FOLIO's index
///   definitions decide). A record that comes back in another case is a record of the value, and if it cannot be told which value of a request a
///   record belongs to (`Muller` for `Müller`, a field that is a list), the request is divided until each value was requested by itself. If two
///   values differ in case only, a record goes to the one that is written the same; the other is not missing, and has no record of its own.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct ByValues<T>(Lookup<T>);

impl<T> Unpin for ByIds<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for ByIds<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.0.poll_next(context)
    }
}

impl<T> fmt::Debug for ByIds<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(out, "ByIds")
    }
}

impl<T> Unpin for ByValues<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for ByValues<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.0.poll_next(context)
    }
}

impl<T> fmt::Debug for ByValues<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(out, "ByValues")
    }
}

impl<T: DeserializeOwned + Send + 'static> ByIds<T> {
    pub(super) fn new(pager: Pager, ids: impl Iterator<Item = String>) -> Self {
        let field = pager.key().to_owned();
        // What other keys look like is not known.
        let is_id = field == "id";
        let is_valid = |id: &str| is_uuid(id) || !is_id && !id.trim().is_empty();
        Self(Lookup::new(pager, field, true, ids, is_valid))
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The ids that the server has no record of, as far as it was asked; at the end, all of them. Those that are [`invalid`](Self::invalid)
    /// are among them.
    pub fn missing(&self) -> &[String] {
        &self.0.missing
    }

    /// The ids that were not sent, because they are blank or not UUIDs: known from the beginning.
    pub fn invalid(&self) -> &[String] {
        &self.0.invalid
    }
}

impl<T: DeserializeOwned + Send + 'static> ByValues<T> {
    pub(super) fn new(pager: Pager, field: String, values: impl Iterator<Item = String>) -> Self {
        let is_valid = |value: &str| !value.trim().is_empty();
        Self(Lookup::new(pager, field, false, values, is_valid))
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The values that the server has no record of, as far as it was asked; at the end, all of them. Those that are
    /// [`invalid`](Self::invalid) are among them.
    pub fn missing(&self) -> &[String] {
        &self.0.missing
    }

    /// The values that are blank, and were not sent: known from the beginning.
    pub fn invalid(&self) -> &[String] {
        &self.0.invalid
    }

    /// The values that have several records, as far as the server was asked; at the end, all of them. All their records came.
    pub fn ambiguous(&self) -> &[String] {
        &self.0.ambiguous
    }
}

/// What both streams are.
struct Lookup<T> {
    pager: Pager,
    field: String,
    /// Whether there is one record of a value at most, which has it in this very form but for the case of the letters.
    is_key: bool,
    /// The values whose records were not all taken, in their order; the first one has this number.
    slots: VecDeque<Slot<T>>,
    first: usize,
    /// The number of the first value that was not asked for yet.
    next: usize,
    /// Those that are asked for once more, before all others.
    again: VecDeque<Ask>,
    running: VecDeque<(Ask, Ahead)>,
    /// Records that cannot be read, and do not say whose they are.
    strays: VecDeque<Result<T>>,
    missing: Vec<String>,
    invalid: Vec<String>,
    ambiguous: Vec<String>,
    ended: bool,
}

struct Slot<T> {
    value: String,
    is_valid: bool,
    records: VecDeque<Result<T>>,
    /// How many records came.
    count: usize,
    /// A record of another value is one of this as well: they differ in case.
    is_shared: bool,
    is_done: bool,
}

/// Values that are asked for together, by their numbers.
#[derive(Default)]
struct Ask {
    values: Vec<usize>,
    /// How many records came already, of those that a response had no room for.
    offset: u64,
    /// In an order, so that they can come in several responses.
    sorted: bool,
    /// Whether a response brought nothing of what there is by its own count.
    is_doubted: bool,
    /// The ids of the records that came.
    seen: HashSet<String>,
}

impl Ask {
    fn of(values: Vec<usize>) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }
}

impl<T> Lookup<T> {
    fn show(&self, out: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        out.debug_struct(name)
            .field("request", self.pager.request())
            .field("field", &self.field)
            .field("open", &self.slots.len())
            .field("missing", &self.missing.len())
            .finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Send + 'static> Lookup<T> {
    fn new(
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
                Slot {
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
            tracing::warn!(count = invalid.len(), %field, "values that cannot be asked for");
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

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
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

    /// The next record of those that came.
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

    fn slot(&mut self, number: usize) -> Option<&mut Slot<T>> {
        self.slots.get_mut(number.checked_sub(self.first)?)
    }

    /// Sends what may be on its way.
    fn ask(&mut self) -> Result<()> {
        self.pager.check()?;
        while self.running.len() < AHEAD {
            if let Some(ask) = self.again.pop_front() {
                if let Some(rest) = self.send(ask) {
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
            let rest = self.send(Ask::of(values));
            let open = rest.and_then(|rest| rest.values.first().copied());
            self.next = open.unwrap_or(last + 1);
        }
        Ok(())
    }

    /// Asks for as many of some values as go into one request, and gives the others.
    fn send(&mut self, mut ask: Ask) -> Option<Ask> {
        let (mut request, mut count) = self.request(&ask);
        if count < ask.values.len() && ask.offset > 0 {
            // What came was of all of them: of fewer it is another list.
            self.forget(&ask);
            ask = Ask {
                sorted: ask.sorted,
                ..Ask::of(ask.values)
            };
            (request, count) = self.request(&ask);
        }
        let rest = ask.values.split_off(count.min(ask.values.len()));
        let ahead = Ahead::send(&self.pager.client, request);
        self.running.push_back((ask, ahead));
        (!rest.is_empty()).then(|| Ask::of(rest))
    }

    fn request(&self, ask: &Ask) -> (Request, usize) {
        let slots = ask
            .values
            .iter()
            .filter_map(|number| self.slots.get(number.checked_sub(self.first)?));
        let texts: Vec<&str> = slots.map(|slot| slot.value.as_str()).collect();
        self.pager
            .some_of(&self.field, &texts, self.is_key, ask.offset, ask.sorted)
    }

    fn poll_response(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if let Err(error) = self.ask() {
            return Poll::Ready(Err(error));
        }
        let Some((ask, ahead)) = self.running.front_mut() else {
            // Nothing is open that could be asked for.
            self.slots.iter_mut().for_each(|slot| slot.is_done = true);
            return Poll::Ready(Ok(()));
        };
        let response = ready!(ahead.poll(context));
        let is_several = ask.values.len() > 1;
        match response {
            // By GET then, or for half as many.
            Err(error)
                if self.pager.refuses_post(&error)
                    || is_several && request_line::is_too_long(&error) =>
            {
                for (ask, _) in self.running.drain(..).rev() {
                    self.again.push_front(ask);
                }
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
            Ok(response) => {
                let ask = self.running.pop_front().map(|(ask, _)| ask);
                Poll::Ready(self.arrange(ask.unwrap_or_default(), &response))
            }
        }
    }

    /// Records came.
    fn arrange(&mut self, mut ask: Ask, response: &Response) -> Result<()> {
        let mut page = self.pager.page(response, self.pager.seen);
        let whose = self.values_of(&ask);
        let mut is_unknown = false;
        let mut is_new = false;
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
                && !ask.seen.insert(id)
            {
                continue;
            }
            match (whose.find(value.as_deref()), value) {
                (Some(number), _) => {
                    is_new = true;
                    if let Some(slot) = self.slot(number) {
                        slot.count += 1;
                        slot.records.push_back(record);
                    }
                }
                (None, None) if self.is_key => self.strays.push_back(record),
                (None, Some(value)) if self.is_key => {
                    return Err(self.ignored(page.exchange(), &value));
                }
                (None, _) => is_unknown = true,
            }
        }
        self.pager.seen += page.received();
        if is_unknown {
            self.divide(&ask);
            return Ok(());
        }
        let come = ask.offset + page.received();
        let has_more = page.total().is_some_and(|total| total > come)
            || !self.is_key
                && page.total().is_none()
                && page.received() >= self.pager.size().into();
        if !has_more {
            self.settle(&ask.values);
            return Ok(());
        }
        if is_new {
            ask.is_doubted = false;
        } else if std::mem::replace(&mut ask.is_doubted, true) {
            let total = page.total().unwrap_or_default();
            return Err(Error::paging(
                page.exchange().clone(),
                format!(
                    "{come} records came, and `totalRecords` is {total}, also when the rest is requested again: records are missing"
                ),
            ));
        }
        if self.is_key {
            // What came is not asked for again.
            let (came, open): (Vec<usize>, _) = ask.values.iter().partition(|number| {
                let slot = self.slots.get(number.saturating_sub(self.first));
                slot.is_some_and(|slot| slot.count > 0)
            });
            self.settle(&came);
            ask.values = open;
            if ask.values.is_empty() {
                return Ok(());
            }
        } else if ask.sorted {
            ask.offset = come;
        } else {
            // From the beginning, in an order.
            self.forget(&ask);
            ask = Ask {
                sorted: true,
                is_doubted: ask.is_doubted,
                ..Ask::of(ask.values)
            };
        }
        self.again.push_back(ask);
        Ok(())
    }

    /// It cannot be told which values some records belong to: each half is asked for by itself.
    fn divide(&mut self, ask: &Ask) {
        self.forget(ask);
        let (low, high) = ask.values.split_at(ask.values.len() / 2);
        for half in [low, high] {
            if !half.is_empty() {
                self.again.push_back(Ask::of(half.to_vec()));
            }
        }
    }

    /// What came of these values is not used.
    fn forget(&mut self, ask: &Ask) {
        for number in &ask.values {
            if let Some(slot) = self.slot(*number) {
                slot.records.clear();
                slot.count = 0;
            }
        }
    }

    /// All records of these values came.
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

    fn values_of(&self, ask: &Ask) -> Values {
        let mut values = Values::default();
        for number in &ask.values {
            let Some(slot) = number
                .checked_sub(self.first)
                .and_then(|at| self.slots.get(at))
            else {
                continue;
            };
            values.exact.insert(slot.value.clone(), *number);
            values.folded.entry(folded(&slot.value)).or_insert(*number);
        }
        if let [only] = ask.values[..]
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
                "the server ignores the query: it gave a record whose `{field}` is {value}, which was not asked for"
            ),
        )
    }
}

/// Which values a request asked for.
#[derive(Default)]
struct Values {
    exact: HashMap<String, usize>,
    folded: HashMap<String, usize>,
    /// The only one: what comes belongs to it, whatever the server takes for equal.
    only: Option<usize>,
}

impl Values {
    /// The number of the value that a record with this one belongs to; none if that cannot be told.
    fn find(&self, value: Option<&str>) -> Option<usize> {
        self.only.or_else(|| {
            let exact = self.exact.get(value?);
            exact.or_else(|| self.folded.get(&folded(value?))).copied()
        })
    }
}

/// UUIDs, and values as most fields of RMB compare them: in lower case.
fn folded(value: &str) -> String {
    value.to_lowercase()
}
