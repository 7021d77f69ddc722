//! `/circulation/loans`: loans with their referenced records.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::facts::paths::{LOANS, SERVICE_POINTS};
use crate::modules::circulation::checkout::{fill_request, name_of, wrong_status};
use crate::modules::circulation::due::Circumstances;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::{self, Loan, group_summary};
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies::{self, OfLoan};
use crate::modules::circulation::queue::{At, Queue};
use crate::modules::circulation::{blocks, fees};
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, absent, body, done, failed, shown};
use crate::value::java::{now, written};
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HttpRequest, HttpResponse};

/// A loan in its response form: with service points, policies, and the open amount.
pub(crate) fn extended(library: &Library<'_>, record: &Value) -> Step<Value> {
    let mut loan = Loan::new(Library::fields(record));
    loan.item = Item::by_id(library, loan.text("itemId").as_deref())?;
    loan.borrower = Person::by_id(library, loan.text("userId").as_deref())?;
    let policies = OfLoan::of(library, record)?;
    loan.names = loan::PolicyNames {
        loan: name_of(policies.loan.as_ref()),
        overdue: name_of(policies.overdue.as_ref()),
        lost: name_of(policies.lost.as_ref()),
    };
    loan.service_points = [
        library.referred(SERVICE_POINTS, record, "checkinServicePointId")?,
        library.referred(SERVICE_POINTS, record, "checkoutServicePointId")?,
    ];
    loan.remaining = fees::remaining(library, &loan.id())?;
    let group = library.referred("/groups", record, "patronGroupIdAtCheckout")?;
    if let Some(group) = group {
        loan.set("patronGroupAtCheckout", group_summary(&group));
    }
    Ok(loan.shown())
}

pub(crate) fn read(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let found = if is_uuid(id) {
        library.get(LOANS, id)?
    } else {
        None
    };
    match found {
        Some(record) => Ok(shown(
            StatusCode::OK,
            &extended(library, &record)?,
            &loan::ORDER,
        )),
        None => Ok(absent("loan", id)),
    }
}

/// `DELETE` of a loan, in any state; the item is unchanged.
pub(crate) fn delete(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    if let Some(stored) = library.get(LOANS, id)? {
        library
            .state
            .store
            .delete(&library.caller.tenant, LOANS, id)?;
        crate::collections::loan_history::after_delete(
            &library.state.store,
            &library.caller.tenant,
            LOANS,
            &stored,
        )?;
    }
    Ok(done())
}

/// The checks of a PUT of a loan.
fn check(library: &Library<'_>, loan: &Loan) -> Step<()> {
    if loan.status().is_none() && !loan.fields.contains_key("status") {
        return Err(failed("Loan does not have a status").into());
    }
    if !loan.is_open() && !loan.is_closed() {
        return Err(ValidationError::new(
            "Loan status must be \"Open\" or \"Closed\"",
            "status",
            loan.status(),
        )
        .into());
    }
    if loan.is_open() && loan.text("userId").is_none() {
        return Err(ValidationError::new("Open loan must have a user ID", "userId", None).into());
    }
    for (name, message) in [
        (
            "checkinServicePointId",
            "Check In Service Point does not exist",
        ),
        (
            "checkoutServicePointId",
            "Check Out Service Point does not exist",
        ),
    ] {
        if let Some(id) = loan.text(name)
            && library.get(SERVICE_POINTS, &id)?.is_none()
        {
            return Err(ValidationError::new(message, name, Some(&id)).into());
        }
    }
    Ok(())
}

fn item_of(library: &Library<'_>, loan: &Loan) -> Step<Item> {
    let id = loan.text("itemId");
    Item::by_id(library, id.as_deref())?.ok_or_else(|| {
        ValidationError::new(
            format!(
                "No item with ID {} could be found",
                id.as_deref().unwrap_or("null")
            ),
            "itemId",
            id.as_deref(),
        )
        .into()
    })
}

fn check_proxy(library: &Library<'_>, loan: &Loan) -> Step<()> {
    let (Some(user), Some(proxy)) = (loan.text("userId"), loan.text("proxyUserId")) else {
        return Ok(());
    };
    let invalid = ValidationError::new("proxyUserId is not valid", "proxyUserId", Some(&proxy));
    match blocks::proxy(library, &user, &proxy, invalid)? {
        Some(rejection) => Err(rejection.into()),
        None => Ok(()),
    }
}

