//! Title-level requests, if the tenant has enabled them: an item is selected for them.

use serde_json::Value;

use crate::facts::paths::LOCATIONS;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::open_loans;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies::RequestPolicy;
use crate::modules::circulation::queue::{allowed_for, is_type};
use crate::modules::circulation::requests::placed::Placed;
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, ValidationError, text};
use crate::value::java::moment;
use crate::value::json::text_at;

/// The items of a request's instance that its policy allows a type for.
fn candidates(library: &Library<'_>, placed: &Placed, kind: &str) -> Step<Vec<Item>> {
    let group = placed.requester.as_ref().and_then(Person::group_id);
    let mut found = Vec::new();
    if group.is_none() {
        return Ok(found);
    }
    let instance = text(&placed.fields, "instanceId").unwrap_or_default();
    for item in Item::of_instance(library, &instance)? {
        if RequestPolicy::of(library, &item, group.as_deref())?.allows(kind) {
            found.push(item);
        }
    }
    Ok(found)
}

/// The available items that could be paged.
pub(crate) fn pageable(library: &Library<'_>, placed: &Placed) -> Step<Vec<Item>> {
    let mut items = candidates(library, placed, "Page")?;
    items.retain(|item| item.is("Available"));
    Ok(items)
}

/// Chooses an item for a new request: the closest one to page, the one that is due first to recall;
/// holds wait for any.
pub(crate) fn choose(library: &Library<'_>, placed: &mut Placed) -> Step<()> {
    match placed.kind() {
        "Page" => {
            let items = pageable(library, placed)?;
            match closest(library, placed, items)? {
                Some(item) => assign(placed, item),
                None => {
                    placed.no_item = true;
                    let instance = placed.text("instanceId");
                    placed.rejections.push(ValidationError::new(
                        "Cannot create page TLR for this instance ID - no pageable available items found",
                        "instanceId",
                        instance.as_deref(),
                    ));
                }
            }
        }
        "Recall" => match to_recall(library, placed)? {
            Some(item) => assign(placed, item),
            None => {
                placed.no_recallable_item = true;
                placed.rejections.push(ValidationError::new(
                    "Request has no loan or recallable item",
                    "loan",
                    None,
                ));
            }
        },
        _ => {}
    }
    Ok(())
}

fn assign(placed: &mut Placed, item: Item) {
    placed.fields.insert("itemId".to_owned(), item.id().into());
    if let Some(holdings) = item.text("holdingsRecordId") {
        placed
            .fields
            .insert("holdingsRecordId".to_owned(), holdings.into());
    }
    placed.item = Some(item);
}

/// The item with the location nearest to the pickup service point: the location itself, its
/// library, its campus, its institution.
fn closest(library: &Library<'_>, placed: &Placed, items: Vec<Item>) -> Step<Option<Item>> {
    let place = placed.text("pickupServicePointId").unwrap_or_default();
    let near = library.find(LOCATIONS, &exactly("primaryServicePoint", &place))?;
    for unit in ["id", "libraryId", "campusId", "institutionId"] {
        let found = items.iter().find(|item| {
            let own = item
                .location
                .as_ref()
                .and_then(|location| text_at(&location.record, unit));
            own.is_some() && near.iter().any(|near| text_at(near, unit) == own)
        });
        if let Some(item) = found {
            return Ok(Some(item.clone()));
        }
    }
    Ok(items.into_iter().next())
}

/// The lent item that is due first and not recalled yet; else the one with the fewest recalls; else
/// one that is not lent.
fn to_recall(library: &Library<'_>, placed: &Placed) -> Step<Option<Item>> {
    let mut items = candidates(library, placed, "Recall")?;
    items.retain(|item| allowed_for(&item.status(), "Recall"));
    let recalls = |item: &Item| {
        let own = item.id();
        let requests = placed.queue.requests.iter();
        requests
            .filter(|request| {
                is_type(request, "Recall")
                    && request.get("itemId").and_then(Value::as_str) == Some(&own)
            })
            .count()
    };
    let mut lent = Vec::new();
    for item in &items {
        let loans = open_loans(library, "itemId", &item.id())?;
        if let Some(loan) = loans.first() {
            let due = text_at(loan, "dueDate").and_then(|due| moment(&due).ok());
            lent.push((recalls(item), due, item));
        }
    }
    lent.sort_by_key(|(recalls, due, _)| (*recalls, *due));
    Ok(lent
        .first()
        .map(|(_, _, item)| (*item).clone())
        .or_else(|| items.into_iter().next()))
}
