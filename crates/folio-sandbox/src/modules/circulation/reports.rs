//! Reports of circulation, slips, sessions, and the anonymization of loans.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::paths::{ITEMS, LOANS, LOCATIONS, REQUESTS, SERVICE_POINTS};
use crate::modules::circulation::items::{Item, service_point};
use crate::modules::circulation::loan::Loan;
use crate::modules::circulation::queue::{AWAITING_PICKUP, NOT_YET_FILLED};
use crate::modules::circulation::requests::stored;
use crate::modules::circulation::{fees, sessions, slips};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, ValidationError, body, done, filled, list, shown};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// Slips of a service point: pages of available items to pick, or holds of missing ones to search
/// for.
pub(crate) fn slips_of(library: &Library<'_>, place: &str, key: &str) -> Step<HttpResponse> {
    let (kind, statuses): (&str, &[&str]) = if key == "pickSlips" {
        ("Page", &["Paged"])
    } else {
        (
            "Hold",
            &[
                "Checked out",
                "Awaiting pickup",
                "Awaiting delivery",
                "In transit",
                "Missing",
                "Paged",
                "On order",
                "In process",
                "Restricted",
            ],
        )
    };
    let primary = library.get(SERVICE_POINTS, place)?;
    let mut found = Vec::new();
    for location in library.find(LOCATIONS, &exactly("primaryServicePoint", place))? {
        let id = text_at(&location, "id").unwrap_or_default();
        for record in library.find(ITEMS, &exactly("effectiveLocationId", &id))? {
            let item = Item::of(library, record)?;
            if !statuses.contains(&item.status().as_str()) {
                continue;
            }
            let query = format!(
                "{} and requestType=={kind} and {}",
                exactly("itemId", &item.id()),
                exactly("status", NOT_YET_FILLED)
            );
            for request in library.find(REQUESTS, &query)? {
                let mut on_slip = slips::item(&item);
                if let Some(date) = item.text("lastCheckIn.dateTime") {
                    on_slip.insert("lastCheckedInDateTime".to_owned(), date.into());
                }
                if let Some(primary) = &primary {
                    on_slip.insert(
                        "effectiveLocationPrimaryServicePointName".to_owned(),
                        text_at(primary, "name").into(),
                    );
                }
                found.push(slips::slip(library, on_slip, Some(&request))?);
            }
        }
    }
    Ok(list(
        key,
        &found,
        &["item", "request", "requester"],
        found.len(),
    ))
}

/// Requests whose items still wait at a service point although they were cancelled or not picked
/// up.
pub(crate) fn hold_shelf_clearance(library: &Library<'_>, place: &str) -> Step<HttpResponse> {
    let mut found = Vec::new();
    for item in library.find(ITEMS, "status.name==\"Awaiting pickup\"")? {
        let id = text_at(&item, "id").unwrap_or_default();
        let requests = library.find(REQUESTS, &exactly("itemId", &id))?;
        let has = |request: &Value, statuses: &[&str]| {
            text_at(request, "status").is_some_and(|status| statuses.contains(&status.as_str()))
        };
        if requests
            .iter()
            .any(|request| has(request, &[AWAITING_PICKUP]))
        {
            continue;
        }
        let last = requests
            .iter()
            .filter(|request| has(request, &["Closed - Cancelled", "Closed - Pickup expired"]))
            .filter(|request| text_at(request, "awaitingPickupRequestClosedDate").is_some())
            .max_by_key(|request| text_at(request, "awaitingPickupRequestClosedDate"));
        if let Some(request) = last
            && text_at(request, "pickupServicePointId").as_deref() == Some(place)
        {
            found.push(stored::shown(library, request, false)?);
        }
    }
    Ok(list("requests", &found, &stored::ORDER, found.len()))
}

