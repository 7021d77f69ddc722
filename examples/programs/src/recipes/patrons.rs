//! The patrons of another system: new ones are created, known ones are updated.

use std::collections::HashMap;

use folio_sdk::users::{User, UserPersonal};
use folio_sdk::{FolioClient, Id, MissingFields, UpsertReport};
use futures_util::TryStreamExt;
use serde::Deserialize;

use crate::Outcome;

/// A patron as the other system exports it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patron {
    /// The number that identifies the patron there: `externalSystemId` in FOLIO.
    pub external_id: String,
    /// The user name.
    pub username: String,
    /// The last name.
    pub last_name: String,
    /// The address for notices.
    pub email: Option<String>,
    /// The name of the patron group, `staff`.
    pub group: String,
}

/// Loads patrons. Those whose external id is stored already are updated, whatever their UUID.
///
/// # Errors
/// A patron group does not exist; then nothing is written. Patrons that cannot be written are in
/// the report.
pub async fn load(folio: &FolioClient, patrons: Vec<Patron>) -> Outcome<UpsertReport> {
    let mut groups: HashMap<String, Id> = HashMap::new();
    let mut list = folio.users().list_groups().stream();
    while let Some(group) = list.try_next().await? {
        groups.insert(group.group.to_lowercase(), group.id.unwrap_or_default());
    }
    let mut users = Vec::with_capacity(patrons.len());
    for patron in patrons {
        let Some(group) = groups.get(&patron.group.to_lowercase()) else {
            return Err(format!("there is no patron group {:?}", patron.group).into());
        };
        let mut personal = UserPersonal::builder().last_name(patron.last_name).build();
        personal.email = patron.email;
        users.push(User {
            username: Some(patron.username),
            external_system_id: Some(patron.external_id),
            patron_group: Some(group.clone()),
            active: Some(true),
            personal: Some(personal),
            ..User::default()
        });
    }
    let report = folio
        .upsert(users)
        .match_on("externalSystemId")
        // A new user's UUID follows from the external id: two runs at once make the same one.
        .id_from_key(|user| user.external_system_id.clone())
        // What the other system does not know stays: barcode, notes, addresses.
        .missing_fields(MissingFields::Keep)
        .run()
        .await;
    Ok(report)
}
