//! The records of all tenants: in memory, indexed as queries need it, and optionally in a file.

mod bits;
mod file;
mod index;
mod indexes;
mod integrity;
mod memory;
mod page;
mod rows;
mod search;
mod sorted;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Result;
use serde_json::Value;

use crate::cql::CqlError;
use crate::cql::compile::Test;
use crate::facts::tables::tables;
use crate::generate;

use file::{File, MadeRecords};
use memory::{Tenants, Undo};
pub(crate) use page::{Failure, Page};
use rows::{Row, Rows, StoredBody};
use search::{listed, matching};
use sorted::RecordKey;

/// All records of all tenants.
pub(crate) struct Store {
    memory: RefCell<Tenants>,
    file: Option<File>,
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
                memory.rows(tenant, collection).remove(&RecordKey::new(id));
            })?;
            file.records(|tenant, collection, id, body| {
                memory
                    .rows(tenant, collection)
                    .put(&RecordKey::new(id), StoredBody::Text(body.into()));
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

    /// Gives a tenant so many instances, with holdings and items, that are the same for the same
    /// seed. A file that has some already is left as it is.
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

    /// Builds the indexes for a search or a list in the order of titles in advance.
    pub(crate) fn prepare(&self, tenant: &str, collection: &str, fields: &[&str]) {
        let mut memory = self.memory.borrow_mut();
        if let Some(rows) = memory.known_mut(tenant, collection) {
            index::prepare_fields(rows, tables().of(collection), fields);
        }
    }

    /// Whether the stored data outlive the process.
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

    /// Ends a unit of work; its changes are committed or undone.
    pub(crate) fn end(&self, stays: bool) -> Result<()> {
        let mut memory = self.memory.borrow_mut();
        let from = memory.begun.pop().unwrap_or_default();
        if !stays {
            let undone: Vec<Undo> = memory.undo.drain(from..).collect();
            for undo in undone.into_iter().rev() {
                memory.revert(undo);
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
            let slot = rows.slot(&RecordKey::new(id))?;
            rows.row(slot).map(|row| row.value())
        }))
    }

    pub(crate) fn has(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let memory = self.memory.borrow();
        let rows = memory.known(tenant, collection);
        Ok(rows.is_some_and(|rows| rows.slot(&RecordKey::new(id)).is_some()))
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
        let key = RecordKey::new(id);
        let text = record.to_string();
        if let Some(file) = &self.file {
            file.write(tenant, collection, &key.text(), &text)?;
        }
        let mut memory = self.memory.borrow_mut();
        let rows = memory.rows(tenant, collection);
        let before = rows.put(&key, StoredBody::Text(text.into()));
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
        let key = RecordKey::new(id);
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
        self.list_of(tenant, collection, page, |row| row.value())
    }

    /// The same, the records as compact JSON.
    pub(crate) fn list_texts(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
    ) -> std::result::Result<(Vec<String>, usize), Failure> {
        self.list_of(tenant, collection, page, |row| row.text().into_owned())
    }

    fn list_of<T>(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
        read: impl Fn(Row<'_>) -> T,
    ) -> std::result::Result<(Vec<T>, usize), Failure> {
        let mut memory = self.memory.borrow_mut();
        let Some(rows) = memory.known_mut(tenant, collection) else {
            return Ok((Vec::new(), 0));
        };
        let (slots, total) = listed(rows, page)?;
        let records = slots
            .into_iter()
            .filter_map(|slot| rows.row(slot).map(&read));
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
        let slots = rows.references(field).get(&RecordKey::new(id));
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
