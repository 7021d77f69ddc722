//! Fees and fines of overdue and lost items. They are charged, and cancelled when the items are
//! returned.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::facts::paths::{LOST_POLICIES, OVERDUE_POLICIES, SERVICE_POINTS};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::Loan;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::queue::loan_policy;
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, not_emulated};
use crate::value::java::{later, now, written};
use crate::value::json::text_at;

const ACCOUNTS: &str = "/accounts";
const ACTIONS: &str = "/feefineactions";
const FEES: &str = "/feefines";
const LOST_FEE: &str = "Lost item fee";
const PROCESSING_FEE: &str = "Lost item processing fee";
const OVERDUE_FINE: &str = "Overdue fine";

/// The accounts of a loan.
pub(crate) fn accounts(library: &Library<'_>, loan: &str) -> Step<Vec<Value>> {
    library.find(ACCOUNTS, &exactly("loanId", loan))
}

/// The open amount for a loan.
pub(crate) fn remaining(library: &Library<'_>, loan: &str) -> Step<f64> {
    Ok(accounts(library, loan)?
        .iter()
        .filter(|account| text_at(account, "status.name").as_deref() == Some("Open"))
        .filter_map(|account| account.get("remaining")?.as_f64())
        .sum())
}

/// The owner of fees at a service point.
pub(crate) fn owner(library: &Library<'_>, service_point: &str) -> Step<Option<Value>> {
    let owners = library.all("/owners")?;
    Ok(owners.into_iter().find(|owner| {
        let places = owner.get("servicePointOwner").and_then(Value::as_array);
        places.is_some_and(|places| places.iter().any(|place| place["value"] == service_point))
    }))
}

fn amount(policy: &Value, path: &str) -> f64 {
    policy.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
}

fn flag(policy: &Value, name: &str) -> bool {
    policy.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn charge_type(policy: &Value) -> Option<String> {
    text_at(policy, "chargeAmountItem.chargeType")
}

/// The charge of a policy for a lost item itself; none if the actual cost is to be determined.
fn set_cost(policy: &Value) -> f64 {
    let known = charge_type(policy).as_deref() == Some("anotherCost");
    if known {
        amount(policy, "/chargeAmountItem/amount")
    } else {
        0.0
    }
}

fn processing_fee(policy: &Value) -> f64 {
    if flag(policy, "chargeAmountItemPatron") {
        amount(policy, "/lostItemProcessingFee")
    } else {
        0.0
    }
}

/// Whether a policy has a fee for lost items at all, which requires an owner.
pub(crate) fn needs_owner(policy: &Value) -> bool {
    charge_type(policy).as_deref() == Some("actualCost")
        || set_cost(policy) > 0.0
        || processing_fee(policy) > 0.0
}

/// Charges for an item that is declared lost. Gives whether nothing is to be paid, which closes the
/// loan.
pub(crate) fn charge_lost(
    library: &Library<'_>,
    loan: &Loan,
    item: &Item,
    policy: &Value,
    owner: Option<&Value>,
    service_point: &str,
) -> Step<bool> {
    let actual_cost = charge_type(policy).as_deref() == Some("actualCost");
    let (cost, processing) = (set_cost(policy), processing_fee(policy));
    if !actual_cost && cost <= 0.0 && processing <= 0.0 {
        return Ok(true);
    }
    let Some(owner) = owner else {
        return Ok(false);
    };
    for (kind, amount) in [(LOST_FEE, cost), (PROCESSING_FEE, processing)] {
        if amount > 0.0
            && let Some(fee) = automatic(library, kind)?
        {
            charge(
                library,
                loan,
                item,
                owner,
                &fee,
                amount,
                Some(service_point),
            )?;
        }
    }
    Ok(false)
}

/// The kinds of fees that every tenant has from the beginning.
const AUTOMATIC: [(&str, &str); 3] = [
    (OVERDUE_FINE, "9523cb96-e752-40c2-89da-60f3961a488d"),
    (LOST_FEE, "cf238f9f-7018-47b7-b815-bb2db798e19f"),
    (PROCESSING_FEE, "c7dede15-aa48-45ed-860b-f996540180e0"),
];

/// A kind of fee that is charged by itself.
fn automatic(library: &Library<'_>, kind: &str) -> Step<Option<Value>> {
    let fees = library.all(FEES)?;
    let own = fees
        .into_iter()
        .find(|fee| text_at(fee, "feeFineType").as_deref() == Some(kind) && flag(fee, "automatic"));
    if own.is_some() {
        return Ok(own);
    }
    match AUTOMATIC.iter().find(|(known, _)| *known == kind) {
        Some((_, id)) if library.get(FEES, id)?.is_none() => {
            let fee = json!({"id": id, "feeFineType": kind, "automatic": true});
            Ok(Some(library.create(FEES, fee)?))
        }
        _ => Ok(None),
    }
}

fn charge(
    library: &Library<'_>,
    loan: &Loan,
    item: &Item,
    owner: &Value,
    fee: &Value,
    amount: f64,
    service_point: Option<&str>,
) -> Step<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let mut account = json!({
        "id": id, "ownerId": text_at(owner, "id"), "feeFineId": text_at(fee, "id"), "amount": amount, "remaining": amount,
        "feeFineType": text_at(fee, "feeFineType"), "feeFineOwner": text_at(owner, "owner"), "title": item.title(),
        "barcode": item.text("barcode"), "location": item.location.as_ref().and_then(crate::modules::circulation::items::Location::name),
        "callNumber": item.text("effectiveCallNumberComponents.callNumber"), "materialType": item.material_name(),
        "materialTypeId": item.text("materialTypeId"), "loanId": loan.id(), "userId": loan.text("userId"), "itemId": item.id(),
        "paymentStatus": {"name": "Outstanding"}, "status": {"name": "Open"}, "loanPolicyId": loan.text("loanPolicyId"),
        "overdueFinePolicyId": loan.text("overdueFinePolicyId"), "lostItemFeePolicyId": loan.text("lostItemPolicyId"),
        "contributors": item.contributors().iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
    });
    for (name, field) in [("dueDate", "dueDate"), ("returnedDate", "returnDate")] {
        if let Some(at) = loan.moment(field) {
            account[name] = written(at).into();
        }
    }
    library.create(ACCOUNTS, account)?;
    let staff = Person::by_id(library, Some(&library.caller.user))?;
    let place = match service_point {
        Some(id) => library.get(SERVICE_POINTS, id)?,
        None => None,
    };
    let mut action = json!({
        "id": uuid::Uuid::new_v4().to_string(), "userId": loan.text("userId"), "accountId": id,
        "source": staff.map(|staff| staff.personal_name()), "transactionInformation": "-", "balance": amount,
        "amountAction": amount, "notify": false, "typeAction": text_at(fee, "feeFineType"), "dateAction": written(now()),
    });
    if let Some(id) = place.and_then(|place| text_at(&place, "id")) {
        action["createdAt"] = id.into();
    }
    library.create(ACTIONS, action)?;
    Ok(())
}

