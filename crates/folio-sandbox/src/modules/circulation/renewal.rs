//! `POST /circulation/renew-by-barcode` and `…/renew-by-id`.

use http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::facts::paths::OVERDUE_POLICIES;
use crate::modules::circulation::blocks::{self, Action, Overrides};
use crate::modules::circulation::due::{Circumstances, LoanPolicy, due_date_required};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::{self, Loan, more_than_one};
use crate::modules::circulation::people::{Active, Person};
use crate::modules::circulation::queue::{NOT_YET_FILLED, Queue, is_for, is_status, is_type};
use crate::modules::circulation::{fees, policies, sessions};
use crate::modules::library::Library;
use crate::modules::reply::{Block, Step, ValidationError, body, filled, shown, unless_rejected};
use crate::value::java::{now, written};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// How a loan is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Barcode,
    Id,
}

struct Renewal<'a, 'b> {
    library: &'a Library<'b>,
    overrides: Overrides,
    loan: Loan,
    item: Item,
    queue: Queue,
    rejections: Vec<ValidationError>,
}

pub(crate) fn respond(
    library: &Library<'_>,
    http_request: &HttpRequest,
    by: By,
) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let mut rejections = Vec::new();
    let (item, loan) = match by {
        By::Barcode => by_barcode(library, &fields)?,
        By::Id => by_id(library, &fields, &mut rejections)?,
    };
    let overrides = Overrides::of(fields.get("overrideBlocks"));
    Renewal {
        library,
        overrides,
        queue: Queue::of_what(library, &item)?,
        loan,
        item,
        rejections,
    }
    .done()
}

fn not_theirs(key: &str, value: Option<&str>) -> ValidationError {
    ValidationError::new(
        "Cannot renew item checked out to different user",
        key,
        value,
    )
}

fn no_borrower(loan: &Loan) -> ValidationError {
    ValidationError::new(
        "user is not found",
        "userId",
        loan.text("userId").as_deref(),
    )
}

fn by_barcode(library: &Library<'_>, fields: &Map<String, Value>) -> Step<(Item, Loan)> {
    let missing = |message: &str, key: &str| ValidationError::new(message, key, None);
    let barcode = filled(fields, "itemBarcode")
        .ok_or_else(|| missing("Renewal request must have an item barcode", "itemBarcode"))?;
    let user = filled(fields, "userBarcode")
        .ok_or_else(|| missing("Renewal request must have a user barcode", "userBarcode"))?;
    let Some(item) = Item::by_barcode(library, &barcode)? else {
        return Err(ValidationError::new(
            format!("No item with barcode {barcode} exists"),
            "itemBarcode",
            Some(&barcode),
        )
        .into());
    };
    let Some(loan) = Loan::open_of(library, &item)? else {
        // As recorded: the response is the same for no open loan and for several.
        return Err(more_than_one(&item.barcode()));
    };
    let Some(borrower) = &loan.borrower else {
        return Err(no_borrower(&loan).into());
    };
    if borrower.barcode().as_ref() != Some(&user) {
        return Err(not_theirs("userBarcode", Some(&user)).into());
    }
    Ok((item, loan))
}

fn by_id(
    library: &Library<'_>,
    fields: &Map<String, Value>,
    rejections: &mut Vec<ValidationError>,
) -> Step<(Item, Loan)> {
    let (id, user) = (filled(fields, "itemId"), filled(fields, "userId"));
    // A request without one of them is looked up as one of an unknown item.
    let complete = id.is_some() && user.is_some();
    let wanted = id
        .filter(|_| complete)
        .unwrap_or_else(|| "unknown item ID".to_owned());
    let item = if complete {
        Item::by_id(library, Some(&wanted))?
    } else {
        None
    };
    let Some(item) = item else {
        return Err(ValidationError::new(
            format!("No item with ID {wanted} exists"),
            "itemId",
            Some(&wanted),
        )
        .into());
    };
    let Some(loan) = Loan::open_of(library, &item)? else {
        return Err(more_than_one(&item.barcode()));
    };
    match &loan.borrower {
        None => return Err(no_borrower(&loan).into()),
        Some(borrower) if Some(borrower.id()) != user => {
            rejections.push(not_theirs("userId", user.as_deref()));
        }
        Some(_) => {}
    }
    Ok((item, loan))
}

