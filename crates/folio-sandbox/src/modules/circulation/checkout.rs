//! `POST /circulation/check-out-by-barcode`. All errors of a check-out are collected and reported
//! at once.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::modules::circulation::blocks::{self, Action, Overrides};
use crate::modules::circulation::due::{Circumstances, LoanPolicy};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::{self, Loan, group_summary, open_loans};
use crate::modules::circulation::people::{Active, Person};
use crate::modules::circulation::queue::{At, FILLED, Queue};
use crate::modules::circulation::requests::stored::store as store_request;
use crate::modules::circulation::{policies, sessions};
use crate::modules::library::Library;
use crate::modules::reply::{
    Block, Step, ValidationError, body, failed, filled, shown, text, unless_rejected,
};
use crate::value::java::{moment, now, written};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

const THROUGH_OVERRIDE: &str = "checkedOutThroughOverride";

struct CheckOut<'a, 'b> {
    library: &'a Library<'b>,
    overrides: Overrides,
    item_barcode: Option<String>,
    user_barcode: Option<String>,
    proxy_barcode: Option<String>,
    loan: Loan,
    rejections: Vec<ValidationError>,
}

pub(crate) fn respond(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let mut loan = Map::new();
    loan.insert("id".to_owned(), uuid::Uuid::new_v4().to_string().into());
    loan.insert(
        "checkoutServicePointId".to_owned(),
        text(&fields, "servicePointId").into(),
    );
    loan.insert(
        "loanDate".to_owned(),
        filled(&fields, "loanDate")
            .unwrap_or_else(|| written(now()))
            .into(),
    );
    CheckOut {
        library,
        overrides: Overrides::of(fields.get("overrideBlocks")),
        item_barcode: text(&fields, "itemBarcode"),
        user_barcode: text(&fields, "userBarcode"),
        proxy_barcode: filled(&fields, "proxyUserBarcode"),
        loan: Loan::new(loan),
        rejections: Vec::new(),
    }
    .done()
}

fn no_user(key: &str, barcode: Option<&str>) -> ValidationError {
    ValidationError::new("Could not find user with matching barcode", key, barcode)
        .code("USER_BARCODE_NOT_FOUND")
}

impl CheckOut<'_, '_> {
    fn done(mut self) -> Step<HttpResponse> {
        let service_point = self.loan.text("checkoutServicePointId");
        if service_point
            .as_deref()
            .is_none_or(|id| id.trim().is_empty())
        {
            self.rejections.push(ValidationError::new(
                "Check out must be performed at a service point",
                "servicePointId",
                service_point.as_deref(),
            ));
        }
        self.patron()?;
        let item = self.item()?;
        let (policy, queue) = self.policy(item.as_ref())?;
        unless_rejected(&self.rejections)?;
        let (Some(item), Some(policy)) = (item, policy) else {
            return Err(failed("Unable to apply circulation rules for item that is null").into());
        };
        self.lend(item, &policy, queue)
    }

    /// The borrower, and the proxy.
    fn patron(&mut self) -> Step<()> {
        let borrower = match &self.user_barcode {
            Some(barcode) => Person::by_barcode(self.library, barcode)?,
            None => None,
        };
        match &borrower {
            None => self
                .rejections
                .push(no_user("userBarcode", self.user_barcode.as_deref())),
            Some(_) if self.overrides.asks_for(Block::Patron) => {
                let refused = self.overridden(Block::Patron)?;
                self.rejections.extend(refused);
            }
            Some(borrower) => self.rejections.extend(blocks::manual(
                self.library,
                &borrower.id(),
                Action::Borrow,
            )?),
        }
        let proxy = match &self.proxy_barcode {
            Some(barcode) => {
                let proxy = Person::by_barcode(self.library, barcode)?;
                if proxy.is_none() {
                    self.rejections
                        .push(no_user("proxyUserBarcode", Some(barcode)));
                }
                proxy
            }
            None => None,
        };
        for (person, key, barcode, unknown, inactive) in [
            (
                &borrower,
                "userBarcode",
                &self.user_barcode,
                "Cannot determine if user is active or not",
                "Cannot check out to inactive user",
            ),
            (
                &proxy,
                "proxyUserBarcode",
                &self.proxy_barcode,
                "Cannot determine if proxying user is active or not",
                "Cannot check out via inactive proxying user",
            ),
        ] {
            let message = match person.as_ref().map(Person::active) {
                Some(Active::Unknown) => unknown,
                Some(Active::No) => inactive,
                _ => continue,
            };
            self.rejections
                .push(ValidationError::new(message, key, barcode.as_deref()));
        }
        if let (Some(borrower), Some(proxy)) = (&borrower, &proxy) {
            let refused = blocks::proxy(
                self.library,
                &borrower.id(),
                &proxy.id(),
                ValidationError::new(
                    "Cannot check out item via proxy when relationship is invalid",
                    "proxyUserBarcode",
                    self.proxy_barcode.as_deref(),
                ),
            )?;
            self.rejections.extend(refused);
        }
        if let Some(borrower) = borrower {
            self.loan.set("userId", borrower.id());
            self.loan.borrower = Some(borrower);
        }
        if let Some(proxy) = proxy {
            self.loan.set("proxyUserId", proxy.id());
        }
        Ok(())
    }

