//! The service over a socket, with an in-process FOLIO.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

use folio_sandbox::{Effect, Fault};
use folio_test_support::service::Service;
use reqwest::{Method, Response};
use serde_json::json;

const LOCATIONS: &str = "/locations";
const LINES: &str = "/instances.jsonl";

async fn start() -> Service {
    Service::start(|listener, folio, stopped| {
        let served = folio_example_actix_web::serve(listener, folio, async move {
            _ = stopped.await;
        });
        actix_web::rt::System::new().block_on(served)
    })
    .await
}

#[tokio::test]
async fn locations_and_items_are_read() {
    let service = start().await;
    let locations = service.json(LOCATIONS).await;
    assert_eq!(locations.len(), service.stored("/locations").len());
    let stored = service.stored("/item-storage/items");
    let item = stored
        .iter()
        .find(|item| item["barcode"].is_string())
        .unwrap();
    let path = format!("/items/{}", item["barcode"].as_str().unwrap());
    assert_eq!(service.json(&path).await, std::slice::from_ref(item));
    assert!(service.json("/items/%2A").await.is_empty());
}

async fn add_note(service: &Service, instance: &str, text: &str) -> Response {
    service
        .request(Method::POST, &format!("/instances/{instance}/notes"))
        .json(&json!({"text": text}))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_note_is_added_and_a_conflict_is_told() {
    let service = start().await;
    let id = service.stored("/instance-storage/instances")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(add_note(&service, &id, "checked").await.status(), 204);
    let stored = service.stored("/instance-storage/instances");
    let instance = stored
        .iter()
        .find(|instance| instance["id"] == json!(id))
        .unwrap();
    let notes = instance["administrativeNotes"].as_array().unwrap();
    assert_eq!(notes.last(), Some(&json!("checked")));
    let conflict = Effect::status(409, "Stored _version is 3, _version of request is 2");
    service.sandbox.fault(Fault::new(conflict).method("PUT"));
    assert_eq!(add_note(&service, &id, "checked").await.status(), 409);
}

#[tokio::test]
async fn an_error_of_folio_is_a_fitting_answer() {
    let service = start().await;
    let absent = "00000000-0000-4000-8000-00000000dead";
    assert_eq!(add_note(&service, absent, "x").await.status(), 404);
    let statuses = [
        (503, 503),
        (504, 504),
        (500, 502),
        (403, 502),
        (401, 502),
        (422, 422),
    ];
    service
        .failures_are_reported(LOCATIONS, "/loc", &statuses)
        .await;
}

#[tokio::test]
async fn who_hangs_up_takes_the_request_to_folio_along() {
    let service = start().await;
    service
        .who_hangs_up_takes_the_request_along(LOCATIONS)
        .await;
}

#[tokio::test]
async fn the_whole_list_goes_through_and_is_whole_or_broken() {
    let service = start().await;
    let response = service.get(LINES).await;
    service.lines_are_the_stored_records(response).await;
    service
        .a_list_that_breaks_is_not_taken_for_whole(LINES)
        .await;
}

#[tokio::test]
async fn it_logs_out_when_it_is_told_to_stop() {
    let service = start().await;
    assert_eq!(service.get(LOCATIONS).await.status(), 200);
    service.it_logs_out_when_it_ends().await;
}

#[tokio::test]
async fn a_long_list_is_not_held_for_a_caller_who_does_not_take_it() {
    let service = start().await;
    service.a_long_list_is_not_held(LINES).await;
}
