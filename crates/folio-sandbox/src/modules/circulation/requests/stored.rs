//! A request in its stored form and in its response form.

use serde_json::{Map, Value, json};

use crate::facts::paths::{INSTANCES, REQUESTS};
use crate::modules::circulation::items::{Item, contributors, service_point};
use crate::modules::circulation::loan::open_loans;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::queue::pickup;
use crate::modules::library::Library;
use crate::modules::reply::Step;
use crate::value::java::{moment, written};
use crate::value::json::text_at;

/// The order in which the fields of a request are shown.
pub(crate) const ORDER: [&str; 30] = [
    "id",
    "requestLevel",
    "requestType",
    "requestDate",
    "patronComments",
    "requesterId",
    "proxyUserId",
    "instanceId",
    "holdingsRecordId",
    "itemId",
    "status",
    "cancellationReasonId",
    "cancelledByUserId",
    "cancellationAdditionalInformation",
    "cancelledDate",
    "position",
    "instance",
    "item",
    "requester",
    "proxy",
    "fulfillmentPreference",
    "deliveryAddressTypeId",
    "deliveryAddress",
    "requestExpirationDate",
    "holdShelfExpirationDate",
    "pickupServicePointId",
    "tags",
    "metadata",
    "loan",
    "pickupServicePoint",
];

fn put(to: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(text) = value.filter(|text| !text.trim().is_empty()) {
        to.insert(name.to_owned(), text.into());
    }
}

/// The identifiers of an instance, their types and values.
fn identifiers(instance: &Value) -> Vec<Value> {
    let list = instance.get("identifiers").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|identifier| {
            let mut shown = Map::new();
            for name in ["identifierTypeId", "value"] {
                put(&mut shown, name, text_at(identifier, name));
            }
            Value::Object(shown)
        })
        .collect()
}

/// A request with the copies of referenced records that the storage module stores.
fn stored(library: &Library<'_>, request: &Value) -> Step<Value> {
    let mut fields = Library::fields(request);
    for name in ["deliveryAddress", "loan", "pickupServicePoint", "metadata"] {
        fields.remove(name);
    }
    let item = Item::by_id(library, text_at(request, "itemId").as_deref())?;
    let mut index = Map::new();
    fields.remove("item");
    if let Some(item) = &item {
        let mut summary = Map::new();
        put(&mut summary, "barcode", item.text("barcode"));
        fields.insert("item".to_owned(), Value::Object(summary));
        index.insert(
            "callNumberComponents".to_owned(),
            Value::Object(item.call_number()),
        );
        put(
            &mut index,
            "shelvingOrder",
            item.text("effectiveShelvingOrder"),
        );
    }
    if let Some(instance) = library.referred(INSTANCES, request, "instanceId")? {
        let mut summary = Map::new();
        put(&mut summary, "title", text_at(&instance, "title"));
        let identifiers = identifiers(&instance);
        if !identifiers.is_empty() {
            summary.insert("identifiers".to_owned(), identifiers.into());
        }
        fields.insert("instance".to_owned(), Value::Object(summary));
    }
    for (name, id) in [("requester", "requesterId"), ("proxy", "proxyUserId")] {
        if let Some(person) = Person::by_id(library, text_at(request, id).as_deref())? {
            fields.insert(name.to_owned(), Value::Object(person.stored_summary()));
        }
    }
    if let Some(place) = pickup(library, request)? {
        put(
            &mut index,
            "pickupServicePointName",
            text_at(&place, "name"),
        );
    }
    fields.insert("searchIndex".to_owned(), Value::Object(index));
    Ok(Value::Object(fields))
}

/// Stores a new request; gives it as the storage module has it.
pub(crate) fn create(library: &Library<'_>, request: &Value) -> Step<Value> {
    library.create(REQUESTS, stored(library, request)?)
}

/// Stores a request in place of the one of its id.
pub(crate) fn store(library: &Library<'_>, request: &Value) -> Step<()> {
    let id = text_at(request, "id").unwrap_or_default();
    library.replace(REQUESTS, &id, stored(library, request)?)?;
    Ok(())
}

