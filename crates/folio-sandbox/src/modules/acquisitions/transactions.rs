//! Transactions of mod-finance-storage in batches, which change budgets: allocations, transfers and encumbrances. Payments answer 501.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::collections::acquisitions::{self, TRANSACTIONS, decimal, double};
use crate::facts::documents::routes;
use crate::jackson::{self, Reader};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{Answer, Asked, Done};
use crate::wire::rmb;

const BUDGETS: &str = "/finance-storage/budgets";
const BATCH: &str = "/finance-storage/transactions/batch-all-or-nothing";

/// An error in the form of the acquisition modules.
pub(super) fn error(
    status: StatusCode,
    message: &str,
    code: &str,
    parameters: &[(&str, &str)],
) -> Answer {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    rmb::errors(
        status,
        &[json!({"message": message, "code": code, "parameters": parameters})],
    )
}

fn bad(message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, message, "genericError", &[])
}

fn failed(message: &str) -> Answer {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        message,
        "genericError",
        &[],
    )
}

/// What a batch asks for.
struct Batch {
    create: Vec<Value>,
    update: Vec<Value>,
    delete: Vec<String>,
}

impl Batch {
    fn read(asked: &Asked) -> Result<Self, Answer> {
        if let Some(answer) = rmb::wrong_content_type(asked) {
            return Err(answer);
        }
        let value = jackson::parse(&asked.body)?;
        let Some((document, schema)) = routes().body_of("mod-finance-storage", BATCH, "post")
        else {
            return Err(Answer::empty(StatusCode::NOT_IMPLEMENTED));
        };
        let mut reader = Reader {
            routes: routes(),
            keeps_unknown: None,
            money: false,
            spring: false,
            unbounded: &[],
            violations: Vec::new(),
        };
        let read = reader.record(document, schema, "Batch", &value, None)?;
        let list = |name: &str| -> Vec<Value> {
            read.get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        if !list("transactionPatches").is_empty() {
            return Err(failed("transactionPatches: not implemented"));
        }
        let batch = Self {
            create: list("transactionsToCreate"),
            update: list("transactionsToUpdate"),
            delete: list("idsOfTransactionsToDelete")
                .iter()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
        };
        if batch.create.is_empty() && batch.update.is_empty() && batch.delete.is_empty() {
            return Err(bad(
                "At least one of the batch operations needs to be used.",
            ));
        }
        batch.check()?;
        Ok(batch)
    }

    fn check(&self) -> Result<(), Answer> {
        if self.create.iter().any(|one| text_at(one, "id").is_none()) {
            return Err(error(
                StatusCode::BAD_REQUEST,
                "Id is required in transactions to create.",
                "idIsRequiredInTransactions",
                &[],
            ));
        }
        // The reader takes metadata away from records alone: here it has to be there.
        if let Some(one) = self.update.iter().find(|one| one.get("metadata").is_none()) {
            let id = text_at(one, "id").unwrap_or_default();
            return Err(bad(&format!(
                "At least one transaction to update does not have metadata, id={id}"
            )));
        }
        for one in &self.create {
            let kind = text_at(one, "transactionType").unwrap_or_default();
            if kind == "Allocation" && amount(one, "/amount") <= 0 {
                return Err(error(
                    StatusCode::BAD_REQUEST,
                    "Allocation amount must be greater than zero",
                    "allocationMustBePositive",
                    &[("fieldName", "amount")],
                ));
            }
        }
        Ok(())
    }
}

fn amount(value: &Value, pointer: &str) -> i128 {
    decimal(value.pointer(pointer))
}

/// The budgets that a batch changes, by fund and fiscal year.
type Budgets = BTreeMap<(String, String), Value>;

fn budget_of<'b>(budgets: &'b mut Budgets, one: &Value, fund: &str) -> Option<&'b mut Value> {
    let key = (text_at(one, fund)?, text_at(one, "fiscalYearId")?);
    budgets.get_mut(&key)
}

fn add(budget: &mut Value, field: &str, change: i128) {
    let now = amount(budget, &format!("/{field}"));
    budget[field] = double(now + change);
}

/// `POST /finance-storage/transactions/batch-all-or-nothing`.
pub(super) fn batch(state: &mut State, asked: &Asked, caller: &Caller) -> Done {
    let batch = match Batch::read(asked) {
        Ok(batch) => batch,
        Err(answer) => return Ok(answer),
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
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        Err(answer) => Ok(answer),
    }
}

