//! Actions on an open loan: due date, notes, items that are lost or claimed returned.

use serde_json::{Value, json};

use crate::facts::paths::{LOCATIONS, LOST_POLICIES};
use crate::modules::circulation::loan::Loan;
use crate::modules::circulation::queue::Queue;
use crate::modules::circulation::{fees, sessions};
use crate::modules::library::Library;
use crate::modules::reply::{
    Step, ValidationError, body, done, failed, filled, ignored_response, text,
};
use crate::value::java::{moment, written};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// `POST /circulation/loans/{id}/{action}`; none if there is no such action.
pub(crate) fn respond(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
    action: &str,
) -> Option<Step<HttpResponse>> {
    Some(match action {
        "change-due-date" => change_due_date(library, http_request, id),
        "add-info" => add_info(library, http_request, id),
        "claim-item-returned" => claim_returned(library, http_request, id),
        "declare-item-lost" => declare_lost(library, http_request, id),
        "declare-claimed-returned-item-as-missing" => declare_missing(library, http_request, id),
        _ => return None,
    })
}

fn open(loan: &Loan) -> Step<()> {
    if loan.is_closed() {
        return Err(ValidationError::new("Loan is closed", "loanId", Some(&loan.id())).into());
    }
    Ok(())
}

fn status(loan: &Loan) -> String {
    loan.item
        .as_ref()
        .map(crate::modules::circulation::items::Item::status)
        .unwrap_or_default()
}

/// Stores the loan and its item, where this has changed.
fn store(library: &Library<'_>, loan: &Loan) -> Step<()> {
    if let Some(item) = loan.item.as_ref().filter(|item| item.has_changed()) {
        item.store(library)?;
    }
    loan.store(library)
}

fn change_due_date(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    if !fields.contains_key("dueDate") {
        return Err(ValidationError::new(
            "A new due date is required in order to change the due date",
            "dueDate",
            None,
        )
        .into());
    }
    let due = text(&fields, "dueDate").unwrap_or_default();
    let due = moment(&due).map_err(failed)?;
    let mut loan = Loan::by_id(library, id)?;
    open(&loan)?;
    let status = status(&loan);
    if matches!(
        status.as_str(),
        "Declared lost" | "Claimed returned" | "Aged to lost"
    ) {
        return Err(ValidationError::new(
            format!("item is {status}"),
            "itemId",
            loan.text("itemId").as_deref(),
        )
        .into());
    }
    let queue = match &loan.item {
        Some(item) => Queue::of_what(library, item)?,
        None => Queue::default(),
    };
    loan.set("dueDate", written(due));
    loan.fields.remove("reminders");
    if loan.flag("dueDateChangedByRecall") && !queue.has_open_recall() {
        loan.set("dueDateChangedByRecall", false);
    }
    loan.store(library)?;
    sessions::published(library)?;
    Ok(done())
}

fn add_info(library: &Library<'_>, http_request: &HttpRequest, id: &str) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let action = filled(&fields, "action")
        .filter(|action| matches!(action.as_str(), "patronInfoAdded" | "staffInfoAdded"));
    let (Some(action), Some(comment)) = (action, filled(&fields, "actionComment")) else {
        return Err(ValidationError::new(
            "An action of type patronInfoAdded or staffInfoAdded, with associated actionComment, required in order to add info",
            "action",
            None,
        )
        .into());
    };
    let mut loan = Loan::by_id(library, id)?;
    loan.set("action", action);
    loan.set("actionComment", comment);
    loan.store(library)?;
    sessions::published(library)?;
    Ok(done())
}

fn claim_returned(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let Some(at) = text(&fields, "itemClaimedReturnedDateTime") else {
        return Err(ValidationError::new(
            "Item claimed returned date is a required field",
            "itemClaimedReturnedDateTime",
            None,
        )
        .into());
    };
    let at = moment(&at).map_err(failed)?;
    let mut loan = Loan::by_id(library, id)?;
    open(&loan)?;
    loan.set("action", "claimedReturned");
    if let Some(comment) = filled(&fields, "comment") {
        loan.set("actionComment", comment);
    }
    loan.set_item_status("Claimed returned");
    loan.set("claimedReturnedDate", written(at));
    store(library, &loan)?;
    sessions::published(library)?;
    Ok(done())
}