fn lost_accounts(library: &Library<'_>, loan: &Loan) -> Step<Vec<Value>> {
    let mut found = accounts(library, &loan.id())?;
    found.retain(|account| {
        let kind = text_at(account, "feeFineType");
        matches!(kind.as_deref(), Some(LOST_FEE | PROCESSING_FEE))
            && text_at(account, "status.name").as_deref() == Some("Open")
    });
    Ok(found)
}

/// Whether the charge for a lost item can be cancelled here: payments are not refunded.
pub(crate) fn refundable(library: &Library<'_>, loan: &Loan, was_lost: bool) -> Step<()> {
    if !was_lost {
        return Ok(());
    }
    for account in lost_accounts(library, loan)? {
        if account.get("amount") != account.get("remaining") {
            return Err(
                not_emulated("the refund of payments for a lost item that is returned").into(),
            );
        }
    }
    Ok(())
}

/// Cancels the charges for a lost item that is returned, as far as its policy states that.
pub(crate) fn refund(library: &Library<'_>, loan: &mut Loan, was_lost: bool) -> Step<()> {
    if !was_lost {
        return Ok(());
    }
    let policy = loan.text("lostItemPolicyId");
    let policy = match &policy {
        Some(id) => library.get(LOST_POLICIES, id)?,
        None => None,
    };
    let Some(policy) = policy else {
        return Ok(());
    };
    // Only here is the policy looked up when an item comes in.
    loan.names.lost = text_at(&policy, "name");
    if !refunds(loan, &policy) {
        return Ok(());
    }
    for mut account in lost_accounts(library, loan)? {
        let processing = text_at(&account, "feeFineType").as_deref() == Some(PROCESSING_FEE);
        if processing && !flag(&policy, "returnedLostItemProcessingFee") {
            continue;
        }
        let id = text_at(&account, "id").unwrap_or_default();
        let was = account.get("remaining").cloned().unwrap_or_default();
        account["remaining"] = json!(0.0);
        account["status"] = json!({"name": "Closed"});
        account["paymentStatus"] = json!({"name": "Cancelled item returned"});
        library.replace(ACCOUNTS, &id, account)?;
        library.create(
            ACTIONS,
            json!({
                "id": uuid::Uuid::new_v4().to_string(), "userId": loan.text("userId"), "accountId": id, "balance": 0.0,
                "amountAction": was, "notify": false, "typeAction": "Cancelled item returned", "dateAction": written(now()),
            }),
        )?;
    }
    Ok(())
}

