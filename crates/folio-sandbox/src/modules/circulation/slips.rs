//! The content of slips: the context in a check-in response, and lists of slips.

use serde_json::{Map, Value, json};

use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::queue::pickup;
use crate::modules::library::Library;
use crate::modules::reply::Step;
use crate::value::java::{moment, now, written};
use crate::value::json::text_at;

/// An item on a slip; absent fields are null.
pub(crate) fn item(item: &Item) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    let text = |name: &str| Value::from(item.text(name));
    if let Some(instance) = &item.instance {
        put("title", text_at(instance, "title").into());
        let contributors = instance.get("contributors").and_then(Value::as_array);
        let primary = contributors
            .into_iter()
            .flatten()
            .find(|contributor| contributor.get("primary") == Some(&Value::Bool(true)))
            .and_then(|contributor| text_at(contributor, "name"));
        put("primaryContributor", primary.into());
        put("allContributors", item.contributors().join("; ").into());
    }
    put("barcode", text("barcode"));
    put("status", item.status().into());
    for name in [
        "enumeration",
        "volume",
        "chronology",
        "numberOfPieces",
        "displaySummary",
        "descriptionOfPieces",
    ] {
        put(name, text(name));
    }
    put("yearCaption", item.list("yearCaption").join("; ").into());
    put("materialType", item.material_name().into());
    put("loanType", item.loan_type_name().into());
    put("copy", item.copy_number().unwrap_or_default().into());
    if let Some(location) = &item.location {
        put("effectiveLocationSpecific", location.name().into());
        put("effectiveLocationLibrary", location.library.clone().into());
        put("effectiveLocationCampus", location.campus.clone().into());
        put(
            "effectiveLocationInstitution",
            location.institution.clone().into(),
        );
        put(
            "effectiveLocationDiscoveryDisplayName",
            text_at(&location.record, "discoveryDisplayName").into(),
        );
        if let Some(primary) = &location.primary {
            put(
                "effectiveLocationPrimaryServicePointName",
                text_at(primary, "name").into(),
            );
        }
    }
    let number = item.call_number();
    for (name, part) in [
        ("callNumber", "callNumber"),
        ("callNumberPrefix", "prefix"),
        ("callNumberSuffix", "suffix"),
    ] {
        put(name, number.get(part).cloned().unwrap_or_default());
    }
    shown
}

/// A request on a slip.
fn request(library: &Library<'_>, request: &Value) -> Step<Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(text) = value {
            shown.insert(name.to_owned(), text.into());
        }
    };
    put("requestID", text_at(request, "id"));
    let place = pickup(library, request)?;
    put(
        "servicePointPickup",
        place.and_then(|place| text_at(&place, "name")),
    );
    for name in [
        "requestDate",
        "requestExpirationDate",
        "holdShelfExpirationDate",
    ] {
        let date = text_at(request, name).and_then(|date| moment(&date).ok());
        put(name, date.map(written));
    }
    put(
        "additionalInfo",
        text_at(request, "cancellationAdditionalInformation"),
    );
    let kind = library.referred("/addresstypes", request, "deliveryAddressTypeId")?;
    put(
        "deliveryAddressType",
        kind.and_then(|kind| text_at(&kind, "addressType")),
    );
    put("patronComments", text_at(request, "patronComments"));
    Ok(Value::Object(shown))
}

/// A requester on a slip.
fn requester(library: &Library<'_>, person: &Person, address_type: Option<&str>) -> Step<Value> {
    let text = |path: &str| text_at(&person.0, path);
    let first = text("personal.firstName");
    let group = person.group(library)?;
    let mut shown = json!({
        "firstName": first, "preferredFirstName": text("personal.preferredFirstName").or(first.clone()),
        "lastName": text("personal.lastName"), "middleName": text("personal.middleName"), "barcode": person.barcode(),
        "patronGroup": group.and_then(|group| text_at(&group, "group")).unwrap_or_default(),
        "departments": person.departments(library)?,
    });
    if let Some(address) = person.primary_address() {
        for (name, part) in [
            ("primaryAddressLine1", "addressLine1"),
            ("primaryAddressLine2", "addressLine2"),
            ("primaryCity", "city"),
            ("primaryStateProvRegion", "region"),
            ("primaryZipPostalCode", "postalCode"),
            // The name of the country is not known here, only its code; FOLIO has names from Java.
            ("primaryCountry", "countryId"),
            ("primaryDeliveryAddressType", "addressTypeName"),
        ] {
            shown[name] = text_at(address, part).into();
        }
    }
    if let Some(address) = person.address(address_type) {
        for (name, part) in [
            ("addressLine1", "addressLine1"),
            ("addressLine2", "addressLine2"),
            ("city", "city"),
            ("region", "region"),
            ("postalCode", "postalCode"),
            ("countryId", "countryId"),
            ("addressType", "addressTypeName"),
        ] {
            shown[name] = text_at(address, part).into();
        }
    }
    Ok(shown)
}

/// A slip of an item and the request that it is for.
pub(crate) fn slip(
    library: &Library<'_>,
    item: Map<String, Value>,
    of: Option<&Value>,
) -> Step<Value> {
    let mut shown = json!({"item": item, "currentDateTime": written(now())});
    if let Some(of) = of {
        shown["request"] = request(library, of)?;
        let person = Person::by_id(library, text_at(of, "requesterId").as_deref())?;
        if let Some(person) = person {
            let kind = text_at(of, "deliveryAddressTypeId");
            shown["requester"] = requester(library, &person, kind.as_deref())?;
        }
    }
    Ok(shown)
}
