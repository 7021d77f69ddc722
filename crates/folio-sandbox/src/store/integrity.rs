//! Unique values and references between records.

use rusqlite::Result;
use serde_json::Value;

use crate::facts::constraints::{self, DanglingReference, Duplicate};
use crate::facts::tables::{Foreign, Table, tables};
use crate::store::Store;
use crate::store::sorted::RecordKey;

impl Store {
    /// The unique value of a record that another record has already.
    pub(crate) fn taken<'t>(
        &self,
        tenant: &str,
        collection: &str,
        table: &'t Table,
        id: &str,
        record: &Value,
    ) -> Result<Option<Duplicate<'t>>> {
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
                && rows.taken(own, &value, &RecordKey::new(id))
            {
                return Ok(Some(Duplicate::new(unique, record)));
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
    ) -> Result<Option<DanglingReference<'t>>> {
        for foreign in &table.foreign {
            let Some(target) = constraints::target(foreign, record) else {
                continue;
            };
            if let Some(path) = tables().path(foreign)
                && !self.has(tenant, path, &target)?
            {
                return Ok(Some(DanglingReference { foreign, target }));
            }
        }
        Ok(None)
    }

    /// The reference to a record that PostgreSQL reports: its table and its field.
    pub(crate) fn referred(
        &self,
        tenant: &str,
        table: &Table,
        id: &str,
    ) -> Result<Option<(&'static Table, &'static Foreign)>> {
        let key = RecordKey::new(id);
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
}