type Changes = (Vec<Value>, Budgets);

/// The transactions and budgets as they are after the batch.
fn changes(
    state: &State,
    caller: &Caller,
    batch: &Batch,
) -> rusqlite::Result<Result<Changes, Answer>> {
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
        Err(answer) => return Ok(Err(answer)),
    };
    let mut records = Vec::new();
    for one in &batch.create {
        match created(state, caller, one, &mut budgets)? {
            Ok(record) => records.push(record),
            Err(answer) => return Ok(Err(answer)),
        }
    }
    for (one, stored) in batch.update.iter().zip(&known) {
        match updated(caller, one, stored, &mut budgets) {
            Ok(record) => records.push(record),
            Err(answer) => return Ok(Err(answer)),
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

fn budgets<'t>(
    state: &State,
    caller: &Caller,
    transactions: impl Iterator<Item = &'t Value>,
) -> rusqlite::Result<Result<Budgets, Answer>> {
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

fn metadata(user: &str, stored: Option<&Value>) -> Value {
    let now = rmb::now();
    let mut metadata = match stored.and_then(|stored| stored.get("metadata")) {
        Some(metadata) => metadata.clone(),
        None => json!({"createdDate": now, "createdByUserId": user}),
    };
    metadata["updatedDate"] = now.into();
    metadata["updatedByUserId"] = user.into();
    metadata
}

fn created(
    state: &State,
    caller: &Caller,
    one: &Value,
    budgets: &mut Budgets,
) -> rusqlite::Result<Result<Value, Answer>> {
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
            if let Some(answer) = taken(state, caller, one)? {
                return Ok(Err(answer));
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

fn not_emulated(kind: &str) -> Answer {
    Answer::text(
        StatusCode::NOT_IMPLEMENTED,
        format!("The sandbox does not emulate transactions of type {kind}."),
    )
}

/// What makes an encumbrance another one: its expressions, and its values.
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

fn taken(state: &State, caller: &Caller, one: &Value) -> rusqlite::Result<Option<Answer>> {
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

fn updated(
    caller: &Caller,
    one: &Value,
    stored: &Value,
    budgets: &mut Budgets,
) -> Result<Value, Answer> {
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

/// Whether transactions use a budget, which then cannot be deleted.
pub(super) fn budget_in_use(
    state: &State,
    caller: &Caller,
    id: &str,
) -> rusqlite::Result<Option<Answer>> {
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

/// `…/interfaces/{id}/credentials`: what a library logs in to a vendor with.
pub(super) fn credentials(state: &State, asked: &Asked, caller: &Caller, id: &str) -> Done {
    const STORED: &str = "/organizations-storage/interfaces/credentials";
    let tenant = &caller.tenant;
    let mut own = state.store.all(tenant, STORED)?;
    own.retain(|one| text_at(one, "interfaceId").as_deref() == Some(id));
    let not_found = || Answer::text(StatusCode::NOT_FOUND, "Not Found");
    let order = ["id", "username", "password", "interfaceId"].map(str::to_owned);
    match asked.method.as_str() {
        "GET" => Ok(own.first().map_or_else(not_found, |one| {
            rmb::json_ordered(StatusCode::OK, one, &order)
        })),
        "DELETE" => {
            for one in &own {
                let id = text_at(one, "id").unwrap_or_default();
                state.store.delete(tenant, STORED, &id)?;
            }
            Ok(match own.len() {
                1 => Answer::empty(StatusCode::NO_CONTENT),
                _ => not_found(),
            })
        }
        _ => {
            let mut record = match jackson::parse(&asked.body) {
                Ok(Value::Object(fields)) => fields,
                Ok(_) => Map::new(),
                Err(answer) => return Ok(answer),
            };
            let own_id = match record.get("id").and_then(Value::as_str) {
                Some(id) => id.to_owned(),
                None => uuid::Uuid::new_v4().to_string(),
            };
            record.insert("id".into(), own_id.clone().into());
            record.insert("interfaceId".into(), id.into());
            let record = Value::Object(record);
            state.store.write(tenant, STORED, &own_id, &record)?;
            Ok(rmb::json_ordered(StatusCode::CREATED, &record, &order)
                .with_header(http::header::LOCATION, &own_id))
        }
    }
}
