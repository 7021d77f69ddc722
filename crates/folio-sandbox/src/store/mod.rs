//! The records of all tenants: in memory, with indexes where a query needs one, and in a file if there is one.

mod bits;
mod file;
mod index;
mod indexes;
mod rows;
mod sorted;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::cql::compile::{Order, SortKind, Test};
use crate::cql::uuid::{Bound, UuidTest};
use crate::cql::{Compiled, CqlError};
use crate::facts::constraints::{self, Missing, Taken};
use crate::facts::tables::{Foreign, Table, tables};
use crate::generate;

use bits::Bits;
use file::{File, MadeRecords};
pub(crate) use rows::Maker;
use rows::{Body, Rows};
use sorted::Key;

/// All records of all tenants.
pub(crate) struct Store {
    memory: RefCell<Memory>,
    file: Option<File>,
}

#[derive(Default)]
struct Memory {
    /// Collections by tenant and path.
    tenants: HashMap<String, BTreeMap<String, Rows>>,
    /// Sequences by tenant and name.
    counters: HashMap<(String, String), i64>,
    /// What undoes the work that was begun, the last first; and where each work began.
    undo: Vec<Undo>,
    begun: Vec<usize>,
}

enum Undo {
    Record {
        tenant: String,
        collection: String,
        id: Key,
        slot: u32,
        /// None where there was no record.
        body: Option<Body>,
    },
    Counter {
        tenant: String,
        name: String,
        value: Option<i64>,
    },
}

/// What a list is asked for.
pub(crate) struct Page<'a> {
    pub(crate) query: Option<&'a Compiled>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Why a list cannot be given.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(rusqlite::Error),
    Query(CqlError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<CqlError> for Failure {
    fn from(error: CqlError) -> Self {
        Self::Query(error)
    }
}

pub(super) type Result<T> = rusqlite::Result<T>;

impl Memory {
    fn rows(&mut self, tenant: &str, collection: &str) -> &mut Rows {
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.to_owned(), BTreeMap::new());
        }
        let collections = self.tenants.entry(tenant.to_owned()).or_default();
        if !collections.contains_key(collection) {
            collections.insert(collection.to_owned(), Rows::default());
        }
        collections.entry(collection.to_owned()).or_default()
    }

    fn known(&self, tenant: &str, collection: &str) -> Option<&Rows> {
        self.tenants.get(tenant)?.get(collection)
    }

    fn known_mut(&mut self, tenant: &str, collection: &str) -> Option<&mut Rows> {
        self.tenants.get_mut(tenant)?.get_mut(collection)
    }

    fn undo(&mut self, undo: impl FnOnce() -> Undo) {
        if !self.begun.is_empty() {
            self.undo.push(undo());
        }
    }
}

impl Store {
    pub(crate) fn open(path: Option<&std::path::Path>) -> Result<Self> {
        let store = Self {
            memory: RefCell::default(),
            file: path.map(File::open).transpose()?,
        };
        if let Some(file) = &store.file {
            for made in file.made()? {
                store.make(&made);
            }
            let mut memory = store.memory.borrow_mut();
            file.deleted(|tenant, collection, id| {
                memory.rows(tenant, collection).remove(&Key::new(id));
            })?;
            file.records(|tenant, collection, id, body| {
                memory
                    .rows(tenant, collection)
                    .put(&Key::new(id), Body::Text(body.into()));
            })?;
            file.counters(|tenant, name, value| {
                memory
                    .counters
                    .insert((tenant.to_owned(), name.to_owned()), value);
            })?;
        }
        Ok(store)
    }

    fn make(&self, made: &MadeRecords) {
        let mut memory = self.memory.borrow_mut();
        for (path, maker, count) in generate::collections(made.seed, made.count) {
            let collections = memory.tenants.entry(made.tenant.clone()).or_default();
            collections.insert(path.to_owned(), Rows::made(Arc::clone(&maker), count));
        }
        for (name, value) in generate::counters(made.count) {
            let counter = (made.tenant.clone(), name.to_owned());
            memory.counters.insert(counter, value);
        }
    }

    /// Gives a tenant so many instances, with holdings and items, that are the same for the same seed. A file that has some already is left
    /// as it is.
    pub(crate) fn generate(&self, tenant: &str, seed: u64, count: u32) -> Result<()> {
        if let Some(file) = &self.file {
            if file.made()?.iter().any(|made| made.tenant == tenant) {
                return Ok(());
            }
            let made = MadeRecords {
                tenant: tenant.to_owned(),
                seed,
                count,
            };
            file.set_made(&made)?;
        }
        self.make(&MadeRecords {
            tenant: tenant.to_owned(),
            seed,
            count,
        });
        Ok(())
    }

