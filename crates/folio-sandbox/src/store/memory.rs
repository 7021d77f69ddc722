//! The records of all tenants in memory, and the undo log of failed requests.

use std::collections::{BTreeMap, HashMap};

use crate::store::rows::{Rows, StoredBody};
use crate::store::sorted::RecordKey;

/// The records and sequences of all tenants, and the undo log.
#[derive(Default)]
pub(super) struct Tenants {
    /// Collections by tenant and path.
    pub(super) tenants: HashMap<String, BTreeMap<String, Rows>>,
    /// Sequences by tenant and name.
    pub(super) counters: HashMap<(String, String), i64>,
    /// The undo log of the open work, the last entry first; and the start of each unit of work.
    pub(super) undo: Vec<Undo>,
    pub(super) begun: Vec<usize>,
}

/// One step to undo.
pub(super) enum Undo {
    Record {
        tenant: String,
        collection: String,
        id: RecordKey,
        slot: u32,
        /// None where there was no record.
        body: Option<StoredBody>,
    },
    Counter {
        tenant: String,
        name: String,
        value: Option<i64>,
    },
}

impl Tenants {
    pub(super) fn rows(&mut self, tenant: &str, collection: &str) -> &mut Rows {
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.to_owned(), BTreeMap::new());
        }
        let collections = self.tenants.entry(tenant.to_owned()).or_default();
        if !collections.contains_key(collection) {
            collections.insert(collection.to_owned(), Rows::default());
        }
        collections.entry(collection.to_owned()).or_default()
    }

    pub(super) fn known(&self, tenant: &str, collection: &str) -> Option<&Rows> {
        self.tenants.get(tenant)?.get(collection)
    }

    pub(super) fn known_mut(&mut self, tenant: &str, collection: &str) -> Option<&mut Rows> {
        self.tenants.get_mut(tenant)?.get_mut(collection)
    }

    pub(super) fn undo(&mut self, undo: impl FnOnce() -> Undo) {
        if !self.begun.is_empty() {
            self.undo.push(undo());
        }
    }

    /// Undoes one step.
    pub(super) fn revert(&mut self, undo: Undo) {
        match undo {
            Undo::Record {
                tenant,
                collection,
                id,
                slot,
                body,
            } => {
                let rows = self.rows(&tenant, &collection);
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
                    Some(value) => self.counters.insert((tenant, name), value),
                    None => self.counters.remove(&(tenant, name)),
                };
            }
        }
    }
}
