//! The programs of the guide, compiled and run. Each of its blocks is also in this file, or in the
//! example that it is taken from.

use std::path::Path;
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::inventory_storage::Instance;
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{
    CheckpointFile, Cql, Deletion, Error, FolioClient, Id, MissingFields, Record, RetryPolicy,
    UpsertReport, blocking, cql, testing,
};
use folio_test_support::sandbox::demo;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

#[rustfmt::skip]
mod blocks {
use super::*;

pub(crate) async fn first_look(url: &str, password: &str) -> Result<String, Error> {
    let folio = FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", password)
        .connect()
        .await?;

    // Typed: the records of the release.
    let users = folio.users().list_users().limit(100).send().await?.users;
    // Generic: any path, and any type that serde can deserialize.
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(100).await?;

    folio.close().await?;
    Ok(format!("{} users and {} groups", users.len(), groups.len()))
}

pub(crate) async fn create_change_delete(folio: &FolioClient) -> Result<(), Error> {
    // A client-generated id: if the response is lost, a retry cannot create a second group.
    let mut group = Usergroup::builder().group("night shift").build();
    let id = Id::new_v4();
    group.id = Some(id.clone());
    let mut group = folio.users().create_group().body(&group).send().await?;

    group.desc = Some("Staff of the night shift".to_owned());
    folio.users().update_group(&id).body(&group).send().await?;

    let stored = folio.users().get_group(&id).send().await?;
    assert_eq!(stored.desc, group.desc);

    folio.users().delete_group(&id).send().await
}

pub(crate) async fn barcodes(folio: &FolioClient) -> Result<Vec<String>, Error> {
    let active = cql::field("active").eq(true);
    let mut users = folio.users().list_users().query(active).stream();
    let mut barcodes = Vec::new();
    while let Some(user) = users.try_next().await? {
        barcodes.extend(user.barcode);
    }
    Ok(barcodes)
}

pub(crate) async fn titles(folio: &FolioClient) -> Result<(Vec<String>, Vec<String>, Vec<Error>), Error> {
    let mut instances = folio.inventory_storage().list_instances().stream();
    let (mut titles, mut odd, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(instance) = instances.next().await {
        match instance {
            Ok(instance) => {
                let lacks = instance.missing().into_iter();
                let other = instance.mistyped().into_iter().map(|field| field.path);
                odd.extend(lacks.chain(other));
                titles.push(instance.title);
            }
            Err(error) if error.record_json().is_some() => unreadable.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((titles, odd, unreadable))
}

pub(crate) async fn open_loans(folio: &FolioClient) -> Result<usize, Error> {
    let mut loans = folio
        .folio_get_all::<Value>("/loan-storage/loans", "loans")
        .query(cql::field("status.name").eq("Open"));
    let mut count = 0;
    while let Some(loan) = loans.next().await {
        loan?;
        count += 1;
    }
    Ok(count)
}

pub(crate) async fn overview(folio: &FolioClient) -> Result<(usize, usize, usize), Error> {
    let (users, groups, locations) = tokio::try_join!(
        folio.users().list_users().limit(100).send(),
        folio.users().list_groups().limit(100).send(),
        folio.inventory_storage().list_locations().limit(100).send(),
    )?;
    Ok((users.users.len(), groups.usergroups.len(), locations.locations.len()))
}

pub(crate) async fn load_books(folio: &FolioClient, books: Vec<(String, String)>) -> Result<UpsertReport, Error> {
    let book_type = "6312d172-f0cf-40f6-b27d-9fa8feaf332f";
    let instances = books.into_iter().map(move |(number, title)| Instance {
        hrid: Some(number),
        ..Instance::builder().source("FOLIO").title(title).instance_type_id(book_type).build()
    });
    // A number is unique, a title is not. It finds the instance under any id.
    let report = folio.upsert(instances).match_on("hrid").run().await;
    for failure in &report.failures {
        eprintln!("{}: {}", failure.record["hrid"], failure.error);
    }
    Ok(report)
}

pub(crate) async fn hide(folio: &FolioClient, id: &str) -> Result<bool, Error> {
    let update = folio.update_with(id, |instance: &mut Instance| instance.discovery_suppress = Some(true)).await?;
    Ok(update.written)
}

pub(crate) async fn rename(folio: &FolioClient, path: &str, group: &Value) -> Result<(), Error> {
    match folio.folio_put(path, group).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_outcome_unknown() => {
            let stored: Value = folio.folio_get(path, None).await?;
            if stored["group"] == group["group"] { Ok(()) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn delete_hidden(folio: &FolioClient) -> Result<(), Error> {
    let hidden = cql::field("discoverySuppress").eq(true);
    folio.inventory_storage().delete_instances_by_query().query(hidden).confirm(Deletion::Matching).send().await
}

pub(crate) async fn add_note(folio: &FolioClient, ids: Vec<Id>, note: &str) -> (usize, Vec<(Id, Error)>) {
    let mut updates = futures_util::stream::iter(ids)
        .map(async |id| {
            let update = folio.update_with(&id, |instance: &mut Instance| {
                // A note that is there is not added again: a second run changes nothing.
                if !instance.administrative_notes.iter().any(|other| other == note) {
                    instance.administrative_notes.push(note.to_owned());
                }
            });
            let update = update.await;
            (id, update)
        })
        .buffer_unordered(8);
    let (mut written, mut failed) = (0, Vec::new());
    while let Some((id, update)) = updates.next().await {
        match update {
            Ok(update) => written += usize::from(update.written),
            Err(error) => failed.push((id, error)),
        }
    }
    (written, failed)
}

pub(crate) async fn load_patrons(folio: &FolioClient, patrons: Vec<User>) -> UpsertReport {
    folio
        .upsert(patrons)
        .match_on("externalSystemId")
        // The id of a new user is derived from the external id: two concurrent runs create the same one.
        .id_from_key(|user| user.external_system_id.clone())
        // Fields that the source does not have are preserved: barcode, notes, addresses.
        .missing_fields(MissingFields::Keep)
        .run()
        .await
}

pub(crate) fn show_calls() {
    folio_sdk::logging::requests();
}

pub(crate) async fn loans_by_user(folio: &FolioClient) -> Result<Vec<(Id, usize)>, Error> {
    folio
        .users()
        .list_users()
        .stream()
        .map_ok(|user| async move {
            let id = user.id.unwrap_or_default();
            let loans = folio
                .folio_get_all::<Value>("/loan-storage/loans", "loans")
                .query(cql::field("userId").eq(&id))
                .stream()
                .try_fold(0, async |count, _| Ok(count + 1))
                .await?;
            Ok((id, loans))
        })
        .try_buffer_unordered(10)
        .try_collect()
        .await
}

pub(crate) async fn name_of(folio: &FolioClient, id: &str) -> Result<Option<String>, Error> {
    match folio.users().get_user(id).send().await {
        Ok(user) => Ok(user.username),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            eprintln!("{error:#}");
            Err(error)
        }
    }
}

pub(crate) async fn validation_problems(folio: &FolioClient, user: &Value) -> Result<Vec<String>, Error> {
    match folio.folio_post("/users", user).await {
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.is_validation() => {
            Ok(error.validation_errors().iter().map(|problem| problem.message.clone()).collect())
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn all_results(folio: &FolioClient) -> Vec<(&'static str, Result<usize, Error>)> {
    let lists = [("/users", "users"), ("/groups", "usergroups"), ("/locations", "locations")];
    futures_util::future::join_all(lists.map(|(path, key)| async move {
        let records: Result<Vec<Value>, Error> = folio.folio_get(path, key).limit(100).await;
        (path, records.map(|records| records.len()))
    }))
    .await
}

pub(crate) async fn patient(url: &str, password: &str) -> Result<FolioClient, Error> {
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", password)
        .retry(RetryPolicy::default().max_attempts(8).deadline(Duration::from_secs(600)))
        .connect()
        .await
}

pub(crate) async fn now_or_never(folio: &FolioClient) -> Result<Vec<Value>, Error> {
    folio.folio_get("/groups", "usergroups").retry(RetryPolicy::none()).timeout(Duration::from_secs(2)).await
}

pub(crate) async fn in_a_scope(url: &str, password: &str) -> Result<usize, Error> {
    let builder = FolioClient::builder(url).tenant("diku").credentials("diku_admin", password);
    builder
        .scoped(async |folio| {
            let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(100).await?;
            Ok(groups.len())
        })
        .await
}

pub(crate) async fn rename_user(folio: &FolioClient, username: &str, last_name: &str) -> Result<bool, Error> {
    let found = folio.users().list_users().query(cql::field("username").eq(username)).limit(1).send().await?;
    let Some(mut user) = found.users.into_iter().next() else {
        return Ok(false);
    };
    if let Some(personal) = &mut user.personal {
        personal.last_name = last_name.to_owned();
    }
    let id = user.id.clone().unwrap_or_default();
    folio.users().update_user(&id).body(&user).send().await?;
    Ok(true)
}

pub(crate) async fn as_they_came(folio: &FolioClient) -> Result<usize, Error> {
    let mut users = folio.users().list_users().stream().raw();
    let mut bytes = 0;
    while let Some(user) = users.try_next().await? {
        bytes += user.get().len();
    }
    Ok(bytes)
}

pub(crate) async fn not_there(folio: &FolioClient, ids: Vec<String>) -> Result<Vec<String>, Error> {
    let mut users = folio.users().list_users().stream().ids(ids);
    while let Some(user) = users.try_next().await? {
        println!("{}", user.username.unwrap_or_default());
    }
    Ok(users.missing().to_vec())
}

pub(crate) async fn check_modules(folio: &FolioClient) -> Result<bool, Error> {
    let compatibility = folio.compatibility().await?;
    for module in compatibility.problems() {
        eprintln!("{} is {} here", module.name, module.state);
    }
    // The complete table.
    println!("{compatibility}");
    Ok(compatibility.is_compatible())
}

pub(crate) fn overdue(patron_group: &str, today: &str) -> Cql {
    cql::field("patronGroup")
        .eq(patron_group)
        .and(cql::field("dueDate").lt(today))
        .and(cql::field("status.name").any_of(["Open", "Checked out"]))
        .sort_by("dueDate")
}

pub(crate) async fn harvest_titles(folio: &FolioClient, left: &Path, titles: &mut Vec<String>) -> Result<(), Box<dyn std::error::Error>> {
    let left = CheckpointFile::open(left)?;
    let list = folio.inventory_storage().list_instances().limit(1000);
    let mut harvest = folio.harvest(list).parallel(8);
    if let Some(checkpoint) = left.load()? {
        harvest = harvest.resume(checkpoint);
    }
    // Records after the checkpoint are read again. After a finished run the position is 0: all are read again.
    titles.truncate(usize::try_from(harvest.checkpoint().position())?);
    let mut instances = harvest.stream();
    let mut outcome = Ok(());
    while let Some(instance) = instances.next().await {
        match instance {
            Ok(instance) => titles.push(instance.title),
            Err(error) if error.record_json().is_some() => eprintln!("skipped: {error}"),
            // The stream ends here. The checkpoint contains the remaining part.
            Err(error) => outcome = Err(error.into()),
        }
        if titles.len().is_multiple_of(1000) || outcome.is_err() {
            left.save(&instances.checkpoint().with_position(titles.len() as u64))?;
        }
    }
    left.save(&instances.checkpoint().with_position(titles.len() as u64))?;
    println!("{}", instances.progress());
    outcome
}

pub(crate) async fn index_titles(folio: &FolioClient, left: &Path, index: tokio::sync::mpsc::Sender<String>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let left = CheckpointFile::open(left)?;
    let mut harvest = folio.harvest(folio.inventory_storage().list_instances().limit(1000));
    if let Some(checkpoint) = left.load()? {
        harvest = harvest.resume(checkpoint);
    }
    let mut run = harvest.for_each_concurrent(8, move |instance| {
        let index = index.clone();
        async move {
            // An unreadable record, or an index that is closed, ends the run.
            index.send(instance?.title).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }
    });
    let mut often = tokio::time::interval(Duration::from_secs(10));
    let outcome = loop {
        tokio::select! {
            outcome = &mut run => break outcome,
            _ = often.tick() => left.save(&run.checkpoint())?,
        }
    };
    left.save(&run.checkpoint())?;
    outcome
}

pub(crate) async fn changed_since(folio: &FolioClient, since: &str) -> Result<Vec<Instance>, Error> {
    let query = cql::field("metadata.updatedDate").ge(since);
    folio.inventory_storage().list_instances().query(query).limit(1000).stream().try_collect().await
}

pub(crate) async fn by_hrid(folio: &FolioClient, hrids: Vec<String>) -> Result<Vec<String>, Error> {
    let mut instances = folio.inventory_storage().list_instances().stream().values("hrid", hrids);
    while let Some(instance) = instances.try_next().await? {
        println!("{}", instance.title);
    }
    Ok(instances.missing().to_vec())
}

pub(crate) async fn first_names(folio: &FolioClient, from_url: Option<&str>) -> Result<(Vec<String>, Option<String>), Error> {
    let mut pages = folio.users().list_users().limit(20).pages();
    if let Some(cursor) = from_url {
        pages = pages.after(&cursor.parse()?);
    }
    let Some(page) = pages.next().await.transpose()? else {
        return Ok((Vec::new(), None));
    };
    let next = page.cursor().map(ToString::to_string);
    let users = page.into_records()?;
    Ok((users.into_iter().filter_map(|user| user.username).collect(), next))
}

pub(crate) async fn copy_groups(from: &FolioClient, to: &FolioClient) -> UpsertReport {
    let groups = from.users().list_groups().stream().filter_map(async |group| {
        // Unreadable records are reported and skipped.
        group.inspect_err(|error| eprintln!("{error}")).ok()
    });
    to.upsert_stream(groups).run().await
}

pub(crate) async fn users_by_tenant(folio: &FolioClient, tenants: [&str; 2]) -> Result<Vec<usize>, Error> {
    let count = async |tenant: &str| {
        let folio = folio.for_tenant(tenant);
        folio.users().list_users().stream().try_fold(0, async |count, _| Ok(count + 1)).await
    };
    let (one, other) = tokio::try_join!(count(tenants[0]), count(tenants[1]))?;
    Ok(vec![one, other])
}

pub(crate) fn without_async(url: &str, password: &str) -> Result<usize, Error> {
    let folio = blocking::FolioClient::builder(url).tenant("diku").credentials("diku_admin", password).connect()?;
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(100).send()?;
    let mut active = 0;
    for user in folio.users().list_users().stream() {
        let user: User = user?;
        active += usize::from(user.active == Some(true));
    }
    folio.close()?;
    Ok(groups.len() + active)
}

pub(crate) async fn a_recorded_test(username: &str, password: &str) -> Result<(), Box<dyn std::error::Error>> {
    // Recorded if the file does not exist, or with FOLIO_CASSETTE=record; otherwise replayed.
    let cassette = testing::Cassette::open("tests/cassettes/groups.json")?.redact("barcode");
    let folio = FolioClient::builder("https://folio.example.edu").tenant("diku").credentials(username, password).cassette(&cassette).connect().await?;
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").await?;
    assert!(!groups.is_empty());
    cassette.finish()?;
    Ok(())
}

pub(crate) async fn a_test() -> Result<(), Error> {
    let folio = testing::folio().await?;
    let users = folio.users().list_users().limit(2).send().await?;
    assert_eq!(users.users.len(), 2);

    // Fault injection: the server fails twice, and the client retries.
    folio.sandbox().fault(testing::Fault::new(testing::Effect::status(503, "busy")).path("/groups").times(2));
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(100).await?;
    assert_eq!(groups.len(), 5);

    // A one-line snapshot, equal in every run.
    insta::assert_json_snapshot!(testing::redacted(&groups[0]), @r#"
    {
      "desc": "Teachers and researchers",
      "group": "faculty",
      "id": "[id 1]",
      "metadata": "[metadata]"
    }
    "#);
    Ok(())
}
} // blocks

const GUIDE: &str = include_str!("../../docs/async-usage.md");

/// Where blocks of the guide may come from besides this file.
const EXAMPLES: [&str; 5] = [
    include_str!("../../examples/axum/src/lib.rs"),
    include_str!("../../examples/actix-web/src/lib.rs"),
    include_str!("../../examples/jobs/src/worker.rs"),
    include_str!("../../examples/jobs/src/report.rs"),
    include_str!("../../examples/middleware/src/job.rs"),
];

#[test]
fn every_block_of_the_guide_is_compiled() {
    let here = include_str!("guide.rs").replace("pub(crate) ", "");
    let mut blocks = GUIDE
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    // The first one contains the imports of the others.
    for import in blocks.next().unwrap().lines() {
        let names: Vec<&str> = import
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|name| name.starts_with(char::is_uppercase) || *name == "cql")
            .collect();
        assert!(names.iter().all(|name| here.contains(name)), "{import}");
    }
    let mut count = 0;
    for block in blocks {
        let known = here.contains(block) || EXAMPLES.iter().any(|text| text.contains(block));
        assert!(known, "this block is nowhere compiled:\n{block}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

async fn start() -> (Sandbox, FolioClient) {
    let (sandbox, folio) = demo().await;
    // The type that the guide's books have, as FOLIO's reference data has it.
    let text = json!({"id": "6312d172-f0cf-40f6-b27d-9fa8feaf332f", "name": "text (reference data)", "code": "txt2", "source": "rdacontent"});
    sandbox.load("diku", "/instance-types", vec![text]).unwrap();
    (sandbox, folio)
}

fn stored(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    sandbox.records("diku", path).unwrap()
}

#[tokio::test]
async fn basic_operations() {
    let (sandbox, folio) = start().await;
    let said = blocks::first_look(sandbox.url(), "admin").await.unwrap();
    assert_eq!(said, "60 users and 5 groups");
    let groups = stored(&sandbox, "/groups");
    blocks::create_change_delete(&folio).await.unwrap();
    assert_eq!(stored(&sandbox, "/groups"), groups);
}

#[tokio::test]
async fn whole_lists() {
    let (sandbox, folio) = start().await;
    let active = stored(&sandbox, "/users")
        .into_iter()
        .filter(|user| user["active"] == json!(true) && user["barcode"].is_string());
    assert_eq!(
        blocks::barcodes(&folio).await.unwrap().len(),
        active.count()
    );
    let open = stored(&sandbox, "/loan-storage/loans")
        .into_iter()
        .filter(|loan| loan["status"]["name"] == "Open");
    assert_eq!(blocks::open_loans(&folio).await.unwrap(), open.count());

    let broken = json!({"id": "00000000-0000-4000-8000-000000000001", "title": 7});
    let path = "/instance-storage/instances";
    sandbox.load("diku", path, vec![broken]).unwrap();
    let (titles, odd, unreadable) = blocks::titles(&folio).await.unwrap();
    assert_eq!(titles.len(), stored(&sandbox, path).len());
    assert!(odd.contains(&"title".to_owned()) && odd.contains(&"source".to_owned()));
    assert_eq!(unreadable.len(), 0);
}

#[tokio::test]
async fn a_few_fields_of_many_records_change_once() {
    let (sandbox, folio) = start().await;
    let path = "/instance-storage/instances";
    let ids = || {
        stored(&sandbox, path)
            .into_iter()
            .map(|it| it["id"].as_str().unwrap().into())
    };
    let mut ids: Vec<Id> = ids().collect();
    let count = ids.len();
    let absent = Id::new_v4();
    ids.push(absent.clone());
    // One record cannot be written.
    let broken = ids[3].clone();
    let fault = Fault::new(Effect::status(422, "rejected")).method("PUT");
    sandbox.fault(fault.path(&format!("{path}/{broken}")));
    let (written, failed) = blocks::add_note(&folio, ids.clone(), "checked").await;
    assert_eq!(written, count - 1);
    let mut failed: Vec<Id> = failed.into_iter().map(|(id, _)| id).collect();
    failed.sort_by_key(|id| *id == absent);
    assert_eq!(failed, [broken, absent]);
    let first = stored(&sandbox, path);
    let puts = || {
        let exchanges = sandbox.exchanges().into_iter();
        exchanges
            .filter(|exchange| exchange.method == "PUT")
            .count()
    };
    let before = puts();
    let (written, _) = blocks::add_note(&folio, ids, "checked").await;
    // Only the record that failed is sent again.
    assert_eq!((written, puts() - before), (0, 1));
    assert_eq!(stored(&sandbox, path), first);
}

#[tokio::test]
async fn patrons_are_found_by_their_external_ids_and_keep_what_the_source_lacks() {
    let (sandbox, folio) = start().await;
    let known = "00000000-0000-4000-8000-00000000abcd";
    let before = json!({"id": known, "username": "old", "externalSystemId": "p-1", "barcode": "b-1", "active": true,
        "personal": {"lastName": "Old", "phone": "123"}});
    sandbox.load("diku", "/users", vec![before]).unwrap();
    let source = || -> Vec<User> {
        serde_json::from_value(json!([
            {"username": "new-1", "externalSystemId": "p-1", "personal": {"lastName": "New"}},
            {"username": "new-2", "externalSystemId": "p-2", "personal": {"lastName": "Other"}},
        ]))
        .unwrap()
    };
    let report = blocks::load_patrons(&folio, source()).await;
    assert_eq!((report.created, report.updated, report.failed), (1, 1, 0));
    let again = blocks::load_patrons(&folio, source()).await;
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
    let users = stored(&sandbox, "/users");
    let users: Vec<&Value> = users
        .iter()
        .filter(|user| user["externalSystemId"].is_string())
        .collect();
    assert_eq!(users.len(), 2);
    let user = users.iter().find(|user| user["id"] == known).unwrap();
    assert_eq!(
        (&user["username"], &user["barcode"]),
        (&json!("new-1"), &json!("b-1"))
    );
    let personal = &user["personal"];
    assert_eq!(
        (&personal["lastName"], &personal["phone"]),
        (&json!("New"), &json!("123"))
    );
}

#[tokio::test]
async fn many_calls_at_once_and_work_in_batches() {
    let (sandbox, folio) = start().await;
    let counted = blocks::overview(&folio).await.unwrap();
    let count = |path| stored(&sandbox, path).len();
    assert_eq!(
        counted,
        (count("/users"), count("/groups"), count("/locations"))
    );
    let loans = blocks::loans_by_user(&folio).await.unwrap();
    assert_eq!(loans.len(), count("/users"));
    let all: usize = loans.iter().map(|(_, loans)| loans).sum();
    assert_eq!(all, count("/loan-storage/loans"));
}

#[tokio::test]
async fn many_records_are_written_and_one_is_changed() {
    let (sandbox, folio) = start().await;
    let path = "/instance-storage/instances";
    let before = stored(&sandbox, path).len();
    // Two books of one title are two.
    let books = || {
        [("b1", "One"), ("b2", "Two"), ("b3", "Two")]
            .map(|(number, title)| (number.to_owned(), title.to_owned()))
            .to_vec()
    };
    let report = blocks::load_books(&folio, books()).await.unwrap();
    assert_eq!((report.created, report.failed), (3, 0));
    let report = blocks::load_books(&folio, books()).await.unwrap();
    assert_eq!((report.created, report.unchanged), (0, 3));
    assert_eq!(stored(&sandbox, path).len(), before + 3);

    let one = stored(&sandbox, path)
        .into_iter()
        .find(|instance| instance["title"] == "One");
    let id = one.unwrap()["id"].as_str().unwrap().to_owned();
    assert!(blocks::hide(&folio, &id).await.unwrap());
    assert!(!blocks::hide(&folio, &id).await.unwrap());
    let mut group = stored(&sandbox, "/groups").remove(0);
    group["group"] = "renamed".into();
    let path_of_group = format!("/groups/{}", group["id"].as_str().unwrap());
    blocks::rename(&folio, &path_of_group, &group)
        .await
        .unwrap();
    blocks::delete_hidden(&folio).await.unwrap();
    assert!(
        !stored(&sandbox, path)
            .iter()
            .any(|instance| instance["id"] == *id)
    );
    blocks::show_calls();
}

#[tokio::test]
async fn errors() {
    let (sandbox, folio) = start().await;
    let user = stored(&sandbox, "/users").remove(0);
    let name = blocks::name_of(&folio, user["id"].as_str().unwrap()).await;
    assert_eq!(name.unwrap().as_deref(), user["username"].as_str());
    let absent = blocks::name_of(&folio, Id::new_v4().as_str()).await;
    assert_eq!(absent.unwrap(), None);
    let problems = blocks::validation_problems(&folio, &user).await.unwrap();
    assert!(problems[0].contains("already exists"), "{problems:?}");

    sandbox.fault(Fault::new(Effect::status(403, "no")).path("/groups"));
    let results = blocks::all_results(&folio).await;
    let failed: Vec<&str> = results
        .iter()
        .filter(|(_, result)| result.is_err())
        .map(|(path, _)| *path)
        .collect();
    assert_eq!(failed, ["/groups"]);
}

#[tokio::test]
async fn what_is_repeated() {
    let (sandbox, folio) = start().await;
    let patient = blocks::patient(sandbox.url(), "admin").await.unwrap();
    let busy = || Fault::new(Effect::status(503, "busy")).path("/groups");
    sandbox.fault(busy().times(1));
    let groups: Vec<Value> = patient.folio_get("/groups", "usergroups").await.unwrap();
    assert_eq!(groups.len(), 5);
    sandbox.fault(busy().times(1));
    let error = blocks::now_or_never(&folio).await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.attempts()),
        (503, 1)
    );
    assert_eq!(blocks::now_or_never(&folio).await.unwrap().len(), 5);
}

#[tokio::test]
async fn clients_that_close_themselves() {
    let (sandbox, _folio) = start().await;
    let logouts = || {
        let all = sandbox.exchanges().into_iter();
        all.filter(|exchange| exchange.path == "/authn/logout")
            .count()
    };
    assert_eq!(blocks::in_a_scope(sandbox.url(), "admin").await.unwrap(), 5);
    assert_eq!(logouts(), 1);
    sandbox.fault(Fault::new(Effect::status(403, "no")).path("/groups"));
    assert!(blocks::in_a_scope(sandbox.url(), "admin").await.is_err());
    assert_eq!(logouts(), 2);
}

#[tokio::test]
async fn tests_of_programs() {
    blocks::a_test().await.unwrap();
}

#[tokio::test]
async fn a_user_is_renamed() {
    let (sandbox, folio) = start().await;
    let name = stored(&sandbox, "/users")[0]["username"].clone();
    let renamed = blocks::rename_user(&folio, name.as_str().unwrap(), "Berg").await;
    assert!(renamed.unwrap());
    let users = stored(&sandbox, "/users");
    let user = users.iter().find(|user| user["username"] == name).unwrap();
    assert_eq!(user["personal"]["lastName"], "Berg");
    assert!(!blocks::rename_user(&folio, "nobody", "Berg").await.unwrap());
    // As the guide says: an id that is empty is an error, and nothing is sent.
    let sent = sandbox.exchanges().len();
    let user = User::default();
    let update = folio.users().update_user("").body(&user).send().await;
    assert_eq!(update.unwrap_err().kind(), folio_sdk::ErrorKind::Request);
    assert_eq!(sandbox.exchanges().len(), sent);
}

#[tokio::test]
async fn records_as_they_came_by_their_ids_and_by_queries() {
    let (sandbox, folio) = start().await;
    let users = stored(&sandbox, "/users");
    assert!(blocks::as_they_came(&folio).await.unwrap() > users.len() * 100);
    let there = users[0]["id"].as_str().unwrap().to_owned();
    let absent = Id::new_v4().to_string();
    assert!(blocks::check_modules(&folio).await.unwrap());
    let (first, next) = blocks::first_names(&folio, None).await.unwrap();
    let (second, _) = blocks::first_names(&folio, next.as_deref()).await.unwrap();
    assert_eq!((first.len(), second.len()), (20, 20));
    assert!(first.iter().all(|name| !second.contains(name)));
    let missing = blocks::not_there(&folio, vec![there, absent.clone()]).await;
    assert_eq!(missing.unwrap(), [absent]);
    assert_eq!(
        blocks::overdue(r#"g" or id="*"#, "2026-01-01").to_string(),
        r#"patronGroup=="g\" or id=\"\*" and dueDate<"2026-01-01" and status.name==("Open" or "Checked out") sortBy dueDate"#
    );
}

#[tokio::test]
async fn a_harvest_goes_on_where_it_ended() {
    let (sandbox, folio) = start().await;
    let left = std::env::temp_dir().join(format!("folio-sdk-guide-{}", std::process::id()));
    let all = stored(&sandbox, "/instance-storage/instances").len();
    let mut titles = Vec::new();
    // An error during the run: earlier records stay, and the next run adds the rest.
    let fault = Fault::new(Effect::status(400, "broken")).path("/instance-storage/instances");
    sandbox.fault(fault.after(1).times(1));
    let error = blocks::harvest_titles(&folio, &left, &mut titles)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    // The second time everything is read again: it was finished.
    for _ in 0..2 {
        blocks::harvest_titles(&folio, &left, &mut titles)
            .await
            .unwrap();
        assert_eq!(titles.len(), all);
    }
    let mut lock = left.clone().into_os_string();
    lock.push(".lock");
    std::fs::remove_file(lock).unwrap();
    std::fs::remove_file(left).unwrap();
}

#[tokio::test]
async fn records_are_processed_on_all_cores_and_what_remains_is_saved() {
    let (sandbox, folio) = start().await;
    let folder = folio_test_support::files::scratch();
    let left = folder.path().join("left");
    let all = stored(&sandbox, "/instance-storage/instances").len();
    // The index is closed: nothing counts as processed.
    let (index, closed) = tokio::sync::mpsc::channel(1);
    drop(closed);
    let error = blocks::index_titles(&folio, &left, index)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
    let (index, mut titles) = tokio::sync::mpsc::channel(all);
    blocks::index_titles(&folio, &left, index).await.unwrap();
    let mut came = 0;
    while titles.try_recv().is_ok() {
        came += 1;
    }
    assert_eq!(came, all);
}

#[tokio::test]
async fn what_changed_since_and_what_has_a_key() {
    let (sandbox, folio) = start().await;
    let mut instance = stored(&sandbox, "/instance-storage/instances").swap_remove(0);
    let id = Id::new_v4();
    instance["id"] = json!(id);
    instance["hrid"] = json!("in777");
    instance["metadata"] = json!({"createdDate": "2090-01-01T00:00:00.000Z", "updatedDate": "2090-01-02T00:00:00.000Z"});
    sandbox
        .load("diku", "/instance-storage/instances", vec![instance])
        .unwrap();
    let changed = blocks::changed_since(&folio, "2090-01-01T12:00:00.000Z")
        .await
        .unwrap();
    assert_eq!(changed.len(), 1);
    let later = blocks::changed_since(&folio, "2090-01-02T12:00:00.000Z")
        .await
        .unwrap();
    assert!(later.is_empty());
    let hrids = vec!["in777".to_owned(), "in778".to_owned()];
    assert_eq!(blocks::by_hrid(&folio, hrids).await.unwrap(), ["in778"]);
}

#[tokio::test]
async fn a_list_is_copied_to_another_tenant_and_users_are_counted_by_tenant() {
    let builder = Sandbox::builder().tenant("college").user("eve", "eve");
    let builder = builder.demo_data().allow_cross_tenant(true);
    let folio = testing::connect_to(builder).await.unwrap();
    let college = folio.for_tenant("college");
    let report = blocks::copy_groups(&folio, &college).await;
    assert_eq!((report.created, report.failed), (5, 0), "{report}");
    let counted = blocks::users_by_tenant(&folio, ["diku", "college"]).await;
    assert_eq!(counted.unwrap(), [60, 0]);
}

#[tokio::test]
async fn a_recorded_test_needs_no_server() {
    // `tests/cassettes/groups.json` was recorded from the sandbox; the password is not in it.
    blocks::a_recorded_test("diku_admin", "any").await.unwrap();
}

#[tokio::test]
async fn without_async() {
    let (sandbox, _folio) = start().await;
    let url = sandbox.url().to_owned();
    let counted = tokio::task::spawn_blocking(move || blocks::without_async(&url, "admin"));
    let active = stored(&sandbox, "/users");
    let active = active.iter().filter(|user| user["active"] == json!(true));
    assert_eq!(counted.await.unwrap().unwrap(), 5 + active.count());
}
