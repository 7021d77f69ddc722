//! The output of the one-line logging, and the redacted parts.
//!
//! A program of its own: its subscriber is that of a thread, and tracing would decide on the events
//! that another test meets first without it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use folio_sdk::logging::{Detail, subscriber};
use folio_test_support::log::Log;
use folio_test_support::server::{Folio, PASSWORD, Reply};
use serde_json::{Value, json};

/// Has calls of all kinds made, and gives the log but for times and addresses.
async fn logged(detail: Detail) -> String {
    let log = Log::default();
    // One thread: everything of this test is under its subscriber.
    let guard = tracing::subscriber::set_default(subscriber(detail, log.clone()));
    let server = Folio::start(|asked, n| match (asked.path(), n) {
        ("/users", 0) => Some(Reply::text(503, "busy")),
        ("/users", _) => Some(Reply::json(json!({"users": []}))),
        ("/nothing", _) => Some(Reply::text(404, "Not found")),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let path = "/users?query=username%3D%3Dann&apikey=key-8";
    let _: Vec<Value> = folio.folio_get(path, "users").await.unwrap();
    server.expire();
    let _: Vec<Value> = folio.folio_get("/users", "users").await.unwrap();
    folio
        .folio_get::<Value>("/nothing", None)
        .await
        .unwrap_err();
    folio.close().await.unwrap();
    drop(guard);
    let log = log.text();
    let mut secrets = server.secrets();
    secrets.extend([PASSWORD.to_owned(), "key-8".to_owned()]);
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
    log.replace(&server.url, "")
}

/// Lines without the time at their beginning, and without figures of time in them.
fn lines(log: &str) -> String {
    let mut text = String::new();
    for line in log.lines() {
        let line = line.split_once(' ').unwrap().1.trim();
        let words: Vec<&str> = line.split(' ').collect();
        for (index, word) in words.iter().enumerate() {
            let is_time = words
                .get(index + 1)
                .is_some_and(|unit| unit.starts_with("ms"));
            text += if is_time { "_" } else { word };
            text += if index + 1 < words.len() { " " } else { "\n" };
        }
    }
    text
}

#[tokio::test]
async fn one_line_of_code_gives_one_line_a_call() {
    let log = logged(Detail::Requests).await;
    insta::assert_snapshot!(lines(&log), @r"
    DEBUG GET /users?query=username==ann&apikey=REDACTED -> 200 in _ ms, 12 bytes, attempts: 2
    DEBUG GET /users -> 200 in _ ms, 12 bytes, attempts: 2
    DEBUG GET /nothing: 404 Not Found: Not found
    ");
}

#[tokio::test]
async fn the_richer_form_shows_repetitions_and_renewals() {
    let log = logged(Detail::All).await;
    for told in [
        "retrying",
        "the token was rejected",
        "token renewed",
        "logged in",
        "logged out",
        "/users?query=username==ann&apikey=REDACTED -> 200",
    ] {
        assert!(log.contains(told), "{told} in {log}");
    }
}
