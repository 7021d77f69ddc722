//! Users who can log in, in the file of a sandbox: passwords survive the process.

use serde_json::{Value, json};

use crate::platform::auth::Account;
use crate::platform::state::State;
use crate::value::json::text_at;

const SETTING: &str = "accounts";

fn written(state: &State) -> Value {
    let tenants = state.auth.tenants.iter().map(|(tenant, accounts)| {
        let accounts: Vec<Value> = accounts
            .iter()
            .map(|account| {
                json!({
                    "id": account.id, "username": account.username, "password": account.password, "history": account.history, "failures": account.failures,
                    "blocked": account.blocked, "attempted": account.attempted, "permissions": account.permissions, "byRecord": account.by_record,
                })
            })
            .collect();
        (tenant.clone(), accounts.into())
    });
    Value::Object(tenants.collect())
}

/// Writes the accounts down where they changed.
pub(crate) fn save(state: &mut State) -> rusqlite::Result<()> {
    if !state.store.has_file() {
        return Ok(());
    }
    let accounts = written(state).to_string();
    if state.accounts != accounts {
        state.store.set_setting(SETTING, &accounts)?;
        state.accounts = accounts;
    }
    Ok(())
}

/// Adds the stored accounts after the configured ones. If a configured account has the same
/// password as the last time, its later changes are preserved.
pub(crate) fn restore(state: &mut State) -> rusqlite::Result<()> {
    let given: Vec<Value> = state
        .auth
        .tenants
        .iter()
        .flat_map(|(tenant, accounts)| {
            accounts.iter().map(move |account| {
                json!({"tenant": tenant, "id": account.id, "password": account.password, "permissions": account.permissions})
            })
        })
        .collect();
    let text = |value: Option<String>| value.and_then(|text| serde_json::from_str(&text).ok());
    let before: Value = text(state.store.setting("given")?).unwrap_or_default();
    let known: Value = text(state.store.setting(SETTING)?).unwrap_or_default();
    for (tenant, accounts) in known.as_object().into_iter().flatten() {
        let own = state.auth.tenants.entry(tenant.clone()).or_default();
        for account in accounts.as_array().into_iter().flatten() {
            let Some(account) = read(account) else {
                continue;
            };
            match own.iter_mut().find(|known| known.id == account.id) {
                Some(known) => {
                    let same = |list: &[Value]| {
                        list.iter()
                            .find(|own| {
                                text_at(own, "tenant").as_ref() == Some(tenant)
                                    && text_at(own, "id").as_ref() == Some(&account.id)
                            })
                            .cloned()
                    };
                    let last = before.as_array().map_or(&[][..], Vec::as_slice);
                    if same(last) == same(&given) {
                        *known = account;
                    }
                }
                None if account.by_record => own.push(account),
                None => {}
            }
        }
    }
    state
        .store
        .set_setting("given", &Value::from(given).to_string())?;
    save(state)
}

fn read(account: &Value) -> Option<Account> {
    let flag = |name: &str| account.get(name).and_then(Value::as_bool) == Some(true);
    let texts = |name: &str| -> Option<Vec<String>> {
        let list = account.get(name)?.as_array()?;
        let texts = list.iter().filter_map(Value::as_str).map(str::to_owned);
        Some(texts.collect())
    };
    let failures = account.get("failures").and_then(Value::as_u64);
    Some(Account {
        id: text_at(account, "id")?,
        username: text_at(account, "username")?,
        password: text_at(account, "password"),
        history: texts("history").unwrap_or_default(),
        failures: u32::try_from(failures.unwrap_or_default()).unwrap_or_default(),
        blocked: flag("blocked"),
        attempted: flag("attempted"),
        permissions: texts("permissions").map(|list| list.into_iter().collect()),
        by_record: flag("byRecord"),
    })
}
