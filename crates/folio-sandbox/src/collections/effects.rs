//! Side effects of storage modules: fields, dates and versions that the server sets.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::documents::Collection;
use crate::facts::kinds::{Placeholders, RecordKind};
use crate::facts::tables::tables;
use crate::store::Store;
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::HttpResponse;
use crate::wire::rmb::{self, now};

/// Success, or the response with the error.
pub(crate) type Outcome<T> = rusqlite::Result<Result<T, HttpResponse>>;

/// The metadata of a new record, or of a changed one: the creation data are unchanged.
pub(crate) fn set_metadata(
    collection: &Collection,
    user: &str,
    record: &mut Map<String, Value>,
    stored: Option<&Value>,
) {
    if !collection.has_field("metadata") {
        record.remove("metadata");
        return;
    }
    let now = now();
    // At a module's own port the user is unknown.
    let by = Some(user).filter(|user| !user.is_empty());
    let mut metadata = json!({"createdDate": now});
    if let Some(user) = by {
        metadata["createdByUserId"] = user.into();
    }
    if let Some(stored) = stored.and_then(|stored| stored.get("metadata")) {
        metadata = json!({});
        for name in ["createdDate", "createdByUserId", "createdByUsername"] {
            if let Some(value) = stored.get(name) {
                metadata[name] = value.clone();
            }
        }
    }
    metadata["updatedDate"] = now.into();
    if let Some(user) = by {
        metadata["updatedByUserId"] = user.into();
    }
    record.insert("metadata".into(), metadata);
}

/// The fields that the module sets before a record is created.
pub(crate) fn before_create(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &mut Map<String, Value>,
) -> Outcome<()> {
    let Some(table) = tables().of(path) else {
        return Ok(Ok(()));
    };
    match table.name.as_str() {
        "users" => {
            trim_username(record);
            let now = now();
            record.insert("createdDate".into(), now.clone().into());
            record.insert("updatedDate".into(), now.into());
        }
        "accounts" => {
            // Where the item is, and of which instance.
            let item = match text(record, "itemId") {
                Some(id) => store.get(tenant, "/item-storage/items", &id)?,
                None => None,
            };
            if let Some(holdings) = item.and_then(|item| text_at(&item, "holdingsRecordId")) {
                if let Some(found) = store.get(tenant, "/holdings-storage/holdings", &holdings)?
                    && let Some(instance) = text_at(&found, "instanceId")
                {
                    record.insert("instanceId".into(), instance.into());
                }
                record.insert("holdingsRecordId".into(), holdings.into());
            }
        }
        "service_point" => return Ok(hold_shelf(record).map_or(Ok(()), Err)),
        "instance" => {
            record.insert("statusUpdatedDate".into(), status_date().into());
        }
        "holdings_record" => effective_location(record),
        "location" => return Ok(service_points(record).map_or(Ok(()), Err)),
        "item" => {
            let holdings = text(record, "holdingsRecordId").unwrap_or_default();
            if !is_uuid(&holdings) {
                // mod-inventory-storage never answers this.
                return Ok(Err(HttpResponse::never()));
            }
            let Some(holdings) = store.get(tenant, "/holdings-storage/holdings", &holdings)? else {
                let error = rmb::error(
                    "Holdings record does not exist",
                    "-1",
                    "1",
                    &[("holdingsRecordId", &holdings)],
                );
                return Ok(Err(rmb::errors(StatusCode::UNPROCESSABLE_ENTITY, &[error])));
            };
            effective_fields(record, &holdings);
            if let Some(status) = record.get_mut("status").and_then(Value::as_object_mut) {
                status.insert("date".into(), now().into());
            }
        }
        _ => {}
    }
    Ok(Ok(()))
}

