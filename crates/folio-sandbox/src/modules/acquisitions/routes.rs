//! Routes of acquisitions other than collections, and the computed fields of budgets.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::collections::{acquisitions, lists, write};
use crate::facts::documents::routes;
use crate::facts::paths::{BUDGETS, PO_LINES};
use crate::jackson;
use crate::modules::acquisitions::{interface_credentials, transactions};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &mut State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let budget = path
        .strip_prefix(BUDGETS)
        .and_then(|rest| rest.strip_prefix('/'));
    match (request.method.as_str(), path) {
        ("GET", "/orders-storage/po-line-number") => Some(line_numbers(state, request, caller)),
        ("GET", "/invoice-storage/invoice-line-number") => {
            Some(invoice_line_number(state, request, caller))
        }
        ("PUT", "/orders-storage/po-lines-batch") => Some(lines(state, request, caller)),
        ("POST", "/finance-storage/transactions/batch-all-or-nothing") => {
            Some(transactions::batch(state, request, caller))
        }
        ("GET" | "POST" | "DELETE", path) if path.ends_with("/credentials") => {
            let id = path
                .strip_prefix("/organizations-storage/interfaces/")?
                .strip_suffix("/credentials")?;
            Some(interface_credentials::credentials(
                state, request, caller, id,
            ))
        }
        ("DELETE", _) => {
            let id = budget.filter(|id| !id.contains('/'))?;
            transactions::budget_in_use(state, caller, id).transpose()
        }
        ("GET", _) => {
            let id = budget.filter(|id| !id.contains('/'))?;
            Some(read_budget(state, caller, id))
        }
        _ => None,
    }
}

/// A budget with the totals that are computed when it is read.
fn read_budget(state: &mut State, caller: &Caller, id: &str) -> HandlerResult {
    let Some(collection) = routes().collection(BUDGETS) else {
        return Ok(lists::not_found());
    };
    let response = lists::read(state, caller, collection, id)?;
    if response.status != StatusCode::OK {
        return Ok(response);
    }
    let Ok(mut budget) = serde_json::from_slice::<Value>(&response.body) else {
        return Ok(response);
    };
    acquisitions::total(&mut budget);
    let order = &state.kind(BUDGETS).order;
    Ok(rmb::json_ordered(StatusCode::OK, &budget, order))
}

/// Takes numbers from a counter in a record: the first of them.
fn take(
    state: &State,
    caller: &Caller,
    path: &str,
    mut record: Value,
    counter: &str,
    count: i64,
) -> rusqlite::Result<i64> {
    let next = record.get(counter).and_then(Value::as_i64).unwrap_or(1);
    record[counter] = (next + count).into();
    let id = record
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    state.store.write(&caller.tenant, path, &id, &record)?;
    Ok(next)
}

fn null(what: &str, name: &str) -> HttpResponse {
    HttpResponse::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("Cannot invoke \"{what}()\" because \"{name}\" is null"),
    )
}

/// The next numbers of the lines of an order, which are used up.
fn line_numbers(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let path = "/orders-storage/purchase-orders";
    let Some(order) = request.parameter("purchaseOrderId") else {
        return Ok(null("String.length", "name"));
    };
    let count = match request.parameter("poLineNumbers").map(str::parse::<i32>) {
        None => 1,
        Some(Ok(count)) => i64::from(count),
        Some(Err(_)) => {
            let text = request.parameter("poLineNumbers").unwrap_or_default();
            return Ok(HttpResponse::bad_request(format!(
                "For input string: {}",
                json!(text)
            )));
        }
    };
    let Some(order) = state.store.get(&caller.tenant, path, order)? else {
        let getter = "org.folio.rest.jaxrs.model.PurchaseOrder.getNextPolNumber";
        return Ok(null(getter, "po"));
    };
    let first = take(state, caller, path, order, "nextPolNumber", count)?;
    let numbers: Vec<String> = (first..first + count)
        .map(|number| number.to_string())
        .collect();
    Ok(rmb::json_response(
        StatusCode::OK,
        &json!({"sequenceNumbers": numbers}),
    ))
}

fn invoice_line_number(state: &State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let path = "/invoice-storage/invoices";
    let id = request.parameter("invoiceId").unwrap_or_default();
    let Some(invoice) = state.store.get(&caller.tenant, path, id)? else {
        return Ok(HttpResponse::text(
            StatusCode::NOT_FOUND,
            "Invoice not found",
        ));
    };
    let number = take(state, caller, path, invoice, "nextInvoiceLineNumber", 1)?;
    Ok(rmb::json_response(
        StatusCode::OK,
        &json!({"sequenceNumber": number.to_string()}),
    ))
}

/// `PUT` of several lines: all or none.
fn lines(state: &mut State, request: &HttpRequest, caller: &Caller) -> HandlerResult {
    let Some(collection) = routes().collection(PO_LINES) else {
        return Ok(lists::not_found());
    };
    let body = match jackson::parse(&request.body) {
        Ok(body) => body,
        Err(response) => return Ok(response),
    };
    if body.get("totalRecords").is_none_or(Value::is_null) {
        let violation = json!({
            "message": "must not be null", "type": "1", "code": "jakarta.validation.constraints.NotNull.message",
            "parameters": [{"key": "totalRecords", "value": "null"}],
        });
        return Ok(rmb::violations(&[violation]));
    }
    let kind = state.kind(PO_LINES);
    let mut changes: Vec<(String, Map<String, Value>, Value)> = Vec::new();
    for line in body
        .get("poLines")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let record = match write::read_value(collection, kind, line, None) {
            Ok(record) => record,
            Err(response) => return Ok(response),
        };
        let id = record
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let Some(stored) = state.store.get(&caller.tenant, PO_LINES, &id)? else {
            return Ok(HttpResponse::bad_request(format!(
                "insert or update on table \"titles\" violates foreign key constraint \"polineid_po_line_fkey\": Key (polineid)=({id}) is not present in table \"po_line\"."
            )));
        };
        changes.push((id, record, stored));
    }
    for (id, record, stored) in changes {
        let verb = crate::facts::constraints::Verb::Put;
        if let Err(response) =
            write::replace(state, caller, collection, verb, &id, record, &stored)?
        {
            return Ok(response);
        }
    }
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}
