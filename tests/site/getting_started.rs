//! The program of the page about the first steps. `.ci/site --check` also builds it as the page says.

#![allow(dead_code, reason = "the test calls what `main` calls")]

use std::error::Error;

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{FolioClient, cql};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Reads FOLIO_URL, FOLIO_TENANT, FOLIO_USERNAME and FOLIO_PASSWORD, and logs in.
    let folio = FolioClient::from_env()?.connect().await?;
    println!("{}", report(&folio).await?);
    // Logs out.
    folio.close().await?;
    Ok(())
}

async fn report(folio: &FolioClient) -> Result<String, Box<dyn Error>> {
    // A list is read to its end, page by page.
    let active = cql::field("active").eq(true);
    let mut users = folio.users().list_users().query(active).stream();
    let mut count = 0;
    while let Some(user) = users.try_next().await? {
        count += usize::from(user.barcode.is_some());
    }

    // One record: read it, change it, write it back. Nothing else of the record changes.
    let inventory = folio.inventory_storage();
    let page = inventory.list_instances().limit(1).send().await?;
    let Some(id) = page.instances.first().and_then(|it| it.id.clone()) else {
        return Ok(format!("{count} users have a barcode"));
    };
    let note = "seen by the first program";
    let update = folio.update_with(&id, |instance: &mut Instance| {
        if !instance.administrative_notes.iter().any(|it| it == note) {
            instance.administrative_notes.push(note.to_owned());
        }
    });
    let instance = update.await?.record;
    Ok(format!(
        "{count} users have a barcode; the notes of {}: {}",
        instance.title,
        instance.administrative_notes.join("; ")
    ))
}

#[tokio::test]
async fn the_program_counts_users_and_adds_its_note_once() {
    let (sandbox, folio) = folio_test_support::sandbox::demo().await;
    let stored = || {
        let path = "/instance-storage/instances";
        let instances = sandbox.records("diku", path).unwrap().into_iter();
        let has_note =
            |it: &serde_json::Value| it["administrativeNotes"].to_string().contains("seen by");
        instances.filter(has_note).collect::<Vec<_>>()
    };
    let users = sandbox.records("diku", "/users").unwrap().into_iter();
    let count = users
        .filter(|user| user["active"] == true && user["barcode"].is_string())
        .count();
    let said = report(&folio).await.unwrap();
    assert!(said.starts_with(&format!("{count} users have")), "{said}");
    assert!(said.contains("seen by the first program"), "{said}");
    let first = stored();
    assert_eq!(first.len(), 1);
    // A second run writes nothing.
    report(&folio).await.unwrap();
    assert_eq!(stored(), first);
}

/// The page names the permissions that the program needs. Without any one of them it fails, and the
/// error names it.
#[tokio::test]
async fn the_permissions_of_the_page_are_those_that_the_program_needs() {
    let page = folio_test_support::files::root().join("docs/getting-started.md");
    let page = std::fs::read_to_string(page).unwrap();
    let page = page
        .split("needs the permissions of the calls:")
        .nth(1)
        .unwrap();
    let named: Vec<&str> = page
        .split("If one is missing")
        .next()
        .unwrap()
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    assert_eq!(named.len(), 4, "{named:?}");
    for missing in std::iter::once(None).chain(named.iter().map(Some)) {
        let granted = named.iter().filter(|it| Some(*it) != missing).copied();
        let sandbox = folio_sandbox::Sandbox::builder()
            .demo_data()
            .user_with_permissions("reporter", "secret", granted)
            .start()
            .await
            .unwrap();
        let folio = FolioClient::builder(sandbox.url())
            .tenant("diku")
            .credentials("reporter", "secret");
        let folio = folio.connect().await.unwrap();
        let outcome = report(&folio).await.map_err(|error| error.to_string());
        match missing {
            None => assert!(outcome.is_ok(), "{outcome:?}"),
            Some(missing) => {
                let error = outcome.unwrap_err();
                assert!(error.contains(missing), "{missing}: {error}");
            }
        }
    }
}