/// Whether a lost item came back in time for its fees to be taken back.
fn refunds(loan: &Loan, policy: &Value) -> bool {
    let lost = loan
        .moment("declaredLostDate")
        .or_else(|| loan.moment("agedToLostDate"));
    let within = policy.get("feesFinesShallRefunded");
    let Some((duration, interval)) = within.and_then(|within| {
        Some((
            within.get("duration")?.as_i64()?,
            text_at(within, "intervalId")?,
        ))
    }) else {
        return true;
    };
    lost.and_then(|lost| later(lost, duration, &interval))
        .is_none_or(|end| now() <= end)
}

/// Charges for an item that comes in late.
pub(crate) fn overdue_on_check_in(
    library: &Library<'_>,
    loan: &Loan,
    was_lost: bool,
    found_by_library: bool,
) -> Step<()> {
    let (Some(due), Some(returned)) = (loan.moment("dueDate"), loan.moment("returnDate")) else {
        return Ok(());
    };
    if due >= returned || found_by_library || was_lost && !charges_lost(library, loan)? {
        return Ok(());
    }
    overdue(library, loan, due, returned)
}

/// Charges for a loan that is renewed late, unless its policy forgives it.
pub(crate) fn overdue_on_renewal(library: &Library<'_>, before: &Loan, was_lost: bool) -> Step<()> {
    let Some(due) = before.moment("dueDate").filter(|due| *due < now()) else {
        return Ok(());
    };
    let policy = match before.text("overdueFinePolicyId") {
        Some(id) => library.get(OVERDUE_POLICIES, &id)?,
        None => None,
    };
    let forgives =
        policy.is_none_or(|policy| policy.get("forgiveOverdueFine") != Some(&Value::Bool(false)));
    if forgives || was_lost && !charges_lost(library, before)? {
        return Ok(());
    }
    overdue(library, before, due, now())
}

fn charges_lost(library: &Library<'_>, loan: &Loan) -> Step<bool> {
    let policy = match loan.text("lostItemPolicyId") {
        Some(id) => library.get(LOST_POLICIES, &id)?,
        None => None,
    };
    Ok(policy.is_some_and(|policy| {
        text_at(&policy, "lostItemReturned").as_deref() == Some("Charge") && refunds(loan, &policy)
    }))
}

/// Minutes of the intervals that fines and grace periods have.
fn minutes(interval: &str) -> f64 {
    match interval.to_ascii_lowercase().trim_end_matches('s') {
        "minute" => 1.0,
        "hour" => 60.0,
        "day" => 1_440.0,
        "week" => 10_080.0,
        "month" => 44_640.0,
        "year" => 525_600.0,
        _ => 0.0,
    }
}

fn overdue(library: &Library<'_>, loan: &Loan, due: Timestamp, until: Timestamp) -> Step<()> {
    let policy = match loan.text("overdueFinePolicyId") {
        Some(id) => library.get(OVERDUE_POLICIES, &id)?,
        None => None,
    };
    let (Some(policy), Some(item)) = (policy, &loan.item) else {
        return Ok(());
    };
    let recalled = loan.flag("dueDateChangedByRecall");
    let (fine, most) = if recalled {
        ("/overdueRecallFine", "/maxOverdueRecallFine")
    } else {
        ("/overdueFine", "/maxOverdueFine")
    };
    let per = amount(&policy, &format!("{fine}/quantity"));
    let interval = policy
        .pointer(fine)
        .and_then(|fine| text_at(fine, "intervalId"));
    let Some(length) = interval
        .map(|interval| minutes(&interval))
        .filter(|length| *length > 0.0 && per > 0.0)
    else {
        return Ok(());
    };
    if !flag(&policy, "countClosed") && library.has_calendars()? {
        return Err(
            not_emulated("fines that do not count the hours in which a library is closed").into(),
        );
    }
    let late = ((until.as_second() / 60) - (due.as_second() / 60)) as f64;
    let ignores_grace = recalled && policy.get("gracePeriodRecall") != Some(&Value::Bool(false));
    let grace = loan_policy(library, &loan.shown())?
        .and_then(|policy| {
            let grace = policy.pointer("/loansPolicy/gracePeriod")?;
            let length = minutes(&text_at(grace, "intervalId")?);
            Some(grace.get("duration")?.as_f64()? * length)
        })
        .unwrap_or(0.0);
    if late <= 0.0 || !ignores_grace && late <= grace {
        return Ok(());
    }
    let mut sum = per * (late / length).ceil();
    let most = amount(&policy, most);
    if most > 0.0 {
        sum = sum.min(most);
    }
    // Money is written with two digits.
    let sum = (sum * 100.0).round() / 100.0;
    let place = item
        .location
        .as_ref()
        .and_then(crate::modules::circulation::items::Location::primary_id);
    let owner = match &place {
        Some(place) => owner(library, place)?,
        None => None,
    };
    let fee = automatic(library, OVERDUE_FINE)?;
    if let (Some(owner), Some(fee)) = (owner, fee) {
        let at = loan.text("checkinServicePointId");
        charge(library, loan, item, &owner, &fee, sum, at.as_deref())?;
    }
    Ok(())
}
