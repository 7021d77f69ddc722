//! The permissions of a user: their record, and permissions with all that is known of them.

use serde_json::{Value, json};

use crate::facts::documents::routes;
use crate::platform::auth::Account;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::rmb;

/// The record of a user's permissions; users with all permissions have one as well.
pub(crate) fn permissions_record(
    state: &State,
    tenant: &str,
    user: &str,
) -> rusqlite::Result<Option<Value>> {
    let records = state.store.all(tenant, "/perms/users")?;
    let own = records
        .into_iter()
        .find(|record| text_at(record, "userId").as_deref() == Some(user));
    let given = |account: &&Account| account.id == user && !account.by_record;
    let account = state
        .auth
        .tenants
        .get(tenant)
        .and_then(|accounts| accounts.iter().find(given));
    Ok(own.or_else(|| {
        account.map(|account| {
            let list: Vec<&str> = match &account.permissions {
                Some(own) => own.iter().map(String::as_str).collect(),
                None => routes().permissions().collect(),
            };
            let id = uuid::Uuid::new_v5(
                &uuid::Uuid::NAMESPACE_OID,
                format!("permissions of {}", account.id).as_bytes(),
            );
            let now = rmb::now();
            json!({
                "id": id.to_string(), "userId": account.id, "permissions": list,
                "metadata": {"createdDate": now, "updatedDate": now},
            })
        })
    }))
}

/// The names in a record of permissions.
pub(super) fn list_of(record: &Value) -> Vec<Value> {
    let list = record.get("permissions").and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

/// A permission with all that is known of it.
pub(super) fn whole(name: &Value) -> Value {
    let text = name.as_str().unwrap_or_default();
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes());
    json!({
        "permissionName": text, "displayName": text.replace('.', " "), "id": id.to_string(), "description": text,
        "tags": [], "subPermissions": [], "childOf": [], "grantedTo": [], "mutable": false, "visible": false, "dummy": false,
    })
}

/// A record of permissions as `expandPermissions` gives it: mod-users-bl puts the id of the record
/// where that of the user was.
pub(super) fn expanded(record: &Value) -> Value {
    let list: Vec<Value> = list_of(record).iter().map(whole).collect();
    json!({"userId": record.get("id"), "permissions": list})
}
