//! The functions of the page about the migration from FolioClient, run one after the other. What
//! they return is in `migration.json`: `.ci/site --check` runs the Python functions of the page
//! with FolioClient, which return the same.

#![allow(clippy::expect_used, reason = "tests may")]

use std::collections::BTreeMap;

use folio_sandbox::Sandbox;
use folio_sdk::{FolioClient, Id, cql};
use folio_test_support::files::root;
use folio_test_support::sandbox::{ADMIN, ADMIN_PASSWORD, TENANT, admin};
use serde_json::{Value, json};

#[rustfmt::skip]
mod blocks {
use std::time::Duration;

use folio_sdk::inventory_storage::Location;
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{Deletion, Error, FolioClient, Id, Method, RetryPolicy, RuleParameters, UpsertReport, blocking, cql};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

pub(crate) async fn groups(url: &str, tenant: &str, username: &str, password: &str) -> Result<Vec<Value>, Error> {
    let builder = FolioClient::builder(url).tenant(tenant).credentials(username, password);
    builder.scoped(async |folio| folio.folio_get("/groups", "usergroups").limit(100).await).await
}

pub(crate) async fn first_users(folio: &FolioClient) -> Result<Vec<User>, Error> {
    Ok(folio.users().list_users().limit(20).send().await?.users.into())
}

pub(crate) async fn user(folio: &FolioClient, user_id: &str) -> Result<User, Error> {
    folio.users().get_user(user_id).send().await
}

pub(crate) async fn usernames(folio: &FolioClient) -> Result<Vec<Option<String>>, Error> {
    folio.users().list_users().limit(500).stream().map_ok(|user| user.username).try_collect().await
}

pub(crate) async fn open_loans(folio: &FolioClient) -> Result<usize, Error> {
    let query = cql::field("status.name").eq("Open");
    let loans = folio.folio_get_all::<Value>("/loan-storage/loans", "loans").query(query).stream();
    loans.try_fold(0, async |count, _| Ok(count + 1)).await
}

pub(crate) async fn group_ids(folio: &FolioClient) -> Result<Vec<Id>, Error> {
    folio.users().list_groups().stream().map_ok(|group| group.id.unwrap_or_default()).try_collect().await
}

pub(crate) async fn by_barcode(folio: &FolioClient, barcode: &str) -> Result<Vec<User>, Error> {
    let query = cql::field("barcode").eq(barcode);
    Ok(folio.users().list_users().query(query).send().await?.users.into())
}

pub(crate) async fn create_group(folio: &FolioClient, name: &str) -> Result<Usergroup, Error> {
    let mut group = Usergroup::builder().group(name).build();
    // A retry after a lost response finds the record under this id.
    group.id = Some(Id::new_v4());
    folio.users().create_group().body(&group).send().await
}

pub(crate) async fn describe_group(folio: &FolioClient, group_id: &str, text: &str) -> Result<(), Error> {
    let update = folio.update_with(group_id, |group: &mut Usergroup| group.desc = Some(text.to_owned()));
    update.await.map(|_| ())
}

pub(crate) async fn delete_group(folio: &FolioClient, group_id: &str) -> Result<(), Error> {
    folio.users().delete_group(group_id).send().await
}

pub(crate) async fn delete_suppressed(folio: &FolioClient) -> Result<(), Error> {
    let suppressed = cql::field("discoverySuppress").eq(true);
    folio.inventory_storage().delete_instances_by_query().query(suppressed).confirm(Deletion::AtMost(100)).send().await
}

pub(crate) async fn overview(folio: &FolioClient) -> Result<(usize, usize), Error> {
    let (users, groups) = tokio::try_join!(
        folio.users().list_users().limit(100).send(),
        folio.users().list_groups().limit(100).send(),
    )?;
    Ok((users.users.len(), groups.usergroups.len()))
}

pub(crate) async fn loans_of(folio: &FolioClient, user_ids: Vec<Id>) -> Result<Vec<usize>, Error> {
    let count = async |id: Id| {
        let query = cql::field("userId").eq(&id);
        let loans = folio.folio_get_all::<Value>("/loan-storage/loans", "loans").query(query).stream();
        loans.try_fold(0, async |count, _| Ok(count + 1)).await
    };
    futures_util::stream::iter(user_ids).map(count).buffered(10).try_collect().await
}

pub(crate) async fn username(folio: &FolioClient, user_id: &str) -> Result<Option<String>, Error> {
    match folio.users().get_user(user_id).send().await {
        Ok(user) => Ok(user.username),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) async fn groups_of(folio: &FolioClient, tenant: &str) -> Result<Vec<Value>, Error> {
    folio.for_tenant(tenant).folio_get("/groups", "usergroups").await
}

pub(crate) async fn location_names(folio: &FolioClient) -> Result<Vec<(String, String)>, Error> {
    let locations = folio.reference_data().locations::<Location>().await?;
    Ok(locations.iter().map(|it| (it.code.clone(), it.name.clone())).collect())
}

pub(crate) async fn loan_policy(folio: &FolioClient, material_type: &str, loan_type: &str, group: &str, location: &str) -> Result<Id, Error> {
    let parameters = RuleParameters {
        material_type: material_type.into(),
        loan_type: loan_type.into(),
        patron_group: group.into(),
        location: location.into(),
    };
    Ok(folio.circulation_rules().loan_policy(&parameters).await?.id().clone())
}

pub(crate) async fn about(folio: &FolioClient) -> Result<(Id, String), Error> {
    let user = folio.current_user_id().await?;
    Ok((user, folio.module_version("mod-inventory-storage").await?))
}

pub(crate) async fn raw(folio: &FolioClient) -> Result<(u16, usize), Error> {
    let response = folio.request(Method::GET, "/groups").param("limit", 1).send().await?;
    let body: Value = response.json()?;
    Ok((response.status().as_u16(), body["usergroups"].as_array().map_or(0, Vec::len)))
}

pub(crate) async fn patient(url: &str, tenant: &str, username: &str, password: &str) -> Result<FolioClient, Error> {
    let retry = RetryPolicy::default().max_attempts(8).deadline(Duration::from_secs(600));
    FolioClient::builder(url)
        .tenant(tenant)
        .credentials(username, password)
        .timeout(Duration::from_secs(120))
        .retry(retry)
        .connect()
        .await
}

pub(crate) fn count_users(url: &str, tenant: &str, username: &str, password: &str) -> Result<usize, Error> {
    let folio = blocking::FolioClient::builder(url).tenant(tenant).credentials(username, password).connect()?;
    let mut count = 0;
    for user in folio.users().list_users().stream() {
        user?;
        count += 1;
    }
    folio.close()?;
    Ok(count)
}

pub(crate) async fn load_groups(folio: &FolioClient, names: Vec<String>) -> UpsertReport {
    let groups = names.into_iter().map(|name| Usergroup::builder().group(name).build());
    folio.upsert(groups).match_on("group").run().await
}

pub(crate) async fn members(folio: &FolioClient) -> Result<Vec<String>, Error> {
    match folio.consortium().await? {
        Some(consortium) => Ok(consortium.members().await?.into_iter().map(|it| it.id).collect()),
        None => Ok(Vec::new()),
    }
}

pub(crate) async fn post_text(folio: &FolioClient, note: &str) -> Result<Value, Error> {
    folio.folio_post("/groups", &json!({"group": note, "desc": "by path"})).await
}
}

use blocks::*;

const EXPECTED: &str = include_str!("migration.json");

/// The FOLIO that `folio-sandbox --demo` starts.
async fn start() -> Sandbox {
    let sandbox = Sandbox::builder()
        .user(ADMIN, ADMIN_PASSWORD)
        .user_records()
        .reference_data()
        .demo_data();
    sandbox.start().await.unwrap()
}

fn field(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_functions_return_what_those_of_folioclient_return() {
    let sandbox = start().await;
    let folio = admin(&sandbox).connect().await.unwrap();
    let url = sandbox.url();
    let login = || (url, TENANT, ADMIN, ADMIN_PASSWORD);
    let mut results: BTreeMap<&str, Value> = BTreeMap::new();

    let (url, tenant, username, password) = login();
    let all = groups(url, tenant, username, password).await.unwrap();
    let mut names: Vec<String> = all.iter().map(|group| field(group, "group")).collect();
    names.sort();
    results.insert("groups", json!(names));
    results.insert(
        "first_users",
        json!(first_users(&folio).await.unwrap().len()),
    );

    // A user, an item and an instance of the demo data.
    let query = cql::field("username").eq("akesson01");
    let page: Vec<Value> = folio
        .folio_get("/users", "users")
        .query(query)
        .await
        .unwrap();
    let user_id = field(&page[0], "id");
    let item: Vec<Value> = folio
        .folio_get("/item-storage/items", "items")
        .query(cql::field("barcode").eq("0004000000"))
        .await
        .unwrap();
    let item = item.first().cloned().unwrap();

    let found = user(&folio, &user_id).await.unwrap();
    results.insert("user", json!(found.barcode));
    results.insert("usernames", json!(usernames(&folio).await.unwrap().len()));
    let loan = json!({"userId": user_id, "itemId": item["id"], "loanDate": "2026-01-02T10:00:00.000Z", "action": "checkedout", "status": {"name": "Open"}});
    folio
        .folio_post("/loan-storage/loans", &loan)
        .await
        .unwrap();
    results.insert("open_loans", json!(open_loans(&folio).await.unwrap()));
    results.insert("group_ids", json!(group_ids(&folio).await.unwrap().len()));
    let found = by_barcode(&folio, "20250000").await.unwrap();
    let found: Vec<_> = found.into_iter().map(|user| user.username).collect();
    results.insert("by_barcode", json!(found));

    let created = create_group(&folio, "night shift").await.unwrap();
    let group_id = created.id.expect("the group has an id");
    results.insert("create_group", json!(created.group));
    describe_group(&folio, group_id.as_str(), "Staff of the night")
        .await
        .unwrap();
    let changed: Value = folio
        .folio_get(format!("/groups/{group_id}"), None)
        .await
        .unwrap();
    results.insert("describe_group", json!([changed["group"], changed["desc"]]));
    delete_group(&folio, group_id.as_str()).await.unwrap();
    results.insert(
        "delete_group",
        json!(group_ids(&folio).await.unwrap().len()),
    );

    let mut instances: Vec<Value> = folio
        .folio_get("/instance-storage/instances", "instances")
        .query(cql::field("cql.allRecords").eq(1))
        .limit(1)
        .await
        .unwrap();
    let instance = instances.swap_remove(0);
    let total = || {
        sandbox
            .records(TENANT, "/instance-storage/instances")
            .unwrap()
            .len()
    };
    let suppressed = json!({"title": "A test", "source": "FOLIO", "instanceTypeId": instance["instanceTypeId"], "discoverySuppress": true});
    let before = total();
    folio
        .folio_post("/instance-storage/instances", &suppressed)
        .await
        .unwrap();
    let with_it = total();
    delete_suppressed(&folio).await.unwrap();
    results.insert(
        "delete_suppressed",
        json!([with_it - before, total() - before]),
    );

    results.insert("overview", json!(overview(&folio).await.unwrap()));
    let ids = vec![Id::from(user_id.as_str()), Id::new_v4()];
    results.insert("loans_of", json!(loans_of(&folio, ids).await.unwrap()));
    let nobody = "00000000-0000-4000-8000-00000000dead";
    let found = (
        username_of(&folio, &user_id).await,
        username_of(&folio, nobody).await,
    );
    results.insert("username", json!([found.0, found.1]));
    results.insert(
        "groups_of",
        json!(groups_of(&folio, TENANT).await.unwrap().len()),
    );
    let mut locations = location_names(&folio).await.unwrap();
    locations.sort();
    results.insert("location_names", json!(locations));

    let [material_type, loan_type, location] = [
        "materialTypeId",
        "permanentLoanTypeId",
        "effectiveLocationId",
    ]
    .map(|it| field(&item, it));
    let group = field(&page[0], "patronGroup");
    let policy = loan_policy(&folio, &material_type, &loan_type, &group, &location).await;
    let policy: Value = folio
        .folio_get(
            format!("/loan-policy-storage/loan-policies/{}", policy.unwrap()),
            None,
        )
        .await
        .unwrap();
    results.insert("loan_policy", policy["name"].clone());
    let (me, version) = about(&folio).await.unwrap();
    let me = user(&folio, me.as_str()).await.unwrap();
    results.insert("about", json!([me.username, version]));
    results.insert("raw", json!(raw(&folio).await.unwrap()));
    let (url, tenant, username, password) = login();
    let other = patient(url, tenant, username, password).await.unwrap();
    results.insert("patient", json!(first_users(&other).await.unwrap().len()));
    other.close().await.unwrap();
    let own = url.to_owned();
    let counted =
        tokio::task::spawn_blocking(move || count_users(&own, TENANT, ADMIN, ADMIN_PASSWORD));
    results.insert("count_users", json!(counted.await.unwrap().unwrap()));

    let names = ["staff", "day shift", "evening shift"]
        .map(str::to_owned)
        .to_vec();
    let report = load_groups(&folio, names.clone()).await;
    assert_eq!(report.failed, 0, "{report}");
    results.insert("load_groups", json!(group_ids(&folio).await.unwrap().len()));
    // A second run writes nothing.
    let again = load_groups(&folio, names).await;
    assert_eq!((again.created, again.failed), (0, 0), "{again}");
    results.insert("members", json!(members(&folio).await.unwrap()));
    let posted = post_text(&folio, "weekend").await.unwrap();
    results.insert("post_text", json!([posted["group"], posted["desc"]]));

    let expected: BTreeMap<&str, Value> = serde_json::from_str(EXPECTED).unwrap();
    assert_eq!(
        serde_json::to_string_pretty(&results).unwrap(),
        serde_json::to_string_pretty(&expected).unwrap()
    );
}

async fn username_of(folio: &FolioClient, id: &str) -> Option<String> {
    username(folio, id).await.unwrap()
}

#[tokio::test]
async fn the_members_of_a_consortium_are_found() {
    let builder = Sandbox::builder()
        .tenant("central")
        .user(ADMIN, ADMIN_PASSWORD)
        .tenant("college")
        .user(ADMIN, ADMIN_PASSWORD)
        .consortium("central", ["college"]);
    let sandbox = builder.start().await.unwrap();
    let folio = FolioClient::builder(sandbox.url())
        .tenant("college")
        .credentials(ADMIN, ADMIN_PASSWORD);
    let folio = folio.connect().await.unwrap();
    assert_eq!(members(&folio).await.unwrap(), ["central", "college"]);
}

/// The functions of the page: those of Python, those of Rust, and those whose results are compared
/// have the same names, so that none is left out.
#[test]
fn each_function_is_there_in_both_languages_and_compared() {
    let page = std::fs::read_to_string(root().join("docs/migration.md")).unwrap();
    let functions = |fence: &str, starts: &[&str]| {
        let code = page.split(fence).skip(1);
        let code = code.map(|rest| rest.split("```").next().unwrap());
        let mut found: Vec<String> = code
            .flat_map(str::lines)
            .filter_map(|line| starts.iter().find_map(|start| line.strip_prefix(start)))
            .map(|rest| rest.split('(').next().unwrap().to_owned())
            .collect();
        found.sort();
        found
    };
    let rust = functions("```rust\n", &["async fn ", "fn "]);
    let python = functions("```python\n", &["async def ", "def "]);
    assert!(rust.len() >= 20, "{rust:?}");
    assert_eq!(rust, python);
    let expected: BTreeMap<String, Value> = serde_json::from_str(EXPECTED).unwrap();
    assert_eq!(rust, expected.into_keys().collect::<Vec<_>>());
}
