//! `POST /circulation/check-in-by-barcode`: checks in an item, whether or not it was on loan.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::SERVICE_POINTS;
use crate::modules::circulation::calendar::around;
use crate::modules::circulation::checkout::wrong_status;
use crate::modules::circulation::closed::Strategy;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::Loan;
use crate::modules::circulation::queue::{
    AWAITING_DELIVERY, AWAITING_PICKUP, At, IN_TRANSIT, Queue, pickup,
};
use crate::modules::circulation::requests::stored;
use crate::modules::circulation::{fees, sessions, slips};
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, body, failed, filled, shown, text};
use crate::value::java::{end_of_day, later, moment, now, written};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// The content of a check-in request.
struct CheckIn {
    barcode: String,
    service_point: String,
    at: jiff::Timestamp,
    session: Option<String>,
    resolution: Option<String>,
}

fn read(fields: &Map<String, Value>) -> Step<CheckIn> {
    let missing = |message: &str, key: &str| ValidationError::new(message, key, None);
    let barcode = filled(fields, "itemBarcode")
        .ok_or_else(|| missing("Checkin request must have an item barcode", "itemBarcode"))?;
    let uuid = |name: &str| -> Step<Option<String>> {
        match text(fields, name) {
            Some(id) if uuid::Uuid::try_parse(&id).is_err() => {
                Err(failed(format!("Invalid UUID string: {id}")).into())
            }
            // A parsed UUID is written in lower case.
            id => Ok(id.map(|id| id.to_ascii_lowercase())),
        }
    };
    let service_point = uuid("servicePointId")?.ok_or_else(|| {
        missing(
            "Checkin request must have a service point id",
            "servicePointId",
        )
    })?;
    let at = text(fields, "checkInDate")
        .ok_or_else(|| missing("Checkin request must have an check in date", "checkInDate"))?;
    let at = moment(&at).map_err(failed)?;
    let resolution = text(fields, "claimedReturnedResolution");
    if let Some(word) = &resolution
        && !matches!(word.as_str(), "Found by library" | "Returned by patron")
    {
        return Err(ValidationError::new(
            "Unrecognized value provided for property",
            "claimedReturnedResolution",
            Some(word),
        )
        .into());
    }
    Ok(CheckIn {
        barcode,
        service_point,
        at,
        session: uuid("sessionId")?,
        resolution,
    })
}

pub(crate) fn respond(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let given = read(&body(&http_request.body)?)?;
    let Some(mut item) = Item::by_barcode(library, &given.barcode)? else {
        return Err(ValidationError::new(
            format!("No item with barcode {} exists", given.barcode),
            "itemBarcode",
            Some(&given.barcode),
        )
        .into());
    };
    if item.is("Intellectual item") {
        return Err(ValidationError::new(
            wrong_status(&item, "and cannot be checked in"),
            "itemBarcode",
            item.text("barcode").as_deref(),
        )
        .into());
    }
    if item.is("Claimed returned") && given.resolution.is_none() {
        return Err(ValidationError::new(
            "Item is claimed returned, a resolution is required to check in",
            "claimedReturnedResolution",
            None,
        )
        .into());
    }
    let processed = now();
    let status_before = item.status();
    let was_lost = item.is_lost();
    let mut queue = Queue::of_what(library, &item)?;
    let served = item
        .location
        .as_ref()
        .is_some_and(|location| location.is_served_by(&given.service_point));
    let in_house = item.is("Available") && queue.requests.is_empty() && served;
    sessions::check_in(library, &item, &given.service_point, queue.requests.len())?;
    let mut loan = Loan::open_of(library, &item)?;
    if let Some(loan) = &loan {
        fees::refundable(library, loan, was_lost)?;
    }
    if let Some(loan) = &mut loan {
        close(loan, &given, &status_before, processed);
    }
    let filled = queue.filled_by(library, &item, At::CheckIn)?;
    let filled = match filled {
        Some(request) => Some(fill(library, &mut queue, request, &item, &given)?),
        None => None,
    };
    change(&mut item, filled.as_ref(), &given, served)?;
    item.check_in(
        &written(processed),
        &given.service_point,
        &library.caller.user,
    );
    item.store(library)?;
    let destination = item.text("inTransitDestinationServicePointId");
    item.destination = match &destination {
        Some(id) => library.get(SERVICE_POINTS, id)?,
        None => None,
    };
    if let Some(loan) = &mut loan {
        loan.item = Some(item.clone());
        loan.store(library)?;
        sessions::add(library, loan, "Check-in", given.session.as_deref())?;
        fees::refund(library, loan, was_lost)?;
        let found = given.resolution.as_deref() == Some("Found by library");
        fees::overdue_on_check_in(library, loan, was_lost, found)?;
        sessions::published(library)?;
    }
    shown_check_in(
        library,
        &item,
        loan.as_ref(),
        filled.as_ref(),
        &given,
        in_house,
    )
}

/// Closes the loan of an item that comes in.
fn close(loan: &mut Loan, given: &CheckIn, status_before: &str, processed: jiff::Timestamp) {
    let action = match (status_before, given.resolution.as_deref()) {
        ("Claimed returned", Some("Found by library")) => "checkedInFoundByLibrary",
        ("Claimed returned", _) => "checkedInReturnedByPatron",
        _ => "checkedin",
    };
    if status_before == "Aged to lost" {
        loan.fields.remove("agedToLostDelayedBilling");
    }
    loan.close(action);
    loan.set("returnDate", written(given.at));
    loan.set("systemReturnDate", written(processed));
    loan.set("checkinServicePointId", given.service_point.clone());
}

