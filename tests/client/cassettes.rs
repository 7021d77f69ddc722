//! Cassettes: exchanges that are recorded from a client and replayed without a server.

#![cfg(feature = "users")]

use std::path::Path;
use std::time::Duration;

use folio_sdk::testing::{Cassette, Effect, Fault, Sandbox};
use folio_sdk::users::User;
use folio_sdk::{ErrorKind, FolioClient};
use folio_test_support::clock::Clock;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

async fn client(url: &str, cassette: &Cassette) -> folio_sdk::Result<FolioClient> {
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", "admin")
        .cassette(cassette)
        .connect()
        .await
}

/// What is recorded and replayed: a list, a record, a search, a creation, an error.
async fn work(folio: &FolioClient) -> Vec<Value> {
    let first: Vec<Value> = folio.folio_get("/users", "users").limit(3).await.unwrap();
    let barcode = first[1]["barcode"].as_str().unwrap();
    let found = folio
        .users()
        .list_users()
        .query(folio_sdk::cql::field("barcode").eq(barcode))
        .send()
        .await
        .unwrap();
    let new: User = serde_json::from_value(
        json!({"username": "cassette", "barcode": "99887766", "personal": {"lastName": "Ito"}}),
    )
    .unwrap();
    let made = folio.users().create_user().body(&new).send().await.unwrap();
    let missing = folio
        .users()
        .get_user("00000000-0000-4000-8000-0000000000ff")
        .send()
        .await;
    let error = missing.unwrap_err();
    let names: Vec<User> = folio
        .users()
        .list_users()
        .query("active==true")
        .stream()
        .try_collect()
        .await
        .unwrap();
    let count = names.len();
    vec![
        json!(first),
        serde_json::to_value(&found.users).unwrap(),
        serde_json::to_value(&made).unwrap(),
        json!([
            error.status().map(|status| status.as_u16()),
            format!("{:?}", error.kind())
        ]),
        json!(count),
    ]
}

async fn recorded(file: &Path) -> Vec<Value> {
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let cassette = Cassette::record(file).redact("barcode").redact("email");
    let done = work(&client(sandbox.url(), &cassette).await.unwrap()).await;
    cassette.finish().unwrap();
    done
}

#[tokio::test]
async fn a_client_does_the_same_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/users.json");
    let before = recorded(&file).await;
    let cassette = Cassette::replay(&file).unwrap();
    // Nothing listens there, and nothing can.
    let after = work(
        &client("https://folio.invalid/okapi", &cassette)
            .await
            .unwrap(),
    )
    .await;
    cassette.finish().unwrap();
    let whole = |list: &[Value]| -> Vec<Value> {
        // What is redacted and numbered differs; all else is the same.
        let mut list = list.to_vec();
        for value in &mut list {
            plain(value);
        }
        list
    };
    assert_eq!(whole(&after), whole(&before));
    let text = std::fs::read_to_string(&file).unwrap();
    let first = before[0][0].clone();
    for secret in [
        "99887766",
        first["barcode"].as_str().unwrap(),
        first["personal"]["email"].as_str().unwrap(),
        "\"admin\"",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    // The user of `metadata` has another id everywhere, and no token is left.
    let by = first["metadata"]["createdByUserId"].as_str().unwrap();
    assert!(!text.contains(by));
    assert!(text.contains("\"createdByUserId\": \""));
    for line in text.lines().filter(|line| line.contains("eyJ")) {
        assert!(line.contains("eyJhbGciOiJub25lIn0."), "{line}");
    }
    // It can be read.
    assert!(text.contains("\"path\": \"/users\"") && text.contains("\"lastName\": \"Ito\""));
}

fn plain(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(plain),
        Value::Object(fields) => {
            fields.remove("barcode");
            fields.remove("email");
            fields.values_mut().for_each(plain);
        }
        Value::String(text) if text.len() == 36 => *text = "id".to_owned(),
        _ => {}
    }
}