/// `POST`: a loan as it is given.
pub(crate) fn create(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let fields: Map<String, Value> = body(&http_request.body)?;
    let mut loan = Loan::new(fields);
    check(library, &loan)?;
    let mut item = item_of(library, &loan)?;
    if item.is("Checked out") {
        return Err(ValidationError::new(
            "Item is already checked out",
            "itemId",
            Some(&item.id()),
        )
        .into());
    }
    if item.is("Missing") || item.is("Declared lost") {
        let message = wrong_status(&item, "").trim_end().to_owned();
        return Err(ValidationError::new(
            format!("{message}, loan cannot be created"),
            "itemId",
            Some(&item.id()),
        )
        .into());
    }
    check_proxy(library, &loan)?;
    let mut queue = Queue::of_item(library, &item.id())?;
    let user = loan.text("userId");
    let Some(borrower) = Person::by_id(library, user.as_deref())? else {
        return Err(ValidationError::new("user is not found", "userId", user.as_deref()).into());
    };
    if let Some(request) = queue.filled_by(library, &item, At::CheckIn)?
        && text_at(&request, "requesterId") != user
    {
        let message = format!(
            "{} (Barcode: {}) cannot be checked out to user {} because it has been requested by another patron",
            item.title().unwrap_or_else(|| "null".to_owned()),
            item.barcode(),
            borrower.personal_name()
        );
        return Err(ValidationError::new(message, "userId", user.as_deref()).into());
    }
    let policy = policies::loan(library, &item, borrower.group_id().as_deref())?;
    fill_request(library, &item, &mut queue)?;
    if !loan.is_closed() {
        item.set_status("Checked out");
        if item.has_changed() {
            item.store(library)?;
        }
    }
    if queue.recall_of(&item.id()).is_some() && !loan.flag("dueDateChangedByRecall") {
        let start = loan.moment("loanDate").unwrap_or_else(now);
        let due = loan.moment("dueDate").unwrap_or(start);
        let due = policy
            .recalled(start, due)
            .map_err(|message| policy.rejection(&message))?;
        let service_point = loan.text("checkoutServicePointId").unwrap_or_default();
        let of = Circumstances {
            service_point: &service_point,
            loan_date: start,
            started: now(),
            renewed_at: None,
            patron_expires: borrower.expires(),
        };
        loan.set("dueDateChangedByRecall", true);
        loan.set(
            "dueDate",
            written(policy.in_open_hours(library, due, &of)?.0),
        );
    }
    if let Some(id) = policy.id() {
        loan.set("loanPolicyId", id);
    }
    loan.names.loan = policy.name();
    loan.borrower = Some(borrower);
    loan.item = Some(item);
    loan.create(library)?;
    Ok(shown(StatusCode::CREATED, &loan.shown(), &loan::ORDER))
}

/// `PUT`: a loan as it was read, with changes.
pub(crate) fn replace(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let mut fields: Map<String, Value> = body(&http_request.body)?;
    fields.insert("id".to_owned(), id.into());
    let mut loan = Loan::new(fields);
    let existing = Loan::by_id(library, id)?;
    check(library, &loan)?;
    if loan.is_closed() && loan.text("checkinServicePointId").is_none() {
        return Err(ValidationError::new(
            "A Closed loan must have a Checkin Service Point",
            "checkinServicePointId",
            None,
        )
        .into());
    }
    let mut item = item_of(library, &loan)?;
    let moved = existing.moment("dueDate") != loan.moment("dueDate");
    let forbids = ["Declared lost", "Claimed returned", "Aged to lost"]
        .iter()
        .any(|status| item.is(status));
    if moved && forbids {
        return Err(ValidationError::new(
            format!("item is {}", item.status()),
            "itemId",
            Some(&item.id()),
        )
        .into());
    }
    check_proxy(library, &loan)?;
    let queue = Queue::of_item(library, &item.id())?;
    if moved && loan.flag("dueDateChangedByRecall") && !queue.has_open_recall() {
        loan.set("dueDateChangedByRecall", false);
    }
    let filled = queue.filled_by(library, &item, At::CheckIn)?;
    let status = if loan.is_closed() {
        match &filled {
            Some(request)
                if text_at(request, "fulfillmentPreference").as_deref() == Some("Delivery") =>
            {
                "Awaiting delivery"
            }
            Some(_) => "Awaiting pickup",
            None => "Available",
        }
    } else if item.is("Declared lost") {
        "Declared lost"
    } else {
        "Checked out"
    };
    if !item.is(status) {
        item.set_status(status);
        item.store(library)?;
    }
    loan.borrower = Person::by_id(library, loan.text("userId").as_deref())?;
    loan.item = Some(item);
    loan.store(library)?;
    Ok(done())
}
