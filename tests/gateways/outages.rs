//! Short outages: the login that a call needs follows the call's policy.

use std::time::Duration;

use folio_sdk::{Credentials, ErrorKind, FolioClient, RetryPolicy};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use folio_test_support::clock::Clock;
use folio_test_support::gateways::{Nginx, free_port, haproxy};
use folio_test_support::server::{Folio, PASSWORD, Reply};

/// Patient by attempts, with short waits.
fn patient() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(200)
        .initial_backoff(Duration::from_millis(50))
        .max_backoff(Duration::from_millis(200))
}

async fn listen(port: u16) -> Folio {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    Folio::listen(listener, |asked, _| {
        (asked.path() == "/users").then(|| Reply::json(json!({"users": [], "totalRecords": 0})))
    })
}

async fn works(folio: &FolioClient) {
    folio
        .folio_get::<Vec<Value>>("/users", "users")
        .await
        .unwrap();
}

/// The server behind the gateway is not there for several attempts of the login.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_outlives_an_outage_as_long_as_the_policy_of_the_call_has_it() {
    for is_nginx in [true, false] {
        let port = free_port();
        let upstream = format!("http://127.0.0.1:{port}");
        let gateway = if is_nginx {
            Nginx::default().start(&upstream)
        } else {
            haproxy(&upstream, "")
        };
        let Some(gateway) = gateway else { continue };
        // Not there yet: `connect` waits for it.
        let folio = gateway.builder().retry(patient()).build().unwrap();
        let connecting = tokio::spawn({
            let folio = folio.clone();
            async move { folio.connect().await }
        });
        // Real time: the gateway is another process, and says nothing of what it rejects. Some
        // attempts fail in it.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!connecting.is_finished(), "{:?}", connecting.await);
        let server = listen(port).await;
        connecting.await.unwrap().unwrap();
        works(&folio).await;
        drop(server);
    }
}

#[tokio::test]
async fn a_call_that_needs_a_login_follows_its_own_policy_and_not_the_clients() {
    let upstream = format!("http://127.0.0.1:{}", free_port());
    let Some(gateway) = Nginx::default().start(&upstream) else {
        return;
    };
    let folio = gateway.builder().retry(patient()).build().unwrap();
    let get = || folio.folio_get::<Value>("/users", None);
    // Two attempts, and the login counts as one.
    let error = get().retry(patient().max_attempts(2)).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(502));
    assert_eq!(error.attempts(), 2, "{error:#}");
    // As many as there is time for.
    let call = get().retry(patient().deadline(Duration::from_secs(1)));
    let clock = Clock::stop();
    let (outcome, elapsed) = clock
        .time(Duration::from_millis(1), call.into_future())
        .await;
    let error = outcome.unwrap_err();
    drop(clock);
    assert!(error.attempts() > 3, "{error:#}");
    assert!(
        elapsed > Duration::from_millis(600) && elapsed < Duration::from_millis(1100),
        "{elapsed:?}"
    );
    // The budget as well.
    let folio = gateway
        .builder()
        .retry(patient().budget(0.0, 3))
        .build()
        .unwrap();
    let error = folio.connect().await.unwrap_err();
    assert_eq!(error.attempts(), 4, "{error:#}");
    assert!(format!("{error:#}").contains("budget"), "{error:#}");
}

/// All calls of a client wait for one login: it is sent once for all, also when it fails.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_that_wait_for_a_login_do_not_multiply_it() {
    let server = Folio::start(|asked, before| match asked.path() {
        "/authn/login-with-expiry" if before < 5 => Some(Reply::text(503, "starting")),
        "/users" => Some(Reply::json(json!({"users": [], "totalRecords": 0}))),
        _ => None,
    })
    .await;
    let folio = FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .retry(patient().budget(0.0, 20))
        .build()
        .unwrap();
    let calls = (0..50).map(|_| {
        let folio = folio.clone();
        tokio::spawn(async move { works(&folio).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(server.logins(), 6);
}

/// An account is blocked by the fifth wrong password: of one that is not known to be right, no more
/// than four may be lost.
#[tokio::test(flavor = "multi_thread")]
async fn logins_whose_answers_are_lost_cannot_block_an_account() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then_some(Reply::Drop)
    })
    .await;
    let folio = server.builder().retry(patient()).build().unwrap();
    let error = folio.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error:#}");
    assert!(server.logins() < 5, "{}", server.logins());
    assert!(format!("{error:#}").contains("block"), "{error:#}");
}

/// If a supplied token has expired, nothing is lost while the gateway is down: the refresh token is
/// preserved until it is sent. (On one thread, so that the server responds only after it knows the
/// token.)
#[tokio::test]
async fn a_token_that_was_handed_in_outlives_a_gateway_that_is_not_there() {
    let port = free_port();
    let credentials = Credentials::token("old.access.token")
        .refresh_token("handed.refresh.token")
        .expires_in(Duration::ZERO);
    let folio = FolioClient::builder(format!("http://127.0.0.1:{port}"))
        .tenant("diku")
        .credentials_provider(credentials)
        .no_proxy()
        .retry(patient())
        .build()
        .unwrap();
    let clock = Clock::stop();
    let job = tokio::spawn({
        let folio = folio.clone();
        async move { works(&folio).await }
    });
    let outage = tokio::time::sleep(Duration::from_millis(500));
    clock.run(Duration::from_millis(1), outage).await;
    assert!(!job.is_finished());
    let server = listen(port).await;
    server.accept_refresh("handed.refresh.token");
    clock.run(Duration::from_millis(1), job).await.unwrap();
    assert_eq!((server.refreshes(), server.replays()), (1, 0));
}
