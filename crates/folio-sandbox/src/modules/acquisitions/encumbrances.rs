//! Encumbrances: their equality, and their changes.

use http::StatusCode;
use serde_json::Value;

use crate::collections::acquisitions::{TRANSACTIONS, double};
use crate::modules::acquisitions::budgets::{Budgets, add, amount, budget_of, metadata};
use crate::modules::acquisitions::errors::{bad, error, not_emulated};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;

/// The fields that distinguish encumbrances: its expressions, and its values.
fn key(one: &Value) -> String {
    let text = |pointer: &str| match one.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            format!("{number:?}")
        }
        _ => String::new(),
    };
    let values = [
        text("/amount"),
        text("/fromFundId"),
        text("/encumbrance/sourcePurchaseOrderId"),
        text("/encumbrance/sourcePoLineId"),
        text("/encumbrance/initialAmountEncumbered"),
        text("/encumbrance/status"),
        text("/expenseClassId"),
        text("/fiscalYearId"),
    ];
    let present: Vec<String> = values
        .into_iter()
        .filter(|value| !value.is_empty())
        .collect();
    present.join(" ").to_lowercase()
}

/// The response where the same encumbrance is stored already.
pub(super) fn taken(
    state: &State,
    caller: &Caller,
    one: &Value,
) -> rusqlite::Result<Option<HttpResponse>> {
    let own = key(one);
    let same = state
        .store
        .all(&caller.tenant, TRANSACTIONS)?
        .iter()
        .any(|other| {
            other.get("transactionType") == one.get("transactionType") && key(other) == own
        });
    const UNIQUE: &str =
        "duplicate key value violates unique constraint \"transaction_encumbrance_idx_unique\"";
    Ok(same.then(|| {
        let parts = [
            "jsonb ->> 'amount'::text",
            "jsonb ->> 'fromFundId'::text",
            "(jsonb -> 'encumbrance'::text) ->> 'sourcePurchaseOrderId'::text",
            "(jsonb -> 'encumbrance'::text) ->> 'sourcePoLineId'::text",
            "(jsonb -> 'encumbrance'::text) ->> 'initialAmountEncumbered'::text",
            "(jsonb -> 'encumbrance'::text) ->> 'status'::text",
            "jsonb ->> 'expenseClassId'::text",
            "jsonb ->> 'fiscalYearId'::text",
        ];
        error(
            StatusCode::BAD_REQUEST,
            &format!(
                "{UNIQUE}: Key (lower(f_unaccent(concat_space_sql(VARIADIC ARRAY[{}]))))=({own}) already exists.",
                parts.join(", ")
            ),
            "genericError",
            &[("cause", &format!("ERROR: {UNIQUE} (23505)"))],
        )
    }))
}

/// A transaction as it is after an update.
pub(super) fn updated(
    caller: &Caller,
    one: &Value,
    stored: &Value,
    budgets: &mut Budgets,
) -> Result<Value, HttpResponse> {
    let kind = text_at(one, "transactionType").unwrap_or_default();
    match kind.as_str() {
        "Encumbrance" => {}
        "Allocation" | "Transfer" => {
            return Err(bad(&format!("{kind} updates are not implemented.")));
        }
        other => return Err(not_emulated(other)),
    }
    let version = |record: &Value| record.get("_version").and_then(Value::as_i64).unwrap_or(0);
    if version(one) != version(stored) {
        let id = text_at(stored, "id").unwrap_or_default();
        let text = format!(
            "Cannot update record {id} because it has been changed (optimistic locking): Stored _version is {}, _version of request is {}",
            version(stored),
            version(one)
        );
        return Err(error(
            StatusCode::CONFLICT,
            &format!("Conflict when updating a record in table transaction: {text}"),
            "genericError",
            &[("cause", &format!("ERROR: {text} (23F09)"))],
        ));
    }
    let mut record = one.clone();
    let status = |record: &Value| {
        let status = record.pointer("/encumbrance/status");
        status
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (before, after) = (status(stored), status(one));
    let of = |record: &Value, name: &str| amount(record, &format!("/encumbrance/{name}"));
    let open = |paid: &Value| {
        of(one, "initialAmountEncumbered")
            - of(paid, "amountAwaitingPayment")
            - of(paid, "amountExpended")
            + of(one, "amountCredited")
    };
    let held = amount(stored, "/amount");
    let change = match (before.as_str(), after.as_str()) {
        ("Released", other) if other != "Unreleased" => 0,
        ("Released", _) => {
            record["amount"] = double(open(one));
            open(one)
        }
        ("Pending", "Unreleased") => {
            record["amount"] = double(open(stored));
            open(stored)
        }
        (_, "Released") => {
            record["amount"] = double(0);
            -held
        }
        ("Unreleased", "Pending") => {
            record["amount"] = double(0);
            record["encumbrance"]["initialAmountEncumbered"] = double(0);
            -held
        }
        _ => amount(one, "/amount") - held,
    };
    if let Some(budget) = budget_of(budgets, one, "fromFundId") {
        add(budget, "encumbered", change);
    }
    record["_version"] = (version(stored) + 1).into();
    record["metadata"] = metadata(&caller.user, Some(stored));
    Ok(record)
}
