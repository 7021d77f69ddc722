//! The helpers for tests of programs that use the SDK.

#![cfg(feature = "users")]

use folio_sdk::testing::{self, Effect, Fault};
use folio_sdk::users::{User, Usergroup};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn a_connected_client_takes_one_line_and_so_does_a_snapshot() {
    let folio = testing::folio().await.unwrap();
    let page = folio.users().list_users().limit(1).send().await.unwrap();
    assert_json_snapshot!(testing::redacted(&page.users[0]), @r#"
    {
      "active": true,
      "barcode": "20250000",
      "departments": [],
      "enrollmentDate": "[time]",
      "expirationDate": "[time]",
      "id": "[id 1]",
      "metadata": "[metadata]",
      "patronGroup": "[id 2]",
      "personal": {
        "addresses": [],
        "email": "akesson01@harbour.example.edu",
        "firstName": "Ada",
        "lastName": "Åkesson",
        "preferredContactTypeId": "002"
      },
      "type": "patron",
      "username": "akesson01"
    }
    "#);
}

#[tokio::test]
async fn a_snapshot_of_a_typed_list_is_the_same_in_every_run() {
    let folio = testing::folio().await.unwrap();
    let groups: Vec<Usergroup> = folio.folio_get("/groups", "usergroups").await.unwrap();
    folio_sdk::assert_folio_snapshot!("groups_of_the_demo", groups);
}

#[tokio::test]
async fn what_goes_wrong_is_said_to_the_sandbox() {
    let folio = testing::folio().await.unwrap();
    let fault = Fault::new(Effect::status(503, "busy"))
        .path("/groups")
        .times(1);
    folio.sandbox().fault(fault);
    let groups: Vec<Usergroup> = folio.folio_get("/groups", "usergroups").await.unwrap();
    assert!(!groups.is_empty());
    let asked = folio.sandbox().exchanges();
    let asked = asked.iter().filter(|exchange| exchange.path == "/groups");
    assert_eq!(asked.count(), 2);
}

#[test]
fn what_differs_from_run_to_run_is_redacted_and_what_belongs_together_stays_visible() {
    let answer = json!({
        "zebra": "3f1c1d5c-9f5c-4a3c-9d1f-6d2b7f6c0a01",
        "alpha": ["3F1C1D5C-9F5C-4A3C-9D1F-6D2B7F6C0A01", "b3c1d5c0-9f5c-4a3c-9d1f-6d2b7f6c0a02"],
        "url": "/users/3f1c1d5c-9f5c-4a3c-9d1f-6d2b7f6c0a01/ä",
        "birthday": "1999-12-31", "due": "2025-05-01T02:00:17.887+0000",
        "metadata": {"createdDate": "2025-05-01T02:00:17Z"},
        "password": "secret", "okapiToken": "abc", "note": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    });
    assert_json_snapshot!(testing::redacted(&answer), @r#"
    {
      "alpha": [
        "[id 1]",
        "[id 2]"
      ],
      "birthday": "1999-12-31",
      "due": "[time]",
      "metadata": "[metadata]",
      "note": "[token]",
      "okapiToken": "REDACTED",
      "password": "REDACTED",
      "url": "/users/[id 1]/ä",
      "zebra": "[id 1]"
    }
    "#);
}

#[test]
fn records_of_two_runs_are_the_same() {
    let user = |id: &str, when: &str| {
        let user =
            json!({"id": id, "username": "ann", "active": true, "metadata": {"createdDate": when}});
        serde_json::from_value::<User>(user).unwrap()
    };
    let first = user(
        "3f1c1d5c-9f5c-4a3c-9d1f-6d2b7f6c0a01",
        "2025-05-01T02:00:17Z",
    );
    let second = user(
        "b3c1d5c0-9f5c-4a3c-9d1f-6d2b7f6c0a02",
        "2026-01-01T00:00:00Z",
    );
    let redacted: Value = testing::redacted(&first);
    assert_eq!(redacted, testing::redacted(&second));
}

#[cfg(feature = "blocking")]
#[test]
fn a_test_without_async_starts_its_own_folio() {
    let folio = testing::blocking::folio().unwrap();
    let fault = Fault::new(Effect::status(503, "busy"))
        .path("/groups")
        .times(1);
    folio.sandbox().fault(fault);
    let groups = folio.users().list_groups().send().unwrap().usergroups;
    assert_eq!(groups.len(), 5);
    // The client can be moved to where the program takes it; the sandbox lives as long as `folio`.
    let client = folio.client().clone();
    let count = std::thread::spawn(move || client.users().list_users().stream().count());
    assert_eq!(count.join().unwrap(), 60);
    let empty = testing::blocking::connect_to(testing::Sandbox::builder()).unwrap();
    let groups = empty.users().list_groups().send().unwrap().usergroups;
    assert_eq!(groups.len(), 0);
}

#[cfg(feature = "blocking")]
#[tokio::test]
async fn a_blocking_folio_in_asynchronous_code_is_an_error() {
    let error = testing::blocking::folio().unwrap_err();
    assert_eq!(error.kind(), folio_sdk::ErrorKind::Runtime);
}
