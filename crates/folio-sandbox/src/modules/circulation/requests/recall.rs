//! The side effects of a request: the status of its item, and the loan that it recalls.

use serde_json::Value;

use crate::modules::circulation::due::{Circumstances, LoanPolicy};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::{Loan, open_loans};
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies;
use crate::modules::circulation::queue::{Queue, is_for};
use crate::modules::library::Library;
use crate::modules::reply::Step;
use crate::value::java::{now, written};
use crate::value::json::text_at;

/// A page request makes an available item paged; a paged item without a waiting request is
/// available again.
pub(crate) fn item(
    library: &Library<'_>,
    item: &mut Item,
    kind: &str,
    queue: &Queue,
    titles: bool,
) -> Step<()> {
    let id = item.id();
    let nobody = if titles {
        queue.requests.iter().all(|request| !is_for(request, &id))
    } else {
        queue.requests.is_empty()
    };
    if item.is("Paged") && nobody {
        item.set_status("Available");
    } else if item.is("Available") && kind == "Page" {
        item.set_status("Paged");
    }
    if item.has_changed() {
        item.store(library)?;
    }
    Ok(())
}

/// A recall makes the loan of its item due earlier, once.
pub(crate) fn loan(library: &Library<'_>, item: &Item, kind: &str) -> Step<()> {
    if kind != "Recall" {
        return Ok(());
    }
    let Some(open) = open_loans(library, "itemId", &item.id())?
        .into_iter()
        .next()
    else {
        return Ok(());
    };
    let mut loan = Loan::by_id(library, &text_at(&open, "id").unwrap_or_default())?;
    if loan.flag("dueDateChangedByRecall") {
        return Ok(());
    }
    let group = loan.borrower.as_ref().and_then(Person::group_id);
    let policy = policies::loan(library, item, group.as_deref())?;
    let due = due(library, &loan, &policy)?;
    loan.set("dueDate", written(due));
    loan.set("dueDateChangedByRecall", true);
    loan.set("loanPolicyId", policy.id().map_or(Value::Null, Value::from));
    loan.set("action", "recallrequested");
    loan.fields.remove("actionComment");
    loan.fields.remove("reminders");
    loan.store(library)
}

fn due(library: &Library<'_>, loan: &Loan, policy: &LoanPolicy) -> Step<jiff::Timestamp> {
    let now = now();
    let start = loan.moment("loanDate").unwrap_or(now);
    let due = loan.moment("dueDate").unwrap_or(now);
    let due = policy
        .recalled(start, due)
        .map_err(|message| policy.rejection(&message))?;
    let service_point = loan.text("checkoutServicePointId").unwrap_or_default();
    let of = Circumstances {
        service_point: &service_point,
        // A recall is held to the schedule of the day that it moves the loan to.
        loan_date: due,
        started: now,
        renewed_at: None,
        patron_expires: loan.borrower.as_ref().and_then(Person::expires),
    };
    Ok(policy.in_open_hours(library, due, &of)?.0)
}
