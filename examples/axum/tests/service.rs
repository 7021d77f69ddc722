//! The service over a socket, with an in-process FOLIO.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

use folio_test_support::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

const USERS: &str = "/users";
const LINES: &str = "/instances.jsonl";

async fn start() -> Service {
    Service::start(|listener, folio, stopped| {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            folio_example_axum::serve(listener, folio, async move { _ = stopped.await }).await
        })
    })
    .await
}

#[tokio::test]
async fn users_are_found_read_and_changed() {
    let service = start().await;
    let users = service.json("/users?limit=3").await;
    assert_eq!(users.len(), 3);
    let (id, name) = (
        users[0]["id"].as_str().unwrap(),
        users[0]["username"].as_str().unwrap(),
    );
    let found = service.json(&format!("/users?name={name}")).await;
    assert_eq!(found, users[..1]);
    // A query in the input is a name here, and no user has it.
    let found = service.json("/users?name=%22+or+username%3D%22*").await;
    assert!(found.is_empty());
    let changed = service
        .request(Method::PUT, &format!("/users/{id}/barcode"))
        .json(&json!({"barcode": "4711"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 204);
    let user = service.get(&format!("/users/{id}")).await;
    let user: Value = user.json().await.unwrap();
    assert_eq!(user["barcode"], "4711");
}

#[tokio::test]
async fn an_error_of_folio_is_a_fitting_answer() {
    let service = start().await;
    let absent = service
        .get("/users/00000000-0000-4000-8000-00000000dead")
        .await;
    assert_eq!(absent.status(), 404);
    let statuses = [
        (503, 503),
        (504, 504),
        (500, 502),
        (403, 502),
        (401, 502),
        (409, 409),
        (422, 422),
    ];
    service.failures_are_reported(USERS, USERS, &statuses).await;
}

#[tokio::test]
async fn who_hangs_up_takes_the_request_to_folio_along() {
    let service = start().await;
    service.who_hangs_up_takes_the_request_along(USERS).await;
}

#[tokio::test]
async fn the_whole_list_goes_through_as_lines() {
    let service = start().await;
    let answer = service.get(LINES).await;
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    service.lines_are_the_stored_records(answer).await;
}

#[tokio::test]
async fn a_list_that_breaks_is_not_taken_for_whole() {
    let service = start().await;
    service
        .a_list_that_breaks_is_not_taken_for_whole(LINES)
        .await;
}

#[tokio::test]
async fn it_logs_out_when_it_is_told_to_stop() {
    let service = start().await;
    assert_eq!(service.get(USERS).await.status(), 200);
    service.it_logs_out_when_it_ends().await;
}

#[tokio::test]
async fn a_long_list_is_not_held_for_a_caller_who_does_not_take_it() {
    let service = start().await;
    service.a_long_list_is_not_held(LINES).await;
}
