//! Checks an item out and in by barcode. A block that the staff may override is overridden, with a
//! comment, if that was asked for.

use folio_sdk::circulation::{
    CheckInByBarcodeRequest, CheckOutByBarcodeRequest, Loan, OverrideBlocks,
};
use folio_sdk::{DateTime, Error, FolioClient, Id};

/// Checks an item out. `comment` overrides a patron block, where there is one.
///
/// # Errors
/// What FOLIO says: [`is_validation`](Error::is_validation) for a block.
pub async fn check_out(
    folio: &FolioClient,
    item: &str,
    user: &str,
    service_point: &Id,
    comment: Option<&str>,
) -> Result<Loan, Error> {
    let mut request = CheckOutByBarcodeRequest::builder()
        .item_barcode(item)
        .user_barcode(user)
        .service_point_id(service_point.clone())
        .build();
    match (
        folio
            .circulation()
            .check_out_by_barcode()
            .body(&request)
            .send()
            .await,
        comment,
    ) {
        (Err(error), Some(comment)) if is_patron_block(&error) => {
            request.override_blocks = Some(OverrideBlocks {
                // An object without fields: that it is there is what counts.
                patron_block: Some(serde_json::json!({}).into()),
                comment: Some(comment.to_owned()),
                ..Default::default()
            });
            folio
                .circulation()
                .check_out_by_barcode()
                .body(&request)
                .send()
                .await
        }
        (outcome, _) => outcome,
    }
}

/// Checks an item in.
///
/// # Errors
/// What FOLIO says.
pub async fn check_in(
    folio: &FolioClient,
    item: &str,
    service_point: &Id,
    at: DateTime,
) -> Result<(), Error> {
    let request = CheckInByBarcodeRequest::builder()
        .item_barcode(item)
        .service_point_id(service_point.clone())
        .check_in_date(at)
        .build();
    folio
        .circulation()
        .check_in_by_barcode()
        .body(&request)
        .send()
        .await?;
    Ok(())
}

/// Whether it is a block of the patron that may be overridden: mod-circulation names it in
/// `overridableBlock`, in the error.
fn is_patron_block(error: &Error) -> bool {
    error.is_validation()
        && error
            .body_excerpt()
            .is_some_and(|body| body.contains("patronBlock"))
}
