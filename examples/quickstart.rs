//! The SDK's main job in one program: typed calls, a stream, a generic call.
//!
//! `cargo run --example quickstart` runs it against a FOLIO that it starts inside the process. With `FOLIO_URL`, `FOLIO_TENANT`,
//! `FOLIO_USERNAME` and `FOLIO_PASSWORD` it runs against a real one; it then adds a note to one instance and takes it away again.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;

use folio_sandbox::Sandbox;
use folio_sdk::inventory_storage::Instance;
use folio_sdk::{FolioClient, Id, cql};
use futures_util::TryStreamExt;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The sandbox lives as long as the example: dropping it stops it.
    let sandbox;
    let builder = if env::var_os("FOLIO_URL").is_some() {
        FolioClient::from_env()?
    } else {
        sandbox = Sandbox::builder().demo_data().start().await?;
        FolioClient::builder(sandbox.url())
            .tenant("diku")
            .credentials("diku_admin", "admin")
    };
    let folio = builder.connect().await?;
    println!(
        "Logged in to {} in tenant {}.\n",
        folio.url(),
        folio.tenant()
    );

    // Three typed calls at once, over one pool of connections and one login.
    let (users, groups, locations) = tokio::try_join!(
        folio.users().list_users().limit(5).send(),
        folio.users().list_groups().limit(100).send(),
        folio.inventory_storage().list_locations().limit(100).send(),
    )?;
    let total = users
        .total_records
        .map_or_else(|| "Some".to_owned(), |total| total.to_string());
    println!(
        "{total} users, {} groups, {} locations. The first users:",
        groups.usergroups.len(),
        locations.locations.len()
    );
    for user in &users.users {
        let name = user
            .personal
            .as_ref()
            .map_or("", |personal| personal.last_name.as_str());
        println!(
            "  {:<20} {name}",
            user.username.as_deref().unwrap_or("(no name)")
        );
    }

    // All users, page by page: memory holds one page, and the paging is stable whatever is inserted meanwhile.
    let names: BTreeMap<Id, String> = groups
        .usergroups
        .into_iter()
        .filter_map(|group| Some((group.id?, group.group)))
        .collect();
    let mut members: BTreeMap<&str, usize> = BTreeMap::new();
    let mut stream = folio.users().list_users().stream();
    while let Some(user) = stream.try_next().await? {
        let group = user
            .patron_group
            .as_ref()
            .and_then(|id| names.get(id))
            .map_or("(no group)", String::as_str);
        *members.entry(group).or_default() += 1;
    }
    println!("\nUsers by group:");
    for (group, count) in members {
        println!("  {group:<20} {count:>5}");
    }

    // Read, change, write back. Fields that this SDK does not know are retained in `additional_fields` and sent back.
    let inventory = folio.inventory_storage();
    let found = inventory
        .list_instances()
        .query(cql::field("source").eq("FOLIO"))
        .limit(1)
        .send()
        .await?;
    if let Some(mut instance) = found.instances.into_iter().next() {
        let id = instance.id.clone().ok_or("an instance without an id")?;
        let notes = instance.administrative_notes.clone();
        instance
            .administrative_notes
            .push("seen by quickstart".to_owned());
        inventory
            .update_instance(&id)
            .body(&instance)
            .send()
            .await?;

        let mut changed = inventory.get_instance(&id).send().await?;
        println!("\nInstance “{}”:", changed.title);
        println!("  version        {}", version(&instance, &changed));
        println!(
            "  notes          {}",
            changed.administrative_notes.join("; ")
        );
        for (name, value) in &changed.additional_fields {
            println!("  {name:<14} {value} (not described, and kept)");
        }

        // And back, so that no trace is left.
        changed.administrative_notes = notes;
        inventory.update_instance(&id).body(&changed).send().await?;
    }

    // Any path, any type: the generic calls go through the same login, retry and limits.
    let points: Vec<Value> = folio
        .folio_get("/service-points", "servicepoints")
        .limit(100)
        .await?;
    println!("\n{} service points, by a generic call.", points.len());

    // An error says what was tried and what the server answered.
    match folio.users().get_user(Id::new_v4()).send().await {
        Ok(user) => println!("\nThere is a user {:?}?", user.username),
        Err(error) if error.is_not_found() => println!("\nHandled: {error}"),
        Err(error) => return Err(error.into()),
    }

    folio.close().await?;
    println!("\nLogged out.");
    Ok(())
}

fn version(before: &Instance, after: &Instance) -> String {
    match (before.version, after.version) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        _ => "(none)".to_owned(),
    }
}
