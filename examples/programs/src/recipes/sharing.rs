//! Consortia (ECS): an instance of a member is shared, and the members' holdings of it are read.

use std::collections::BTreeMap;
use std::time::Duration;

use folio_sdk::inventory_storage::HoldingsRecord;
use folio_sdk::{Error, FolioClient, Id, cql};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::Outcome;

/// How often the status of a sharing is read, every three seconds.
const READS: usize = 100;

/// Shares an instance of this tenant with the consortium, and waits for the end of it.
///
/// # Errors
/// The tenant is in no consortium, the sharing failed or has not ended after five minutes, or a
/// request failed. All of them may be followed by another call.
pub async fn share(folio: &FolioClient, instance: &Id) -> Outcome {
    let consortium = folio.consortium().await?;
    let consortium = consortium.ok_or("this tenant is in no consortium")?;
    // Only the central tenant stores the sharings.
    let central = consortium.central();
    let path = format!("/consortia/{}/sharing/instances", consortium.id());
    let (source, target) = (folio.tenant(), consortium.central_tenant());
    let status = async || -> Result<Option<Value>, Error> {
        let list = central.folio_get::<Vec<Value>>(&path, "sharingInstances");
        let list = list.param("instanceIdentifier", instance);
        let list = list.param("sourceTenantId", source);
        let found = list.param("targetTenantId", target).await?;
        Ok(found.into_iter().next())
    };
    let known = status().await?;
    let known = known.filter(|sharing| sharing["status"] != "ERROR");
    if known.is_none() {
        let sharing = json!({"instanceIdentifier": instance, "sourceTenantId": source, "targetTenantId": target});
        let _: Value = central.folio_post(&path, &sharing).await?;
    }
    for _ in 0..READS {
        let sharing = status().await?.unwrap_or_default();
        match sharing["status"].as_str() {
            Some("COMPLETE") => return Ok(()),
            Some("ERROR") => return Err(format!("not shared: {}", sharing["error"]).into()),
            _ => tokio::time::sleep(Duration::from_secs(3)).await,
        }
    }
    Err("the sharing has not ended".into())
}

/// The holdings of a shared instance, by the ids of the members; or why they could not be read.
///
/// # Errors
/// The tenant is in no consortium, or its members cannot be read.
pub async fn holdings(
    folio: &FolioClient,
    instance: &Id,
) -> Outcome<BTreeMap<String, Result<Vec<HoldingsRecord>, Error>>> {
    let consortium = folio.consortium().await?;
    let consortium = consortium.ok_or("this tenant is in no consortium")?;
    let of_instance = cql::field("instanceId").eq(instance);
    let members = consortium.members().await?;
    let holdings = futures_util::stream::iter(members)
        .map(async |member| {
            let member_client = folio.for_tenant(&member.id);
            let list = member_client.inventory_storage().list_holdings();
            let list = list.query(of_instance.clone()).stream();
            (member.id, list.try_collect().await)
        })
        .buffer_unordered(4);
    Ok(holdings.collect().await)
}
