//! A loan: in the form of the storage module, and in the form of mod-circulation.

use serde_json::{Map, Value, json};

use crate::facts::paths::LOANS;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, absent, failed, ignored_response};
use crate::value::java::moment;
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;

/// The order in which the fields of a loan are shown.
pub(crate) const ORDER: [&str; 34] = [
    "id",
    "userId",
    "proxyUserId",
    "itemId",
    "itemEffectiveLocationIdAtCheckOut",
    "status",
    "loanDate",
    "dueDate",
    "action",
    "actionComment",
    "renewalCount",
    "loanPolicyId",
    "checkoutServicePointId",
    "claimedReturnedDate",
    "declaredLostDate",
    "dueDateChangedByRecall",
    "overdueFinePolicyId",
    "lostItemPolicyId",
    "metadata",
    "patronGroupAtCheckout",
    "returnDate",
    "systemReturnDate",
    "checkinServicePointId",
    "item",
    "checkinServicePoint",
    "checkoutServicePoint",
    "borrower",
    "loanPolicy",
    "overdueFinePolicy",
    "lostItemPolicy",
    "feesAndFines",
    "reminders",
    "dueDateChangedByHold",
    "dueDateChangedByNearExpireUser",
];

/// A loan, and its referenced records.
#[derive(Clone, Debug)]
pub(crate) struct Loan {
    pub(crate) fields: Map<String, Value>,
    pub(crate) item: Option<Item>,
    pub(crate) borrower: Option<Person>,
    /// The group of the borrower, where it was looked up.
    pub(crate) group: Option<Value>,
    pub(crate) names: PolicyNames,
    pub(crate) service_points: [Option<Value>; 2],
    /// The open amount.
    pub(crate) remaining: f64,
    pub(crate) by_hold: bool,
    pub(crate) by_expiry: bool,
}

/// The names of the policies, as far as they were looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyNames {
    pub(crate) loan: Option<String>,
    pub(crate) overdue: Option<String>,
    pub(crate) lost: Option<String>,
}

impl Loan {
    pub(crate) fn new(mut fields: Map<String, Value>) -> Self {
        // A required field that a loan lacks.
        fields
            .entry("status")
            .or_insert_with(|| json!({"name": "Open"}));
        fields
            .entry("action")
            .or_insert_with(|| "checkedout".into());
        Self {
            fields,
            item: None,
            borrower: None,
            group: None,
            names: PolicyNames::default(),
            service_points: [None, None],
            remaining: 0.0,
            by_hold: false,
            by_expiry: false,
        }
    }

    fn of(library: &Library<'_>, record: &Value) -> Step<Self> {
        let mut loan = Self::new(Library::fields(record));
        loan.item = Item::by_id(library, loan.text("itemId").as_deref())?;
        loan.borrower = Person::by_id(library, loan.text("userId").as_deref())?;
        Ok(loan)
    }

    /// The loan of an id.
    pub(crate) fn by_id(library: &Library<'_>, id: &str) -> Step<Self> {
        let found = if is_uuid(id) {
            library.get(LOANS, id)?
        } else {
            None
        };
        match found {
            Some(record) => Self::of(library, &record),
            None => Err(absent("loan", id).into()),
        }
    }

