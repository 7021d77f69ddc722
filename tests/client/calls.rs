//! Typed calls over a real socket: requests, responses, errors.

use std::time::Duration;

use folio_sandbox::{Effect, Exchange, Fault, Sandbox};
use folio_sdk::inventory_storage::{HoldingsRecord, Instance};
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{Error, ErrorKind, FolioClient, Id, Record, cql};
use folio_test_support::clock::Clock;
use folio_test_support::sandbox::admin;
use futures_util::TryStreamExt;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

const STAFF: &str = "3684a786-6671-4268-8ed0-9db82ebca60b";
const PATRONS: &str = "503a81cd-6c26-400f-b620-14c08943697c";
const ANN: &str = "0a246f61-d85f-42b6-8dcc-48d25a46690b";

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    sandbox
        .load(
            "diku",
            "/groups",
            vec![
                json!({"id": STAFF, "group": "a staff"}),
                json!({"id": PATRONS, "group": "b patrons"}),
            ],
        )
        .unwrap();
    sandbox
        .load(
            "diku",
            "/users",
            vec![json!({
                "id": ANN, "username": "ann", "active": true, "patronGroup": STAFF,
                "personal": {"lastName": "Ångström", "firstName": "Ann", "tailNumber": 7},
                "customFields": {"shelf": ["a", "b"]},
                "expirationDate": "2030-01-01T00:00:00.000+0000",
                "favouriteColour": {"name": "blue"},
            })],
        )
        .unwrap();
    sandbox
}

async fn connect(sandbox: &Sandbox) -> FolioClient {
    admin(sandbox).connect().await.unwrap()
}

/// The requests, as far as they are the same in every run.
fn sent(exchanges: &[Exchange]) -> String {
    let mut text = String::new();
    for exchange in exchanges {
        text += &format!("{} {}", exchange.method, exchange.path);
        for (name, value) in &exchange.query {
            text += &format!("\n    {name}={value}");
        }
        for (name, value) in &exchange.headers {
            if !matches!(name.as_str(), "host" | "user-agent" | "content-length") {
                text += &format!("\n  {name}: {value}");
            }
        }
        let body = String::from_utf8_lossy(&exchange.body);
        match serde_json::from_str::<Value>(&body) {
            Ok(mut record) => {
                if let Some(metadata) = record.get_mut("metadata") {
                    *metadata = "[metadata]".into();
                }
                text += &format!("\n  {record}");
            }
            Err(_) if body.is_empty() => {}
            Err(_) => text += &format!("\n  {body}"),
        }
        text += &format!("\n  -> {:?}\n", exchange.status);
    }
    text
}

fn since(sandbox: &Sandbox, before: usize) -> Vec<Exchange> {
    sandbox.exchanges().split_off(before)
}

fn shown(sandbox: &Sandbox, error: &Error) -> String {
    let text = format!("{error}\n{error:#}").replace(sandbox.url(), "http://folio");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.retain(|line| !line.trim_start().starts_with("attempts:"));
    lines.join("\n")
}

#[tokio::test]
async fn the_login_and_a_record() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    let user = folio.users().get_user(ANN).send().await.unwrap();
    assert_eq!(user.username.as_deref(), Some("ann"));
    assert_eq!(user.personal.as_ref().unwrap().last_name, "Ångström");
    assert_eq!(
        user.additional_fields.get("favouriteColour"),
        Some(&json!({"name": "blue"}).into())
    );
    assert_json_snapshot!("a_user", user);
    assert_snapshot!("the_login_and_a_record", sent(&sandbox.exchanges()));
}

#[tokio::test]
async fn every_parameter_is_sent_as_it_was_given() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    let before = sandbox.exchanges().len();
    let users = folio
        .users()
        .list_users()
        .query(
            cql::field("personal.lastName")
                .eq("Ångström")
                .and(cql::field("active").eq(true))
                .sort_by("username"),
        )
        .limit(3)
        .offset(0)
        .total_records("exact")
        .header("x-okapi-request-id", "17")
        .send()
        .await
        .unwrap();
    assert_eq!(users.users.len(), 1);
    assert_eq!(users.total_records, Some(1));
    assert_snapshot!(sent(&since(&sandbox, before)));
}

