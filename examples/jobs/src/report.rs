//! A report: three concurrent lists, then one call per user with limited concurrency.

use std::collections::BTreeMap;

use folio_sdk::users::User;
use folio_sdk::{Error, FolioClient, Id, cql};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

/// The number of loans of a group's users, by the group's name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Groups, users and loans.
    pub groups: BTreeMap<String, (usize, usize)>,
    /// The numbers of locations and service points.
    pub places: (usize, usize),
}

/// Creates the report. `at_once` is the number of concurrent calls.
///
/// # Errors
/// The first error ends it and cancels the requests in flight.
pub async fn report(folio: &FolioClient, at_once: usize) -> Result<Report, Error> {
    // All concurrently; the first failure cancels the others. (`asyncio.gather` continues with the
    // others in the background.)
    let (groups, locations, points) = futures_util::try_join!(
        folio.users().list_groups().limit(1000).send(),
        folio
            .inventory_storage()
            .list_locations()
            .limit(1000)
            .send(),
        service_points(folio),
    )?;
    let names: BTreeMap<Id, String> = groups
        .usergroups
        .into_iter()
        .filter_map(|group| Some((group.id?, group.group)))
        .collect();

    // A stream of users, with one call for each: `at_once` of these run concurrently, and complete
    // in any order. Neither users nor calls are collected: memory holds one page of users and
    // `at_once` calls.
    let counted = folio
        .users()
        .list_users()
        .stream()
        .map_ok(|user| async move {
            let loans = loans_of(folio, &user).await?;
            Ok((user, loans))
        })
        .try_buffer_unordered(at_once.max(1));
    let groups = counted
        .try_fold(BTreeMap::new(), async |mut groups, (user, loans)| {
            let name = user
                .patron_group
                .and_then(|id| names.get(&id).cloned())
                .unwrap_or_else(|| "(no group)".to_owned());
            let entry: &mut (usize, usize) = groups.entry(name).or_default();
            *entry = (entry.0 + 1, entry.1 + loans);
            Ok(groups)
        })
        .await?;
    Ok(Report {
        groups,
        places: (locations.locations.len(), points.len()),
    })
}

async fn service_points(folio: &FolioClient) -> Result<Vec<Value>, Error> {
    folio
        .folio_get("/service-points", "servicepoints")
        .limit(1000)
        .await
}

async fn loans_of(folio: &FolioClient, user: &User) -> Result<usize, Error> {
    let Some(id) = &user.id else { return Ok(0) };
    let loans = folio
        .circulation_storage()
        .list_loans()
        .query(cql::field("userId").eq(id))
        .stream();
    loans.try_fold(0, async |count, _| Ok(count + 1)).await
}

/// The same calls with separate results: a failure does not stop the others.
pub async fn usernames(
    folio: &FolioClient,
    ids: impl IntoIterator<Item = String>,
    at_once: usize,
) -> BTreeMap<String, Result<Option<String>, Error>> {
    stream::iter(ids)
        .map(|id| async move {
            let user = folio.users().get_user(&id).send().await;
            (id, user.map(|user| user.username))
        })
        .buffer_unordered(at_once.max(1))
        .collect()
        .await
}