    /// The open loan of an item; several are an error.
    pub(crate) fn open_of(library: &Library<'_>, item: &Item) -> Step<Option<Self>> {
        let mut found = open_loans(library, "itemId", &item.id())?;
        match found.len() {
            0 => Ok(None),
            1 => {
                let mut loan = Self::new(Library::fields(&found.remove(0)));
                loan.borrower = Person::by_id(library, loan.text("userId").as_deref())?;
                loan.item = Some(item.clone());
                Ok(Some(loan))
            }
            _ => Err(more_than_one(&item.barcode())),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        crate::modules::reply::text(&self.fields, name)
    }

    pub(crate) fn id(&self) -> String {
        self.text("id").unwrap_or_default()
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    pub(crate) fn status(&self) -> Option<&str> {
        self.fields.get("status")?.get("name")?.as_str()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.status() == Some("Closed")
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status() == Some("Open")
    }

    pub(crate) fn moment(&self, name: &str) -> Option<jiff::Timestamp> {
        moment(&self.text(name)?).ok()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.fields.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(crate) fn renewals(&self) -> u64 {
        let count = self.fields.get("renewalCount");
        count.and_then(Value::as_u64).unwrap_or(0)
    }

    /// Closes the loan with an action.
    pub(crate) fn close(&mut self, action: &str) {
        self.set("status", json!({"name": "Closed"}));
        self.set("action", action);
        self.fields.remove("actionComment");
    }

    /// Gives the item another status.
    pub(crate) fn set_item_status(&mut self, status: &str) {
        if let Some(item) = &mut self.item {
            item.set_status(status);
        }
    }

    fn stored(&self) -> Value {
        let mut fields = self.fields.clone();
        let group = fields.get("patronGroupAtCheckout").cloned();
        for name in [
            "metadata",
            "borrower",
            "item",
            "checkinServicePoint",
            "checkoutServicePoint",
            "patronGroupAtCheckout",
            "itemStatus",
            "loanPolicy",
            "feesAndFines",
            "overdueFinePolicy",
            "lostItemPolicy",
            "dueDateChangedByHold",
            "dueDateChangedByNearExpireUser",
        ] {
            fields.remove(name);
        }
        if let Some(id) = self.group.as_ref().and_then(|group| text_at(group, "id")) {
            fields.insert("patronGroupIdAtCheckout".to_owned(), id.into());
        }
        if let Some(id) = group.and_then(|group| text_at(&group, "id")) {
            fields.insert("patronGroupIdAtCheckout".to_owned(), id.into());
        }
        if let Some(item) = &self.item {
            fields.insert("itemStatus".to_owned(), item.status().into());
        }
        Value::Object(fields)
    }

    /// Stores a new loan; its fields are then those of the storage module.
    pub(crate) fn create(&mut self, library: &Library<'_>) -> Step<()> {
        let stored = library.create(LOANS, self.stored())?;
        self.fields = Library::fields(&stored);
        Ok(())
    }

    /// Stores a changed loan. Whether the storage module takes it, mod-circulation does not look
    /// at.
    pub(crate) fn store(&self, library: &Library<'_>) -> Step<()> {
        ignored_response(library.replace(LOANS, &self.id(), self.stored()).map(drop))
    }

    /// The loan as mod-circulation shows it.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.fields.clone();
        shown.remove("itemStatus");
        shown.remove("agedToLostDelayedBilling");
        if let Some(item) = &self.item {
            shown.insert("item".to_owned(), item.summary());
        }
        if self.by_expiry {
            shown.insert("dueDateChangedByNearExpireUser".to_owned(), true.into());
        }
        if self.by_hold {
            shown.insert("dueDateChangedByHold".to_owned(), true.into());
        }
        let [checkin, checkout] = &self.service_points;
        for (name, record) in [
            ("checkinServicePoint", checkin),
            ("checkoutServicePoint", checkout),
        ] {
            if let Some(record) = record {
                shown.insert(
                    name.to_owned(),
                    crate::modules::circulation::items::service_point(record),
                );
            }
        }
        match &self.borrower {
            Some(borrower) => {
                shown.insert("borrower".to_owned(), borrower.borrower());
                if let Some(group) = &self.group {
                    shown.insert("patronGroupAtCheckout".to_owned(), group_summary(group));
                }
            }
            None => {
                shown.remove("borrower");
            }
        }
        for (name, policy) in [
            ("loanPolicy", &self.names.loan),
            ("overdueFinePolicy", &self.names.overdue),
            ("lostItemPolicy", &self.names.lost),
        ] {
            let mut summary = match shown.get(name) {
                Some(Value::Object(known)) => known.clone(),
                _ => Map::new(),
            };
            summary.insert("name".to_owned(), policy.clone().into());
            shown.insert(name.to_owned(), Value::Object(summary));
        }
        shown.insert(
            "feesAndFines".to_owned(),
            json!({"amountRemainingToPay": self.remaining}),
        );
        shown.remove("patronGroupIdAtCheckout");
        Value::Object(shown)
    }
}

pub(crate) fn group_summary(group: &Value) -> Value {
    json!({"id": text_at(group, "id"), "name": text_at(group, "group")})
}

pub(crate) fn more_than_one(barcode: &str) -> crate::modules::reply::Stop {
    failed(format!("More than one open loan for item {barcode}")).into()
}

/// The open loans of an item or a user.
pub(crate) fn open_loans(library: &Library<'_>, field: &str, id: &str) -> Step<Vec<Value>> {
    let query = format!("status.name==\"Open\" and {}", exactly(field, id));
    library.find(LOANS, &query)
}
