//! Checks an item out and in by barcode. A block that the staff may override is overridden, with a
//! comment, if that was asked for.

use folio_sdk::circulation::CheckInByBarcodeRequest;
use folio_sdk::{DateTime, Error, FolioClient, Id};

pub use crate::recipes::check_out::check_out;

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
