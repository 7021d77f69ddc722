//! The policies of loans and requests, as the rules select them.

use serde_json::Value;

use crate::facts::paths::{LOAN_POLICIES, LOST_POLICIES, OVERDUE_POLICIES};
use crate::modules::circulation::due::LoanPolicy;
use crate::modules::circulation::items::Item;
use crate::modules::circulation::rules::routes::{ChosenPolicy, PolicyKind, policy_of, question};
use crate::modules::library::Library;
use crate::modules::reply::{Step, failed};
use crate::value::json::text_at;

fn given(
    library: &Library<'_>,
    kind: PolicyKind,
    item: &Item,
    group: Option<&str>,
) -> Step<ChosenPolicy> {
    let unable = |what: &str| -> crate::modules::reply::Stop {
        failed(format!("Unable to apply circulation rules to {what}")).into()
    };
    // In the order in which mod-circulation checks them.
    let Some(group) = group else {
        return Err(unable("a user with null value as patronGroupId"));
    };
    if item.text("effectiveLocationId").is_none() {
        return Err(unable("an item with null value as locationId"));
    }
    if item.loan_type_id().is_none() {
        return Err(unable("an item which loan type can not be determined"));
    }
    if item.text("materialTypeId").is_none() {
        return Err(unable("an item with null value as materialTypeId"));
    }
    policy_of(library, kind, &question(item, Some(group)))
}

/// The policy that the rules name; it must be there.
fn looked_up(
    library: &Library<'_>,
    kind: PolicyKind,
    given: &ChosenPolicy,
    name: &str,
) -> Step<Value> {
    library.get(kind.path(), &given.id)?.ok_or_else(|| {
        failed(format!(
            "{name} policy {} could not be found, please check circulation rules",
            given.id
        ))
        .into()
    })
}

pub(crate) fn loan(library: &Library<'_>, item: &Item, group: Option<&str>) -> Step<LoanPolicy> {
    let given = given(library, PolicyKind::Loan, item, group)?;
    let record = looked_up(library, PolicyKind::Loan, &given, "Loan")?;
    LoanPolicy::of(library, record, Some(given))
}

pub(crate) fn overdue(library: &Library<'_>, item: &Item, group: Option<&str>) -> Step<Value> {
    let given = given(library, PolicyKind::OverdueFine, item, group)?;
    looked_up(library, PolicyKind::OverdueFine, &given, "Overdue fine")
}

pub(crate) fn lost(library: &Library<'_>, item: &Item, group: Option<&str>) -> Step<Value> {
    let given = given(library, PolicyKind::LostItem, item, group)?;
    looked_up(library, PolicyKind::LostItem, &given, "Lost item")
}

/// A policy of requests.
#[derive(Clone, Debug)]
pub(crate) struct RequestPolicy(pub(crate) Value);

impl RequestPolicy {
    pub(crate) fn of(library: &Library<'_>, item: &Item, group: Option<&str>) -> Step<Self> {
        let given = given(library, PolicyKind::Request, item, group)?;
        Ok(Self(looked_up(
            library,
            PolicyKind::Request,
            &given,
            "Request",
        )?))
    }

    pub(crate) fn id(&self) -> Option<String> {
        text_at(&self.0, "id")
    }

    pub(crate) fn allows(&self, kind: &str) -> bool {
        let kinds = self.0.get("requestTypes").and_then(Value::as_array);
        kinds.is_some_and(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .any(|own| own.eq_ignore_ascii_case(kind))
        })
    }

    /// The service points for pickups that are allowed for a type of request; all where it names
    /// none.
    pub(crate) fn service_points(&self, kind: &str) -> Option<Vec<&str>> {
        let list = self.0.get("allowedServicePoints")?.get(kind)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }
}

/// The policies that a stored loan names.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfLoan {
    pub(crate) loan: Option<Value>,
    pub(crate) overdue: Option<Value>,
    pub(crate) lost: Option<Value>,
}

impl OfLoan {
    pub(crate) fn of(library: &Library<'_>, loan: &Value) -> Step<Self> {
        Ok(Self {
            loan: library.referred(LOAN_POLICIES, loan, "loanPolicyId")?,
            overdue: library.referred(OVERDUE_POLICIES, loan, "overdueFinePolicyId")?,
            lost: library.referred(LOST_POLICIES, loan, "lostItemPolicyId")?,
        })
    }
}