    /// Makes the indexes that a search or a list in the order of titles needs, before one is asked for.
    pub(crate) fn prepare(&self, tenant: &str, collection: &str, fields: &[&str]) {
        let mut memory = self.memory.borrow_mut();
        if let Some(rows) = memory.known_mut(tenant, collection) {
            index::prepare_fields(rows, tables().of(collection), fields);
        }
    }

    /// Whether what is stored survives the process.
    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Something that is not a record and survives the process, if records do.
    pub(crate) fn setting(&self, name: &str) -> Result<Option<String>> {
        self.file
            .as_ref()
            .map_or(Ok(None), |file| file.setting(name))
    }

    pub(crate) fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        self.file
            .as_ref()
            .map_or(Ok(()), |file| file.set_setting(name, value))
    }

    /// Does all of it, or nothing where it fails or is rejected.
    pub(crate) fn all_or_nothing<T, E>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<std::result::Result<T, E>>,
    ) -> Result<std::result::Result<T, E>> {
        self.begin()?;
        let done = work(self);
        self.end(matches!(done, Ok(Ok(_))))?;
        done
    }

    /// Begins work that ends as a whole.
    pub(crate) fn begin(&self) -> Result<()> {
        if let Some(file) = &self.file {
            file.begin()?;
        }
        let mut memory = self.memory.borrow_mut();
        let at = memory.undo.len();
        memory.begun.push(at);
        Ok(())
    }

    /// Ends the work that was begun; what was done stays, or not.
    pub(crate) fn end(&self, stays: bool) -> Result<()> {
        let mut memory = self.memory.borrow_mut();
        let from = memory.begun.pop().unwrap_or_default();
        if !stays {
            let undone: Vec<Undo> = memory.undo.drain(from..).collect();
            for undo in undone.into_iter().rev() {
                match undo {
                    Undo::Record {
                        tenant,
                        collection,
                        id,
                        slot,
                        body,
                    } => {
                        let rows = memory.rows(&tenant, &collection);
                        match body {
                            Some(body) => rows.restore(&id, slot, body),
                            None => {
                                rows.remove(&id);
                            }
                        }
                    }
                    Undo::Counter {
                        tenant,
                        name,
                        value,
                    } => {
                        match value {
                            Some(value) => memory.counters.insert((tenant, name), value),
                            None => memory.counters.remove(&(tenant, name)),
                        };
                    }
                }
            }
        } else if memory.begun.is_empty() {
            memory.undo.clear();
        }
        match &self.file {
            Some(file) => file.end(stays),
            None => Ok(()),
        }
    }

    pub(crate) fn get(&self, tenant: &str, collection: &str, id: &str) -> Result<Option<Value>> {
        let memory = self.memory.borrow();
        Ok(memory.known(tenant, collection).and_then(|rows| {
            let slot = rows.slot(&Key::new(id))?;
            rows.row(slot).map(|row| row.value())
        }))
    }

    pub(crate) fn has(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let memory = self.memory.borrow();
        let rows = memory.known(tenant, collection);
        Ok(rows.is_some_and(|rows| rows.slot(&Key::new(id)).is_some()))
    }

    pub(crate) fn count(&self, tenant: &str, collection: &str) -> Result<usize> {
        let memory = self.memory.borrow();
        Ok(memory.known(tenant, collection).map_or(0, Rows::len))
    }

    /// Stores a record, in place of the one of its id.
    pub(crate) fn write(
        &self,
        tenant: &str,
        collection: &str,
        id: &str,
        record: &Value,
    ) -> Result<()> {
        let key = Key::new(id);
        let text = record.to_string();
        if let Some(file) = &self.file {
            file.write(tenant, collection, &key.text(), &text)?;
        }
        let mut memory = self.memory.borrow_mut();
        let rows = memory.rows(tenant, collection);
        let before = rows.put(&key, Body::Text(text.into()));
        let slot = rows.slot(&key).unwrap_or_default();
        memory.undo(|| Undo::Record {
            tenant: tenant.to_owned(),
            collection: collection.to_owned(),
            id: key,
            slot,
            body: before,
        });
        Ok(())
    }

    pub(crate) fn delete(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let key = Key::new(id);
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok(false);
        };
        if rows.slot(&key).is_none() {
            return Ok(false);
        }
        if let Some(file) = &self.file {
            file.delete(tenant, collection, &key.text(), rows.has_maker())?;
        }
        if let Some((slot, body)) = rows.remove(&key) {
            memory.undo(|| Undo::Record {
                tenant: tenant.to_owned(),
                collection: collection.to_owned(),
                id: key,
                slot,
                body: Some(body),
            });
        }
        Ok(true)
    }

    /// Stores many records at once.
    pub(crate) fn load(
        &mut self,
        tenant: &str,
        collection: &str,
        records: &[(String, Value)],
    ) -> Result<()> {
        self.all_or_nothing(|store| {
            for (id, record) in records {
                store.write(tenant, collection, id, record)?;
            }
            Ok(Ok::<(), ()>(()))
        })?
        .ok();
        Ok(())
    }

    /// The unique value of a record that another record has already.
    pub(crate) fn taken<'t>(
        &self,
        tenant: &str,
        collection: &str,
        table: &'t Table,
        id: &str,
        record: &Value,
    ) -> Result<Option<Taken<'t>>> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok(None);
        };
        // The index is that of the table, which is there for as long as the process.
        let own = tables()
            .of(collection)
            .map_or(&[][..], |table| &table.unique);
        for unique in &table.unique {
            if let Some(value) = constraints::value(unique, record)
                && let Some(own) = own.iter().find(|own| own.constraint == unique.constraint)
                && rows.taken(own, &value, &Key::new(id))
            {
                return Ok(Some(Taken::new(unique, record)));
            }
        }
        Ok(None)
    }

    /// The reference of a record that leads nowhere.
    pub(crate) fn missing<'t>(
        &self,
        tenant: &str,
        table: &'t Table,
        record: &Value,
    ) -> Result<Option<Missing<'t>>> {
        for foreign in &table.foreign {
            let Some(target) = constraints::target(foreign, record) else {
                continue;
            };
            if let Some(path) = tables().path(foreign)
                && !self.has(tenant, path, &target)?
            {
                return Ok(Some(Missing { foreign, target }));
            }
        }
        Ok(None)
    }

    /// The reference to a record that PostgreSQL tells of: the table that it comes from, and its field.
    pub(crate) fn referred(
        &self,
        tenant: &str,
        table: &Table,
        id: &str,
    ) -> Result<Option<(&'static Table, &'static Foreign)>> {
        let key = Key::new(id);
        let mut memory = self.memory.borrow_mut();
        let Some(collections) = memory.tenants.get_mut(tenant) else {
            return Ok(None);
        };
        let mut first: Option<(&'static Table, &'static Foreign)> = None;
        for (path, rows) in collections {
            let Some(from) = tables().of(path).filter(|_| rows.len() > 0) else {
                continue;
            };
            let own = from
                .foreign
                .iter()
                .filter(|foreign| foreign.target == table.name);
            for foreign in own {
                // It checks them in the order in which they were made.
                let sooner = first.is_none_or(|(_, first)| foreign.rank < first.rank);
                if sooner && rows.references(&foreign.field).contains_key(&key) {
                    first = Some((from, foreign));
                }
            }
        }
        Ok(first)
    }

    /// The next number of a sequence, which is used up by it.
    pub(crate) fn next(&self, tenant: &str, name: &str) -> Result<i64> {
        let next = self.current(tenant, name)? + 1;
        self.set_current(tenant, name, next)?;
        Ok(next)
    }

    /// Where a sequence is: the number that was given last.
    pub(crate) fn current(&self, tenant: &str, name: &str) -> Result<i64> {
        let memory = self.memory.borrow();
        let counter = (tenant.to_owned(), name.to_owned());
        Ok(memory.counters.get(&counter).copied().unwrap_or_default())
    }

    pub(crate) fn set_current(&self, tenant: &str, name: &str, value: i64) -> Result<()> {
        if let Some(file) = &self.file {
            file.set_counter(tenant, name, value)?;
        }
        let mut memory = self.memory.borrow_mut();
        let counter = (tenant.to_owned(), name.to_owned());
        let before = memory.counters.insert(counter, value);
        memory.undo(|| Undo::Counter {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            value: before,
        });
        Ok(())
    }

    /// A page of a list, and how many records there are in all.
    pub(crate) fn list(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
    ) -> std::result::Result<(Vec<Value>, usize), Failure> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok((Vec::new(), 0));
        };
        let (slots, total) = listed(rows, page)?;
        let records = slots
            .into_iter()
            .filter_map(|slot| rows.row(slot).map(|row| row.value()));
        Ok((records.collect(), total))
    }

    /// The same, the records as compact JSON.
    pub(crate) fn list_texts(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
    ) -> std::result::Result<(Vec<String>, usize), Failure> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok((Vec::new(), 0));
        };
        let (slots, total) = listed(rows, page)?;
        let records = slots
            .into_iter()
            .filter_map(|slot| rows.row(slot).map(|row| row.text().into_owned()));
        Ok((records.collect(), total))
    }

    pub(crate) fn all(&self, tenant: &str, collection: &str) -> Result<Vec<Value>> {
        let memory = self.memory.borrow();
        let rows = memory.known(tenant, collection);
        let records = rows.into_iter().flat_map(Rows::iter);
        Ok(records.map(|(_, row)| row.value()).collect())
    }

    /// The records of a collection with an identifier in a field, in the order in which they came.
    pub(crate) fn with(
        &self,
        tenant: &str,
        collection: &str,
        field: &str,
        id: &str,
    ) -> Result<Vec<Value>> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok(Vec::new());
        };
        let slots = rows.references(field).get(&Key::new(id));
        let slots = slots.map_or_else(Vec::new, |slots| slots.all().to_vec());
        let records = slots.into_iter().filter_map(|slot| rows.row(slot));
        Ok(records.map(|row| row.value()).collect())
    }

    /// The texts of a field of the records that a test holds for, in lower case.
    pub(crate) fn texts(
        &self,
        tenant: &str,
        collection: &str,
        test: &Test,
        field: &str,
    ) -> Result<std::result::Result<HashSet<String>, CqlError>> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok(Ok(HashSet::new()));
        };
        let slots = match matching(rows, test, None) {
            Ok(slots) => slots,
            Err(error) => return Ok(Err(error)),
        };
        let texts = slots
            .iter()
            .filter_map(|slot| rows.row(slot)?.text_at(field))
            .map(|text| text.to_ascii_lowercase());
        Ok(Ok(texts.collect()))
    }
}

