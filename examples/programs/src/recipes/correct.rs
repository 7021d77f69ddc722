//! Instances that are found by their HRIDs and corrected.

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Error, FolioClient};
use futures_util::{StreamExt, TryStreamExt};

/// What became of the instances.
#[derive(Debug, Default)]
pub struct Corrected {
    /// The HRIDs of those that were changed.
    pub changed: Vec<String>,
    /// How many were correct already.
    pub unchanged: usize,
    /// The HRIDs of instances that are controlled elsewhere: by a MARC record, or by the central
    /// tenant of a consortium. They are not changed.
    pub controlled: Vec<String>,
    /// The HRIDs that no instance has.
    pub missing: Vec<String>,
    /// HRIDs, and why their instances were not changed.
    pub failed: Vec<(String, Error)>,
}

/// Applies a correction to the instances of the HRIDs. It may be called several times for one
/// instance: after a concurrent change the instance is read and corrected again.
///
/// # Errors
/// The instances cannot be read; then nothing is changed. One that cannot be written is in the
/// result.
pub async fn instances(
    folio: &FolioClient,
    hrids: Vec<String>,
    correction: impl Fn(&mut Instance) + Send + Sync,
) -> Result<Corrected, Error> {
    let mut result = Corrected::default();
    let list = folio.inventory_storage().list_instances();
    // In as few requests as the length of a URL allows.
    let mut list = list.stream().values("hrid", hrids);
    let mut found = Vec::new();
    while let Some(instance) = list.try_next().await? {
        let hrid = instance.hrid.unwrap_or_default();
        if instance.source.eq_ignore_ascii_case("FOLIO") {
            found.push((hrid, instance.id.unwrap_or_default()));
        } else {
            // `MARC`, `CONSORTIUM-FOLIO`, `CONSORTIUM-MARC`, `LINKED_DATA`.
            result.controlled.push(hrid);
        }
    }
    result.missing = list.missing().to_vec();
    let mut updates = futures_util::stream::iter(found)
        .map(async |(hrid, id)| (hrid, folio.update_with(id, &correction).await))
        .buffer_unordered(4);
    while let Some((hrid, update)) = updates.next().await {
        match update {
            Ok(update) if update.written => result.changed.push(hrid),
            Ok(_) => result.unchanged += 1,
            Err(error) => result.failed.push((hrid, error)),
        }
    }
    drop(updates);
    Ok(result)
}
