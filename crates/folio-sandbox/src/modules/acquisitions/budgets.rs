//! The budgets that transactions change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::collections::acquisitions::{decimal, double};
use crate::facts::paths::BUDGETS;
use crate::modules::acquisitions::errors::failed;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;
use crate::wire::rmb;

pub(super) fn amount(value: &Value, pointer: &str) -> i128 {
    decimal(value.pointer(pointer))
}

/// The budgets that a batch changes, by fund and fiscal year.
pub(super) type Budgets = BTreeMap<(String, String), Value>;

pub(super) fn budget_of<'b>(
    budgets: &'b mut Budgets,
    one: &Value,
    fund: &str,
) -> Option<&'b mut Value> {
    let key = (text_at(one, fund)?, text_at(one, "fiscalYearId")?);
    budgets.get_mut(&key)
}

pub(super) fn add(budget: &mut Value, field: &str, change: i128) {
    let now = amount(budget, &format!("/{field}"));
    budget[field] = double(now + change);
}

pub(super) fn budgets<'t>(
    state: &State,
    caller: &Caller,
    transactions: impl Iterator<Item = &'t Value>,
) -> rusqlite::Result<Result<Budgets, HttpResponse>> {
    let stored = state.store.all(&caller.tenant, BUDGETS)?;
    let mut found = Budgets::new();
    let mut missing = Vec::new();
    for one in transactions {
        for field in ["fromFundId", "toFundId"] {
            let (Some(fund), Some(year)) = (text_at(one, field), text_at(one, "fiscalYearId"))
            else {
                continue;
            };
            let budget = stored.iter().find(|budget| {
                text_at(budget, "fundId").as_ref() == Some(&fund)
                    && text_at(budget, "fiscalYearId").as_ref() == Some(&year)
            });
            match budget {
                Some(budget) => {
                    found.entry((fund, year)).or_insert_with(|| budget.clone());
                }
                None if !missing.contains(&fund) => missing.push(fund),
                None => {}
            }
        }
    }
    if missing.is_empty() {
        return Ok(Ok(found));
    }
    Ok(Err(failed(&format!(
        "Could not find some budgets in the database, fund ids=[{}]",
        missing.join(", ")
    ))))
}

pub(super) fn metadata(user: &str, stored: Option<&Value>) -> Value {
    let now = rmb::now();
    let mut metadata = match stored.and_then(|stored| stored.get("metadata")) {
        Some(metadata) => metadata.clone(),
        None => json!({"createdDate": now, "createdByUserId": user}),
    };
    metadata["updatedDate"] = now.into();
    metadata["updatedByUserId"] = user.into();
    metadata
}