    fn item(&mut self) -> Step<Option<Item>> {
        let barcode = self.item_barcode.as_deref();
        let item = match barcode {
            Some(barcode) => Item::by_barcode(self.library, barcode)?,
            None => None,
        };
        let Some(item) = item else {
            self.rejections.push(ValidationError::new(
                format!(
                    "No item with barcode {} could be found",
                    barcode.unwrap_or("null")
                ),
                "itemBarcode",
                barcode,
            ));
            return Ok(None);
        };
        if item.is("Checked out") {
            self.rejections.push(ValidationError::new(
                "Item is already checked out",
                "itemBarcode",
                barcode,
            ));
        }
        if [
            "Declared lost",
            "Claimed returned",
            "Intellectual item",
            "Aged to lost",
        ]
        .iter()
        .any(|status| item.is(status))
        {
            self.rejections.push(ValidationError::new(
                wrong_status(&item, "and cannot be checked out"),
                "itemBarcode",
                item.text("barcode").as_deref(),
            ));
        }
        if !open_loans(self.library, "itemId", &item.id())?.is_empty() {
            self.rejections.push(
                ValidationError::new(
                    "Cannot check out item that already has an open loan",
                    "itemBarcode",
                    barcode,
                )
                .code("ITEM_HAS_OPEN_LOAN"),
            );
        }
        Ok(Some(item))
    }

    fn policy(&mut self, item: Option<&Item>) -> Step<(Option<LoanPolicy>, Queue)> {
        let (Some(item), Some(borrower)) = (item, self.loan.borrower.clone()) else {
            return Ok((None, Queue::default()));
        };
        let queue = Queue::of_what(self.library, item)?;
        if let Some(request) = queue.filled_by(self.library, item, At::CheckOut)?
            && text_at(&request, "requesterId").as_ref() != Some(&borrower.id())
        {
            let message = format!(
                "{} (Barcode: {}) cannot be checked out to user {} because it has been requested by another patron",
                item.title().unwrap_or_else(|| "null".to_owned()),
                item.barcode(),
                borrower.personal_name()
            );
            self.rejections.push(ValidationError::new(
                message,
                "userBarcode",
                self.user_barcode.as_deref(),
            ));
        }
        let policy = policies::loan(self.library, item, borrower.group_id().as_deref())?;
        self.limit(&policy, item, &borrower)?;
        if self.overrides.asks_for(Block::NotLoanable) {
            let refused = self.overridden(Block::NotLoanable)?;
            self.rejections.extend(refused);
        } else if !policy.is_loanable() {
            let barcode = self.item_barcode.as_deref();
            let rejection = policy
                .rejection_of("Item is not loanable", barcode)
                .code("ITEM_NOT_LOANABLE");
            let lacks = self.library.lacks_override(Block::NotLoanable)?;
            self.rejections
                .push(rejection.block(Block::NotLoanable, lacks));
        }
        Ok((Some(policy), queue))
    }

