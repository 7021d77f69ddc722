//! `/inventory/items`: items with the names of their referenced records.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::{BOUND_WITH, HOLDINGS, INSTANCES, ITEMS, LOCATIONS, USERS};
use crate::modules::inventory::support::{
    absent, as_text, body, changed_hrid, found, plain, rejected, version_as_number, version_as_text,
};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, done, shown};
use crate::value::java;
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// Statuses that there are.
pub(super) const STATUSES: [&str; 21] = [
    "Aged to lost",
    "Available",
    "Awaiting pickup",
    "Awaiting delivery",
    "Checked out",
    "Claimed returned",
    "Declared lost",
    "In process",
    "In process (non-requestable)",
    "In transit",
    "Intellectual item",
    "Long missing",
    "Lost and paid",
    "Missing",
    "On order",
    "Order closed",
    "Paged",
    "Restricted",
    "Unavailable",
    "Unknown",
    "Withdrawn",
];

/// The order of an item's fields.
pub(super) const ORDER: [&str; 52] = [
    "id",
    "_version",
    "status",
    "administrativeNotes",
    "title",
    "callNumber",
    "hrid",
    "inTransitDestinationServicePointId",
    "contributorNames",
    "formerIds",
    "discoverySuppress",
    "holdingsRecordId",
    "barcode",
    "itemLevelCallNumber",
    "itemLevelCallNumberPrefix",
    "itemLevelCallNumberSuffix",
    "itemLevelCallNumberTypeId",
    "additionalCallNumbers",
    "volume",
    "displaySummary",
    "enumeration",
    "chronology",
    "copyNumber",
    "notes",
    "circulationNotes",
    "numberOfPieces",
    "descriptionOfPieces",
    "numberOfMissingPieces",
    "missingPieces",
    "missingPiecesDate",
    "itemDamagedStatusId",
    "itemDamagedStatusDate",
    "accessionNumber",
    "itemIdentifier",
    "tags",
    "yearCaption",
    "electronicAccess",
    "statisticalCodeIds",
    "purchaseOrderLineIdentifier",
    "order",
    "materialType",
    "permanentLoanType",
    "temporaryLoanType",
    "permanentLocation",
    "temporaryLocation",
    "metadata",
    "lastCheckIn",
    "effectiveCallNumberComponents",
    "effectiveShelvingOrder",
    "isBoundWith",
    "boundWithTitles",
    "effectiveLocation",
];

/// Fields that a request has as storage has them.
const SAME: [&str; 34] = [
    "id",
    "_version",
    "hrid",
    "inTransitDestinationServicePointId",
    "formerIds",
    "discoverySuppress",
    "copyNumber",
    "administrativeNotes",
    "barcode",
    "itemLevelCallNumber",
    "itemLevelCallNumberPrefix",
    "itemLevelCallNumberSuffix",
    "itemLevelCallNumberTypeId",
    "additionalCallNumbers",
    "volume",
    "displaySummary",
    "enumeration",
    "chronology",
    "numberOfPieces",
    "descriptionOfPieces",
    "numberOfMissingPieces",
    "missingPieces",
    "missingPiecesDate",
    "itemDamagedStatusId",
    "itemDamagedStatusDate",
    "holdingsRecordId",
    "accessionNumber",
    "itemIdentifier",
    "yearCaption",
    "electronicAccess",
    "statisticalCodeIds",
    "purchaseOrderLineIdentifier",
    "order",
    "lastCheckIn",
];

/// The references of an item: the field of the id in storage, the field here, and its collection.
const REFERENCES: [(&str, &str, &str); 5] = [
    ("materialTypeId", "materialType", "/material-types"),
    ("permanentLoanTypeId", "permanentLoanType", "/loan-types"),
    ("temporaryLoanTypeId", "temporaryLoanType", "/loan-types"),
    ("permanentLocationId", "permanentLocation", LOCATIONS),
    ("temporaryLocationId", "temporaryLocation", LOCATIONS),
];