/// The slots of a page, and how many records there are in all.
fn listed(rows: &mut Rows, page: &Page<'_>) -> std::result::Result<(Vec<u32>, usize), CqlError> {
    let sort = page.query.map_or(&[][..], |query| &query.sort);
    let by_id = matches!(sort, [only] if only.kind == SortKind::Uuid && only.field == "id");
    let descending = matches!(sort, [only] if only.descending);
    if (sort.is_empty() || by_id && !descending)
        && let Some(query) = page.query
        && let Some(mut ids) = ids(&query.test)
    {
        // A list of identifiers is looked up, not searched for.
        ids.sort();
        ids.dedup();
        let found: Vec<u32> = ids
            .iter()
            .filter_map(|id| rows.slot(&Key::new(id)))
            .collect();
        let total = found.len();
        let page = found.into_iter().skip(page.offset).take(page.limit);
        return Ok((page.collect(), total));
    }
    // What a query says of `id` as a whole are bounds: paging by id is fast over many records.
    let mut bounds = Bounds {
        from: 0,
        to: rows.len(),
        not: Vec::new(),
    };
    let exact = page
        .query
        .is_none_or(|query| bounds.narrow(&query.test, rows));
    let length = bounds.to.saturating_sub(bounds.from);
    if exact && bounds.not.is_empty() && by_id {
        let slots = if descending {
            let ids = rows.ids().back_from(bounds.to).take(length);
            ids.skip(page.offset).take(page.limit).collect()
        } else {
            let left = length.saturating_sub(page.offset);
            let ids = rows.ids().from(bounds.from + page.offset.min(length));
            ids.take(left.min(page.limit)).collect()
        };
        return Ok((slots, length));
    }
    let whole = exact && bounds.not.is_empty() && length == rows.len();
    if whole && sort.is_empty() {
        let slots = match rows.slots() == rows.len() {
            // No record is gone: a place is a slot.
            true => rows.numbers(page.offset, page.limit),
            false => rows
                .iter()
                .map(|(slot, _)| slot)
                .skip(page.offset)
                .take(page.limit)
                .collect(),
        };
        return Ok((slots, rows.len()));
    }
    let found = match page.query {
        Some(_) if whole => None,
        Some(query) => Some(matching(rows, &query.test, Some(&bounds))?),
        None => None,
    };
    let total = found.as_ref().map_or(rows.len(), Bits::count);
    let slots = if by_id {
        let wanted = |slot: &u32| found.as_ref().is_none_or(|found| found.has(*slot));
        if descending {
            let ids = rows.ids().back_from(bounds.to).take(length).filter(wanted);
            ids.skip(page.offset).take(page.limit).collect()
        } else {
            let ids = rows.ids().from(bounds.from).take(length).filter(wanted);
            ids.skip(page.offset).take(page.limit).collect()
        }
    } else if sort.is_empty() {
        let found = found.iter().flat_map(Bits::iter);
        found.skip(page.offset).take(page.limit).collect()
    } else {
        index::in_order(rows, sort, found.as_ref(), page.offset, page.limit)
    };
    Ok((slots, total))
}

