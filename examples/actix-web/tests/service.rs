//! The service over a socket, before a FOLIO in the process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

use std::net::TcpListener;
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{FolioClient, RetryPolicy};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

struct Service {
    url: String,
    sandbox: Sandbox,
    folio: FolioClient,
    http: Client,
    stop: oneshot::Sender<()>,
    task: std::thread::JoinHandle<std::io::Result<()>>,
}

/// In a build of the whole workspace reqwest has TLS, and wants a provider of cryptography.
fn client() -> Client {
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

impl Service {
    async fn start() -> Self {
        let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
        let folio = FolioClient::builder(sandbox.url())
            .tenant("diku")
            .credentials("diku_admin", "admin")
            .retry(RetryPolicy::none())
            .max_in_flight(2)
            .connect()
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = folio.clone();
        let task = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(folio_example_actix_web::serve(
                listener,
                served,
                async move { _ = stopped.await },
            ))
        });
        Self {
            url,
            sandbox,
            folio,
            http: client(),
            stop,
            task,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
    }

    fn stored(&self, path: &str) -> Vec<Value> {
        self.sandbox.records("diku", path).unwrap()
    }
}

#[tokio::test]
async fn locations_and_items_are_read() {
    let service = Service::start().await;
    let locations: Vec<Value> = service.get("/locations").await.json().await.unwrap();
    assert_eq!(locations.len(), service.stored("/locations").len());
    let stored = service.stored("/item-storage/items");
    let item = stored
        .iter()
        .find(|item| item["barcode"].is_string())
        .unwrap();
    let path = format!("/items/{}", item["barcode"].as_str().unwrap());
    let found: Vec<Value> = service.get(&path).await.json().await.unwrap();
    assert_eq!(found, std::slice::from_ref(item));
    let found: Vec<Value> = service.get("/items/%2A").await.json().await.unwrap();
    assert!(found.is_empty());
}

#[tokio::test]
async fn a_note_is_added_and_a_conflict_is_told() {
    let service = Service::start().await;
    let id = service.stored("/instance-storage/instances")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let add = async || {
        service
            .http
            .post(format!("{}/instances/{id}/notes", service.url))
            .json(&json!({"text": "checked"}))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(add().await, 204);
    let stored = service.stored("/instance-storage/instances");
    let instance = stored
        .iter()
        .find(|instance| instance["id"] == json!(id))
        .unwrap();
    let notes = instance["administrativeNotes"].as_array().unwrap();
    assert_eq!(notes.last(), Some(&json!("checked")));
    let conflict = Effect::status(409, "Stored _version is 3, _version of request is 2");
    service.sandbox.fault(Fault::new(conflict).method("PUT"));
    assert_eq!(add().await, 409);
}

#[tokio::test]
async fn an_error_of_folio_is_a_fitting_answer() {
    let service = Service::start().await;
    let posted = service
        .http
        .post(format!(
            "{}/instances/00000000-0000-4000-8000-00000000dead/notes",
            service.url
        ))
        .json(&json!({"text": "x"}))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 404);
    for (status, answered) in [
        (503, 503),
        (504, 504),
        (500, 502),
        (403, 502),
        (401, 502),
        (422, 422),
    ] {
        let fault = Fault::new(Effect::status(status, "internal: db-7.example.edu")).path("/loc");
        service.sandbox.fault(fault);
        let answer = service.get("/locations").await;
        service.sandbox.clear_faults();
        assert_eq!(answer.status(), answered);
        let text = answer.text().await.unwrap();
        assert!(answered != 502 || !text.contains("db-7"), "{text}");
    }
    let busy = Effect::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: String::new(),
    };
    service.sandbox.fault(Fault::new(busy).path("/loc"));
    let answer = service.get("/locations").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
}

#[tokio::test]
async fn who_hangs_up_takes_the_request_to_folio_along() {
    let service = Service::start().await;
    service.sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_secs(600)))
            .path("/locations")
            .times(2),
    );
    // Both places of the client are taken by requests that would last ten minutes.
    for _ in 0..2 {
        let gone = service
            .http
            .get(format!("{}/locations", service.url))
            .timeout(Duration::from_millis(200))
            .send()
            .await;
        assert!(gone.unwrap_err().is_timeout());
    }
    let next = tokio::time::timeout(Duration::from_secs(10), service.get("/locations")).await;
    assert_eq!(next.expect("the places are free again").status(), 200);
}

#[tokio::test]
async fn the_whole_list_goes_through_and_is_whole_or_broken() {
    let service = Service::start().await;
    let text = service.get("/instances.jsonl").await.text().await.unwrap();
    let sent: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut stored = service.stored("/instance-storage/instances");
    stored.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    assert_eq!(sent, stored);

    let refused = Fault::new(Effect::status(500, "no")).path("/instance-storage");
    service.sandbox.fault(refused.clone());
    assert_eq!(service.get("/instances.jsonl").await.status(), 502);
    service.sandbox.clear_faults();
    service.sandbox.fault(refused.after(1));
    let answer = service.get("/instances.jsonl").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.is_err());
}

#[tokio::test]
async fn it_logs_out_when_it_is_told_to_stop() {
    let service = Service::start().await;
    assert_eq!(service.get("/locations").await.status(), 200);
    service.stop.send(()).unwrap();
    let task = service.task;
    tokio::task::spawn_blocking(move || task.join())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(service.folio.is_closed());
    let logouts = service
        .sandbox
        .exchanges()
        .into_iter()
        .filter(|exchange| exchange.path == "/authn/logout" && exchange.status == Some(204));
    assert_eq!(logouts.count(), 1);
}

#[tokio::test]
async fn a_long_list_is_not_held_for_a_caller_who_does_not_take_it() {
    let service = Service::start().await;
    let text = "x".repeat(4_000);
    let records = (0..6_000).map(|number| {
        json!({"id": format!("{number:08x}-0000-4000-8000-000000000000"), "title": text, "source": "FOLIO",
            "instanceTypeId": "30fffe0e-e985-4144-b2e2-1e8179bdb41f"})
    });
    let path = "/instance-storage/instances";
    service
        .sandbox
        .load("diku", path, records.collect())
        .unwrap();
    let mut answer = service.get("/instances.jsonl").await;
    assert!(answer.chunk().await.unwrap().is_some());
    // 24 MB in 12 pages are there to be had. What the sockets between hold is a few.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pages = service.sandbox.exchanges();
    let pages = pages
        .iter()
        .filter(|exchange| exchange.path == path)
        .count();
    assert!((1..10).contains(&pages), "{pages}");
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        bytes += chunk.len();
    }
    assert!(bytes > 24_000_000, "{bytes}");
}