#[tokio::test]
async fn a_request_that_was_not_recorded_fails_at_once_and_the_difference_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("create.json");
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let cassette = Cassette::record(&file);
    let folio = client(sandbox.url(), &cassette).await.unwrap();
    let new = |name: &str| -> User {
        serde_json::from_value(json!({"username": "someone", "personal": {"lastName": name}}))
            .unwrap()
    };
    folio
        .users()
        .create_user()
        .body(&new("Ito"))
        .send()
        .await
        .unwrap();
    folio.users().list_users().limit(2).send().await.unwrap();
    cassette.finish().unwrap();

    let cassette = Cassette::replay(&file).unwrap();
    let folio = client("http://folio.invalid", &cassette).await.unwrap();
    let clock = Clock::stop();
    let user = new("Itoh");
    let create = folio.users().create_user().body(&user).send();
    let (outcome, waited) = clock.time(Duration::from_millis(1), create).await;
    let error = outcome.unwrap_err();
    assert!(
        waited < Duration::from_millis(100),
        "it was retried: {waited:?}"
    );
    assert_eq!(error.kind(), ErrorKind::Request);
    let text = format!("{error:#}");
    assert!(
        text.contains("body.personal.lastName: recorded \"Ito\", sent \"Itoh\""),
        "{text}"
    );
    assert!(text.contains("POST /users"), "{text}");
    // Out of order: the list comes before the creation.
    let error = folio
        .users()
        .list_users()
        .limit(2)
        .send()
        .await
        .unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("method: recorded POST, sent GET") && text.contains("exchange 2 of 3"),
        "{text}"
    );
    let summary = cassette.finish().unwrap_err().to_string();
    assert!(
        summary.contains("exchange 3 was not replayed: GET /users?limit=2"),
        "{summary}"
    );
    assert!(summary.contains("sent \"Itoh\""), "{summary}");

    // In any order both are there, each once.
    let cassette = Cassette::replay(&file).unwrap().any_order();
    let folio = client("http://folio.invalid", &cassette).await.unwrap();
    folio.users().list_users().limit(2).send().await.unwrap();
    folio
        .users()
        .create_user()
        .body(&new("Ito"))
        .send()
        .await
        .unwrap();
    cassette.finish().unwrap();
    let error = folio
        .users()
        .list_users()
        .limit(2)
        .send()
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("all 3 exchanges of the cassette"),
        "{error:#}"
    );
    assert!(cassette.finish().is_err());
}

#[tokio::test]
async fn what_went_wrong_is_replayed_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let cassette = Cassette::record(&file);
    let folio = client(sandbox.url(), &cassette).await.unwrap();
    sandbox.fault(
        Fault::new(Effect::retry_after(503, 0))
            .path("/users")
            .times(1),
    );
    sandbox.fault(Fault::new(Effect::ExpireToken).path("/groups").times(1));
    for _ in 0..2 {
        folio.users().list_users().limit(1).send().await.unwrap();
        let _: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    }
    cassette.finish().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"status\": 503") && text.contains("\"status\": 401"));
    // The retry and the second login come again, and nothing else does.
    let cassette = Cassette::replay(&file).unwrap();
    let folio = client("http://folio.invalid", &cassette).await.unwrap();
    for _ in 0..2 {
        folio.users().list_users().limit(1).send().await.unwrap();
        let _: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    }
    cassette.finish().unwrap();
}

#[test]
fn a_file_that_is_no_cassette_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.json");
    assert!(Cassette::open(&file).unwrap().is_recording());
    for text in [
        "",
        "{}",
        r#"{"format": "folio-sdk cassette 1", "exchanges": [{"request": {}}]}"#,
    ] {
        std::fs::write(&file, text).unwrap();
        let error = Cassette::replay(&file).unwrap_err();
        assert!(error.to_string().contains("x.json"), "{error}");
    }
}
