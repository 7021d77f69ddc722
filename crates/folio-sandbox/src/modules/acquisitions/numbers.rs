//! Numbers that a request consumes: of orders, invoices and vouchers.

use http::StatusCode;
use serde_json::json;

use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HandlerResult, HttpRequest};
use crate::wire::rmb;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let (name, start) = match (request.method.as_str(), path) {
        ("GET", "/orders-storage/po-number") => ("poNumber", 10_000),
        ("GET", "/invoice-storage/invoice-number") => ("folioInvoiceNo", 10_000),
        ("GET", "/voucher-storage/voucher-number") => ("voucherNumber", 0),
        _ => return None,
    };
    Some(number(state, caller, name, start))
}

/// A number that each request consumes.
fn number(state: &State, caller: &Caller, name: &str, start: i64) -> HandlerResult {
    let next = state.store.next(&caller.tenant, name)? - 1;
    // The first of each sequence is as the modules' schemas have it: 10000, and 0 for vouchers.
    let text = (start + next).to_string();
    Ok(rmb::json_response(StatusCode::OK, &json!({ name: text })))
}
