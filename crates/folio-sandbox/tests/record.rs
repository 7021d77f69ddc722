//! The recording command, and the replay against a server elsewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::path::Path;

use folio_sandbox::Sandbox;
use folio_sandbox::record::{Credentials, record};
use serde_json::{Value, json};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/data/exchanges.jsonl.gz"
);

async fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().reference_data().tenant("college");
    let builder = builder.user("operator", "correct horse battery staple");
    builder.user_records().start().await.unwrap()
}

#[tokio::test]
async fn a_server_is_recorded_without_its_secrets() {
    let sandbox = sandbox().await;
    let credentials = Credentials::new("operator", "correct horse battery staple");
    let mut out = Vec::new();
    let work = record(
        sandbox.url(),
        "college",
        &credentials,
        Path::new(FILE),
        &mut out,
    );
    let recorded = work.await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((recorded.sent, rows.len()), (175, 175));
    // Those about the user of the first recording, and about a second session.
    assert!(recorded.other_status <= 12, "{recorded:?}");
    for secret in ["horse battery", "eyJhbGci"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let named = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    let group = named("create same id");
    assert_eq!(group["status"], 422);
    assert!(
        group["text"]
            .as_str()
            .unwrap()
            .contains("User with this id already exists")
    );
    let login = rows
        .iter()
        .find(|row| row["cookies"].is_array() && row["status"] == 201);
    let cookie = login.map(|row| row["cookies"][0].as_str().unwrap().to_owned());
    assert!(cookie.is_none_or(|cookie| cookie.starts_with("folioAccessToken=<jwt>; ")));
}

#[tokio::test]
async fn a_login_that_fails_is_told() {
    let sandbox = sandbox().await;
    let credentials = Credentials::new("operator", "wrong");
    let mut out = Vec::new();
    let work = record(
        sandbox.url(),
        "college",
        &credentials,
        Path::new(FILE),
        &mut out,
    );
    let error = work.await.unwrap_err().to_string();
    assert!(
        error.contains("the login of operator in the tenant college"),
        "{error}"
    );
    assert!(error.contains("Password does not match"), "{error}");
    assert!(out.is_empty());
}

#[tokio::test]
async fn ids_of_the_server_are_used_in_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.jsonl");
    let recorded = "11111111-2222-4333-8444-555555555555";
    let rows = [
        json!({"name": "create", "method": "POST", "path": "/groups", "body": {"group": "guests"}, "status": 201,
            "text": format!("{{\"group\":\"guests\",\"id\":\"{recorded}\"}}")}),
        json!({"name": "read", "method": "GET", "path": format!("/groups/{recorded}"), "status": 200}),
        json!({"name": "raw", "method": "(raw)", "body": "hello"}),
    ];
    let text: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(&file, text.join("\n")).unwrap();
    let sandbox = sandbox().await;
    let credentials = Credentials::new("operator", "correct horse battery staple");
    let mut out = Vec::new();
    let recorded = record(sandbox.url(), "college", &credentials, &file, &mut out)
        .await
        .unwrap();
    assert_eq!(
        (recorded.sent, recorded.other_status, recorded.left_out),
        (2, 0, 1)
    );
    let text = String::from_utf8(out).unwrap();
    let read: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(read["status"], 200);
    assert_eq!(read["keys"][0], "group");
}

#[cfg(feature = "command")]
#[test]
fn the_command_records() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(sandbox());
    let command = |password: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_folio-sandbox"));
        command.args([
            "record",
            sandbox.url(),
            "--tenant",
            "college",
            "--user",
            "operator",
        ]);
        command.env_remove("FOLIO_PASSWORD");
        if let Some(password) = password {
            command.env("FOLIO_PASSWORD", password);
        }
        command.output().unwrap()
    };
    let without = command(None);
    assert!(!without.status.success());
    let said = String::from_utf8(without.stderr).unwrap();
    assert!(
        said.contains("set FOLIO_PASSWORD to the password of operator"),
        "{said}"
    );
    let done = command(Some("correct horse battery staple"));
    assert!(done.status.success());
    let rows = String::from_utf8(done.stdout).unwrap();
    assert_eq!(rows.lines().count(), 175);
    assert!(!rows.contains("horse battery"));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.starts_with("175 requests sent, "), "{said}");
}