impl Renewal<'_, '_> {
    fn lacks(&self, block: Block) -> Step<Option<&'static str>> {
        self.library.lacks_override(block)
    }

    fn done(mut self) -> Step<HttpResponse> {
        self.patron()?;
        let by_override = [Block::Renewal, Block::RenewalDueDateRequired]
            .into_iter()
            .any(|block| self.overrides.asks_for(block));
        if by_override {
            let refused = Overrides::insufficient(self.library, Block::Renewal)?;
            self.rejections.extend(refused);
        }
        let overdue = match self.loan.text("overdueFinePolicyId") {
            Some(id) => self.library.get(OVERDUE_POLICIES, &id)?,
            None => None,
        };
        self.loan.names.overdue = overdue.as_ref().and_then(|policy| text_at(policy, "name"));
        self.reminders(overdue.as_ref(), by_override);
        let group = self.loan.borrower.as_ref().and_then(Person::group_id);
        let policy = policies::loan(self.library, &self.item, group.as_deref())?;
        let before = self.loan.clone();
        let was_lost = self.item.is_lost();
        if by_override {
            self.override_renewal(&policy)?;
        } else {
            self.regular(&policy)?;
        }
        unless_rejected(&self.rejections)?;
        self.loan.names.loan = policy.name();
        let waiting = self.queue.requests.iter().any(|request| {
            is_type(request, "Recall")
                && is_status(request, NOT_YET_FILLED)
                && is_for(request, &self.item.id())
        });
        if self.loan.flag("dueDateChangedByRecall") && !waiting {
            self.loan.set("dueDateChangedByRecall", false);
        }
        if self.item.has_changed() {
            self.item.store(self.library)?;
        }
        self.loan.item = Some(self.item.clone());
        self.loan.store(self.library)?;
        fees::overdue_on_renewal(self.library, &before, was_lost)?;
        sessions::published(self.library)?;
        let location = format!("/circulation/loans/{}", self.loan.id());
        Ok(shown(StatusCode::OK, &self.loan.shown(), &loan::ORDER)
            .with_header(header::LOCATION, &location))
    }

    fn patron(&mut self) -> Step<()> {
        let Some(borrower) = self.loan.borrower.clone() else {
            return Ok(());
        };
        let inactive = match borrower.active() {
            Active::Yes => None,
            Active::No => Some((
                "Cannot renew loan when user is inactive or expired",
                "User is inactive.",
            )),
            Active::Unknown => Some((
                "Cannot determine if user is active.",
                "Cannot determine if user active.",
            )),
        };
        if let Some((message, reason)) = inactive {
            self.rejections
                .push(ValidationError::new(message, "reason", Some(reason)));
        }
        let refused = if self.overrides.asks_for(Block::Patron) {
            Overrides::insufficient(self.library, Block::Patron)?
                .into_iter()
                .collect()
        } else {
            blocks::manual(self.library, &borrower.id(), Action::Renew)?
        };
        self.rejections.extend(refused);
        Ok(())
    }

    /// Some policies do not renew items for which the patron got a reminder.
    fn reminders(&mut self, overdue: Option<&Value>, by_override: bool) {
        let reminded = self
            .loan
            .fields
            .get("reminders")
            .and_then(|reminders| reminders.pointer("/lastFeeBilled/number")?.as_u64());
        let forbids = overdue
            .and_then(|policy| {
                policy.pointer("/reminderFeesPolicy/allowRenewalOfItemsWithReminderFees")
            })
            .is_some_and(|allows| allows == false || allows == "False");
        if !by_override && reminded.is_some_and(|number| number > 0) && forbids {
            const WHY: &str = "Renewals not allowed for loans with reminders.";
            let rejection = ValidationError::new(WHY, "reason", Some(WHY));
            self.rejections.push(rejection);
        }
    }

    fn regular(&mut self, policy: &LoanPolicy) -> Step<()> {
        let renewal = self.lacks(Block::Renewal)?;
        let due_date = self.lacks(Block::RenewalDueDateRequired)?;
        let id = self.item.id();
        let loanable = policy.is_loanable();
        if !loanable {
            let rejection = policy.rejection("item is not loanable");
            self.rejections.push(due_date_required(rejection, due_date));
        }
        let status = self.item.status();
        let of_item =
            |status: &str| ValidationError::new(format!("item is {status}"), "itemId", Some(&id));
        if let Some(recall) = self.queue.recall_of(&id) {
            let rejection = ValidationError::new(
                "items cannot be renewed when there is an active recall request",
                "requestId",
                text_at(recall, "id").as_deref(),
            );
            self.rejections
                .push(rejection.block(Block::Renewal, renewal));
        }
        if self.item.is_lost() {
            self.rejections
                .push(of_item(&status).block(Block::Renewal, renewal));
        }
        if policy.limit_reached(self.loan.renewals()) {
            let rejection = policy.rejection("loan at maximum renewal number");
            self.rejections
                .push(rejection.block(Block::Renewal, renewal));
        }
        if !policy.is_renewable() {
            let rejection = policy.rejection("loan is not renewable");
            self.rejections.push(due_date_required(rejection, due_date));
        }
        let held = self.queue.first_is_hold(&id);
        if held {
            self.holds(policy, due_date);
        }
        if self.item.is("Claimed returned") {
            self.rejections.push(of_item(&status));
        }
        if !loanable {
            return Ok(());
        }
        let at = now();
        let current = self.loan.moment("dueDate").unwrap_or(at);
        let due = match policy.renewed(current, at, held) {
            Ok(due) if due > current => due,
            Ok(_) => {
                let rejection = policy.rejection("renewal would not change the due date");
                self.rejections.push(due_date_required(rejection, due_date));
                return Ok(());
            }
            Err(message) => {
                self.rejections
                    .push(due_date_required(policy.rejection(&message), due_date));
                return Ok(());
            }
        };
        unless_rejected(&self.rejections)?;
        if self.overrides.asks_for(Block::Patron) {
            self.renew(policy, "renewedThroughOverride");
            if let Some(comment) = self.overrides.comment() {
                self.loan.set("actionComment", comment);
            }
        } else {
            self.renew(policy, "renewed");
        }
        let service_point = self.loan.text("checkoutServicePointId").unwrap_or_default();
        let of = Circumstances {
            service_point: &service_point,
            loan_date: self.loan.moment("loanDate").unwrap_or(at),
            started: at,
            renewed_at: Some(at),
            patron_expires: self.loan.borrower.as_ref().and_then(Person::expires),
        };
        let (due, by_expiry) = policy.in_open_hours(self.library, due, &of)?;
        self.loan.by_expiry = by_expiry;
        self.loan.set("dueDate", written(due));
        Ok(())
    }

    fn holds(&mut self, policy: &LoanPolicy, due_date: Option<&'static str>) {
        let mut refuse = |message: &str| {
            self.rejections
                .push(due_date_required(policy.rejection(message), due_date));
        };
        if !policy.renews_with_hold() {
            refuse(
                "Items with this loan policy cannot be renewed when there is an active, pending hold request",
            );
        }
        if policy.is_fixed() && policy.has_alternate_renewal_for_holds() {
            refuse(
                "Item's loan policy has fixed profile but alternative renewal period for holds is specified",
            );
        }
        if policy.is_fixed() && policy.has_renewal_period() {
            refuse("Item's loan policy has fixed profile but renewal period is specified");
        }
    }

    fn renew(&mut self, policy: &LoanPolicy, action: &str) {
        let renewals = self.loan.renewals() + 1;
        self.loan.set("action", action);
        self.loan.fields.remove("actionComment");
        self.loan.fields.remove("reminders");
        if let Some(id) = policy.id() {
            self.loan.set("loanPolicyId", id);
        }
        self.loan.set("renewalCount", renewals);
    }

    fn override_renewal(&mut self, policy: &LoanPolicy) -> Step<()> {
        unless_rejected(&self.rejections)?;
        let comment = self
            .overrides
            .comment()
            .filter(|comment| !comment.trim().is_empty());
        let Some(comment) = comment else {
            self.rejections.push(ValidationError::new(
                "Override renewal request must have a comment",
                "comment",
                None,
            ));
            return Ok(());
        };
        let at = now();
        let current = self.loan.moment("dueDate").unwrap_or(at);
        let given = self
            .overrides
            .due_date(Block::RenewalDueDateRequired)
            .map(|(due, _)| due);
        let proposed = policy.renewed(current, at, false);
        let required = |message: &str| ValidationError::new(message, "dueDate", Some("null"));
        let due = if !policy.is_loanable() || !policy.is_renewable() || proposed.is_err() {
            given.ok_or_else(|| {
                required("New due date must be specified when due date calculation fails")
            })
        } else {
            let later = proposed
                .as_ref()
                .ok()
                .filter(|due| **due > current)
                .copied();
            let expected = policy.limit_reached(self.loan.renewals())
                || self.queue.recall_of(&self.item.id()).is_some()
                || self.item.is_lost()
                || later.is_none()
                || self.loan.fields.contains_key("reminders");
            match later.or(given) {
                _ if !expected => Err(policy.rejection("Override renewal does not match any of expected cases: item is not loanable, item is not renewable, reached number of renewals limit,renewal date falls outside of the date ranges in the loan policy, items cannot be renewed when there is an active recall request, item is Declared lost, item is Aged to lost, renewal would not change the due date, loan has reminder fees")),
                None => Err(required(
                    "New due date is required when renewal would not change the due date",
                )),
                Some(due) if due <= current => {
                    Err(policy.rejection("renewal would not change the due date"))
                }
                Some(due) => Ok(due),
            }
        };
        match due {
            Err(rejection) => self.rejections.push(rejection),
            Ok(due) => {
                if self.item.is_lost() {
                    fees::refundable(self.library, &self.loan, true)?;
                    fees::refund(self.library, &mut self.loan, true)?;
                    self.loan.fields.remove("agedToLostDelayedBilling");
                }
                self.renew(policy, "renewedThroughOverride");
                self.loan.set("actionComment", comment);
                self.loan.set("dueDate", written(due));
                self.item.set_status("Checked out");
            }
        }
        Ok(())
    }
}
