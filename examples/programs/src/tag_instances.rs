//! Adds a statistical code and an administrative note to the instances of many HRIDs, several at
//! once. What they have already is not added again, so that a second run changes nothing.

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Error, FolioClient};
use futures_util::{StreamExt, TryStreamExt};

use crate::Outcome;

/// What became of the instances.
#[derive(Debug, Default)]
pub struct Report {
    /// How many were changed.
    pub changed: usize,
    /// How many had both already.
    pub unchanged: usize,
    /// The HRIDs that no instance has.
    pub missing: Vec<String>,
    /// HRIDs, and why their instances were not changed.
    pub failed: Vec<(String, Error)>,
}

/// Adds both to the instances of the HRIDs.
///
/// # Errors
/// The instances cannot be read. One that cannot be written is in the report.
pub async fn run(
    folio: &FolioClient,
    hrids: Vec<String>,
    code: &str,
    note: &str,
) -> Outcome<Report> {
    let mut report = Report::default();
    let mut found = folio
        .inventory_storage()
        .list_instances()
        .stream()
        .values("hrid", hrids);
    let mut instances: Vec<Instance> = Vec::new();
    while let Some(instance) = found.try_next().await? {
        instances.push(instance);
    }
    report.missing = found.missing().to_vec();
    let mut changes = futures_util::stream::iter(instances)
        .map(async |instance| {
            let hrid = instance.hrid.clone().unwrap_or_default();
            (hrid, change(folio, &instance, code, note).await)
        })
        .buffer_unordered(8);
    while let Some((hrid, outcome)) = changes.next().await {
        match outcome {
            Ok(true) => report.changed += 1,
            Ok(false) => report.unchanged += 1,
            Err(error) => report.failed.push((hrid, error)),
        }
    }
    drop(changes);
    Ok(report)
}

/// Whether something was to be added. After a concurrent change the record is read again.
async fn change(
    folio: &FolioClient,
    instance: &Instance,
    code: &str,
    note: &str,
) -> Result<bool, Error> {
    let has_code =
        |instance: &Instance| instance.statistical_code_ids.iter().any(|id| *id == *code);
    let has_note = |instance: &Instance| {
        instance
            .administrative_notes
            .iter()
            .any(|other| other == note)
    };
    if has_code(instance) && has_note(instance) {
        return Ok(false);
    }
    let id = instance.id.clone().unwrap_or_default();
    folio
        .update_with(id, |instance: &mut Instance| {
            if !has_code(instance) {
                instance.statistical_code_ids.push(code.into());
            }
            if !has_note(instance) {
                instance.administrative_notes.push(note.to_owned());
            }
        })
        .await?;
    Ok(true)
}