/// The new state of the request that the item fills.
fn fill(
    library: &Library<'_>,
    queue: &mut Queue,
    mut request: Value,
    item: &Item,
    given: &CheckIn,
) -> Step<Value> {
    let id = text_at(&request, "id").unwrap_or_default();
    if text_at(&request, "itemId").as_deref() != Some(item.id().as_str()) {
        // A request for a title gets this item.
        request["itemId"] = item.id().into();
        if let Some(holdings) = item.text("holdingsRecordId") {
            request["holdingsRecordId"] = holdings.into();
        }
        queue.put(&request);
    }
    queue.move_up(&id);
    let place = queue
        .requests
        .iter()
        .find(|known| text_at(known, "id").as_ref() == Some(&id))
        .and_then(crate::modules::circulation::queue::position);
    if let Some(place) = place {
        request["position"] = place.into();
    }
    let delivery = text_at(&request, "fulfillmentPreference").as_deref() == Some("Delivery");
    let here = text_at(&request, "pickupServicePointId")
        .is_some_and(|place| place.eq_ignore_ascii_case(&given.service_point));
    request["status"] = match (delivery, here) {
        (true, _) => AWAITING_DELIVERY,
        (false, true) => AWAITING_PICKUP,
        (false, false) => IN_TRANSIT,
    }
    .into();
    if delivery || !here {
        if let Some(fields) = request.as_object_mut() {
            fields.remove("holdShelfExpirationDate");
        }
    } else if text_at(&request, "holdShelfExpirationDate").is_none()
        && let Some(end) = hold_shelf_end(library, &request)?
    {
        request["holdShelfExpirationDate"] = written(end).into();
    }
    queue.put(&request);
    // The stored positions go first: two requests never have the same.
    queue.store_positions(library)?;
    stored::store(library, &request)?;
    Ok(request)
}

/// Until when an item waits at its service point.
fn hold_shelf_end(library: &Library<'_>, request: &Value) -> Step<Option<jiff::Timestamp>> {
    let Some(place) = pickup(library, request)? else {
        return Ok(None);
    };
    let period = place.get("holdShelfExpiryPeriod");
    let Some((duration, interval)) = period.and_then(|period| {
        Some((
            period.get("duration")?.as_i64()?,
            text_at(period, "intervalId")?,
        ))
    }) else {
        return Ok(None);
    };
    let zone = library.zone()?;
    let Some(mut end) = later(now(), duration, &interval) else {
        return Ok(None);
    };
    let short = matches!(interval.as_str(), "Minutes" | "Hours");
    if !short {
        end = end_of_day(end, &zone);
    }
    let managed = text_at(&place, "holdShelfClosedLibraryDateManagement").unwrap_or_default();
    let strategy = Strategy::of_hold_shelf(&managed, short);
    let id = text_at(&place, "id").unwrap_or_default();
    let days = around(library, &id, end.to_zoned(zone.clone()).date())?;
    // A date that cannot be moved is unchanged.
    let offset = Some((duration, interval));
    Ok(Some(
        strategy
            .applied(end, &days, end, &zone, offset)
            .unwrap_or(end),
    ))
}

/// The new state of the item.
fn change(item: &mut Item, request: Option<&Value>, given: &CheckIn, served: bool) -> Step<()> {
    let Some(request) = request else {
        if served {
            item.set_status("Available");
        } else {
            let home = item
                .location
                .as_ref()
                .and_then(crate::modules::circulation::items::Location::primary_id);
            item.send_to(home.as_deref());
        }
        return Ok(());
    };
    if text_at(request, "fulfillmentPreference").as_deref() == Some("Delivery") {
        item.set_status("Awaiting delivery");
        return Ok(());
    }
    match text_at(request, "pickupServicePointId") {
        None => {
            return Err(ValidationError::new(
                "Failed to check in item due to the highest priority request missing a pickup service point",
                "pickupServicePointId",
                None,
            )
            .into());
        }
        Some(place) if place.eq_ignore_ascii_case(&given.service_point) => {
            item.set_status("Awaiting pickup");
        }
        Some(place) => item.send_to(Some(&place)),
    }
    Ok(())
}

fn shown_check_in(
    library: &Library<'_>,
    item: &Item,
    loan: Option<&Loan>,
    request: Option<&Value>,
    given: &CheckIn,
    in_house: bool,
) -> Step<HttpResponse> {
    let mut on_slip = slips::item(item);
    on_slip.insert("lastCheckedInDateTime".to_owned(), written(now()).into());
    let name = |record: &Value| Value::from(text_at(record, "name"));
    if let Some(destination) = &item.destination {
        on_slip.insert("toServicePoint".to_owned(), name(destination));
    }
    if let Some(place) = library.get(SERVICE_POINTS, &given.service_point)? {
        on_slip.insert("fromServicePoint".to_owned(), name(&place));
    }
    let mut response = json!({
        "item": item.summary(), "staffSlipContext": slips::slip(library, on_slip, request)?, "inHouseUse": in_house,
    });
    if let Some(loan) = loan {
        response["loan"] = loan.shown();
    }
    Ok(shown(
        StatusCode::OK,
        &response,
        &["loan", "item", "staffSlipContext", "inHouseUse"],
    ))
}