const NOTE: [&str; 3] = ["itemNoteTypeId", "note", "staffOnly"];
const CIRCULATION_NOTE: [&str; 6] = ["id", "noteType", "note", "staffOnly", "source", "date"];

/// The fields that a class of mod-inventory has, null where there is nothing.
fn whole(record: &Value, fields: &[&str]) -> Value {
    let field = |name: &&str| {
        let value = record.get(*name).cloned().unwrap_or_default();
        ((*name).to_owned(), value)
    };
    Value::Object(fields.iter().map(field).collect())
}

fn list<'a>(record: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    record
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The author of a note.
fn source(of: &Value) -> Value {
    let personal = match of.get("personal") {
        Some(personal @ Value::Object(_)) => whole(personal, &["lastName", "firstName"]),
        _ => Value::Null,
    };
    json!({"id": of.get("id"), "personal": personal})
}

fn circulation_note(note: &Value) -> Value {
    let mut shown = whole(note, &CIRCULATION_NOTE);
    shown["source"] = source(note.get("source").unwrap_or(&Value::Null));
    shown
}

/// An item of storage as mod-inventory shows it; the titles it is bound with only where it is shown
/// alone.
pub(super) fn represented(library: &Library<'_>, item: &Value, alone: bool) -> Step<Value> {
    let holdings = library.referred(HOLDINGS, item, "holdingsRecordId")?;
    let instance = match &holdings {
        Some(holdings) => library.referred(INSTANCES, holdings, "instanceId")?,
        None => None,
    };
    let mut shown = Map::new();
    for name in SAME {
        if let Some(value) = item.get(name).filter(|value| !value.is_null()) {
            shown.insert(name.into(), value.clone());
        }
    }
    for name in ["status", "metadata", "effectiveShelvingOrder"] {
        if let Some(value) = item.get(name) {
            shown.insert(name.into(), value.clone());
        }
    }
    version_as_text(&mut shown);
    for name in ["discoverySuppress", "purchaseOrderLineIdentifier"] {
        shown.entry(name).or_insert(Value::Null);
    }
    for name in [
        "administrativeNotes",
        "formerIds",
        "yearCaption",
        "electronicAccess",
        "statisticalCodeIds",
    ] {
        shown.entry(name).or_insert_with(|| json!([]));
    }
    let notes: Vec<Value> = list(item, "notes").map(|note| whole(note, &NOTE)).collect();
    shown.insert("notes".into(), notes.into());
    let notes: Vec<Value> = list(item, "circulationNotes")
        .map(circulation_note)
        .collect();
    shown.insert("circulationNotes".into(), notes.into());
    let tags = item.pointer("/tags/tagList").cloned();
    let tags = tags.unwrap_or_else(|| json!([]));
    shown.insert("tags".into(), json!({ "tagList": tags }));
    let names: Vec<Value> = instance
        .iter()
        .flat_map(|instance| list(instance, "contributors"))
        .map(|contributor| json!({"name": contributor.get("name")}))
        .collect();
    shown.insert("contributorNames".into(), names.into());
    for (from, name) in [(&instance, "title"), (&holdings, "callNumber")] {
        if let Some(text) = from.as_ref().and_then(|from| text_at(from, name)) {
            shown.insert(name.into(), text.into());
        }
    }
    for (field, name, path) in REFERENCES {
        if let Some(id) = text_at(item, field) {
            shown.insert(name.into(), named(library, path, &id)?);
        }
    }
    if let Some(location) = library.referred(LOCATIONS, item, "effectiveLocationId")? {
        let location = json!({"id": location.get("id"), "name": location.get("name")});
        shown.insert("effectiveLocation".into(), location);
    }
    if let Some(components) = item.get("effectiveCallNumberComponents") {
        let components = whole(components, &["callNumber", "prefix", "suffix", "typeId"]);
        shown.insert("effectiveCallNumberComponents".into(), components);
    }
    if let Some(last) = item.get("lastCheckIn") {
        let mut last = whole(last, &["servicePointId", "staffMemberId", "dateTime"]);
        let at = text_at(&last, "dateTime").and_then(|text| java::moment(&text).ok());
        if let Some(at) = at {
            last["dateTime"] = java::written(at).into();
        }
        shown.insert("lastCheckIn".into(), last);
    }
    let titles = bound_with(library, item)?;
    shown.insert("isBoundWith".into(), (!titles.is_empty()).into());
    if alone && !titles.is_empty() {
        shown.insert("boundWithTitles".into(), titles.into());
    }
    Ok(Value::Object(shown))
}