/// What a query says of `id` as a whole: ranks from and to, and identifiers that are not wanted.
struct Bounds {
    from: usize,
    to: usize,
    not: Vec<Key>,
}

impl Bounds {
    /// Narrows the bounds by what a test says of `id`; gives whether that is all it says.
    fn narrow(&mut self, test: &Test, rows: &Rows) -> bool {
        match test {
            Test::All => true,
            Test::And(a, b) => {
                let a = self.narrow(a, rows);
                self.narrow(b, rows) && a
            }
            Test::Uuid(UuidTest {
                field,
                bound: Bound::Order(order, id),
            }) if field == "id" => {
                let key = Key::new(id);
                let rank = |through| rows.ids().rank(&key, through);
                match order {
                    Order::Equal => {
                        self.from = self.from.max(rank(false));
                        self.to = self.to.min(rank(true));
                    }
                    Order::Differs => self.not.push(key),
                    Order::Less => self.to = self.to.min(rank(false)),
                    Order::LessOrEqual => self.to = self.to.min(rank(true)),
                    Order::Greater => self.from = self.from.max(rank(true)),
                    Order::GreaterOrEqual => self.from = self.from.max(rank(false)),
                }
                true
            }
            _ => false,
        }
    }

    /// The slots within.
    fn slots(&self, rows: &Rows) -> Bits {
        let length = self.to.saturating_sub(self.from);
        let mut bits = Bits::of(rows.slots(), rows.ids().from(self.from).take(length));
        for key in &self.not {
            if let Some(slot) = rows.slot(key) {
                bits.clear(slot);
            }
        }
        bits
    }
}

