//! Existing requests: read, replaced, deleted, moved to another item.

use http::StatusCode;
use serde_json::Value;

use crate::facts::paths::REQUESTS;
use crate::modules::circulation::blocks::Overrides;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies::RequestPolicy;
use crate::modules::circulation::queue::{CANCELLED, Queue, allowed_for, is_title_level};
use crate::modules::circulation::requests::create::{by_policy_of, loaned_already, place};
use crate::modules::circulation::requests::placed::Placed;
use crate::modules::circulation::requests::validate::{self, not_allowed};
use crate::modules::circulation::requests::{recall, stored};
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, absent, body, done, shown, unless_rejected};
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HttpRequest, HttpResponse};

/// The request of an id.
pub(crate) fn by_id(library: &Library<'_>, id: &str) -> Step<Value> {
    let found = if is_uuid(id) {
        library.get(REQUESTS, id)?
    } else {
        None
    };
    found.ok_or_else(|| absent("requests", id).into())
}

pub(crate) fn read(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let request = by_id(library, id)?;
    let request = stored::shown(library, &request, true)?;
    Ok(shown(StatusCode::OK, &request, &stored::ORDER))
}

/// `PUT`: the first thing that is wrong ends it. A request that there is not is placed.
pub(crate) fn replace(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let mut fields = body(&http_request.body)?;
    fields.insert("id".to_owned(), id.into());
    let mut placed = validate::read(library, fields, false)?;
    let first = placed.rejections.first().cloned();
    unless_rejected(first.as_slice())?;
    let Some(original) = library.get(REQUESTS, id)? else {
        place(library, placed, &Overrides::default(), true)?;
        return Ok(done());
    };
    let comments = text_at(&original, "patronComments");
    if placed.text("patronComments") != comments {
        return Err(ValidationError::new(
            "Patron comments are not allowed to change",
            "existingPatronComments",
            comments.as_deref(),
        )
        .into());
    }
    if text_at(&original, "status").is_some_and(|status| status.starts_with("Closed")) {
        return Err(
            ValidationError::new("The Request has already been closed", "id", Some(id))
                .code("REQUEST_ALREADY_CLOSED")
                .into(),
        );
    }
    let cancelled = placed.text("status").as_deref() == Some(CANCELLED);
    if cancelled {
        placed.fields.remove("position");
        placed.queue.remove(id);
    }
    stored::store(library, &placed.record())?;
    if cancelled {
        placed.queue.store_positions(library)?;
    }
    let (titles, _) = library.title_level()?;
    let kind = placed.kind();
    if let Some(mut item) = placed.item.clone() {
        recall::item(library, &mut item, kind, &placed.queue, titles)?;
    }
    Ok(done())
}

pub(crate) fn delete(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let request = by_id(library, id)?;
    library
        .state
        .store
        .delete(&library.caller.tenant, REQUESTS, id)?;
    let Some(item) = text_at(&request, "itemId") else {
        return Ok(done());
    };
    let mut queue = Queue::of_item(library, &item)?;
    queue.remove(id);
    queue.store_positions(library)?;
    let is_page = text_at(&request, "requestType").as_deref() == Some("Page");
    if let Some(mut item) = Item::by_id(library, Some(&item))?.filter(|_| is_page)
        && item.is("Paged")
    {
        item.set_status("Available");
        item.store(library)?;
    }
    Ok(done())
}

/// `POST …/{id}/move`: to another item of the same instance.
pub(crate) fn to_item(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let original = by_id(library, id)?;
    let (titles, _) = library.title_level()?;
    if !titles && is_title_level(&original) {
        return Err(ValidationError::new(
            "Can not process TLR - TLR feature is disabled",
            "requestId",
            Some(id),
        )
        .into());
    }
    let source = text_at(&original, "itemId");
    let destination = crate::modules::reply::text(&fields, "destinationItemId");
    let mut request = Library::fields(&original);
    if let Some(kind) = crate::modules::reply::text(&fields, "requestType") {
        request.insert("requestType".to_owned(), kind.into());
    }
    let is_hold = |kind: Option<String>| kind.as_deref() == Some("Hold");
    if is_title_level(&original)
        && (is_hold(text_at(&original, "requestType"))
            || is_hold(crate::modules::reply::text(&request, "requestType")))
    {
        return Err(ValidationError::new(
            "Not allowed to move from/to Hold TLR",
            "requestId",
            Some(id),
        )
        .into());
    }
    let item = Item::by_id(library, destination.as_deref())?;
    let instance = text_at(&original, "instanceId");
    let of_item = item.as_ref().and_then(Item::instance_id);
    if of_item != instance {
        return Err(ValidationError::with(
            "Request can only be moved to an item with the same instance ID",
            &[
                ("itemId", destination.as_deref()),
                ("instanceId", of_item.as_deref()),
            ],
        )
        .into());
    }
    let Some(mut item) = item else {
        return Err(
            ValidationError::new("Item does not exist", "itemId", destination.as_deref()).into(),
        );
    };
    if item.is("Available") {
        request.insert("requestType".to_owned(), "Page".into());
    }
    request.insert("itemId".to_owned(), item.id().into());
    if let Some(holdings) = item.text("holdingsRecordId") {
        request.insert("holdingsRecordId".to_owned(), holdings.into());
    }
    let mut placed = Placed {
        requester: Person::by_id(library, text_at(&original, "requesterId").as_deref())?,
        queue: Queue::of_what(library, &item)?,
        item: Some(item.clone()),
        fields: request,
        rejections: Vec::new(),
        no_instance: false,
        no_item: false,
        no_recallable_item: false,
    };
    check_move(library, &placed, &item, titles)?;
    let kind = placed.kind();
    placed.fields.remove("position");
    placed.queue.remove(id);
    placed.queue.add(placed.record());
    placed
        .fields
        .insert("position".to_owned(), placed.queue.requests.len().into());
    // The old place goes first, as positions are unique.
    let record = placed.record();
    let mut without = Library::fields(&original);
    without.remove("position");
    stored::store(library, &Value::Object(without))?;
    stored::store(library, &record)?;
    placed.queue.store_positions(library)?;
    recall::item(library, &mut item, kind, &placed.queue, titles)?;
    recall::loan(library, &item, kind)?;
    if let Some(mut left) =
        Item::by_id(library, source.as_deref())?.filter(|_| source != destination)
    {
        let mut queue = Queue::of_what(library, &left)?;
        if !titles {
            queue.remove(id);
            queue.store_positions(library)?;
        }
        recall::item(library, &mut left, "", &queue, titles)?;
    }
    read(library, id)
}

fn check_move(library: &Library<'_>, placed: &Placed, item: &Item, titles: bool) -> Step<()> {
    let refuse = |rejection: Option<ValidationError>| unless_rejected(rejection.as_slice());
    refuse(validate::requester(placed))?;
    let kind = placed.kind();
    refuse((!allowed_for(&item.status(), kind)).then(|| not_allowed(kind)))?;
    refuse(validate::already_requested(placed, titles, true))?;
    let user = placed.text("requesterId");
    refuse(loaned_already(library, &item.id(), user.as_deref())?)?;
    let group = placed.requester.as_ref().and_then(Person::group_id);
    let policy = RequestPolicy::of(library, item, group.as_deref())?;
    refuse(by_policy_of(
        &policy,
        kind,
        placed.text("pickupServicePointId").as_deref(),
    ))
}
