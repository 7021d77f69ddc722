//! The deadline of a whole call: it bounds every wait.

use std::time::Duration;

use folio_sdk::{ErrorKind, FolioClient, Method, Request, RetryPolicy};
use serde_json::{Value, json};

use folio_test_support::clock::Clock;
use folio_test_support::gateways::{Nginx, free_port};
use folio_test_support::server::{Folio, Reply};

const DEADLINE: Duration = Duration::from_millis(600);

fn patient() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(1000)
        .initial_backoff(Duration::from_millis(20))
        .max_backoff(Duration::from_millis(50))
        .without_budget()
}

/// The work ends with the deadline, by the clock of the runtime.
async fn within<T>(work: impl Future<Output = T>) -> T {
    let clock = Clock::stop();
    let (outcome, elapsed) = clock.time(Duration::from_millis(1), work).await;
    assert!(
        elapsed > DEADLINE / 2 && elapsed < DEADLINE * 5 / 4,
        "{elapsed:?}"
    );
    outcome
}

async fn server() -> Folio {
    Folio::start(|asked, _| match asked.path() {
        "/busy" => Some(Reply::text(503, "busy")),
        "/silent" => Some(Reply::Stall),
        "/large" => Some(Reply::text(200, &"x".repeat(10_000))),
        "/small" => Some(Reply::json(json!({"small": true}))),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_deadline_bounds_all_attempts() {
    let server = server().await;
    let folio = server
        .builder()
        .retry(patient())
        .deadline(DEADLINE)
        .connect()
        .await
        .unwrap();
    // The error is that of the last attempt.
    let error = within(folio.folio_get::<Value>("/busy", None).send())
        .await
        .unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert!(error.attempts() > 5, "{error:#}");
    // One attempt ends with it as well.
    let error = within(folio.folio_get::<Value>("/silent", None).send())
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:#}");
    assert_eq!(error.attempts(), 1, "{error:#}");
}

#[tokio::test]
async fn a_deadline_of_a_call_replaces_the_clients() {
    let server = server().await;
    let folio = server
        .builder()
        .retry(patient())
        .deadline(Duration::from_secs(60))
        .connect()
        .await
        .unwrap();
    let error = within(
        folio
            .folio_get::<Value>("/busy", None)
            .deadline(DEADLINE)
            .send(),
    )
    .await
    .unwrap_err();
    assert!(error.attempts() > 5, "{error:#}");
    let request = Request::to(Method::GET, "/busy").deadline(DEADLINE);
    within(folio.execute(request)).await.unwrap_err();
    let typed = folio.users().list_groups().deadline(DEADLINE);
    let error = typed.send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
}

#[tokio::test]
async fn a_deadline_bounds_the_wait_for_a_permit() {
    let server = server().await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let _download = folio
        .open(Request::to(Method::GET, "/large"))
        .await
        .unwrap();
    let error = within(
        folio
            .folio_get::<Value>("/small", None)
            .deadline(DEADLINE)
            .send(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.attempts(), 0);
    assert!(error.to_string().contains("not sent"), "{error}");
}

#[tokio::test]
async fn a_deadline_bounds_the_wait_for_a_login() {
    // A server that never responds.
    let silent = Folio::start(|_, _| Some(Reply::Stall)).await;
    let folio = silent.builder().retry(patient()).build().unwrap();
    let error = within(
        folio
            .folio_get::<Value>("/small", None)
            .deadline(DEADLINE)
            .send(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:#}");
    // One that fails again and again, behind a gateway: the error is that of the login.
    let upstream = format!("http://127.0.0.1:{}", free_port());
    let Some(gateway) = Nginx::default().start(&upstream) else {
        return;
    };
    let folio = gateway
        .builder()
        .retry(patient())
        .deadline(DEADLINE)
        .build()
        .unwrap();
    let get = folio.folio_get::<Value>("/small", None);
    let error = within(get.send()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(502));
    let connecting: Result<(), _> = within(FolioClient::connect(&folio)).await;
    assert_eq!(
        connecting.unwrap_err().status().map(|it| it.as_u16()),
        Some(502)
    );
}

#[tokio::test]
async fn a_deadline_bounds_the_wait_for_a_slot_of_the_rate() {
    let server = server().await;
    let folio = server.builder().rate_limit(0.1, 1).connect().await.unwrap();
    let get = || folio.folio_get::<Value>("/small", None).deadline(DEADLINE);
    get().await.unwrap();
    let error = within(get().send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
}

/// A write whose attempt was cut off by the deadline: nothing is sent any more, and the outcome is
/// unknown.
#[tokio::test]
async fn a_write_that_the_deadline_cut_off_has_an_unknown_outcome() {
    let server = server().await;
    let folio = server.builder().retry(patient()).connect().await.unwrap();
    let call = folio
        .folio_post(
            "/silent",
            &json!({"id": "69640328-788e-43fc-9c3c-af39e243f3b7"}),
        )
        .idempotent(true)
        .deadline(DEADLINE);
    let error = within(call.send()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:#}");
    assert_eq!(server.asked("/silent").len(), 1);
}
