//! Loads users from a JSON file whose records have external ids and no UUIDs. It may be run again:
//! users that are there, under whatever UUID, are updated, and none is doubled.

use std::path::Path;

use folio_sdk::users::User;
use folio_sdk::{FolioClient, MissingFields, UpsertReport};

use crate::Outcome;

/// Loads the users of a file.
///
/// # Errors
/// The file cannot be read. Users that cannot be written are in the report.
pub async fn run(folio: &FolioClient, file: &Path) -> Outcome<UpsertReport> {
    let users: Vec<User> = serde_json::from_slice(&std::fs::read(file)?)?;
    let report = folio
        .upsert(users)
        .match_on("externalSystemId")
        // A new user's UUID follows from the external id: two runs at once make the same one.
        .id_from_key(|user| user.external_system_id.clone())
        // The file has some of the fields only: what others have entered stays.
        .missing_fields(MissingFields::Keep)
        .concurrency(4)
        .run()
        .await;
    Ok(report)
}
