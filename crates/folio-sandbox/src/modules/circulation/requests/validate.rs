//! The checks before a request is placed or replaced.

use serde_json::{Map, Value};

use crate::facts::paths::{INSTANCES, SERVICE_POINTS};
use crate::modules::circulation::blocks;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::queue::{NOT_YET_FILLED, Queue, STATUSES};
use crate::modules::circulation::requests::placed::Placed;
use crate::modules::circulation::requests::title;
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, bad_request, failed, filled, text};
use crate::value::java::{end_of_day, moment, written};
use crate::value::json::text_at;

/// Reads a request; the first things that are wrong end it, others are collected.
pub(crate) fn read(
    library: &Library<'_>,
    mut fields: Map<String, Value>,
    is_new: bool,
) -> Step<Placed> {
    let (titles, _) = library.title_level()?;
    fill_in(library, &mut fields, is_new)?;
    first_checks(&mut fields, titles)?;
    let mut placed = Placed {
        fields,
        rejections: Vec::new(),
        requester: None,
        item: None,
        queue: Queue::default(),
        no_instance: false,
        no_item: false,
        no_recallable_item: false,
    };
    ids(&mut placed, is_new)?;
    for name in [
        "item",
        "requester",
        "proxy",
        "loan",
        "pickupServicePoint",
        "deliveryAddress",
        "requestProcessingParameters",
    ] {
        placed.fields.remove(name);
    }
    if let Some(end) = placed.text("requestExpirationDate") {
        let end = moment(&end).map_err(failed)?;
        let end = end_of_day(end, &library.zone()?);
        placed
            .fields
            .insert("requestExpirationDate".to_owned(), written(end).into());
    }
    let instance = filled(&placed.fields, "instanceId");
    if let Some(id) = &instance
        && library.get(INSTANCES, id)?.is_none()
    {
        placed.no_instance = true;
        placed.rejections.push(ValidationError::new(
            "Instance does not exist",
            "instanceId",
            Some(id),
        ));
    }
    placed.requester = Person::by_id(library, placed.text("requesterId").as_deref())?;
    let item = filled(&placed.fields, "itemId");
    placed.queue = Queue::of(library, item.as_deref(), instance.as_deref())?;
    if !placed.no_item && !placed.no_instance {
        if placed.is_title_level() && is_new {
            title::choose(library, &mut placed)?;
        } else {
            placed.item = Item::by_id(library, item.as_deref())?;
        }
    }
    if let (Some(proxy), Some(requester)) = (placed.text("proxyUserId"), placed.text("requesterId"))
    {
        let invalid = ValidationError::new("proxyUserId is not valid", "proxyUserId", Some(&proxy));
        let refused = blocks::proxy(library, &requester, &proxy, invalid)?;
        placed.rejections.extend(refused);
    }
    pickup_place(library, &mut placed)?;
    Ok(placed)
}

/// An older form of a request has only its item: level, holdings and instance follow from it.
fn fill_in(library: &Library<'_>, fields: &mut Map<String, Value>, is_new: bool) -> Step<()> {
    let newer = ["requestLevel", "holdingsRecordId", "instanceId"];
    if !is_new || newer.iter().any(|name| fields.contains_key(*name)) {
        return Ok(());
    }
    fields.insert("requestLevel".to_owned(), "Item".into());
    let item = Item::by_id(library, text(fields, "itemId").as_deref())?;
    if let Some(item) = item {
        for (name, value) in [
            ("holdingsRecordId", item.text("holdingsRecordId")),
            ("instanceId", item.instance_id()),
        ] {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value.into());
            }
        }
    }
    Ok(())
}

fn first_checks(fields: &mut Map<String, Value>, titles: bool) -> Step<()> {
    let status = match fields.get("status") {
        None => Some(NOT_YET_FILLED),
        Some(value) => STATUSES.into_iter().find(|known| {
            value
                .as_str()
                .is_some_and(|own| own.eq_ignore_ascii_case(known))
        }),
    };
    let Some(status) = status else {
        let known: Vec<String> = STATUSES
            .iter()
            .map(|status| format!("\"{status}\""))
            .collect();
        return Err(bad_request(format!(
            "Request status must be one of the following: {}",
            known.join(", ")
        ))
        .into());
    };
    fields.insert("status".to_owned(), status.into());
    let level = text(fields, "requestLevel");
    let levels: &[&str] = if titles {
        &["Item", "Title"]
    } else {
        &["Item"]
    };
    if !level
        .as_deref()
        .is_some_and(|level| levels.contains(&level))
    {
        let known: Vec<String> = levels.iter().map(|level| format!("\"{level}\"")).collect();
        return Err(ValidationError::new(
            format!(
                "Request level must be one of the following: {}",
                known.join(", ")
            ),
            "requestLevel",
            level.as_deref(),
        )
        .code("REQUEST_LEVEL_IS_NOT_ALLOWED")
        .into());
    }
    let preference = text(fields, "fulfillmentPreference");
    if !matches!(preference.as_deref(), Some("Hold Shelf" | "Delivery")) {
        return Err(ValidationError::new(
            "Fulfillment preference must be one of the following: Hold Shelf, Delivery",
            "fulfillmentPreference",
            preference.as_deref(),
        )
        .code("FULFILLMENT_PREFERENCE_IS_NOT_ALLOWED")
        .into());
    }
    Ok(())
}

