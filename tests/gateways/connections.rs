//! HTTP/2 connections that many calls share: slow readers, silence, and requests that were
//! certainly not carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sdk::{Body, ErrorKind, Method, Request, RetryPolicy};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use h2::Reason;
use serde_json::{Value, json};

use folio_test_support::clock::Clock;
use folio_test_support::gateways::{Gateway, Nginx, haproxy};
use folio_test_support::http2::{H2, Step};
use folio_test_support::patience::within;
use folio_test_support::relay::Relay;
use folio_test_support::server::{Asked, Folio, Reply, quick};

const LARGE: usize = 4 * 1024 * 1024;

async fn folio() -> Folio {
    let large = "x".repeat(LARGE);
    Folio::start(move |asked, _| match asked.path() {
        "/large" => Some(Reply::text(200, &large)),
        "/small" => Some(Reply::json(json!({"small": true}))),
        _ => None,
    })
    .await
}

async fn slow_readers_block_nobody(gateway: Gateway) {
    let folio = gateway
        .builder()
        .timeout(Duration::from_secs(3))
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    let open = || folio.open(Request::to(Method::GET, "/large"));
    let downloads: Vec<_> = join_all((0..10).map(|_| open())).await;
    let downloads: Vec<_> = downloads.into_iter().map(Result::unwrap).collect();
    // Real time, for another process: nothing says when the gateway has filled its buffers.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let calls = (0..20).map(|number| {
        let folio = folio.clone();
        async move {
            if number % 2 == 0 {
                folio.folio_get::<Value>("/small", None).await
            } else {
                folio.folio_post("/small", &json!({"number": number})).await
            }
        }
    });
    let failed: Vec<String> = join_all(calls)
        .await
        .into_iter()
        .filter_map(|outcome| outcome.err().map(|error| error.to_string()))
        .collect();
    assert!(failed.is_empty(), "{} of 20: {}", failed.len(), failed[0]);
    for download in downloads {
        assert_eq!(download.bytes().await.unwrap().len(), LARGE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_nobody_reads_block_no_other_call_behind_nginx() {
    let server = folio().await;
    if let Some(gateway) = Nginx::default().start(&server.url) {
        slow_readers_block_nobody(gateway).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_nobody_reads_block_no_other_call_behind_haproxy() {
    let server = folio().await;
    if let Some(gateway) = haproxy(&server.url, "") {
        slow_readers_block_nobody(gateway).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_timeout_the_next_attempt_has_another_connection() {
    let server = folio().await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let relay = Relay::start(gateway.process.port).await;
    let folio = gateway
        .builder_at(&format!("https://127.0.0.1:{}", relay.port))
        .timeout(Duration::from_secs(1))
        .connect()
        .await
        .unwrap();
    let before = relay.connections();
    relay.cut();
    let response = folio
        .execute(Request::to(Method::GET, "/small"))
        .await
        .unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(relay.connections(), before + 1);
    // Later requests do not use the dead connection again.
    let response = folio
        .execute(Request::to(Method::GET, "/small"))
        .await
        .unwrap();
    assert_eq!(response.attempts(), 1);
}

#[tokio::test]
async fn a_connection_that_dies_in_silence_is_found_before_the_timeout() {
    let server = folio().await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let relay = Relay::start(gateway.process.port).await;
    let folio = gateway
        .builder_at(&format!("https://127.0.0.1:{}", relay.port))
        .timeout(Duration::from_secs(8))
        .connect()
        .await
        .unwrap();
    relay.cut();
    let clock = Clock::stop();
    let (response, took) = clock
        .time(
            Duration::from_millis(1),
            folio.execute(Request::to(Method::GET, "/small")),
        )
        .await;
    assert_eq!(response.unwrap().attempts(), 2);
    assert!(took < Duration::from_secs(7), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_refused_was_never_sent_even_a_post() {
    let server = H2::start(&[], |path, before| match path {
        "/posts" if before < 4 => Step::Refuse,
        "/streams" if before < 2 => Step::Refuse,
        _ => Step::Answer(201),
    })
    .await;
    let folio = server.builder().build().unwrap();
    folio.folio_post("/posts", &json!({"a": 1})).await.unwrap();
    assert_eq!((server.asked("/posts"), server.done("/posts")), (5, 1));
    let body =
        Body::reopen(|| async { Ok(Body::reader(std::io::Cursor::new(vec![b'x'; 200_000]))) });
    let request = Request::to(Method::POST, "/streams").body(body, "application/octet-stream");
    folio.execute(request).await.unwrap();
    assert_eq!((server.asked("/streams"), server.done("/streams")), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_above_the_last_id_of_a_goaway_was_never_sent_even_a_post() {
    const GOAWAYS: &[Reason] = &[Reason::NO_ERROR; 4];
    let server = H2::start(GOAWAYS, |_, _| Step::Answer(201)).await;
    let folio = server.builder().build().unwrap();
    folio.folio_post("/posts", &json!({"a": 1})).await.unwrap();
    assert_eq!((server.connections(), server.done("/posts")), (5, 1));
    let server = H2::start(&[Reason::NO_ERROR; 2], |_, _| Step::Answer(201)).await;
    let folio = server.builder().build().unwrap();
    let body =
        Body::reopen(|| async { Ok(Body::reader(std::io::Cursor::new(vec![b'x'; 200_000]))) });
    let request = Request::to(Method::POST, "/streams").body(body, "application/octet-stream");
    folio.execute(request).await.unwrap();
    assert_eq!(server.done("/streams"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_says_by_a_reset_is_named() {
    const GOAWAYS: &[Reason] = &[Reason::ENHANCE_YOUR_CALM; 10];
    let server = H2::start(GOAWAYS, |_, _| Step::Answer(200)).await;
    let folio = server.builder().build().unwrap();
    // A small request is no reason for that; another one of the connection was.
    let error = folio.folio_get::<Value>("/small", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("ENHANCE_YOUR_CALM"), "{error}");
    assert_eq!((error.attempts(), error.is_retryable()), (5, true));
    // A large one is; and it would be so again.
    let server = H2::start(GOAWAYS, |_, _| Step::Answer(200)).await;
    let folio = server.builder().build().unwrap();
    let request = Request::to(Method::GET, "/small").header("x-large", &"x".repeat(9000));
    let error = folio.execute(request).await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(shown.contains("ENHANCE_YOUR_CALM"), "{shown}");
    assert!(shown.contains("headers"), "{shown}");
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
}

/// POSTs while nginx ends its connections after a few requests, and is reloaded: each is carried
/// out once, and none is in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn posts_survive_reloads_and_connections_that_end() {
    let carried_out = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&carried_out);
    let server = Folio::start(move |asked: &Asked, _| {
        (asked.path() == "/posts").then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::new(201, "application/json", "{}")
        })
    })
    .await;
    let gateway = Nginx {
        http: "keepalive_requests 7;",
        ..Nginx::default()
    };
    let Some(gateway) = gateway.start(&server.url) else {
        return;
    };
    let folio = gateway.builder().connect().await.unwrap();
    let posts = (0..8).map(|_| {
        let folio = folio.clone();
        tokio::spawn(async move {
            for number in 0..40 {
                folio
                    .folio_post("/posts", &json!({"number": number}))
                    .await
                    .unwrap();
            }
        })
    });
    let posts: Vec<_> = posts.collect();
    // A reload after each quarter of the posts.
    for part in 1..=3 {
        let quarter = async {
            while carried_out.load(Ordering::SeqCst) < part * 80 {
                tokio::task::yield_now().await;
            }
        };
        within("posts", quarter).await;
        gateway.process.signal("HUP");
    }
    for outcome in join_all(posts).await {
        outcome.unwrap();
    }
    assert_eq!(carried_out.load(Ordering::SeqCst), 320);
}

/// A URL that nginx does not take closes the connection that all calls share: it must not be sent.
#[tokio::test(flavor = "multi_thread")]
async fn an_overlong_url_breaks_no_other_call() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/slow" => Some(Reply::json(json!({})).after(Duration::from_millis(300))),
        "/users" => Some(Reply::json(json!({"users": [], "totalRecords": 0}))),
        _ => None,
    })
    .await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let folio = gateway
        .builder()
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    let writes = join_all((0..10).map(|number| {
        let folio = folio.clone();
        async move { folio.folio_post("/slow", &json!({"number": number})).await }
    }));
    let overlong = async {
        server.wait_for("/slow", 10).await;
        let query = "x".repeat(40_000);
        folio
            .folio_get::<Value>("/users", None)
            .param("query", query)
            .await
            .unwrap_err()
    };
    let (writes, error) = tokio::join!(writes, overlong);
    let failed: Vec<_> = writes.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} of 10: {}", failed.len(), failed[0]);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Request, 0));
}

/// A list of many ids is divided, so that each request passes.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_many_ids_passes_nginx() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/users").then(|| {
            let query = asked.param("query").unwrap_or_default();
            let users: Vec<Value> = query
                .split('"')
                .flat_map(|part| part.split(|c: char| !c.is_ascii_hexdigit() && c != '-'))
                .filter(|part| part.len() == 36)
                .map(|id| json!({"id": id}))
                .collect();
            Reply::json(json!({"totalRecords": users.len(), "users": users}))
        })
    })
    .await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let folio = gateway.builder().retry(quick()).connect().await.unwrap();
    let ids: Vec<String> = (0..500)
        .map(|number| format!("00000000-0000-4000-8000-{number:012}"))
        .collect();
    let users = folio.folio_get_by_ids::<Value>("/users", "users", &ids);
    let users: Vec<Value> = users.try_collect().await.unwrap();
    assert_eq!(users.len(), 500);
    assert!(server.log().iter().all(|asked| asked.target.len() < 4096));
}