/// The fields that the module sets, and its checks, before a record is replaced.
pub(crate) fn before_update(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &mut Map<String, Value>,
    stored: &Value,
) -> Outcome<()> {
    let Some(table) = tables().of(path) else {
        return Ok(Ok(()));
    };
    match table.name.as_str() {
        "users" => {
            trim_username(record);
            if let Some(created) = stored.get("createdDate") {
                record.insert("createdDate".into(), created.clone());
            }
            record.insert("updatedDate".into(), now().into());
        }
        "instance" => {
            let changed = stored.get("statusId") != record.get("statusId");
            let date = if changed {
                Some(status_date().into())
            } else {
                stored.get("statusUpdatedDate").cloned()
            };
            if let Some(date) = date {
                record.insert("statusUpdatedDate".into(), date);
            }
        }
        "holdings_record" => effective_location(record),
        "location" => return Ok(service_points(record).map_or(Ok(()), Err)),
        "request" => {
            let closed = ["Closed - Pickup expired", "Closed - Cancelled"];
            if text_at(stored, "status").as_deref() == Some("Open - Awaiting pickup")
                && text(record, "status").is_some_and(|status| closed.contains(&status.as_str()))
            {
                record.insert("awaitingPickupRequestClosedDate".into(), now().into());
            }
        }
        "item" => {
            let id = text(record, "holdingsRecordId").unwrap_or_default();
            let Some(holdings) = store.get(tenant, "/holdings-storage/holdings", &id)? else {
                return Ok(Err(HttpResponse::bad_request(format!(
                    "holdingsRecordId not found: {id}"
                ))));
            };
            effective_fields(record, &holdings);
            let same = stored.pointer("/status/name")
                == record.get("status").and_then(|status| status.get("name"));
            let date = if same {
                stored.pointer("/status/date").cloned()
            } else {
                Some(now().into())
            };
            if let (Some(date), Some(status)) = (
                date,
                record.get_mut("status").and_then(Value::as_object_mut),
            ) {
                status.insert("date".into(), date);
            }
        }
        _ => {}
    }
    Ok(Ok(()))
}

/// Optimistic locking: the version of the stored record, or nothing is changed.
pub(crate) fn stale(id: &str, record: &Map<String, Value>, stored: &Value) -> Option<HttpResponse> {
    let have = stored.get("_version").and_then(Value::as_i64)?;
    let want = record
        .get("_version")
        .and_then(Value::as_i64)
        .filter(|version| *version != -1);
    (want != Some(have)).then(|| {
        let want = want.map_or_else(|| "<NULL>".to_owned(), |version| version.to_string());
        HttpResponse::text(
            StatusCode::CONFLICT,
            format!(
                "ERROR: Cannot update record {id} because it has been changed (optimistic locking): Stored _version is {have}, _version of request is {want} (23F09)"
            ),
        )
    })
}

/// The effects of a changed record on others: items follow their holdings.
pub(crate) fn after_update(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &Value,
    stored: &Value,
) -> rusqlite::Result<()> {
    if tables().of(path).map(|table| table.name.as_str()) != Some("holdings_record") {
        return Ok(());
    }
    let moved = [
        "effectiveLocationId",
        "callNumber",
        "callNumberPrefix",
        "callNumberSuffix",
        "callNumberTypeId",
    ]
    .iter()
    .any(|name| record.get(name) != stored.get(name));
    if !moved {
        return Ok(());
    }
    let id = text_at(record, "id").unwrap_or_default();
    for item in store.with(tenant, "/item-storage/items", "holdingsRecordId", &id)? {
        let (Some(id), Value::Object(mut fields)) = (text_at(&item, "id"), item) else {
            continue;
        };
        effective_fields(&mut fields, record);
        let version = fields.get("_version").and_then(Value::as_i64).unwrap_or(0);
        fields.insert("_version".into(), (version + 1).into());
        store.write(tenant, "/item-storage/items", &id, &Value::Object(fields))?;
    }
    Ok(())
}

/// The response if others use the record in a way that is not a foreign key.
pub(crate) fn in_use(
    store: &Store,
    tenant: &str,
    path: &str,
    kind: &RecordKind,
    id: &str,
) -> rusqlite::Result<Option<HttpResponse>> {
    if !matches!(path, "/addresstypes" | "/departments") || users_with(store, tenant, id)? == 0 {
        return Ok(None);
    }
    let given = Placeholders {
        id,
        ..Placeholders::default()
    };
    Ok(kind
        .case("delete referenced")
        .map(|case| case.response(given, "in use")))
}

/// How many users have an id among their departments, or as the type of an address.
fn users_with(store: &Store, tenant: &str, id: &str) -> rusqlite::Result<usize> {
    let has = |list: Option<&Value>, key: Option<&str>| {
        list.and_then(Value::as_array).is_some_and(|list| {
            list.iter().any(|element| {
                let value = key.map_or(Some(element), |key| element.get(key));
                value
                    .and_then(Value::as_str)
                    .is_some_and(|own| own.eq_ignore_ascii_case(id))
            })
        })
    };
    Ok(store
        .all(tenant, "/users")?
        .iter()
        .filter(|user| {
            has(user.get("departments"), None)
                || has(user.pointer("/personal/addresses"), Some("addressTypeId"))
        })
        .count())
}

/// Whether something is computed when a record of a collection is read.
pub(crate) fn changes_on_read(path: &str) -> bool {
    path == "/departments"
}