/// The id of the referenced record, and its name if it exists.
fn named(library: &Library<'_>, path: &str, id: &str) -> Step<Value> {
    Ok(match library.get(path, id)? {
        Some(record) => json!({"id": id, "name": record.get("name")}),
        None => json!({ "id": id }),
    })
}

/// The titles that an item is bound with.
fn bound_with(library: &Library<'_>, item: &Value) -> Step<Vec<Value>> {
    let id = text_at(item, "id").unwrap_or_default();
    let mut titles = Vec::new();
    for part in library.find(BOUND_WITH, &exactly("itemId", &id))? {
        let Some(holdings) = library.referred(HOLDINGS, &part, "holdingsRecordId")? else {
            continue;
        };
        let instance = library.referred(INSTANCES, &holdings, "instanceId")?;
        let of_instance = |name: &str| {
            let instance = instance.as_ref();
            instance.and_then(|instance| instance.get(name)).cloned()
        };
        titles.push(json!({
            "briefHoldingsRecord": {"id": holdings.get("id"), "hrid": holdings.get("hrid")},
            "briefInstance": {
                "id": holdings.get("instanceId"), "title": of_instance("title"), "hrid": of_instance("hrid"),
            },
        }));
    }
    Ok(titles)
}

/// The item of a request, as storage takes it.
fn to_storage(request: &Map<String, Value>) -> Map<String, Value> {
    let mut item = Map::new();
    for name in SAME {
        if let Some(value) = request.get(name).filter(|value| !value.is_null()) {
            item.insert(name.into(), value.clone());
        }
    }
    version_as_number(&mut item);
    let status = request.get("status").unwrap_or(&Value::Null);
    let mut of_status = Map::new();
    for name in ["name", "date"] {
        if let Some(value) = status.get(name).filter(|value| !value.is_null()) {
            of_status.insert(name.into(), value.clone());
        }
    }
    item.insert("status".into(), of_status.into());
    for (field, name, _) in REFERENCES {
        let id = request.get(name).and_then(|of| of.get("id"));
        if let Some(id) = id.filter(|id| !id.is_null()) {
            item.insert(field.into(), id.clone());
        }
    }
    let request = Value::Object(request.clone());
    let notes: Vec<Value> = list(&request, "notes")
        .map(|note| filled(note, &NOTE))
        .collect();
    item.insert("notes".into(), notes.into());
    let notes: Vec<Value> = list(&request, "circulationNotes")
        .map(|note| filled(note, &CIRCULATION_NOTE))
        .collect();
    item.insert("circulationNotes".into(), notes.into());
    let tags = request.pointer("/tags/tagList").cloned();
    let tags = tags.unwrap_or_else(|| json!([]));
    item.insert("tags".into(), json!({ "tagList": tags }));
    item
}

/// The fields that a class of mod-inventory has, without those that have nothing.
fn filled(record: &Value, fields: &[&str]) -> Value {
    let field = |name: &&str| {
        let value = record.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), value.clone()))
    };
    Value::Object(fields.iter().filter_map(field).collect())
}

/// The reason why a request's status is invalid.
fn wrong_status(request: &Map<String, Value>) -> Option<HttpResponse> {
    let name = request
        .get("status")
        .and_then(|status| text_at(status, "name"))
        .filter(|name| !name.trim().is_empty());
    match name {
        None => Some(rejected(
            "Status is a required field",
            "status".into(),
            Value::Null,
        )),
        Some(name) if !STATUSES.contains(&name.as_str()) => Some(rejected(
            "Undefined status specified",
            "status.name".into(),
            name.into(),
        )),
        Some(_) => None,
    }
}