fn item_summary(item: &Item) -> Value {
    let mut shown = Map::new();
    put(&mut shown, "barcode", item.text("barcode"));
    if let Some(location) = &item.location {
        let mut place = Map::new();
        put(&mut place, "name", location.name());
        put(&mut place, "libraryName", location.library.clone());
        put(&mut place, "code", text_at(&location.record, "code"));
        shown.insert("location".to_owned(), Value::Object(place));
    }
    for name in ["enumeration", "volume", "chronology", "displaySummary"] {
        put(&mut shown, name, item.text(name));
    }
    shown.insert("status".to_owned(), item.status().into());
    put(
        &mut shown,
        "callNumber",
        item.text("effectiveCallNumberComponents.callNumber"),
    );
    shown.insert(
        "callNumberComponents".to_owned(),
        Value::Object(item.call_number()),
    );
    put(&mut shown, "copyNumber", item.copy_number());
    Value::Object(shown)
}

fn instance_summary(instance: &Value) -> Value {
    let mut shown = Map::new();
    put(&mut shown, "title", text_at(instance, "title"));
    let mut list = |name: &str, values: Vec<Value>| {
        if !values.is_empty() {
            shown.insert(name.to_owned(), values.into());
        }
    };
    list("identifiers", identifiers(instance));
    let names = contributors(Some(instance));
    list(
        "contributorNames",
        names.iter().map(|name| json!({"name": name})).collect(),
    );
    let publications = instance.get("publication").and_then(Value::as_array);
    list(
        "publication",
        publications
            .into_iter()
            .flatten()
            .map(|publication| {
                let mut shown = Map::new();
                for name in ["publisher", "place", "dateOfPublication", "role"] {
                    put(&mut shown, name, text_at(publication, name));
                }
                Value::Object(shown)
            })
            .collect(),
    );
    let editions = instance.get("editions").and_then(Value::as_array);
    list("editions", editions.cloned().unwrap_or_default());
    Value::Object(shown)
}

/// A request in mod-circulation's form. A newly created one is shown without the group of its
/// requester.
pub(crate) fn shown(library: &Library<'_>, request: &Value, with_group: bool) -> Step<Value> {
    let mut fields = Library::fields(request);
    fields.remove("searchIndex");
    let item = Item::by_id(library, text_at(request, "itemId").as_deref())?;
    if let Some(item) = &item {
        fields.insert("item".to_owned(), item_summary(item));
        let loans = open_loans(library, "itemId", &item.id())?;
        let due = loans
            .first()
            .and_then(|loan| moment(&text_at(loan, "dueDate")?).ok());
        if let Some(due) = due {
            fields.insert("loan".to_owned(), json!({"dueDate": written(due)}));
        }
    }
    if let Some(instance) = library.referred(INSTANCES, request, "instanceId")? {
        fields.insert("instance".to_owned(), instance_summary(&instance));
    }
    for (name, id) in [("requester", "requesterId"), ("proxy", "proxyUserId")] {
        let Some(person) = Person::by_id(library, text_at(request, id).as_deref())? else {
            continue;
        };
        let group = if with_group {
            person.group(library)?
        } else {
            None
        };
        fields.insert(name.to_owned(), person.summary(group.as_ref()));
        let kind = text_at(request, "deliveryAddressTypeId");
        if name == "requester"
            && let Some(address) = person.address(kind.as_deref())
        {
            let mut shown = Map::new();
            for part in [
                "addressTypeId",
                "addressLine1",
                "addressLine2",
                "city",
                "region",
                "postalCode",
                "countryId",
            ] {
                if let Some(value) = address.get(part) {
                    shown.insert(part.to_owned(), value.clone());
                }
            }
            fields.insert("deliveryAddress".to_owned(), Value::Object(shown));
        }
    }
    if let Some(place) = pickup(library, request)? {
        fields.insert("pickupServicePoint".to_owned(), service_point(&place));
    }
    Ok(Value::Object(fields))
}