/// The fields that are computed when a record is read.
pub(crate) fn on_read(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &mut Value,
) -> rusqlite::Result<()> {
    if changes_on_read(path)
        && let Some(id) = text_at(record, "id")
    {
        record["usageNumber"] = users_with(store, tenant, &id)?.into();
    }
    Ok(())
}

fn trim_username(user: &mut Map<String, Value>) {
    if let Some(name) = text(user, "username") {
        user.insert("username".into(), name.trim().into());
    }
}

/// A service point for pickups states how long its hold shelf keeps an item; others do not.
fn hold_shelf(record: &Map<String, Value>) -> Option<HttpResponse> {
    let pickup = record.get("pickupLocation") == Some(&Value::Bool(true));
    let message = match (pickup, record.contains_key("holdShelfExpiryPeriod")) {
        (true, false) => {
            "Hold shelf expiry period must be specified when service point can be used for pickup."
        }
        (false, true) => {
            "Hold shelf expiry period cannot be specified when service point cannot be used for pickup"
        }
        _ => return None,
    };
    let name = text(record, "name").unwrap_or_default();
    let error = rmb::error(message, "-1", "1", &[("name", &name)]);
    Some(rmb::errors(StatusCode::UNPROCESSABLE_ENTITY, &[error]))
}

/// The requirements of mod-inventory-storage for the service points of a location.
fn service_points(record: &Map<String, Value>) -> Option<HttpResponse> {
    let ids = record.get("servicePointIds").and_then(Value::as_array);
    let primary = record.get("primaryServicePoint");
    let error = |message: &str, parameter: Value| json!({"message": message, "type": "1", "code": "-1", "parameters": [parameter]});
    let mut list = Vec::new();
    if ids.is_none_or(Vec::is_empty) {
        list.push(error(
            "A location must have at least one Service Point assigned.",
            json!({"key": "servicePointIds"}),
        ));
    }
    if let Some(primary) = primary
        && !ids.is_some_and(|ids| ids.contains(primary))
    {
        list.push(error(
            "A Location's Primary Service point must be included as a Service Point.",
            json!({"key": "primaryServicePoint"}),
        ));
    }
    (!list.is_empty()).then(|| rmb::errors(StatusCode::UNPROCESSABLE_ENTITY, &list))
}

fn text(record: &Map<String, Value>, name: &str) -> Option<String> {
    record.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn status_date() -> String {
    now().replace("+00:00", "+0000")
}

fn effective_location(holdings: &mut Map<String, Value>) {
    let location =
        text(holdings, "temporaryLocationId").or_else(|| text(holdings, "permanentLocationId"));
    match location {
        Some(location) => holdings.insert("effectiveLocationId".into(), location.into()),
        None => holdings.remove("effectiveLocationId"),
    };
}

/// The fields of an item that come from it and from its holdings.
fn effective_fields(item: &mut Map<String, Value>, holdings: &Value) {
    let location = text(item, "temporaryLocationId")
        .or_else(|| text(item, "permanentLocationId"))
        .or_else(|| text_at(holdings, "effectiveLocationId"))
        .or_else(|| text_at(holdings, "permanentLocationId"));
    match location {
        Some(location) => item.insert("effectiveLocationId".into(), location.into()),
        None => item.remove("effectiveLocationId"),
    };
    let mut components = Map::new();
    for (name, own, theirs) in [
        ("callNumber", "itemLevelCallNumber", "callNumber"),
        ("prefix", "itemLevelCallNumberPrefix", "callNumberPrefix"),
        ("suffix", "itemLevelCallNumberSuffix", "callNumberSuffix"),
        ("typeId", "itemLevelCallNumberTypeId", "callNumberTypeId"),
    ] {
        let value = text(item, own)
            .filter(|value| !value.trim().is_empty())
            .or_else(|| text_at(holdings, theirs));
        if let Some(value) = value {
            components.insert(name.to_owned(), value.into());
        }
    }
    // The order of call numbers without a type; that of the Library of Congress and others is not
    // emulated.
    let shelving = components
        .get("callNumber")
        .and_then(Value::as_str)
        .map(|number| {
            let parts = ["volume", "enumeration", "chronology", "copyNumber"]
                .iter()
                .filter_map(|name| text(item, name));
            std::iter::once(number.to_owned())
                .chain(parts)
                .chain(
                    components
                        .get("suffix")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                )
                .collect::<Vec<_>>()
                .join(" ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        });
    item.insert(
        "effectiveCallNumberComponents".into(),
        Value::Object(components),
    );
    match shelving {
        Some(shelving) => item.insert("effectiveShelvingOrder".into(), shelving.into()),
        None => item.remove("effectiveShelvingOrder"),
    };
}
