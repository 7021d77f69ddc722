//! Agreements: those that end soon, and a new one with its line.

use folio_sdk::agreements::{Agreement, Entitlement};
use folio_sdk::{Error, FolioClient, Id};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::Outcome;

/// The names of the active agreements that end before a date, `2027-01-01`.
///
/// # Errors
/// A request failed, or the list cannot be read to its end.
pub async fn ending_before(folio: &FolioClient, date: &str) -> Result<Vec<String>, Error> {
    folio
        .agreements()
        .list_sas()
        // The filters of ERM modules are no CQL.
        .filters([
            "agreementStatus.value==active".to_owned(),
            format!("endDate<{date}"),
        ])
        .stream()
        .map_ok(|agreement| agreement.name.unwrap_or_default())
        .try_collect()
        .await
}

/// Creates an active agreement that begins at a date, with one line; gives its id.
///
/// # Errors
/// A request failed. The agreement may exist by then, without its line.
pub async fn create(
    folio: &FolioClient,
    name: &str,
    start: &str,
    description: &str,
) -> Outcome<Id> {
    let agreements = folio.agreements();
    // The server stores agreements under ids of its own.
    let agreement: Agreement = serde_json::from_value(json!({
        "name": name,
        "agreementStatus": {"value": "active"},
        "periods": [{"startDate": start}],
    }))?;
    let agreement = agreements.create_sa().body(&agreement).send().await?;
    let id = agreement.id.ok_or("the agreement has no id")?;
    let line: Entitlement = serde_json::from_value(json!({
        "type": "detached",
        "description": description,
        "owner": {"id": id},
    }))?;
    agreements.create_entitlement().body(&line).send().await?;
    Ok(id.to_string().into())
}
