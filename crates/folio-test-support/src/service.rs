//! A web service in front of a sandbox: the common code of the example services' tests.

use std::net::TcpListener;
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{FolioClient, RetryPolicy};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::sandbox::{TENANT, admin, id, quiet};

const INSTANCES: &str = "/instance-storage/instances";

/// A running service, its sandbox and a client of the service.
pub struct Service {
    pub url: String,
    pub sandbox: Sandbox,
    folio: FolioClient,
    http: Client,
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<std::io::Result<()>>,
}

/// A client for services over HTTP. In a build of the whole workspace reqwest has TLS, and wants a
/// provider of cryptography.
pub fn http() -> Client {
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

impl Service {
    /// Runs a service in a thread of its own, with a client of the administrator that sends two
    /// requests at once. `serve` returns when the receiver gets something.
    pub async fn start(
        serve: impl FnOnce(TcpListener, FolioClient, oneshot::Receiver<()>) -> std::io::Result<()>
        + Send
        + 'static,
    ) -> Self {
        let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
        let folio = admin(&sandbox)
            .retry(RetryPolicy::none())
            .max_in_flight(2)
            .connect()
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = folio.clone();
        let thread = std::thread::spawn(move || serve(listener, served, stopped));
        Self {
            url,
            sandbox,
            folio,
            http: http(),
            stop,
            thread,
        }
    }

    /// A request of the service that is not sent yet.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.request(reqwest::Method::GET, path);
        request.send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Vec<Value> {
        self.get(path).await.json().await.unwrap()
    }

    /// The response of the service while a request of its client meets a fault.
    pub async fn get_with(&self, path: &str, fault: Fault) -> Response {
        self.sandbox.fault(fault);
        let response = self.get(path).await;
        self.sandbox.clear_faults();
        response
    }

    pub fn stored(&self, path: &str) -> Vec<Value> {
        self.sandbox.records(TENANT, path).unwrap()
    }

    /// Each status of FOLIO leads to the status that the service responds with, and nothing of
    /// FOLIO's inside gets out. `path` is the service's, `below` that of FOLIO.
    pub async fn failures_are_reported(&self, path: &str, below: &str, statuses: &[(u16, u16)]) {
        for (status, expected) in statuses {
            let effect = Effect::status(*status, "internal: db-7.example.edu");
            let response = self.get_with(path, Fault::new(effect).path(below)).await;
            assert_eq!(response.status(), *expected, "{status}");
            let text = response.text().await.unwrap();
            assert!(*expected != 502 || !text.contains("db-7"), "{text}");
        }
        let busy = Effect::Answer {
            status: 429,
            headers: vec![("retry-after".to_owned(), "7".to_owned())],
            body: String::new(),
        };
        let response = self.get_with(path, Fault::new(busy).path(below)).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "7");
        let response = self
            .get_with(path, Fault::new(Effect::Drop).path(below))
            .await;
        assert_eq!(response.status(), 503);
    }

    /// Disconnected callers cancel their requests to FOLIO.
    pub async fn who_hangs_up_takes_the_request_along(&self, path: &str) {
        let slow = Effect::Delay(Duration::from_secs(600));
        self.sandbox.fault(Fault::new(slow).path(path).times(2));
        // Both places of the client are taken by requests that would last ten minutes. Real time:
        // the service is another thread.
        for _ in 0..2 {
            let request = self.request(reqwest::Method::GET, path);
            let gone = request.timeout(Duration::from_millis(200)).send().await;
            assert!(gone.unwrap_err().is_timeout());
        }
        let next = crate::patience::within("a free place", self.get(path)).await;
        assert_eq!(next.status(), 200);
    }

    /// The response has a line for each record that is stored, in the order of their ids.
    pub async fn lines_are_the_stored_records(&self, response: Response) {
        let text = response.text().await.unwrap();
        let sent: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut stored = self.stored(INSTANCES);
        stored.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
        assert_eq!(sent, stored);
    }

    /// A list that ends early ends the response with an error; one that does not begin is reported.
    pub async fn a_list_that_breaks_is_not_taken_for_whole(&self, path: &str) {
        let failure = Fault::new(Effect::status(500, "no")).path(INSTANCES);
        assert_eq!(self.get_with(path, failure.clone()).await.status(), 502);
        // The first page comes, the next one does not.
        self.sandbox.fault(failure.after(1));
        let response = self.get(path).await;
        assert_eq!(response.status(), 200);
        assert!(response.text().await.is_err());
    }

    /// A long list is read from FOLIO only as fast as the caller takes it.
    pub async fn a_long_list_is_not_held(&self, path: &str) {
        let text = "x".repeat(4_000);
        let records = (0..6_000).map(|number| {
            json!({"id": id(number), "title": text, "source": "FOLIO",
                "instanceTypeId": "30fffe0e-e985-4144-b2e2-1e8179bdb41f"})
        });
        self.sandbox
            .load(TENANT, INSTANCES, records.collect())
            .unwrap();
        let mut response = self.get(path).await;
        assert!(response.chunk().await.unwrap().is_some());
        // 24 MB in 12 pages are available. The sockets buffer only some of them.
        quiet(&self.sandbox).await;
        let pages = self.sandbox.exchanges();
        let pages = pages.iter().filter(|exchange| exchange.path == INSTANCES);
        let pages = pages.count();
        assert!((1..10).contains(&pages), "{pages}");
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes += chunk.len();
        }
        assert!(bytes > 24_000_000, "{bytes}");
    }

    /// The service ends and logs out.
    pub async fn it_logs_out_when_it_ends(self) {
        self.stop.send(()).unwrap();
        let ended = tokio::task::spawn_blocking(move || self.thread.join());
        ended.await.unwrap().unwrap().unwrap();
        assert!(self.folio.is_closed());
        let logouts =
            self.sandbox.exchanges().into_iter().filter(|exchange| {
                exchange.path == "/authn/logout" && exchange.status == Some(204)
            });
        assert_eq!(logouts.count(), 1);
    }
}
