//! The requests that are retried, and those that must not be.

use std::time::Duration;

use folio_sdk::{Deletion, Error, ErrorKind, FolioClient, Method, Request, RetryPolicy};
use folio_test_support::clock::{Clock, run_alone, settle};
use folio_test_support::patience::within;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, PASSWORD, Reply, nowhere, quick};

/// A server with one response for the first `times` requests to `/x` or to a user, and success for
/// the others.
async fn failing(times: usize, reply: Reply) -> Folio {
    Folio::start(move |asked, n| {
        let path = asked.path().starts_with("/x") || asked.path().starts_with("/users/");
        path.then(|| {
            if n < times {
                reply.clone()
            } else {
                Reply::json(json!({"ok": true}))
            }
        })
    })
    .await
}

fn all_failures() -> Vec<Reply> {
    let mut replies: Vec<Reply> = [408, 429, 502, 503, 504]
        .iter()
        .map(|status| Reply::text(*status, "not now"))
        .collect();
    replies.extend([
        Reply::Drop,
        Reply::Break("{\"ok\": true, \"padding\": \"............\"}".to_owned()),
    ]);
    replies
}

async fn get(folio: &FolioClient) -> Result<Value, Error> {
    folio.folio_get("/x", None).await
}

#[tokio::test]
async fn a_get_is_repeated_after_every_passing_failure() {
    for reply in all_failures() {
        let server = failing(4, reply.clone()).await;
        let folio = server.connect().await;
        let response = folio.request(Method::GET, "/x").send().await.unwrap();
        assert_eq!(response.attempts(), 5, "{reply:?}");
        assert_eq!(server.asked("/x").len(), 5, "{reply:?}");
    }
}

#[tokio::test]
async fn a_get_gives_up_after_its_attempts_and_says_how_many() {
    for reply in all_failures() {
        let server = failing(99, reply.clone()).await;
        let folio = server.connect().await;
        let error = get(&folio).await.unwrap_err();
        assert_eq!((error.attempts(), server.asked("/x").len()), (5, 5));
        assert!(error.is_retryable(), "{error}");
        assert!(error.to_string().contains("(attempts: 5 in "), "{error}");
        assert!(error.elapsed() > Duration::ZERO);
    }
}