    /// A policy may limit the number of a patron's items, if its rule refers to the material type
    /// or the loan type.
    fn limit(&mut self, policy: &LoanPolicy, item: &Item, borrower: &Person) -> Step<()> {
        if self.overrides.asks_for(Block::ItemLimit) {
            let refused = self.overridden(Block::ItemLimit)?;
            self.rejections.extend(refused);
            return Ok(());
        }
        let (Some(limit), Some(given)) = (policy.item_limit(), &policy.given) else {
            return Ok(());
        };
        if !given.material_type && !given.loan_type {
            return Ok(());
        }
        let mut count = 0;
        for loan in open_loans(self.library, "userId", &borrower.id())? {
            let lent = Item::by_id(self.library, text_at(&loan, "itemId").as_deref())?;
            let Some(lent) = lent else { continue };
            let same_material = lent.text("materialTypeId") == item.text("materialTypeId");
            let same_loan_type = lent.loan_type_id() == item.loan_type_id();
            if !lent.is("Claimed returned")
                && (!given.material_type || same_material)
                && (!given.loan_type || same_loan_type)
            {
                count += 1;
            }
        }
        if count < limit {
            return Ok(());
        }
        let (what, code) = match (given.patron_group, given.material_type, given.loan_type) {
            (true, true, true) => (
                "for combination of patron group, material type and loan type",
                "ITEM_LIMIT_PATRON_GROUP_MATERIAL_TYPE_LOAN_TYPE",
            ),
            (true, true, false) => (
                "for combination of patron group and material type",
                "ITEM_LIMIT_PATRON_GROUP_MATERIAL_TYPE",
            ),
            (true, false, _) => (
                "for combination of patron group and loan type",
                "ITEM_LIMIT_PATRON_GROUP_LOAN_TYPE",
            ),
            (false, true, true) => (
                "for combination of material type and loan type",
                "ITEM_LIMIT_MATERIAL_TYPE_LOAN_TYPE",
            ),
            (false, true, false) => ("for material type", "ITEM_LIMIT_MATERIAL_TYPE"),
            (false, false, _) => ("for loan type", "ITEM_LIMIT_LOAN_TYPE"),
        };
        let rejection = ValidationError::with(
            format!("Patron has reached maximum limit of {limit} items {what}"),
            &[
                ("itemBarcode", self.item_barcode.as_deref()),
                ("itemLimit", Some(&limit.to_string())),
            ],
        )
        .code(code);
        let lacks = self.library.lacks_override(Block::ItemLimit)?;
        self.rejections
            .push(rejection.block(Block::ItemLimit, lacks));
        Ok(())
    }

    /// Overrides a block, or returns the reason why that is denied.
    fn overridden(&mut self, block: Block) -> Step<Option<ValidationError>> {
        if let Some(rejection) = Overrides::insufficient(self.library, block)? {
            return Ok(Some(rejection));
        }
        let Some(comment) = self.overrides.comment() else {
            return Ok(Some(ValidationError::new(
                "Override should be performed with the comment specified",
                "comment",
                None,
            )));
        };
        if self.overrides.asks_for(Block::NotLoanable) {
            let Some((due, raw)) = self.overrides.due_date(Block::NotLoanable) else {
                return Ok(Some(ValidationError::new(
                    "Override should be performed with due date specified",
                    "dueDate",
                    None,
                )));
            };
            let start = self.loan.text("loanDate").unwrap_or_default();
            let start = moment(&start).map_err(failed)?;
            if due <= start {
                return Ok(Some(ValidationError::new(
                    "Due date should be later than loan date",
                    "dueDate",
                    Some(&raw),
                )));
            }
            self.loan.set("dueDate", written(due));
        }
        self.loan.set("action", THROUGH_OVERRIDE);
        self.loan.set("actionComment", comment);
        Ok(None)
    }