/// Another item with a barcode is a rejection.
fn unless_taken(library: &Library<'_>, barcode: &str, own: Option<&str>) -> Step<()> {
    let others = library.find(ITEMS, &exactly("barcode", barcode))?;
    let taken = others
        .iter()
        .any(|other| own.is_none() || text_at(other, "id").as_deref() != own);
    if !taken {
        return Ok(());
    }
    let text = format!("Barcode must be unique, {barcode} is already assigned to another item");
    Err(plain(StatusCode::BAD_REQUEST, text).into())
}

/// The author and time of a note.
fn sign(note: &mut Value, user: Option<&Value>) {
    if let Some(user) = user {
        note["source"] = source(user);
        if note["source"]["personal"].is_null() {
            note["source"] = json!({"id": user.get("id")});
        }
    }
    note["date"] = java::written(java::now()).replace('Z', "+0000").into();
}

pub(super) fn create(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let request = body(http_request)?;
    if let Some(response) = wrong_status(&request) {
        return Ok(response);
    }
    let mut item = to_storage(&request);
    if let Some(barcode) = item.get("barcode").and_then(Value::as_str) {
        unless_taken(library, barcode, None)?;
    }
    let user = library.get(USERS, &library.caller.user)?;
    let notes = item
        .get_mut("circulationNotes")
        .and_then(Value::as_array_mut);
    for note in notes.into_iter().flatten() {
        note["id"] = uuid::Uuid::new_v4().to_string().into();
        sign(note, user.as_ref());
    }
    let created = as_text(library.create(ITEMS, Value::Object(item)))?;
    let item = represented(library, &created, true)?;
    Ok(shown(StatusCode::CREATED, &item, &ORDER))
}

pub(super) fn read(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let Some(item) = found(library, ITEMS, id)? else {
        return Ok(absent("Not Found"));
    };
    let item = represented(library, &item, true)?;
    Ok(shown(StatusCode::OK, &item, &ORDER))
}

pub(super) fn replace(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let request = body(http_request)?;
    if let Some(response) = wrong_status(&request) {
        return Ok(response);
    }
    let mut item = to_storage(&request);
    let Some(old) = found(library, ITEMS, id)? else {
        return Ok(absent("No item found"));
    };
    if let Some(response) = changed_hrid(&old, item.get("hrid")) {
        return Ok(response);
    }
    let status = |item: &Value| item.pointer("/status/name").cloned().unwrap_or_default();
    if status(&old) == "Claimed returned"
        && request.get("status").and_then(|status| status.get("name")) == Some(&"Missing".into())
    {
        return Ok(rejected(
            "Claimed returned item cannot be marked as missing",
            "status.name".into(),
            "Missing".into(),
        ));
    }
    // The replaced record is the one with the body's id.
    let own = item.get("id").and_then(Value::as_str).map(str::to_owned);
    if let Some(barcode) = item.get("barcode").and_then(Value::as_str)
        && text_at(&old, "barcode").as_deref() != Some(barcode)
    {
        unless_taken(library, barcode, own.as_deref().or(Some("null")))?;
    }
    let user = library.get(USERS, &library.caller.user)?;
    let notes = item
        .get_mut("circulationNotes")
        .and_then(Value::as_array_mut);
    for note in notes.into_iter().flatten() {
        let before = text_at(note, "id").and_then(|id| {
            list(&old, "circulationNotes").find(|old| text_at(old, "id").as_ref() == Some(&id))
        });
        if text_at(note, "id").is_none() {
            note["id"] = uuid::Uuid::new_v4().to_string().into();
        } else if before.is_some_and(|old| {
            ["noteType", "note", "staffOnly"]
                .iter()
                .all(|name| old.get(*name) == note.get(*name))
        }) {
            continue;
        }
        sign(note, user.as_ref());
    }
    let id = own.unwrap_or_else(|| "null".to_owned());
    as_text(library.replace(ITEMS, &id, Value::Object(item)))?;
    Ok(done())
}
