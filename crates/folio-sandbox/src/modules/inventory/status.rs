//! `/inventory/items/{id}/mark-…`: sets the status of items.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::paths::{ITEMS, REQUESTS};
use crate::modules::inventory::items::{ORDER, STATUSES, represented};
use crate::modules::inventory::support::{absent, as_text, found, rejected};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, not_emulated, shown};
use crate::value::java;
use crate::value::json::text_at;
use crate::wire::message::HttpResponse;

/// The statuses that there is a path for.
const MARKS: [(&str, &str); 9] = [
    ("in-process", "In process"),
    ("in-process-non-requestable", "In process (non-requestable)"),
    ("intellectual-item", "Intellectual item"),
    ("long-missing", "Long missing"),
    ("missing", "Missing"),
    ("restricted", "Restricted"),
    ("unavailable", "Unavailable"),
    ("unknown", "Unknown"),
    ("withdrawn", "Withdrawn"),
];

/// Statuses from which an item does not become missing or withdrawn.
const NEITHER: [&str; 6] = [
    "Aged to lost",
    "Checked out",
    "Claimed returned",
    "Declared lost",
    "On order",
    "Order closed",
];

/// Whether an item of a status may get another.
fn may_become(from: &str, to: &str) -> bool {
    if from == to || !STATUSES.contains(&from) {
        return false;
    }
    match to {
        "Missing" => !NEITHER.contains(&from) && from != "Lost and paid",
        "Withdrawn" => !NEITHER.contains(&from),
        "In process" => true,
        _ => from != "In process",
    }
}

pub(super) fn mark(library: &Library<'_>, id: &str, mark: &str) -> Step<HttpResponse> {
    let Some((_, to)) = MARKS.iter().find(|(known, _)| *known == mark) else {
        return Ok(not_emulated(&format!("/inventory/items/…/mark-{mark}")));
    };
    let Some(mut item) = found(library, ITEMS, id)? else {
        return Ok(absent("No item found"));
    };
    let from = item.pointer("/status/name").and_then(Value::as_str);
    let from = from.unwrap_or_default().to_owned();
    if !may_become(&from, to) {
        return Ok(rejected(
            &format!("Item is not allowed to be marked as {to}"),
            "status.name".into(),
            from.into(),
        ));
    }
    let waiting = library.find(
        REQUESTS,
        &format!(
            "{} and status==(\"Open - Awaiting pickup\" or \"Open - Awaiting delivery\" or \"Open - In transit\")",
            exactly("itemId", id)
        ),
    )?;
    if let Some(mut request) = waiting.into_iter().next() {
        let expired = text_at(&request, "holdShelfExpirationDate")
            .and_then(|text| java::moment(&text).ok())
            .is_some_and(|at| java::now() > at);
        if !expired {
            request["status"] = "Open - Not yet filled".into();
            let of_request = text_at(&request, "id").unwrap_or_default();
            as_text(library.replace(REQUESTS, &of_request, request))?;
        }
    }
    item["status"] = json!({ "name": to });
    let own = text_at(&item, "id").unwrap_or_default();
    as_text(library.replace(ITEMS, &own, item.clone()))?;
    // It is shown as it was sent to storage.
    let shown_item = represented(library, &item, true)?;
    Ok(shown(StatusCode::OK, &shown_item, &ORDER))
}

#[cfg(test)]
mod tests {
    use super::may_become;

    #[test]
    fn an_item_gets_another_status_only_from_some() {
        assert!(may_become("Available", "Missing"));
        assert!(may_become("In process", "Withdrawn"));
        assert!(may_become("Lost and paid", "Withdrawn"));
        assert!(may_become("Checked out", "Long missing"));
        assert!(may_become("Order closed", "In process"));
        assert!(!may_become("Lost and paid", "Missing"));
        assert!(!may_become("Checked out", "Missing"));
        assert!(!may_become("In process", "Restricted"));
        assert!(!may_become("Unknown", "Unknown"));
    }
}
