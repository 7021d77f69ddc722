//! Blocks of pages that no other test has: imports, and the ones of the pages about the environment
//! and about tests.

#![allow(
    unused_imports,
    reason = "the functions that need them are in other tests"
)]

use std::time::Duration;

use folio_sdk::FolioClient;
use folio_test_support::clock::Clock;
use folio_test_support::server::{Folio, Reply};
use serde_json::{Value, json};

/// The imports of the guide.
#[rustfmt::skip]
mod guide {
use std::path::Path;
use std::time::Duration;

use folio_sdk::inventory_storage::Instance;
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{CheckpointFile, Cql, Deletion, Error, FolioClient, Id, Record, RetryPolicy, UpsertReport, cql};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;
}

/// The imports of the README.
#[rustfmt::skip]
mod readme {
use std::error::Error;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use folio_sdk::{CheckpointFile, FolioClient, Id, cql};
use futures_util::TryStreamExt;
use serde_json::Value;
}

#[rustfmt::skip]
mod environment {
use super::*;

pub(crate) async fn connect() -> Result<FolioClient, folio_sdk::Error> {
    FolioClient::from_env()?.connect().await
}
}

#[tokio::test]
async fn without_its_variables_the_environment_is_an_error_that_names_one() {
    // In a shell that has them, a server would be asked.
    if std::env::var_os("FOLIO_URL").is_none() {
        let error = environment::connect().await.unwrap_err().to_string();
        assert!(error.contains("FOLIO_URL"), "{error}");
    }
}

#[rustfmt::skip]
#[tokio::test]
async fn the_scripted_server_of_the_page_about_tests() {
let server = Folio::start(|asked, before| match (asked.path(), before) {
    ("/users", 0) => Some(Reply::text(503, "busy")),
    ("/users", _) => Some(Reply::json(json!({"users": []}))),
    _ => None,
})
.await;
let folio = server.connect().await;
    let users: Value = folio.folio_get("/users", "users").await.unwrap();
    assert_eq!(users, json!([]));
    assert_eq!(server.log().iter().filter(|asked| asked.path() == "/users").count(), 2);
}

#[rustfmt::skip]
#[tokio::test]
async fn the_clock_of_the_page_about_tests() {
    let server = Folio::start(|asked, before| match (asked.path(), before) {
        ("/users", 0) => Some(Reply::text(503, "busy").with("retry-after", "1")),
        ("/users", _) => Some(Reply::json(json!({"users": []}))),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
let clock = Clock::stop();
let (outcome, waited) = clock.time(Duration::from_millis(1), folio.folio_get::<Value>("/users", None).into_future()).await;
assert!((1000..1100).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(outcome.unwrap(), json!({"users": []}));
}
