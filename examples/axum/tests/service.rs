//! The service over a socket, before a FOLIO in the process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{FolioClient, RetryPolicy};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Service {
    url: String,
    sandbox: Sandbox,
    folio: FolioClient,
    http: Client,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(folio_example_axum::serve(
            listener,
            folio.clone(),
            async move { _ = stopped.await },
        ));
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

    async fn status_with(&self, fault: Fault) -> u16 {
        self.sandbox.fault(fault);
        let status = self.get("/users").await.status().as_u16();
        self.sandbox.clear_faults();
        status
    }
}

#[tokio::test]
async fn users_are_found_read_and_changed() {
    let service = Service::start().await;
    let users: Vec<Value> = service.get("/users?limit=3").await.json().await.unwrap();
    assert_eq!(users.len(), 3);
    let (id, name) = (
        users[0]["id"].as_str().unwrap(),
        users[0]["username"].as_str().unwrap(),
    );
    let found: Vec<Value> = service
        .get(&format!("/users?name={name}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(found, users[..1]);
    // What would be a query is a name here, and nobody has it.
    let found: Vec<Value> = service
        .get("/users?name=%22+or+username%3D%22*")
        .await
        .json()
        .await
        .unwrap();
    assert!(found.is_empty());
    let changed = service
        .http
        .put(format!("{}/users/{id}/barcode", service.url))
        .json(&json!({"barcode": "4711"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 204);
    let user: Value = service
        .get(&format!("/users/{id}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(user["barcode"], "4711");
}

#[tokio::test]
async fn an_error_of_folio_is_a_fitting_answer() {
    let service = Service::start().await;
    let absent = service
        .get("/users/00000000-0000-4000-8000-00000000dead")
        .await;
    assert_eq!(absent.status(), 404);
    for (status, answered) in [
        (503, 503),
        (504, 504),
        (500, 502),
        (403, 502),
        (401, 502),
        (409, 409),
        (422, 422),
    ] {
        let fault = Fault::new(Effect::status(status, "internal: db-7.example.edu")).path("/users");
        assert_eq!(service.status_with(fault).await, answered, "{status}");
    }
    let busy = Effect::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: String::new(),
    };
    service.sandbox.fault(Fault::new(busy).path("/users"));
    let answer = service.get("/users").await;
    service.sandbox.clear_faults();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
    let fault = Fault::new(Effect::Drop).path("/users");
    assert_eq!(service.status_with(fault).await, 503);
    service
        .sandbox
        .fault(Fault::new(Effect::status(500, "internal: db-7.example.edu")).path("/users"));
    let told = service.get("/users").await.text().await.unwrap();
    assert!(!told.contains("db-7"), "{told}");
}

#[tokio::test]
async fn who_hangs_up_takes_the_request_to_folio_along() {
    let service = Service::start().await;
    service.sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_secs(600)))
            .path("/users")
            .times(2),
    );
    // Both places of the client are taken by requests that would last ten minutes.
    for _ in 0..2 {
        let gone = service
            .http
            .get(format!("{}/users", service.url))
            .timeout(Duration::from_millis(200))
            .send()
            .await;
        assert!(gone.unwrap_err().is_timeout());
    }
    let next = tokio::time::timeout(Duration::from_secs(10), service.get("/users")).await;
    assert_eq!(next.expect("the places are free again").status(), 200);
}

#[tokio::test]
async fn the_whole_list_goes_through_as_lines() {
    let service = Service::start().await;
    let answer = service.get("/instances.jsonl").await;
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    let text = answer.text().await.unwrap();
    let sent: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut stored = service
        .sandbox
        .records("diku", "/instance-storage/instances")
        .unwrap();
    stored.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
    assert_eq!(sent, stored);
}

#[tokio::test]
async fn a_list_that_breaks_is_not_taken_for_whole() {
    let service = Service::start().await;
    let refused = Fault::new(Effect::status(500, "no")).path("/instance-storage");
    service.sandbox.fault(refused);
    assert_eq!(service.get("/instances.jsonl").await.status(), 502);
    service.sandbox.clear_faults();
    // The first page comes, the next one does not.
    let broken = Fault::new(Effect::status(500, "no"))
        .path("/instance-storage")
        .after(1);
    service.sandbox.fault(broken);
    let answer = service.get("/instances.jsonl").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.is_err());
}

#[tokio::test]
async fn it_logs_out_when_it_is_told_to_stop() {
    let service = Service::start().await;
    assert_eq!(service.get("/users").await.status(), 200);
    service.stop.send(()).unwrap();
    service.task.await.unwrap().unwrap();
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