#[tokio::test]
async fn other_failures_are_told_at_once() {
    for status in [400, 403, 404, 409, 413, 422, 500, 501, 301] {
        let server = failing(1, Reply::text(status, "no")).await;
        let folio = server.connect().await;
        let error = get(&folio).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(server.asked("/x").len(), 1, "{status}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_write_is_never_sent_twice_when_it_may_have_happened() {
    let is_limited = |reply: &Reply| matches!(reply, Reply::Answer { status: 429, .. });
    for reply in all_failures().into_iter().filter(|it| !is_limited(it)) {
        for (method, path) in [
            (Method::POST, "/x"),
            (Method::PATCH, "/x"),
            (Method::PUT, "/x"),
            (Method::DELETE, "/x"),
            // Not described: the deleted records are unknown.
            (Method::DELETE, "/x/69640328-788e-43fc-9c3c-af39e243f3b7"),
        ] {
            let server = failing(1, reply.clone()).await;
            let folio = server.connect().await;
            let call = folio.request(method.clone(), path);
            let call = if method == Method::DELETE {
                call.confirm(Deletion::All)
            } else {
                call.json(&json!({"id": "1"}))
            };
            let error = call.send().await.unwrap_err();
            assert_eq!(server.asked(path).len(), 1, "{method} after {reply:?}");
            assert!(format!("{error:#}").contains("not retried"), "{error:#}");
            assert!(error.is_outcome_unknown(), "{method}: {error:#}");
            assert!(
                error.to_string().contains("outcome unknown"),
                "{method}: {error}"
            );
        }
    }
}

/// A limiter rejects a request before any module receives it.
#[tokio::test]
async fn a_write_that_a_limiter_rejected_is_sent_again_whatever_it_is() {
    for method in [Method::POST, Method::PATCH, Method::PUT] {
        let server = failing(2, Reply::text(429, "slow down")).await;
        let folio = server.connect().await;
        let call = folio
            .request(method.clone(), "/x")
            .json(&json!({"id": "1"}));
        let response = call.send().await.unwrap();
        assert_eq!((response.attempts(), server.asked("/x").len()), (3, 3));
    }
    // Nothing of it is in doubt.
    let server = failing(100, Reply::text(429, "slow down")).await;
    let folio = server.connect().await;
    let call = folio.request(Method::POST, "/x").json(&json!({"id": "1"}));
    let error = call.send().await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "{error:#}");
    assert_eq!((error.attempts(), server.asked("/x").len()), (5, 5));
    assert!(format!("{error:#}").contains("rate_limit"), "{error:#}");
}

/// Also those of other handles and other paths, which the limiter did not reject.
#[tokio::test]
async fn a_retry_after_of_a_limiter_holds_for_all_handles_and_costs_no_budget() {
    let server = Folio::start(|asked, before| match asked.path() {
        "/x" if before == 0 => Some(Reply::text(429, "slow down").with("retry-after", "1")),
        "/x" | "/y" => Some(Reply::json(json!({"ok": true}))),
        _ => None,
    })
    .await;
    let folio = server
        .builder()
        .retry(quick().budget(0.0, 0))
        .connect()
        .await
        .unwrap();
    let first = tokio::spawn({
        let folio = folio.clone();
        async move { get(&folio).await }
    });
    server.wait_for("/x", 1).await;
    let clock = Clock::stop();
    settle().await;
    let other = folio.for_tenant("college");
    let request = other.request(Method::GET, "/y").send();
    let (response, waited) = clock.time(Duration::from_millis(1), request).await;
    response.unwrap();
    // The whole second of the limiter, and the pace after it.
    assert!((1000..1500).contains(&waited.as_millis()), "{waited:?}");
    clock
        .run(Duration::from_millis(1), first)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(server.asked("/x").len(), 2);
}

#[tokio::test]
async fn a_write_that_cannot_happen_twice_is_repeated() {
    let id = "69640328-788e-43fc-9c3c-af39e243f3b7";
    for reply in all_failures() {
        let server = failing(1, reply.clone()).await;
        let folio = server.connect().await;
        let path = format!("/x/{id}");
        folio
            .folio_put(&path, &json!({"id": id, "_version": 3}))
            .await
            .unwrap();
        let user = format!("/users/{id}");
        folio.folio_delete(&user).await.unwrap();
        folio
            .folio_post("/x", &json!({"id": id}))
            .idempotent(true)
            .await
            .unwrap();
        assert_eq!(
            (
                server.asked(&path).len(),
                server.asked(&user).len(),
                server.asked("/x").len()
            ),
            (2, 2, 2),
            "{reply:?}"
        );
    }
    // -1 switches the server's guard off.
    let server = failing(1, Reply::Drop).await;
    let folio = server.connect().await;
    folio
        .folio_put("/x/1", &json!({"_version": -1}))
        .await
        .unwrap_err();
    folio
        .folio_put("/x/2", &json!({}))
        .retry(quick().idempotent_writes(true))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_repeated_delete_that_finds_nothing_was_successful() {
    let server = Folio::start(|asked, n| {
        (asked.method == "DELETE").then(|| {
            if n == 0 {
                Reply::Drop
            } else {
                Reply::text(404, "Not found")
            }
        })
    })
    .await;
    let folio = server.connect().await;
    assert_eq!(
        folio
            .folio_delete("/users/69640328-788e-43fc-9c3c-af39e243f3b7")
            .await
            .unwrap(),
        Value::Null
    );
    // The first one that finds nothing was not.
    assert!(
        folio
            .folio_delete("/users/69640328-788e-43fc-9c3c-af39e243f3b7")
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn a_conflict_after_a_lost_answer_says_that_the_first_may_have_worked() {
    let server = Folio::start(|asked, n| {
        (asked.method == "PUT").then(|| {
            if n == 0 {
                Reply::Drop
            } else {
                Reply::text(409, "Stored _version is 4, _version of request is 3")
            }
        })
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .folio_put("/users/1", &json!({"_version": 3}))
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    assert!(
        format!("{error:#}").contains("may have been executed"),
        "{error:#}"
    );
}

#[tokio::test]
async fn what_was_never_sent_is_sent_again_even_a_post() {
    // A port without a listener, until one is started.
    let address = nowhere().await;
    let folio = FolioClient::builder(format!("http://{address}"))
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .retry(quick().max_attempts(3))
        .build()
        .unwrap();
    let error = folio.folio_post("/users", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_retryable());
    assert_eq!(error.attempts(), 3);

    // The same of a call rather than of the login.
    let error = folio
        .request(Method::POST, "/x")
        .header("x-okapi-token", "a.caller's.own")
        .json(&json!({}))
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let server = failing(1, Reply::text(429, "slow down").with("retry-after", "1")).await;
    let folio = server.connect().await;
    let clock = Clock::stop();
    let (value, waited) = clock.time(Duration::from_millis(1), get(&folio)).await;
    value.unwrap();
    assert!((1000..1100).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test]
async fn retry_after_has_a_limit() {
    let server = failing(
        1,
        Reply::text(503, "maintenance").with("retry-after", "86400"),
    )
    .await;
    let folio = server
        .builder()
        .retry(quick().max_retry_after(Duration::from_millis(50)))
        .connect()
        .await
        .unwrap();
    let clock = Clock::stop();
    let (value, waited) = clock.time(Duration::from_millis(1), get(&folio)).await;
    value.unwrap();
    assert!((50..150).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_timeout() {
    let server = failing(1, Reply::Stall).await;
    let folio = server
        .builder()
        .timeout(Duration::from_millis(200))
        .connect()
        .await
        .unwrap();
    let clock = Clock::stop();
    let (value, waited) = clock.time(Duration::from_millis(1), get(&folio)).await;
    value.unwrap();
    assert_eq!(server.asked("/x").len(), 2);
    assert!((200..300).contains(&waited.as_millis()), "{waited:?}");

    let server = failing(99, Reply::Stall).await;
    let folio = clock.run(Duration::from_millis(1), server.connect()).await;
    let call = folio
        .folio_get::<Value>("/x", None)
        .timeout(Duration::from_millis(50))
        .retry(RetryPolicy::none());
    let (outcome, waited) = clock
        .time(Duration::from_millis(1), call.into_future())
        .await;
    let error = outcome.unwrap_err();
    assert!((50..100).contains(&waited.as_millis()), "{waited:?}");
    assert!(error.is_timeout());
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_permit_is_not_held_while_waiting_to_try_again() {
    let server = Folio::start(|asked, n| match asked.path() {
        "/busy" if n == 0 => Some(Reply::text(503, "busy").with("retry-after", "1")),
        "/busy" | "/free" => Some(Reply::json(json!({}))),
        _ => None,
    })
    .await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let busy = tokio::spawn({
        let folio = folio.clone();
        async move { folio.folio_get::<Value>("/busy", None).await }
    });
    server.wait_for("/busy", 1).await;
    // The second of its wait never passes, and the others are sent.
    let clock = Clock::stop();
    for _ in 0..10 {
        folio.folio_get::<Value>("/free", None).await.unwrap();
    }
    assert_eq!(server.asked("/busy").len(), 1);
    clock
        .run(Duration::from_millis(10), busy)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_permit_is_not_held_while_logging_in() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/authn/login-with-expiry" => Some(Reply::Stall),
        "/x" => Some(Reply::json(json!({}))),
        _ => None,
    })
    .await;
    server.accept("own");
    let folio = server.builder().max_in_flight(1).build().unwrap();
    let waiting = tokio::spawn({
        let folio = folio.clone();
        async move { folio.folio_get::<Value>("/x", None).await }
    });
    server.wait_for("/authn/login-with-expiry", 1).await;
    // Its turn comes although another logs in.
    let own = folio
        .request(Method::GET, "/x")
        .header("x-okapi-token", "own")
        .send();
    within("a call that needs no login", own).await.unwrap();
    waiting.abort();
}

#[tokio::test]
async fn an_open_download_is_in_flight_until_it_is_read_to_its_end_or_dropped() {
    let server = Folio::start(|asked, _| {
        asked
            .path()
            .starts_with("/x")
            .then(|| Reply::json(json!({})))
    })
    .await;
    let folio = server
        .builder()
        .max_in_flight(1)
        .queue_timeout(Duration::from_millis(50))
        .connect()
        .await
        .unwrap();
    let other = || folio.folio_get::<Value>("/x/other", None);
    for is_read in [true, false] {
        let mut download = folio.open(Request::to(Method::GET, "/x")).await.unwrap();
        let error = other().await.unwrap_err();
        assert!(error.is_timeout() && error.attempts() == 0, "{error:#}");
        if is_read {
            while let Some(piece) = download.next().await {
                piece.unwrap();
            }
            other().await.unwrap();
        }
        drop(download);
        other().await.unwrap();
    }
    // A rejection is read, and holds no permit.
    folio
        .open(Request::to(Method::GET, "/nowhere"))
        .await
        .unwrap_err();
    other().await.unwrap();
    assert_eq!(server.asked("/x/other").len(), 4);
}

#[tokio::test]
async fn no_more_requests_are_on_their_way_than_allowed() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/x").then(|| Reply::json(json!({})).after(Duration::from_millis(10)))
    })
    .await;
    let folio = server.builder().max_in_flight(4).connect().await.unwrap();
    let clock = Clock::stop();
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let folio = folio.clone();
            tokio::spawn(async move { folio.folio_get::<Value>("/x", None).await.unwrap() })
        })
        .collect();
    let all = async {
        for task in tasks {
            task.await.unwrap();
        }
    };
    let ((), took) = clock.time(Duration::from_millis(1), all).await;
    // 40 requests of 10 ms, four at a time.
    assert!((100..150).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_list_that_the_server_broke_off_is_asked_for_again_and_never_taken_for_whole() {
    let broken = json!({"users": [{"id": "1"}], "totalRecords": 9,
        "resultInfo": {"totalRecords": 9, "diagnostics": [{"code": "500", "message": "canceling statement"}]}});
    let reply = Reply::json(broken);
    let again = reply.clone();
    let server = Folio::start(move |asked, n| {
        (asked.path() == "/x").then(|| {
            if n == 0 {
                again.clone()
            } else {
                Reply::json(json!({"users": [{"id": "1"}, {"id": "2"}]}))
            }
        })
    })
    .await;
    let folio = server.connect().await;
    let users: Vec<Value> = folio.folio_get("/x", "users").await.unwrap();
    assert_eq!(users.len(), 2);

    let server = Folio::start(move |asked, _| (asked.path() == "/x").then(|| reply.clone())).await;
    let folio = server.connect().await;
    let error = folio
        .folio_get::<Vec<Value>>("/x", "users")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(
        error.to_string().contains("canceling statement (code 500)"),
        "{error}"
    );
    let mut all = folio.folio_get_all::<Value>("/x", "users");
    assert_eq!(
        all.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::Truncated
    );
    assert!(all.next().await.is_none());
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let server = failing(
        9,
        Reply::text(302, "").with("location", "https://elsewhere.example/login"),
    )
    .await;
    let folio = server.connect().await;
    let error = get(&folio).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("https://elsewhere.example/login"),
        "{error:#}"
    );
    assert_eq!(server.asked("/x").len(), 1);
}

#[test]
fn fifty_tasks_of_twenty_calls_all_end_right_though_much_fails() {
    run_alone(Duration::from_millis(1), async {
        let server = Folio::start(|asked, n| {
            if asked.path() == "/count" {
                return Some(Reply::json(json!({})));
            }
            let well = Reply::json(json!({"number": asked.number("number")}));
            (asked.path() == "/x").then(|| match n % 40 {
                3 | 23 => Reply::text(503, "busy"),
                13 => Reply::Drop,
                33 => Reply::Break(
                    json!({"number": 0, "padding": "......................"}).to_string(),
                ),
                _ => well,
            })
        })
        .await;
        let folio = server
            .builder()
            .retry(quick().max_attempts(8))
            .max_in_flight(16)
            .connect()
            .await
            .unwrap();
        let tasks: Vec<_> = (0..50)
            .map(|task| {
                let folio = folio.clone();
                tokio::spawn(async move {
                    for call in 0..20 {
                        let expected = task * 100 + call;
                        let number: i64 = folio
                            .folio_get("/x", "number")
                            .param("number", expected)
                            .await
                            .unwrap();
                        assert_eq!(number, expected);
                    }
                })
            })
            .collect();
        // Between two expirations each task sends several requests: a token that is rejected as
        // soon as it was given is an error of the login, and no expiration.
        for expirations in 0..5 {
            server.wait_for("/x", expirations * 180).await;
            server.expire();
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((server.logins(), server.replays()), (1, 0));
        assert!(server.refreshes() <= 5, "{}", server.refreshes());
    });
}
