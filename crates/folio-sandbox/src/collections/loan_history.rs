//! `/loan-storage/loan-history`: former states of loans. mod-circulation-storage records one with
//! each change of a loan.

use serde_json::{Value, json};

use crate::facts::paths::LOANS;
use crate::store::Store;

const HISTORY: &str = "/loan-storage/loan-history";

fn write(store: &Store, tenant: &str, operation: &str, loan: &Value) -> rusqlite::Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let now = jiff::Timestamp::now();
    let created = now.strftime("%Y-%m-%d %H:%M:%S.%6f+00").to_string();
    let record = json!({"id": id, "operation": operation, "loan": loan, "createdDate": created});
    store.write(tenant, HISTORY, &id, &record)
}

/// After a record was created (`I`) or changed (`U`).
pub(crate) fn after_write(
    store: &Store,
    tenant: &str,
    path: &str,
    operation: &str,
    record: &Value,
) -> rusqlite::Result<()> {
    if path == LOANS {
        write(store, tenant, operation, record)?;
    }
    Ok(())
}

/// After a record was deleted: the loan's last action is that.
pub(crate) fn after_delete(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &Value,
) -> rusqlite::Result<()> {
    if path == LOANS {
        let mut loan = record.clone();
        loan["action"] = "deleted".into();
        write(store, tenant, "D", &loan)?;
    }
    Ok(())
}
