//! The locations of each member of a consortium, members in parallel.

use std::collections::BTreeMap;

use folio_sdk::inventory_storage::Location;
use folio_sdk::{Error, FolioClient};
use futures_util::{StreamExt, TryStreamExt};

use crate::Outcome;

/// The locations by the tenants' ids, or why they could not be read.
///
/// # Errors
/// The tenant is in no consortium, or its members cannot be read.
pub async fn run(folio: &FolioClient) -> Outcome<BTreeMap<String, Result<Vec<Location>, Error>>> {
    let consortium = folio
        .consortium()
        .await?
        .ok_or("this tenant is in no consortium")?;
    let members = consortium.members().await?;
    let locations = futures_util::stream::iter(members)
        .map(async |member| {
            let handle = folio.for_tenant(&member.id);
            let locations = handle.inventory_storage().list_locations().stream();
            (member.id, locations.try_collect().await)
        })
        .buffer_unordered(4);
    Ok(locations.collect().await)
}
