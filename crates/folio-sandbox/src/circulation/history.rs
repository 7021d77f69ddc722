//! `/loan-storage/loan-history`: what the loans were. mod-circulation-storage writes it down with each change of a loan.

use serde_json::{Value, json};

use crate::store::Store;

const HISTORY: &str = "/loan-storage/loan-history";

fn write(store: &Store, tenant: &str, operation: &str, loan: &Value) -> rusqlite::Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let now = jiff::Timestamp::now();
    let created = now.strftime("%Y-%m-%d %H:%M:%S.%6f+00").to_string();
    let record = json!({"id": id, "operation": operation, "loan": loan, "createdDate": created});
    store.write(tenant, HISTORY, &id, &record)
}

pub(crate) fn created(store: &Store, tenant: &str, loan: &Value) -> rusqlite::Result<()> {
    write(store, tenant, "I", loan)
}

pub(crate) fn changed(store: &Store, tenant: &str, loan: &Value) -> rusqlite::Result<()> {
    write(store, tenant, "U", loan)
}

/// What was deleted has the action `deleted`.
pub(crate) fn deleted(store: &Store, tenant: &str, loan: &Value) -> rusqlite::Result<()> {
    let mut loan = loan.clone();
    loan["action"] = "deleted".into();
    write(store, tenant, "D", &loan)
}
