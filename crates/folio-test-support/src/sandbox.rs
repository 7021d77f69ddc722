//! Clients of the in-process FOLIO.

use std::time::Duration;

use folio_sandbox::Sandbox;
use folio_sdk::{FolioClient, FolioClientBuilder, RetryPolicy};

/// The tenant of a sandbox that a test does not describe further.
pub const TENANT: &str = "diku";
/// The administrator of that tenant.
pub const ADMIN: &str = "diku_admin";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "admin";

/// The id with a number: ordered as the numbers are.
pub fn id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

/// A client of the administrator that is not logged in.
pub fn admin(sandbox: &Sandbox) -> FolioClientBuilder {
    FolioClient::builder(sandbox.url())
        .tenant(TENANT)
        .credentials(ADMIN, ADMIN_PASSWORD)
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(2)))
}

/// A sandbox with the demo data, and its administrator's client.
pub async fn demo() -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (sandbox, folio)
}

/// Waits until the sandbox gets no more requests. It runs in its own thread and reports nothing, so
/// this takes real time.
pub async fn quiet(sandbox: &Sandbox) {
    let mut before = usize::MAX;
    loop {
        let now = sandbox.exchanges().len();
        if now == before {
            return;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