/// Whether the ids that a request needs are there.
fn ids(placed: &mut Placed, is_new: bool) -> Step<()> {
    let given = |placed: &Placed, name: &str| filled(&placed.fields, name);
    if given(placed, "instanceId").is_none() {
        placed.no_instance = true;
        let value = placed.text("instanceId");
        placed.rejections.push(ValidationError::new(
            "Cannot create a request with no instance ID",
            "instanceId",
            value.as_deref(),
        ));
    }
    let (item, holdings) = (given(placed, "itemId"), given(placed, "holdingsRecordId"));
    let mut no_holdings = false;
    if !placed.is_title_level() && item.is_none() {
        placed.no_item = true;
        let value = placed.text("itemId");
        placed.rejections.push(ValidationError::new(
            "Cannot create an item level request with no item ID",
            "itemId",
            value.as_deref(),
        ));
    } else if item.is_some() && holdings.is_none() {
        no_holdings = true;
        let value = placed.text("holdingsRecordId");
        placed.rejections.push(ValidationError::new(
            "Cannot create a request with item ID but no holdings record ID",
            "holdingsRecordId",
            value.as_deref(),
        ));
    }
    if is_new
        && placed.is_title_level()
        && !placed.no_item
        && !no_holdings
        && (item.is_some() || holdings.is_some())
    {
        placed.rejections.push(
            ValidationError::with(
                "Cannot create a title level page request for this instance ID with no item ID",
                &[
                    ("itemId", item.as_deref()),
                    ("holdingsRecordId", holdings.as_deref()),
                ],
            )
            .code("CANNOT_CREATE_PAGE_TLR_WITHOUT_ITEM_ID"),
        );
    }
    match placed.text("requestDate") {
        Some(date) => {
            moment(&date).map_err(failed)?;
        }
        None => {
            placed.no_item = true;
            placed.rejections.push(ValidationError::new(
                "Cannot create a request with no requestDate",
                "requestDate",
                None,
            ));
        }
    }
    Ok(())
}

fn pickup_place(library: &Library<'_>, placed: &mut Placed) -> Step<()> {
    let rejection = match placed.text("pickupServicePointId") {
        None if placed.text("fulfillmentPreference").as_deref() == Some("Hold Shelf") => {
            ValidationError::new(
                "Hold shelf fulfillment requests require a Pickup service point",
                "id",
                placed.text("id").as_deref(),
            )
            .code("HOLD_SHELF_REQUESTS_REQUIRE_PICKUP_SERVICE_POINT")
        }
        None => return Ok(()),
        Some(id) => match library.get(SERVICE_POINTS, &id)? {
            None => ValidationError::new(
                "Pickup service point does not exist",
                "pickupServicePointId",
                Some(&id),
            ),
            Some(place) if place.get("pickupLocation") == Some(&Value::Bool(true)) => {
                return Ok(());
            }
            Some(_) => ValidationError::new(
                "Service point is not a pickup location",
                "pickupServicePointId",
                Some(&id),
            )
            .code("SERVICE_POINT_IS_NOT_PICKUP_LOCATION"),
        },
    };
    placed.rejections.push(rejection);
    Ok(())
}

/// A type of request that may not be placed.
pub(crate) fn not_allowed(kind: &str) -> ValidationError {
    ValidationError::new(
        format!("{kind} requests are not allowed for this patron and item combination"),
        "requestType",
        Some(kind),
    )
}

/// A user that may place no request, or has placed one.
pub(crate) fn requester(placed: &Placed) -> Option<ValidationError> {
    match &placed.requester {
        None => Some(ValidationError::new(
            "A valid user and patron group are required. User is null",
            "userId",
            placed.text("requesterId").as_deref(),
        )),
        Some(requester) if requester.group_id().is_none() => Some(ValidationError::new(
            "A valid patron group is required. PatronGroup ID is null",
            "PatronGroupId",
            None,
        )),
        Some(_) => None,
    }
}

/// Whether the requester has placed an open request already.
pub(crate) fn already_requested(
    placed: &Placed,
    titles: bool,
    is_move: bool,
) -> Option<ValidationError> {
    let user = placed.text("requesterId");
    let item = placed.text("itemId");
    let existing = placed.queue.requests.iter().find(|known| {
        let same_user = text_at(known, "requesterId") == user;
        let open = text_at(known, "status").as_deref()
            != Some(crate::modules::circulation::queue::AWAITING_DELIVERY);
        let same = if titles && placed.is_title_level() {
            !is_move || text_at(known, "itemId") == item
        } else if titles && crate::modules::circulation::queue::is_title_level(known) {
            text_at(known, "instanceId") == placed.text("instanceId")
        } else {
            item.is_some() && text_at(known, "itemId") == item
        };
        same_user && open && same
    })?;
    let (user, item, instance) = (user.as_deref(), item.as_deref(), placed.text("instanceId"));
    let of_instance = [("requesterId", user), ("instanceId", instance.as_deref())];
    Some(if !placed.is_title_level() {
        ValidationError::with(
            "This requester already has an open request for this item",
            &[
                ("requesterId", user),
                ("itemId", item),
                ("requestId", placed.text("id").as_deref()),
            ],
        )
        .code("ITEM_ALREADY_REQUESTED")
    } else if !crate::modules::circulation::queue::is_title_level(existing) {
        ValidationError::with(
            "This requester already has an open request for one of the instance's items",
            &of_instance,
        )
        .code("ITEM_OF_THIS_INSTANCE_ALREADY_REQUESTED")
    } else if is_move {
        ValidationError::with(
            "Not allowed to move title level page request to the same item",
            &of_instance,
        )
        .code("MOVING_REQUEST_TO_THE_SAME_ITEM")
    } else {
        ValidationError::with(
            "This requester already has an open request for this instance",
            &of_instance,
        )
        .code("INSTANCE_ALREADY_REQUESTED")
    })
}