#[tokio::test]
async fn a_record_is_made_changed_and_deleted() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    let users = folio.users();
    let before = sandbox.exchanges().len();
    let mut group = Usergroup::builder().group("c readers").build();
    group.id = Some("11111111-2222-4333-8444-555555555555".into());
    let mut made = users.create_group().body(&group).send().await.unwrap();
    assert_eq!(made.group, "c readers");
    made.desc = Some("all who read".to_owned());
    made.additional_fields
        .insert("colour".to_owned(), json!(["red"]));
    let id = made.id.clone().unwrap();
    users.update_group(&id).body(&made).send().await.unwrap();
    let read = users.get_group(&id).send().await.unwrap();
    assert_eq!(read.desc.as_deref(), Some("all who read"));
    assert_eq!(
        read.additional_fields.get("colour"),
        Some(&json!(["red"]).into())
    );
    users.delete_group(&id).send().await.unwrap();
    let error = users.get_group(&id).send().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_snapshot!(
        "a_record_is_made_changed_and_deleted",
        sent(&since(&sandbox, before))
    );
    assert_snapshot!("a_record_that_is_not_there", shown(&sandbox, &error));
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_words() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    let inventory = folio.inventory_storage();

    let place = Id::from("fcd64ce1-6995-48f0-840e-89ffa2288371");
    let holding = HoldingsRecord::builder()
        .instance_id(Id::from("not-a-uuid"))
        .permanent_location_id(place.clone())
        .source_id(place)
        .build();
    let error = inventory
        .create_holding()
        .body(&holding)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_validation(), "{error}");
    assert_eq!(error.validation_errors()[0].field(), Some("instanceId"));
    assert_snapshot!("validation", shown(&sandbox, &error));

    let instances = inventory.list_instances().limit(1).send().await.unwrap();
    let mut instance: Instance = instances.instances.into_iter().next().unwrap();
    let id = instance.id.clone().unwrap();
    inventory
        .update_instance(&id)
        .body(&instance)
        .send()
        .await
        .unwrap();
    instance.title = "too late".to_owned();
    let error = inventory
        .update_instance(&id)
        .body(&instance)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_snapshot!(
        "conflict",
        shown(&sandbox, &error).replace(id.as_str(), "ID")
    );

    let error = folio
        .users()
        .list_users()
        .query("name=")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert_snapshot!("bad_cql", shown(&sandbox, &error));

    let error = folio.users().get_user("").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_snapshot!("no_id", shown(&sandbox, &error));

    let error = folio.users().create_user().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_snapshot!("no_body", shown(&sandbox, &error));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_says_where() {
    let sandbox = sandbox().await;
    sandbox
        .load(
            "diku",
            "/users",
            vec![json!({"id": ANN, "personal": {"firstName": "Ann"}})],
        )
        .unwrap();
    let folio = connect(&sandbox).await;
    // A missing field affects only that field.
    let user = folio.users().get_user(ANN).send().await.unwrap();
    assert_eq!(user.missing(), ["personal.lastName"]);
    sandbox.fault(Fault::new(Effect::status(200, "[{\"id\": 1}]")).path("/users"));
    let error = folio.users().get_user(ANN).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_snapshot!(shown(&sandbox, &error));
}

