//! A check-out whose block is overridden, if it may be and the caller has said so.

use folio_sdk::circulation::{CheckOutByBarcodeRequest, Loan, OverrideBlocks};
use folio_sdk::{Error, FolioClient, Id};
use serde_json::{Value, json};

/// Checks an item out. A block that the user may override is overridden with `comment`, if there is
/// one; any other rejection is an error.
///
/// # Errors
/// FOLIO rejects the check-out: [`is_validation`](Error::is_validation).
pub async fn check_out(
    folio: &FolioClient,
    item: &str,
    patron: &str,
    service_point: &Id,
    comment: Option<&str>,
) -> Result<Loan, Error> {
    let mut request = CheckOutByBarcodeRequest::builder()
        .item_barcode(item)
        .user_barcode(patron)
        .service_point_id(service_point.clone())
        .build();
    let circulation = folio.circulation();
    let first = circulation.check_out_by_barcode().body(&request).send();
    let error = match first.await {
        Ok(loan) => return Ok(loan),
        Err(error) => error,
    };
    let Some(comment) = comment.filter(|_| may_override(&error)) else {
        return Err(error);
    };
    request.override_blocks = Some(OverrideBlocks {
        // An object without fields: that it is there is what counts.
        patron_block: Some(json!({}).into()),
        comment: Some(comment.to_owned()),
        ..OverrideBlocks::default()
    });
    circulation
        .check_out_by_barcode()
        .body(&request)
        .send()
        .await
}

/// Whether patron blocks are all that stands against a check-out, and the user lacks no permission
/// to override them. mod-circulation states both in `overridableBlock` of each error.
fn may_override(error: &Error) -> bool {
    let Ok(body) = error.body_json::<Value>() else {
        return false;
    };
    let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let is_overridable = |error: &Value| {
        let block = &error["overridableBlock"];
        let missing = block["missingPermissions"].as_array();
        block["name"] == "patronBlock" && missing.is_none_or(Vec::is_empty)
    };
    error.is_validation() && !errors.is_empty() && errors.iter().all(is_overridable)
}