    /// Nothing is wrong: the item is lent.
    fn lend(mut self, mut item: Item, policy: &LoanPolicy, mut queue: Queue) -> Step<HttpResponse> {
        let library = self.library;
        let borrower = self.loan.borrower.clone();
        let group_id = borrower.as_ref().and_then(Person::group_id);
        let overdue = policies::overdue(library, &item, group_id.as_deref())?;
        let lost = policies::lost(library, &item, group_id.as_deref())?;
        let loan = &mut self.loan;
        loan.set("itemId", item.id());
        loan.set(
            "itemEffectiveLocationIdAtCheckOut",
            item.text("effectiveLocationId").unwrap_or_default(),
        );
        for (name, record) in [
            ("loanPolicyId", &policy.record),
            ("overdueFinePolicyId", &overdue),
            ("lostItemPolicyId", &lost),
        ] {
            loan.set(name, text_at(record, "id").unwrap_or_default());
        }
        loan.names = loan::PolicyNames {
            loan: policy.name(),
            overdue: text_at(&overdue, "name"),
            lost: text_at(&lost, "name"),
        };
        let loan_date = loan.text("loanDate").unwrap_or_default();
        let loan_date = moment(&loan_date).map_err(|message| {
            // The response to this failure contains the Java stack.
            failed(format!(
                "{message}\njava.time.format.DateTimeParseException: {message}\n\tat java.base/java.time.format.DateTimeFormatter.parseResolved0(DateTimeFormatter.java:2052)\n"
            ))
        })?;
        let service_point = loan.text("checkoutServicePointId").unwrap_or_default();
        let of = Circumstances {
            service_point: &service_point,
            loan_date,
            started: loan_date,
            renewed_at: None,
            patron_expires: borrower.as_ref().and_then(Person::expires),
        };
        let through_override = loan.text("action").as_deref() == Some(THROUGH_OVERRIDE)
            && loan.fields.contains_key("dueDate");
        if !through_override {
            let held = queue.has_waiting_hold(&item.id()) && policy.has_alternate_period();
            let due = policy
                .first(loan_date, held)
                .map_err(|message| policy.rejection(&message))?;
            loan.by_hold = held && !policy.is_fixed();
            let (due, by_expiry) = policy.in_open_hours(library, due, &of)?;
            loan.by_expiry = by_expiry;
            loan.set("dueDate", written(due));
        }
        item.set_status("Checked out");
        fill_request(library, &item, &mut queue)?;
        if queue.recall_of(&item.id()).is_some() && !loan.flag("dueDateChangedByRecall") {
            let due = loan.moment("dueDate").unwrap_or(loan_date);
            let due = policy
                .recalled(loan_date, due)
                .map_err(|message| policy.rejection(&message))?;
            loan.set("dueDateChangedByRecall", true);
            let now_of = Circumstances {
                started: now(),
                ..of
            };
            let (due, by_expiry) = policy.in_open_hours(library, due, &now_of)?;
            loan.by_expiry |= by_expiry;
            loan.set("dueDate", written(due));
        }
        let group = match &borrower {
            Some(borrower) => borrower.group(library)?,
            None => None,
        };
        if let Some(group) = &group {
            loan.set("patronGroupAtCheckout", group_summary(group));
        }
        item.store(library)?;
        loan.group = group;
        loan.item = Some(item);
        loan.create(library)?;
        sessions::add(library, loan, "Check-out", None)?;
        let location = format!("/circulation/loans/{}", loan.id());
        // Events that cannot be published make it a partial success.
        let status = if sessions::published(library).is_ok() {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok(shown(status, &loan.shown(), &loan::ORDER).with_header(header::LOCATION, &location))
    }
}

/// The request that an item fills is done with.
pub(crate) fn fill_request(library: &Library<'_>, item: &Item, queue: &mut Queue) -> Step<()> {
    let Some(mut request) = queue.filled_by(library, item, At::CheckIn)? else {
        return Ok(());
    };
    let id = text_at(&request, "id").unwrap_or_default();
    request["status"] = json!(FILLED);
    if let Some(fields) = request.as_object_mut() {
        fields.remove("position");
    }
    queue.remove(&id);
    store_request(library, &request)?;
    queue.store_positions(library)
}

/// `Title (material) (Barcode: b) has the item status S …`.
pub(crate) fn wrong_status(item: &Item, and: &str) -> String {
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    format!(
        "{} ({}) (Barcode: {}) has the item status {} {and}",
        or_null(item.title()),
        or_null(item.material_name()),
        item.barcode(),
        item.status()
    )
}

/// The value of a loan's policies where only their names are shown.
pub(crate) fn name_of(policy: Option<&Value>) -> Option<String> {
    policy.and_then(|policy| text_at(policy, "name"))
}