#[tokio::test]
async fn a_list_streams_to_its_end_over_many_pages() {
    let sandbox = sandbox().await;
    let records: Vec<Value> = (0..1234).map(|number| json!({"id": Id::new_v4(), "username": format!("u{number}"), "active": number % 2 == 0})).collect();
    sandbox.load("diku", "/users", records).unwrap();
    let folio = connect(&sandbox).await;
    let all = sandbox.records("diku", "/users").unwrap().len();

    let users: Vec<User> = folio
        .users()
        .list_users()
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(users.len(), all);
    let mut ids: Vec<_> = users.iter().map(|user| user.id.clone().unwrap()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);

    // Records inserted before the current position of the stream do not shift the following ones.
    let mut stream = folio
        .users()
        .list_users()
        .limit(100)
        .query(cql::field("active").eq(true))
        .stream();
    let mut seen = 0;
    while let Some(user) = stream.next().await {
        assert_eq!(user.unwrap().active, Some(true));
        seen += 1;
        if seen == 150 {
            let first = (0..40).map(|number| json!({"id": format!("00000000-0000-4000-8000-{number:012}"), "active": true})).collect();
            sandbox.load("diku", "/users", first).unwrap();
        }
    }
    let active = sandbox
        .records("diku", "/users")
        .unwrap()
        .iter()
        .filter(|user| user["active"] == json!(true))
        .count();
    assert_eq!(seen, active - 40);

    // The same list by a generic call.
    let generic: Vec<Value> = folio
        .folio_get_all("/users", "users")
        .limit(500)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(generic.len(), all + 40);
}

#[tokio::test]
async fn a_read_survives_what_passes_and_a_write_does_not_happen_twice() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    for effect in [
        Effect::status(503, "busy"),
        Effect::status(429, "slow down"),
        Effect::Drop,
        Effect::DropAnswer,
        Effect::BreakBody,
        Effect::Truncate,
    ] {
        sandbox.fault(
            Fault::new(effect.clone())
                .method("GET")
                .path("/users")
                .times(2),
        );
        let users = folio.users().list_users().limit(10).send().await;
        assert!(users.is_ok(), "{effect:?}: {}", users.unwrap_err());
    }
    sandbox.clear_faults();

    let count = || sandbox.records("diku", "/groups").unwrap().len();
    let before = count();
    sandbox.fault(
        Fault::new(Effect::DropAnswer)
            .method("POST")
            .path("/groups")
            .times(1),
    );
    let group = Usergroup::builder().group("once").build();
    let error = folio
        .users()
        .create_group()
        .body(&group)
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
    assert_eq!(count(), before + 1);
    assert_snapshot!(shown(&sandbox, &error));
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_who_need_it() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    for round in 1..=3 {
        sandbox.expire_tokens();
        let calls = (0..30).map(|_| folio.users().get_user(ANN).send());
        for result in futures_util::future::join_all(calls).await {
            result.unwrap();
        }
        assert_eq!((sandbox.logins(), sandbox.refreshes()), (1, round));
    }
    sandbox.expire_tokens();
    sandbox.revoke_refresh_tokens();
    folio.users().get_user(ANN).send().await.unwrap();
    assert_eq!((sandbox.logins(), sandbox.refreshes()), (2, 3));
}

