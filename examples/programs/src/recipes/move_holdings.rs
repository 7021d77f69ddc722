//! Holdings that move to another location or to another instance, with their items.

use folio_sdk::inventory_storage::HoldingsRecord;
use folio_sdk::{Error, FolioClient, Id, cql};
use futures_util::{StreamExt, TryStreamExt};

/// What became of the holdings.
#[derive(Debug, Default)]
pub struct Moved {
    /// How many were moved.
    pub moved: usize,
    /// How many were there already.
    pub unchanged: usize,
    /// The ids of those that were not moved, and why.
    pub failed: Vec<(Id, Error)>,
}

/// Moves all holdings of a permanent location to another one.
///
/// # Errors
/// The holdings cannot be listed; then nothing is moved. Those that cannot be moved are in the
/// result.
pub async fn to_location(folio: &FolioClient, from: &Id, to: &Id) -> Result<Moved, Error> {
    let at_location = cql::field("permanentLocationId").eq(from);
    let list = folio.inventory_storage().list_holdings();
    // The list is read to its end first: a moved record no longer matches the query.
    let found = list.query(at_location).stream();
    let found = found.map_ok(|holdings| holdings.id.unwrap_or_default());
    let ids: Vec<Id> = found.try_collect().await?;
    Ok(change(folio, ids, |holdings| {
        holdings.permanent_location_id = to.clone()
    })
    .await)
}

/// Moves holdings to another instance.
pub async fn to_instance(folio: &FolioClient, holdings: Vec<Id>, instance: &Id) -> Moved {
    change(folio, holdings, |holdings| {
        holdings.instance_id = instance.clone()
    })
    .await
}

/// Changes each of the holdings, four at a time.
async fn change(
    folio: &FolioClient,
    ids: Vec<Id>,
    change: impl Fn(&mut HoldingsRecord) + Send + Sync,
) -> Moved {
    let mut moved = Moved::default();
    let mut updates = futures_util::stream::iter(ids)
        .map(async |id| {
            let update = folio.update_with(&id, &change).await;
            (id, update)
        })
        .buffer_unordered(4);
    while let Some((id, update)) = updates.next().await {
        match update {
            Ok(update) if update.written => moved.moved += 1,
            Ok(_) => moved.unchanged += 1,
            Err(error) => moved.failed.push((id, error)),
        }
    }
    drop(updates);
    moved
}