/// `/inventory-reports/items-in-transit`.
pub(crate) fn in_transit(library: &Library<'_>) -> Step<HttpResponse> {
    let mut found = Vec::new();
    for record in library.find(ITEMS, "status.name==\"In transit\"")? {
        let item = Item::of(library, record)?;
        let mut shown = item.summary();
        let text = |value: Option<String>| Value::from(value);
        if let Some(location) = &item.location {
            shown["location"] = json!({
                "name": location.name(), "code": text_at(&location.record, "code"), "libraryName": location.library,
            });
        }
        if let Some(destination) = &item.destination {
            shown["inTransitDestinationServicePoint"] = json!({
                "id": text_at(destination, "id"), "name": text_at(destination, "name"),
            });
        }
        let query = format!(
            "{} and status=\"Open\" sortBy position/number",
            exactly("itemId", &item.id())
        );
        if let Some(request) = library.first(REQUESTS, &query)? {
            let place = crate::modules::circulation::queue::pickup(library, &request)?;
            shown["request"] = json!({
                "requestType": text(text_at(&request, "requestType")), "requestDate": text(text_at(&request, "requestDate")),
                "requestPatronGroup": text(None), "requestExpirationDate": text(text_at(&request, "requestExpirationDate")),
                "requestPickupServicePointName": place.and_then(|place| text_at(&place, "name")),
            });
        }
        let query = format!(
            "{} sortBy loanDate/sort.descending",
            exactly("itemId", &item.id())
        );
        if let Some(loan) = library.first(LOANS, &query)? {
            let mut of_loan = json!({});
            for name in ["dueDate", "checkInServicePointId"] {
                if let Some(value) = loan.get(name) {
                    of_loan[name] = value.clone();
                }
            }
            if let Some(place) = library.referred(SERVICE_POINTS, &loan, "checkinServicePointId")? {
                of_loan["checkInServicePoint"] = service_point(&place);
            }
            shown["loan"] = of_loan;
        }
        found.push(shown);
    }
    Ok(list(
        "items",
        &found,
        &["id", "title", "barcode"],
        found.len(),
    ))
}

/// `POST /circulation/end-patron-action-session`.
pub(crate) fn end_sessions(
    library: &Library<'_>,
    http_request: &HttpRequest,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let ended = fields.get("endSessions").and_then(Value::as_array);
    for session in ended.into_iter().flatten() {
        let fields = Library::fields(session);
        let missing = |message: &str, key: &str| ValidationError::new(message, key, None);
        let patron = filled(&fields, "patronId")
            .ok_or_else(|| missing("End patron session request must have patron id", "patronId"))?;
        let action = filled(&fields, "actionType").ok_or_else(|| {
            missing(
                "End patron session request must have action type",
                "actionType",
            )
        })?;
        if !matches!(action.as_str(), "Check-in" | "Check-out") {
            return Err(ValidationError::new(
                "Invalid patron action type value",
                "actionType",
                Some(&action),
            )
            .into());
        }
        sessions::end(library, &patron, &action)?;
    }
    Ok(done())
}

/// `POST /loan-anonymization/by-user/{id}`: the closed loans of a user have no borrower any more,
/// unless something was charged for them.
pub(crate) fn anonymize(library: &Library<'_>, user: &str) -> Step<HttpResponse> {
    let query = format!("{} and status.name==Closed", exactly("userId", user));
    let (mut anonymized, mut charged) = (Vec::new(), Vec::new());
    for record in library.find(LOANS, &query)? {
        let mut loan = Loan::new(Library::fields(&record));
        let id = loan.id();
        if !fees::accounts(library, &id)?.is_empty() {
            charged.push(id);
            continue;
        }
        loan.fields.remove("userId");
        let mut stored = Value::Object(loan.fields);
        if let Some(fields) = stored.as_object_mut() {
            fields.remove("metadata");
        }
        library.replace(LOANS, &id, stored)?;
        anonymized.push(Value::from(id));
    }
    let mut errors = Vec::new();
    if !charged.is_empty() {
        errors.push(json!({
            "message": "haveAssociatedFeesAndFines",
            "parameters": [{"key": "loanIds", "value": Value::from(charged).to_string()}],
        }));
    }
    Ok(shown(
        StatusCode::OK,
        &json!({"anonymizedLoans": anonymized, "errors": errors}),
        &["anonymizedLoans", "errors"],
    ))
}