#[tokio::test]
async fn tokens_that_live_a_second_do_not_disturb_a_long_job() {
    let sandbox = Sandbox::builder()
        .demo_data()
        .access_token_lifetime(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    let folio = connect(&sandbox).await;
    let clock = Clock::stop();
    for _ in 0..50 {
        folio.users().list_groups().send().await.unwrap();
        // The clocks of both.
        sandbox.advance(Duration::from_millis(50));
        clock.advance(Duration::from_millis(50)).await;
    }
    assert_eq!(sandbox.logins(), 1);
    assert!(sandbox.refreshes() >= 2, "{}", sandbox.refreshes());
}

#[tokio::test]
async fn handles_of_tenants_do_not_mix() {
    let sandbox = Sandbox::builder()
        .tenant("central")
        .user("admin", "secret")
        .allow_cross_tenant(true)
        .start()
        .await
        .unwrap();
    for tenant in ["central", "college", "university"] {
        sandbox
            .load(tenant, "/groups", vec![json!({"group": tenant})])
            .unwrap();
    }
    let central = FolioClient::builder(sandbox.url())
        .tenant("central")
        .credentials("admin", "secret")
        .connect()
        .await
        .unwrap();
    let handles = ["central", "college", "university"].map(|tenant| central.for_tenant(tenant));
    let calls = (0..60).map(|number| {
        let handle = handles[number % 3].clone();
        async move {
            (
                handle.tenant().to_owned(),
                handle.users().list_groups().send().await.unwrap(),
            )
        }
    });
    for (tenant, groups) in futures_util::future::join_all(calls).await {
        let names: Vec<String> = groups
            .usergroups
            .into_iter()
            .map(|group| group.group)
            .collect();
        assert_eq!(names, [tenant]);
    }
    assert_eq!(central.tenant(), "central");
}

#[tokio::test]
async fn generic_calls_go_the_same_way() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    sandbox.expire_tokens();
    sandbox.fault(
        Fault::new(Effect::status(503, "busy"))
            .method("GET")
            .times(1),
    );
    let names: Vec<Value> = folio
        .folio_get("/groups", "usergroups")
        .query(cql::field("group").contains("a").sort_by("group"))
        .limit(2)
        .await
        .unwrap();
    assert_eq!(names[0]["group"], "a staff");
    let made = folio
        .folio_post("/groups", &json!({"group": "d"}))
        .await
        .unwrap();
    let path = format!("/groups/{}", made["id"].as_str().unwrap());
    folio
        .folio_put(&path, &json!({"id": made["id"], "group": "e"}))
        .await
        .unwrap();
    let group: Usergroup = folio.folio_get(&path, None).await.unwrap();
    assert_eq!(group.group, "e");
    folio.folio_delete(&path).await.unwrap();
    assert!(
        folio
            .folio_get::<Value>(&path, None)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!((sandbox.logins(), sandbox.refreshes()), (1, 1));
}

#[tokio::test]
async fn a_closed_client_sends_nothing_more() {
    let sandbox = sandbox().await;
    let folio = connect(&sandbox).await;
    let other = connect(&sandbox).await;
    let handle = folio.for_tenant("diku");
    folio.close().await.unwrap();
    folio.close().await.unwrap();
    let before = sandbox.exchanges().len();
    for error in [
        handle.users().list_users().send().await.unwrap_err(),
        folio.folio_get::<Value>("/users", None).await.unwrap_err(),
        folio
            .users()
            .list_users()
            .stream()
            .try_next()
            .await
            .unwrap_err(),
    ] {
        assert!(error.is_closed(), "{error}");
    }
    assert_eq!(sandbox.exchanges().len(), before);
    assert_eq!(sandbox.exchanges().last().unwrap().path, "/authn/logout");
    // Another session of the same user is unaffected.
    other.users().list_groups().send().await.unwrap();
    assert_eq!(sandbox.logins(), 2);
}

#[tokio::test]
async fn a_gateway_may_stand_under_a_path() {
    let sandbox = Sandbox::builder()
        .demo_data()
        .base_path("/okapi")
        .start()
        .await
        .unwrap();
    let folio = connect(&sandbox).await;
    assert!(
        !folio
            .users()
            .list_users()
            .limit(1)
            .send()
            .await
            .unwrap()
            .users
            .is_empty()
    );
    folio.close().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_servers_words() {
    let sandbox = sandbox().await;
    let error = FolioClient::builder(sandbox.url())
        .tenant("diku")
        .credentials("diku_admin", "hunter2")
        .connect()
        .await
        .unwrap_err();
    assert!(error.is_unauthenticated());
    assert_snapshot!(shown(&sandbox, &error));
}

#[test]
fn a_record_is_shown_as_its_json_without_its_secrets() {
    let user: User = serde_json::from_value(json!({
        "username": "ann",
        "personal": {"lastName": "A", "resetPassword": "hunter2"},
        "token": "t-1",
        "other": [{"apiSecret": "s-1", "label": "token"}],
    }))
    .unwrap();
    assert_snapshot!("a_record_shown", format!("{user:?}\n{user:#?}"));
    assert_eq!(user, user.clone());
    // What is shown is all that differs from what is sent.
    assert_eq!(serde_json::to_value(&user).unwrap()["token"], "t-1");
}
