//! Batches of transactions of mod-finance-storage, which change budgets. Allocations, transfers and
//! encumbrances are emulated. Payments get 501.

use http::StatusCode;
use serde_json::Value;

use crate::collections::acquisitions::{self, TRANSACTIONS};
use crate::facts::paths::BUDGETS;
use crate::modules::acquisitions::budgets::{Budgets, add, amount, budget_of, budgets, metadata};
use crate::modules::acquisitions::encumbrances::{taken, updated};
use crate::modules::acquisitions::errors::{bad, error, not_emulated};
use crate::modules::acquisitions::transaction_batch::Batch;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// `POST /finance-storage/transactions/batch-all-or-nothing`.
pub(super) fn batch(state: &mut State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let batch = match Batch::read(request) {
        Ok(batch) => batch,
        Err(response) => return Ok(response),
    };
    match changes(state, caller, &batch)? {
        Ok((records, budgets)) => {
            let tenant = &caller.tenant;
            for id in &batch.delete {
                state.store.delete(tenant, TRANSACTIONS, id)?;
            }
            for (path, record) in records
                .iter()
                .map(|record| (TRANSACTIONS, record))
                .chain(budgets.values().map(|budget| (BUDGETS, budget)))
            {
                let id = text_at(record, "id").unwrap_or_default();
                state.store.write(tenant, path, &id, record)?;
            }
            Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
        }
        Err(response) => Ok(response),
    }
}

type Changes = (Vec<Value>, Budgets);

/// The transactions and budgets as they are after the batch.
fn changes(
    state: &State,
    caller: &Caller,
    batch: &Batch,
) -> rusqlite::Result<Result<Changes, HttpResponse>> {
    let tenant = &caller.tenant;
    let find = |id: &str| state.store.get(tenant, TRANSACTIONS, id);
    let mut deleted = Vec::new();
    for id in &batch.delete {
        match find(id)? {
            Some(one) => deleted.push(one),
            None => return Ok(Err(bad("One or more transaction to delete was not found"))),
        }
    }
    let mut known = Vec::new();
    for one in &batch.update {
        let id = text_at(one, "id").unwrap_or_default();
        match find(&id)? {
            Some(stored) => known.push(stored),
            None => return Ok(Err(bad("One or more transaction to update was not found"))),
        }
    }
    for one in &batch.create {
        let id = text_at(one, "id").unwrap_or_default();
        if find(&id)?.is_some() {
            return Ok(Err(bad(&format!(
                "A transaction to create already exists: {id}"
            ))));
        }
    }
    let all = batch.create.iter().chain(&batch.update).chain(&deleted);
    let mut budgets = match budgets(state, caller, all)? {
        Ok(budgets) => budgets,
        Err(response) => return Ok(Err(response)),
    };
    let mut records = Vec::new();
    for one in &batch.create {
        match created(state, caller, one, &mut budgets)? {
            Ok(record) => records.push(record),
            Err(response) => return Ok(Err(response)),
        }
    }
    for (one, stored) in batch.update.iter().zip(&known) {
        match updated(caller, one, stored, &mut budgets) {
            Ok(record) => records.push(record),
            Err(response) => return Ok(Err(response)),
        }
    }
    for one in &deleted {
        if text_at(one, "transactionType").as_deref() == Some("Encumbrance")
            && let Some(budget) = budget_of(&mut budgets, one, "fromFundId")
        {
            add(budget, "encumbered", -amount(one, "/amount"));
        }
    }
    for budget in budgets.values_mut() {
        acquisitions::total(budget);
        let version = budget.get("_version").and_then(Value::as_i64).unwrap_or(0);
        budget["_version"] = (version + 1).into();
        budget["metadata"]["updatedDate"] = rmb::now().into();
        budget["metadata"]["updatedByUserId"] = caller.user.clone().into();
    }
    Ok(Ok((records, budgets)))
}

fn created(
    state: &State,
    caller: &Caller,
    one: &Value,
    budgets: &mut Budgets,
) -> rusqlite::Result<Result<Value, HttpResponse>> {
    let mut record = one.clone();
    let change = amount(one, "/amount");
    match text_at(one, "transactionType").unwrap_or_default().as_str() {
        "Allocation" => {
            if let Some(budget) = budget_of(budgets, one, "fromFundId") {
                add(budget, "allocationFrom", change);
            }
            if let Some(budget) = budget_of(budgets, one, "toFundId") {
                // The first is the initial one.
                let first = amount(budget, "/initialAllocation") == 0;
                let field = if first {
                    "initialAllocation"
                } else {
                    "allocationTo"
                };
                add(budget, field, change);
            }
        }
        "Transfer" => {
            if let Some(budget) = budget_of(budgets, one, "fromFundId") {
                add(budget, "netTransfers", -change);
            }
            if let Some(budget) = budget_of(budgets, one, "toFundId") {
                add(budget, "netTransfers", change);
            }
        }
        "Encumbrance" => {
            if let Some(response) = taken(state, caller, one)? {
                return Ok(Err(response));
            }
            if let Some(budget) = budget_of(budgets, one, "fromFundId") {
                add(budget, "encumbered", change);
            }
        }
        other => return Ok(Err(not_emulated(other))),
    }
    record["_version"] = 1.into();
    record["metadata"] = metadata(&caller.user, None);
    Ok(Ok(record))
}

/// Whether transactions use a budget, which then cannot be deleted.
pub(super) fn budget_in_use(
    state: &State,
    caller: &Caller,
    id: &str,
) -> rusqlite::Result<Option<HttpResponse>> {
    let Some(budget) = state.store.get(&caller.tenant, BUDGETS, id)? else {
        return Ok(None);
    };
    let used = state
        .store
        .all(&caller.tenant, TRANSACTIONS)?
        .iter()
        .any(|one| {
            one.get("fiscalYearId") == budget.get("fiscalYearId")
                && ["fromFundId", "toFundId"]
                    .iter()
                    .any(|fund| one.get(*fund) == budget.get("fundId"))
        });
    Ok(used.then(|| {
        error(
            StatusCode::BAD_REQUEST,
            "Budget related transactions found. Deletion of the budget is forbidden.",
            "transactionIsPresentBudgetDeleteError",
            &[],
        )
    }))
}
