//! Consortia (ECS): an instance of a member is shared, and the members' holdings of it are read.

use std::collections::BTreeMap;
use std::time::Duration;

use folio_sdk::inventory_storage::HoldingsRecord;
use folio_sdk::{Error, FolioClient, Id, JobPhase, JobStatus, cql};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::Outcome;

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
    let sharing =
        json!({"instanceIdentifier": instance, "sourceTenantId": source, "targetTenantId": target});
    let (list, wanted) = (path.clone(), sharing.clone());
    let read = move |central: FolioClient| {
        let mut list = central.folio_get::<Vec<Value>>(&list, "sharingInstances");
        for name in ["instanceIdentifier", "sourceTenantId", "targetTenantId"] {
            list = list.param(name, wanted[name].as_str().unwrap_or_default());
        }
        async move { Ok(list.await?.into_iter().next().unwrap_or_default()) }
    };
    let known = read(central.clone()).await?;
    if known.is_null() || known["status"] == "ERROR" {
        let _: Value = central.folio_post(&path, &sharing).await?;
    }
    let status = |sharing: &Value| {
        let phase = match sharing["status"].as_str() {
            Some("COMPLETE") => JobPhase::Done,
            Some("ERROR") => JobPhase::Failed,
            _ => JobPhase::Running,
        };
        let mut status = JobStatus::new(sharing["status"].as_str().unwrap_or("unknown"), phase);
        status.message = sharing["error"].as_str().map(str::to_owned);
        status
    };
    let ended = central.poll(read, status);
    ended.timeout(Duration::from_secs(300)).await?;
    Ok(())
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
