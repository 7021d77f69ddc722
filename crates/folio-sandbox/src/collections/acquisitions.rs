//! Side effects of the storage modules of acquisitions: titles of order lines, numbers, the totals
//! of budgets.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::PO_LINES;
use crate::store::Store;
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;
use crate::wire::rmb;

/// Where transactions are stored.
pub(crate) const TRANSACTIONS: &str = "/finance-storage/transactions";
const TITLES: &str = "/orders-storage/titles";
const PIECES: &str = "/orders-storage/pieces";

fn failed(message: &str) -> HttpResponse {
    HttpResponse::text(StatusCode::INTERNAL_SERVER_ERROR, message)
}

fn is_package(line: &Value) -> bool {
    line.get("isPackage") == Some(&Value::Bool(true))
}

fn of_line(store: &Store, tenant: &str, path: &str, line: &str) -> rusqlite::Result<Vec<Value>> {
    store.with(tenant, path, "poLineId", line)
}

/// The fields that are set, and the checks, before a record is created.
pub(crate) fn before_create(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &mut Map<String, Value>,
) -> rusqlite::Result<Option<HttpResponse>> {
    match path {
        TITLES => {
            let id = record.get("poLineId").and_then(Value::as_str);
            let Some(line) = store.get(tenant, PO_LINES, id.unwrap_or_default())? else {
                return Ok(Some(failed(
                    "Cannot invoke \"org.folio.rest.jaxrs.model.PoLine.getId()\" because \"poLine\" is null",
                )));
            };
            let line_id = text_at(&line, "id").unwrap_or_default();
            if !is_package(&line) && !of_line(store, tenant, TITLES, &line_id)?.is_empty() {
                return Ok(Some(failed("The title for poLine already exist")));
            }
            if let Some(number) = line.get("poLineNumber") {
                record.insert("poLineNumber".into(), number.clone());
            }
        }
        PIECES => {
            record.insert("statusUpdatedDate".into(), rmb::now().into());
        }
        _ => {}
    }
    Ok(None)
}

/// The fields that are set before a record is replaced.
pub(crate) fn before_update(path: &str, record: &mut Map<String, Value>, stored: &Value) {
    if path == PIECES {
        let same = record.get("receivingStatus") == stored.get("receivingStatus");
        let date = match stored.get("statusUpdatedDate").filter(|_| same) {
            Some(date) => date.clone(),
            None => rmb::now().into(),
        };
        record.insert("statusUpdatedDate".into(), date);
    }
}

/// The consequences of a stored record: a line that is not a package has a title, with the name and
/// number of the line.
pub(crate) fn after_write(
    store: &Store,
    tenant: &str,
    path: &str,
    record: &Value,
    user: &str,
) -> rusqlite::Result<()> {
    if path != PO_LINES || is_package(record) {
        return Ok(());
    }
    let line = text_at(record, "id").unwrap_or_default();
    let mut titles = of_line(store, tenant, TITLES, &line)?;
    if titles.is_empty() {
        let now = rmb::now();
        titles.push(json!({
            "id": uuid::Uuid::new_v4().to_string(),
            "poLineId": line,
            "productIds": [],
            "contributors": [],
            "claimingActive": false,
            "isAcknowledged": false,
            "bindItemIds": [],
            "acqUnitIds": [],
            "metadata": {"createdDate": now, "createdByUserId": user, "updatedDate": now, "updatedByUserId": user},
        }));
    }
    for mut title in titles {
        for (name, of_line) in [
            ("title", "titleOrPackage"),
            ("poLineNumber", "poLineNumber"),
        ] {
            if let Some(value) = record.get(of_line) {
                title[name] = value.clone();
            }
        }
        let id = text_at(&title, "id").unwrap_or_default();
        store.write(tenant, TITLES, &id, &title)?;
    }
    Ok(())
}

/// The records that are deleted with a record: the pieces and titles of a line.
pub(crate) fn before_delete(
    store: &Store,
    tenant: &str,
    path: &str,
    id: &str,
) -> rusqlite::Result<()> {
    if path != PO_LINES {
        return Ok(());
    }
    let id = id.to_ascii_lowercase();
    for path in [PIECES, TITLES] {
        for record in of_line(store, tenant, path, &id)? {
            let own = text_at(&record, "id").unwrap_or_default();
            store.delete(tenant, path, &own)?;
        }
    }
    Ok(())
}

/// A number as the decimal of a double in Java's `BigDecimal`, in billionths: sums of money have no
/// more places.
pub(crate) fn decimal(number: Option<&Value>) -> i128 {
    let text = number
        .and_then(Value::as_f64)
        .unwrap_or_default()
        .to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    format!("{whole}{fraction}").parse().unwrap_or_default()
}

/// The number of a decimal in billionths.
pub(crate) fn double(decimal: i128) -> Value {
    let (sign, size) = (if decimal < 0 { "-" } else { "" }, decimal.unsigned_abs());
    let text = format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000);
    text.parse::<f64>().unwrap_or_default().into()
}

/// Sets the totals of a budget that is read, as mod-finance-storage computes them.
pub(crate) fn total(budget: &mut Value) {
    let of = |name: &str| decimal(budget.get(name));
    let (expended, credited, waiting) = (of("expenditures"), of("credits"), of("awaitingPayment"));
    let allocated = of("initialAllocation") + of("allocationTo") - of("allocationFrom");
    let unavailable = of("encumbered") + waiting + expended - credited;
    let funding = allocated + of("netTransfers");
    let over_expended = (expended - credited + waiting - funding.max(0)).max(0);
    let over_committed = (unavailable.max(0) - funding.max(0)).max(0);
    let totals = [
        ("allocated", allocated),
        ("available", funding - unavailable),
        ("unavailable", unavailable.max(0)),
        ("totalFunding", funding),
        ("cashBalance", funding - expended + credited),
        ("overExpended", over_expended),
        ("overEncumbrance", over_committed - over_expended),
    ];
    for (name, value) in totals {
        budget[name] = double(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact() {
        let mut budget = json!({"initialAllocation": 100.0, "allocationTo": 0.1, "netTransfers": 0.2, "expenditures": 70.3, "encumbered": 40.0, "credits": 0.0});
        total(&mut budget);
        assert_eq!(budget["allocated"], 100.1);
        assert_eq!(budget["totalFunding"], 100.3);
        assert_eq!(budget["available"], -10.0);
        assert_eq!(budget["unavailable"], 110.3);
        assert_eq!(budget["overEncumbrance"], 10.0);
        assert_eq!(budget["overExpended"], 0.0);
        assert_eq!(budget["cashBalance"], 30.0);
    }
}
