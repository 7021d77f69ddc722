//! HRIDs: their settings, the next number, and their immutability.

use serde_json::{Map, Value, json};

use crate::facts::tables::{Table, tables};
use crate::store::Store;
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;
use crate::wire::rmb::now;

/// Where the settings of HRIDs are stored.
pub(crate) const HRID_SETTINGS: &str = "/hrid-settings-storage/hrid-settings";

/// The kinds that have an HRID: the table, and its name in the settings.
fn hrid_of(table: &Table) -> Option<(&'static str, &'static str)> {
    Some(match table.name.as_str() {
        "instance" => ("instances", "in"),
        "holdings_record" => ("holdings", "ho"),
        "item" => ("items", "it"),
        _ => return None,
    })
}

/// The settings of HRIDs of a tenant, with the numbers given last.
pub(crate) fn hrid_settings(store: &Store, tenant: &str) -> rusqlite::Result<Value> {
    let mut settings = store
        .all(tenant, HRID_SETTINGS)?
        .into_iter()
        .next()
        .unwrap_or_else(|| {
            json!({
                "id": "a501f2a8-5b31-48b2-874d-2191e48db8cd",
                "instances": {"prefix": "in", "startNumber": 1}, "holdings": {"prefix": "ho", "startNumber": 1},
                "items": {"prefix": "it", "startNumber": 1}, "commonRetainLeadingZeroes": true, "metadata": {"createdDate": now()},
            })
        });
    for name in ["instances", "holdings", "items"] {
        let current = store.current(tenant, &format!("hrid {name}"))?;
        settings[name]["currentNumber"] = current.into();
    }
    Ok(settings)
}

/// Stores settings of HRIDs. A start number moves its sequence.
pub(crate) fn set_hrid_settings(
    store: &Store,
    tenant: &str,
    settings: &Map<String, Value>,
) -> rusqlite::Result<()> {
    let before = hrid_settings(store, tenant)?;
    for name in ["instances", "holdings", "items"] {
        let start = |of: Option<&Value>| of.and_then(|of| of.get("startNumber")?.as_i64());
        let (old, new) = (start(before.get(name)), start(settings.get(name)));
        if let Some(new) = new.filter(|_| old != new) {
            store.set_current(tenant, &format!("hrid {name}"), new - 1)?;
        }
    }
    let id = "a501f2a8-5b31-48b2-874d-2191e48db8cd";
    store.write(tenant, HRID_SETTINGS, id, &Value::Object(settings.clone()))
}

/// The next HRID of a kind; it is used up even if the record is rejected.
fn next_hrid(store: &Store, tenant: &str, name: &str, prefix: &str) -> rusqlite::Result<String> {
    let number = store.next(tenant, &format!("hrid {name}"))?;
    let settings = store.all(tenant, HRID_SETTINGS)?.into_iter().next();
    let own = |path: &str| {
        settings
            .as_ref()
            .and_then(|settings| settings.pointer(path))
    };
    let prefix = own(&format!("/{name}/prefix"))
        .and_then(Value::as_str)
        .unwrap_or(prefix);
    if own("/commonRetainLeadingZeroes") == Some(&Value::Bool(false)) {
        return Ok(format!("{prefix}{number}"));
    }
    Ok(format!("{prefix}{number:011}"))
}

/// Assigns an HRID to a record without one.
pub(crate) fn give_hrid(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &mut Map<String, Value>,
) -> rusqlite::Result<()> {
    if let Some((name, prefix)) = tables().of(path).and_then(hrid_of)
        && record.get("hrid").is_none_or(Value::is_null)
    {
        record.insert(
            "hrid".into(),
            next_hrid(store, tenant, name, prefix)?.into(),
        );
    }
    Ok(())
}

/// An HRID cannot change, nor be left out.
pub(crate) fn changed_hrid(
    path: &str,
    record: &Map<String, Value>,
    stored: &Value,
) -> Option<HttpResponse> {
    tables().of(path).and_then(hrid_of)?;
    let old = text_at(stored, "hrid")?;
    let new = record
        .get("hrid")
        .and_then(Value::as_str)
        .map(str::to_owned);
    (new.as_ref() != Some(&old)).then(|| {
        HttpResponse::bad_request(format!(
            "The hrid field cannot be changed: new={}, old={old}",
            new.unwrap_or_else(|| "null".to_owned())
        ))
    })
}