fn declare_lost(library: &Library<'_>, http_request: &HttpRequest, id: &str) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let Some(service_point) = filled(&fields, "servicePointId") else {
        return Err(ValidationError::new(
            "A service point is required for item to be declared lost",
            "servicePointId",
            text(&fields, "servicePointId").as_deref(),
        )
        .into());
    };
    let at = match text(&fields, "declaredLostDateTime") {
        Some(raw) => Some(moment(&raw).map_err(|message| {
            ValidationError::new(message, "declaredLostDateTime", Some(&raw))
        })?),
        None => None,
    };
    let mut loan = Loan::by_id(library, id)?;
    open(&loan)?;
    let item_id = loan.text("itemId");
    if status(&loan) == "Declared lost" {
        return Err(ValidationError::new(
            "The item is already declared lost",
            "itemId",
            item_id.as_deref(),
        )
        .into());
    }
    let policy = match loan.text("lostItemPolicyId") {
        Some(id) => library.get(LOST_POLICIES, &id)?,
        None => None,
    };
    let policy = policy.unwrap_or_else(|| json!({}));
    let location = loan
        .item
        .as_ref()
        .and_then(crate::modules::circulation::items::Item::permanent_location_id);
    let owner = match &location {
        Some(id) => match library
            .get(LOCATIONS, id)?
            .and_then(|location| text_at(&location, "primaryServicePoint"))
        {
            Some(place) => fees::owner(library, &place)?,
            None => None,
        },
        None => None,
    };
    if owner.is_none() && fees::needs_owner(&policy) {
        return Err(ValidationError::new(
            "No fee/fine owner found for item's permanent location",
            "locationId",
            location.as_deref(),
        )
        .into());
    }
    let claimed = status(&loan) == "Claimed returned";
    loan.set("action", "declaredLost");
    loan.set(
        "actionComment",
        filled(&fields, "comment").unwrap_or_default(),
    );
    loan.set_item_status("Declared lost");
    if let Some(at) = at {
        loan.set("declaredLostDate", written(at));
    }
    if claimed {
        note(library, &loan, "Claimed returned item marked declared lost")?;
    }
    store(library, &loan)?;
    let item = loan.item.clone();
    if let Some(item) = &item
        && fees::charge_lost(
            library,
            &loan,
            item,
            &policy,
            owner.as_ref(),
            &service_point,
        )?
    {
        loan.close("closedLoan");
        loan.set_item_status("Lost and paid");
        store(library, &loan)?;
    }
    sessions::published(library)?;
    Ok(done())
}

fn declare_missing(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let Some(comment) = text(&fields, "comment") else {
        return Err(ValidationError::new("Comment is a required field", "comment", None).into());
    };
    let mut loan = Loan::by_id(library, id)?;
    open(&loan)?;
    if status(&loan) != "Claimed returned" {
        return Err(ValidationError::new(
            "Item is not Claimed returned",
            "itemId",
            loan.text("itemId").as_deref(),
        )
        .into());
    }
    loan.set_item_status("Missing");
    loan.close("markedMissing");
    loan.set("actionComment", comment);
    store(library, &loan)?;
    note(library, &loan, "Claimed returned item marked missing")?;
    sessions::published(library)?;
    Ok(done())
}

/// A note about a borrower. Where mod-notes is not enabled, it is missed only here, after
/// everything else was stored.
fn note(library: &Library<'_>, loan: &Loan, message: &str) -> Step<()> {
    const TYPES: &str = "/note-types";
    const TYPE: &str = "General note";
    if !library
        .state
        .wiring
        .has(&library.caller.tenant, "mod-notes")
    {
        return Err(failed(
            "HTTP request to \"http://127.0.0.1:9130/note-types\" failed, status code: 404, response: \"No suitable module found for path and tenant\"",
        )
        .into());
    }
    let named = |kind: &Value| text_at(kind, "name").as_deref() == Some(TYPE);
    let kind = library.all(TYPES)?.into_iter().find(named);
    let kind = match kind {
        Some(kind) => kind,
        None => library.create(TYPES, json!({"name": TYPE}))?,
    };
    let user = loan.text("userId").unwrap_or_default();
    let note = library.create(
        "/notes",
        json!({
            "domain": "users", "typeId": text_at(&kind, "id"), "title": message, "content": message,
            "links": [{"id": user, "type": "user"}],
        }),
    );
    ignored_response(note.map(drop))
}