/// The records that a test holds for, of those within bounds.
fn matching(
    rows: &mut Rows,
    test: &Test,
    bounds: Option<&Bounds>,
) -> std::result::Result<Bits, CqlError> {
    let narrow =
        bounds.filter(|bounds| bounds.from > 0 || bounds.to < rows.len() || !bounds.not.is_empty());
    // Few records by their identifiers are looked at as they are.
    let few =
        narrow.is_some_and(|bounds| bounds.to.saturating_sub(bounds.from) < index::INDEXED_FROM);
    let within = narrow.map(|bounds| bounds.slots(rows));
    let known = match few {
        true => None,
        false => index::select(rows, test),
    };
    let candidates = match known {
        Some((bits, true)) => {
            return Ok(match within {
                Some(within) => bits.and(&within),
                None => bits,
            });
        }
        Some((bits, false)) => Some(match within {
            Some(within) => bits.and(&within),
            None => bits,
        }),
        None => within,
    };
    let mut found = Bits::none(rows.slots());
    let mut look = |slot: u32, row: rows::Row<'_>| -> std::result::Result<(), CqlError> {
        if test.holds(&row.value())? == Some(true) {
            found.set(slot);
        }
        Ok(())
    };
    match candidates {
        Some(candidates) => {
            for slot in candidates.iter() {
                if let Some(row) = rows.row(slot) {
                    look(slot, row)?;
                }
            }
        }
        None => {
            for (slot, row) in rows.iter() {
                look(slot, row)?;
            }
        }
    }
    Ok(found)
}

/// The identifiers of a query that asks for nothing but some.
fn ids(test: &Test) -> Option<Vec<String>> {
    match test {
        Test::Or(a, b) => {
            let mut list = ids(a)?;
            list.extend(ids(b)?);
            Some(list)
        }
        Test::Uuid(UuidTest {
            field,
            bound: Bound::Order(Order::Equal, id),
        }) if field == "id" => Some(vec![id.clone()]),
        _ => None,
    }
}
