//! Logging in, renewing, closing.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sdk::{Credentials, CredentialsProvider, Error, ErrorKind, FolioClient, Method};
use folio_test_support::clock::{Clock, settle};
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, PASSWORD, Reply, quick};

fn users(asked: &Asked, _: usize) -> Option<Reply> {
    (asked.path() == "/users")
        .then(|| Reply::json(json!({"users": [{"id": "1"}], "totalRecords": 1})))
}

async fn get(folio: &FolioClient) -> Result<Vec<Value>, Error> {
    folio.folio_get("/users", "users").await
}

/// Runs many at once.
async fn many<F: Future<Output = T> + Send + 'static, T: Send + 'static>(
    count: usize,
    make: impl Fn() -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(make())).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn the_token_of_the_cookie_goes_into_the_header_and_no_cookie_with_it() {
    let server = Folio::start(users).await;
    let folio = server.connect().await;
    assert_eq!(get(&folio).await.unwrap().len(), 1);

    let login = &server.asked("/authn/login-with-expiry")[0];
    assert_eq!(login.method, "POST");
    assert_eq!(login.header("x-okapi-tenant"), "diku");
    assert_eq!(login.header("content-type"), "application/json");
    assert_eq!(login.header("x-okapi-token"), "");
    let call = &server.asked("/users")[0];
    assert_eq!(call.header("x-okapi-token"), server.secrets()[0]);
    assert_eq!(call.header("x-okapi-tenant"), "diku");
    assert_eq!(call.header("cookie"), "");
    assert_eq!(call.header("accept"), "application/json, text/plain");
    assert_eq!(call.header("content-type"), "");
    assert_eq!(call.header("content-length"), "");
    assert_eq!(call.header("accept-encoding"), "gzip");
    assert!(call.header("user-agent").starts_with("folio-sdk/"));
}

#[tokio::test]
async fn many_calls_of_a_client_that_was_not_connected_log_in_once() {
    let server = Folio::start(users).await;
    let folio = server.builder().max_in_flight(50).build().unwrap();
    for result in many(50, || {
        let folio = folio.clone();
        async move { get(&folio).await }
    })
    .await
    {
        result.unwrap();
    }
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn when_the_token_expires_under_many_calls_one_renews_for_all() {
    let server = Folio::start(|asked, n| {
        // All are in flight before the first is rejected.
        users(asked, n).map(|reply| reply.after(Duration::from_millis(5)))
    })
    .await;
    let folio = server.builder().max_in_flight(50).connect().await.unwrap();
    for round in 1..=3 {
        server.expire();
        for result in many(50, || {
            let folio = folio.clone();
            async move { get(&folio).await }
        })
        .await
        {
            result.unwrap();
        }
        assert_eq!(
            (server.logins(), server.refreshes(), server.replays()),
            (1, round, 0)
        );
    }
}

#[tokio::test]
async fn a_refused_refresh_token_leads_to_the_password_and_is_not_sent_again() {
    let server = Folio::start(users).await;
    let folio = server.connect().await;
    server.expire();
    server.revoke();
    get(&folio).await.unwrap();
    assert_eq!(
        (server.logins(), server.refreshes(), server.replays()),
        (2, 1, 0)
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_leads_to_the_password_and_never_to_a_replay() {
    for lost in [
        Reply::Drop,
        Reply::text(503, "down"),
        Reply::text(504, "slow"),
    ] {
        let answer = lost.clone();
        let server = Folio::start(move |asked, n| {
            if asked.path() == "/authn/refresh" {
                Some(answer.clone())
            } else {
                users(asked, n)
            }
        })
        .await;
        let folio = server.connect().await;
        server.expire();
        get(&folio).await.unwrap();
        assert_eq!(
            (server.logins(), server.refreshes(), server.replays()),
            (2, 1, 0),
            "{lost:?}"
        );
    }
}

#[tokio::test]
async fn the_refresh_token_is_sent_to_no_other_endpoint() {
    let server = Folio::start(users).await;
    let folio = server.connect().await;
    server.expire();
    get(&folio).await.unwrap();
    folio.folio_post("/users", &json!({})).await.unwrap();
    for asked in server
        .log()
        .iter()
        .filter(|asked| !asked.path().ends_with("/refresh"))
    {
        assert!(!format!("{asked:?}").contains("refresh-"), "{asked:?}");
    }
    let refresh = &server.asked("/authn/refresh")[0];
    assert_eq!(refresh.header("x-okapi-token"), "");
    assert!(!refresh.header("cookie").contains("folioAccessToken"));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_however_many_ask() {
    let server = Folio::start(users).await;
    let folio = FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials("ann", "wrong-password")
        .build()
        .unwrap();
    let results = many(20, || {
        let folio = folio.clone();
        async move { get(&folio).await.unwrap_err() }
    })
    .await;
    for error in results {
        assert_eq!(error.kind(), ErrorKind::Login);
        assert!(error.is_unauthenticated() && !error.is_retryable());
        assert_eq!(error.validation_errors()[0].field(), Some("username"));
        assert!(
            error.to_string().contains("Password does not match"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("wrong-password"));
    }
    get(&folio).await.unwrap_err();
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn a_password_that_was_changed_at_its_source_is_tried() {
    #[derive(Debug, Default)]
    struct Vault(AtomicUsize);
    impl CredentialsProvider for Vault {
        async fn credentials(
            &self,
        ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
            match self.0.load(Ordering::SeqCst) {
                0 => Err("the vault is sealed".into()),
                1 => Ok(Credentials::password("ann", "old")),
                _ => Ok(Credentials::password("ann", PASSWORD)),
            }
        }
    }
    let server = Folio::start(users).await;
    let vault = Arc::new(Vault::default());
    let folio = FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials_provider(Arc::clone(&vault))
        .build()
        .unwrap();
    assert!(
        get(&folio)
            .await
            .unwrap_err()
            .to_string()
            .contains("the vault is sealed")
    );
    vault.0.store(1, Ordering::SeqCst);
    assert_eq!(get(&folio).await.unwrap_err().kind(), ErrorKind::Login);
    assert_eq!(get(&folio).await.unwrap_err().kind(), ErrorKind::Login);
    vault.0.store(2, Ordering::SeqCst);
    get(&folio).await.unwrap();
    assert_eq!(server.logins(), 2);
}

#[tokio::test]
async fn a_login_survives_a_gateway_that_is_not_up_yet() {
    let server = Folio::start(|asked, n| {
        if asked.path() == "/authn/login-with-expiry" && n < 2 {
            Some(Reply::text(503, "starting"))
        } else {
            users(asked, n)
        }
    })
    .await;
    server.connect().await;
    assert_eq!(server.logins(), 3);
}

#[tokio::test]
async fn a_login_whose_answers_are_lost_is_sent_four_times_at_most() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then_some(Reply::Drop)
    })
    .await;
    let error = server.builder().connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    // The fifth wrong password would block the account.
    assert_eq!(server.logins(), 4);
}

#[tokio::test]
async fn those_who_wait_for_a_renewal_that_fails_share_its_error() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then_some(Reply::text(500, "no database"))
    })
    .await;
    let folio = server.builder().max_in_flight(50).build().unwrap();
    let errors = many(50, || {
        let folio = folio.clone();
        async move { get(&folio).await.unwrap_err().to_string() }
    })
    .await;
    assert!(
        errors.iter().all(|error| error.contains("no database")),
        "{errors:?}"
    );
    assert!(server.logins() < 10, "{} logins", server.logins());
}

#[tokio::test]
async fn whoever_gives_up_waiting_does_not_stop_the_renewal() {
    let server = Folio::start(|asked, n| {
        if asked.path() == "/authn/refresh" {
            // Played by hand: the login takes its time.
            return None;
        }
        if asked.path() == "/authn/login-with-expiry" && n == 0 {
            return Some(Reply::text(503, "wait").with("retry-after", "1"));
        }
        users(asked, n)
    })
    .await;
    let folio = server.builder().build().unwrap();
    for _ in 0..10 {
        let gave_up = tokio::time::timeout(Duration::from_millis(20), get(&folio)).await;
        assert!(gave_up.is_err());
    }
    get(&folio).await.unwrap();
    assert_eq!(
        server.logins(),
        2,
        "ten callers gave up, and the login went on"
    );
}

#[tokio::test]
async fn a_renewal_that_was_cut_off_with_its_runtime_does_not_replay_the_refresh_token() {
    let server = Folio::start(|asked, n| {
        if asked.path() == "/authn/refresh" {
            Some(Reply::Stall)
        } else {
            users(asked, n)
        }
    })
    .await;
    let folio = server.connect().await;
    server.expire();
    let other = folio.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_millis(300), get(&other))
                .await
                .unwrap_err()
        });
    });
    server.wait_for("/authn/refresh", 1).await;
    let waiting = tokio::spawn(async move { get(&folio).await });
    tokio::task::spawn_blocking(move || thread.join())
        .await
        .unwrap()
        .unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(
        (server.logins(), server.refreshes(), server.replays()),
        (2, 1, 0)
    );
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_while_calls_go_on() {
    let server = Folio::start(users).await;
    server.lifetime(Some(4));
    let folio = server.connect().await;
    let clock = Clock::stop();
    for _ in 0..180 {
        get(&folio).await.unwrap();
        clock.advance(Duration::from_millis(50)).await;
    }
    assert_eq!((server.logins(), server.replays()), (1, 0));
    assert!(
        (2..=4).contains(&server.refreshes()),
        "{} renewals",
        server.refreshes()
    );
}

#[tokio::test]
async fn an_expiration_that_cannot_be_read_is_left_to_the_server() {
    let server = Folio::start(users).await;
    server.bad_expiration();
    let folio = server.connect().await;
    for _ in 0..5 {
        get(&folio).await.unwrap();
    }
    assert_eq!((server.logins(), server.refreshes()), (1, 0));
    server.expire();
    get(&folio).await.unwrap();
    assert_eq!((server.logins(), server.refreshes()), (1, 1));
}

#[tokio::test]
async fn every_way_in_which_gateways_refuse_a_token_renews_it_once() {
    let refusals = [
        Reply::text(401, "Invalid token"),
        Reply::text(
            400,
            "Unable to authorize: Token missing, access requires permission: users.collection.get",
        ),
        Reply::new(
            404,
            "application/json",
            r#"{"message":"Token in cookie does not match the header"}"#,
        ),
        Reply::new(
            401,
            "application/json",
            r#"{"errors":[{"type":"UnauthorizedException","code":"authorization_error","message":"Unauthorized"}],"total_records":1}"#,
        ),
    ];
    for refusal in refusals {
        let answer = refusal.clone();
        let server = Folio::start(move |asked, n| {
            if asked.path() == "/users" && n == 0 {
                Some(answer.clone())
            } else {
                users(asked, n)
            }
        })
        .await;
        let folio = server.connect().await;
        get(&folio).await.unwrap();
        assert_eq!((server.logins(), server.refreshes()), (1, 1), "{refusal:?}");
    }
    // And what only looks like it does not.
    for other in [
        Reply::text(400, "limit: token expected"),
        Reply::text(404, "Not found"),
        Reply::text(403, "Invalid token"),
    ] {
        let answer = other.clone();
        let server =
            Folio::start(move |asked, _| (asked.path() == "/users").then(|| answer.clone())).await;
        let folio = server.connect().await;
        get(&folio).await.unwrap_err();
        assert_eq!(
            (
                server.logins(),
                server.refreshes(),
                server.asked("/users").len()
            ),
            (1, 0, 1),
            "{other:?}"
        );
    }
}

#[tokio::test]
async fn a_token_that_is_refused_again_right_after_a_renewal_is_an_error() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/users").then(|| Reply::text(401, "Invalid token"))
    })
    .await;
    let folio = server.connect().await;
    let error = get(&folio).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(error.attempts(), 2);
    assert_eq!(
        (
            server.logins(),
            server.refreshes(),
            server.asked("/users").len()
        ),
        (1, 1, 2)
    );
}

#[tokio::test]
async fn a_call_that_is_repeated_for_long_outlives_several_tokens() {
    let server = Folio::start(|asked, n| {
        (asked.path() == "/x").then(|| match n {
            0 | 2 | 5 => Reply::text(401, "Invalid token"),
            1 | 4 => Reply::text(503, "busy"),
            3 => Reply::Drop,
            _ => Reply::json(json!({"n": n})),
        })
    })
    .await;
    let folio = server
        .builder()
        .retry(quick().max_attempts(9))
        .connect()
        .await
        .unwrap();
    assert_eq!(folio.folio_get::<usize>("/x", "n").await.unwrap(), 6);
    assert_eq!((server.logins(), server.refreshes()), (1, 3));
}

#[tokio::test]
async fn a_post_is_sent_again_after_a_renewal_since_the_gateway_refused_it() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/users").then(|| Reply::new(201, "application/json", "{\"id\":\"1\"}"))
    })
    .await;
    let folio = server.connect().await;
    server.expire();
    let user = folio
        .folio_post("/users", &json!({"username": "b"}))
        .await
        .unwrap();
    assert_eq!(user["id"], "1");
    let sent = server.asked("/users");
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
}

#[tokio::test]
async fn a_login_of_somebody_else_is_not_answered_by_a_renewal() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login").then(|| {
            Reply::new(
                401,
                "application/json",
                r#"{"errors":[{"message":"wrong password"}]}"#,
            )
        })
    })
    .await;
    let folio = server.connect().await;
    folio
        .folio_post(
            "/authn/login",
            &json!({"username": "b", "password": "guess"}),
        )
        .await
        .unwrap_err();
    assert_eq!(
        (server.asked("/authn/login").len(), server.refreshes()),
        (1, 0)
    );
}

#[tokio::test]
async fn a_path_of_the_gateway_is_kept_on_every_call() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/okapi/users").then(|| Reply::json(json!({"users": []})))
    })
    .await;
    let url = format!("{}/okapi/", server.url);
    let folio = FolioClient::builder(url)
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .connect()
        .await
        .unwrap();
    get(&folio).await.unwrap();
    server.expire();
    get(&folio).await.unwrap();
    folio.close().await.unwrap();
    let paths: Vec<String> = server
        .log()
        .iter()
        .map(|asked| asked.path().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/okapi/authn/login-with-expiry",
            "/okapi/users",
            "/okapi/users",
            "/okapi/authn/refresh",
            "/okapi/users",
            "/okapi/authn/logout"
        ]
    );
}

#[tokio::test]
async fn closing_logs_out_of_this_session_once_and_ends_all_handles() {
    let server = Folio::start(users).await;
    let folio = server.connect().await;
    let college = folio.for_tenant("college");
    let clone = folio.clone();
    folio.close().await.unwrap();
    clone.close().await.unwrap();

    let logout = server.asked("/authn/logout");
    assert_eq!(logout.len(), 1);
    let secrets = server.secrets();
    assert_eq!(
        logout[0].header("cookie"),
        format!(
            "folioAccessToken={}; folioRefreshToken={}",
            secrets[0], secrets[1]
        )
    );
    assert_eq!(logout[0].header("x-okapi-token"), "");
    assert_eq!(logout[0].header("x-okapi-tenant"), "diku");
    for handle in [&folio, &clone, &college] {
        assert!(handle.is_closed());
        let error = get(handle).await.unwrap_err();
        assert!(error.is_closed());
        assert_eq!(error.kind(), ErrorKind::ClientClosed);
        assert!(
            handle
                .request(Method::GET, "/users")
                .send()
                .await
                .unwrap_err()
                .is_closed()
        );
        assert!(
            handle
                .folio_get_all::<Value>("/users", "users")
                .next()
                .await
                .unwrap()
                .unwrap_err()
                .is_closed()
        );
    }
    assert!(folio.connect().await.unwrap_err().is_closed());
    assert_eq!(server.asked("/users").len(), 0);
}

#[tokio::test]
async fn without_a_session_nothing_is_logged_out() {
    // A logout without cookie ends all sessions of the user.
    let server = Folio::start(users).await;
    let folio = server.builder().build().unwrap();
    folio.close().await.unwrap();
    assert_eq!(server.log().len(), 0);
}

#[tokio::test]
async fn closing_wakes_those_who_wait() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/users").then(|| match asked.param("what").as_deref() {
            Some("busy") => Reply::text(503, "busy").with("retry-after", "30"),
            _ => Reply::json(json!({"users": []})).after(Duration::from_millis(400)),
        })
    })
    .await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let backing_off = tokio::spawn({
        let folio = folio.clone();
        async move {
            folio
                .folio_get::<Value>("/users", "users")
                .param("what", "busy")
                .await
        }
    });
    let clock = Clock::stop();
    server.wait_for("/users", 1).await;
    settle().await;
    let on_its_way = tokio::spawn({
        let folio = folio.clone();
        async move { get(&folio).await }
    });
    server.wait_for("/users", 2).await;
    let waiting_for_its_turn = tokio::spawn({
        let folio = folio.clone();
        async move { get(&folio).await }
    });
    settle().await;
    // All of this takes no time: neither the wait nor the response in transit ends before.
    folio.close().await.unwrap();
    assert!(backing_off.await.unwrap().unwrap_err().is_closed());
    assert!(waiting_for_its_turn.await.unwrap().unwrap_err().is_closed());
    assert!(!on_its_way.is_finished());
    clock.advance(Duration::from_millis(400)).await;
    on_its_way.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_closed_during_its_login_logs_out_of_it() {
    let server = Folio::start(|asked, n| {
        (asked.path() == "/authn/login-with-expiry" && n == 0)
            .then(|| Reply::text(503, "wait").with("retry-after", "1"))
    })
    .await;
    let folio = server.builder().build().unwrap();
    let login = tokio::spawn({
        let folio = folio.clone();
        async move { folio.connect().await }
    });
    server.wait_for("/authn/login-with-expiry", 1).await;
    settle().await;
    folio.close().await.unwrap();
    assert!(login.await.unwrap().unwrap_err().is_closed());
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn tenant_handles_share_the_login_and_never_mix() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/whoami").then(|| {
            Reply::json(json!({"tenant": asked.header("x-okapi-tenant")}))
                .after(Duration::from_millis(1))
        })
    })
    .await;
    let folio = server.builder().max_in_flight(64).connect().await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let handle = folio.for_tenant(format!("tenant{number}"));
            tokio::spawn(async move {
                let tenant: String = handle.folio_get("/whoami", "tenant").await.unwrap();
                assert_eq!(tenant, format!("tenant{number}"));
                let overridden: String = handle
                    .folio_get("/whoami", "tenant")
                    .tenant("other")
                    .await
                    .unwrap();
                assert_eq!(overridden, "other");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(folio.tenant(), "diku");
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn cookies_are_read_however_they_are_written() {
    const PAST: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
    let ways = [
        vec![
            "folioRefreshToken=r; Path=/authn".to_owned(),
            "folioAccessToken=good; PATH=/; max-AGE=600; SECURE; HttpOnly; SameSite=None; Partitioned".to_owned(),
        ],
        vec!["other=x".to_owned(), "folioAccessToken=\"good\";Max-Age=\"600\"".to_owned()],
        // One that is taken back, in each way, before the one that counts.
        vec![
            "folioAccessToken=old; Max-Age=0".to_owned(),
            "folioAccessToken=old; Max-Age=-1".to_owned(),
            format!("folioAccessToken=old; Expires={PAST}; Path=/okapi/"),
            "folioAccessToken=; Max-Age=600".to_owned(),
            format!("folioAccessToken = good ; Max-Age=600; Expires={PAST}"),
        ],
    ];
    for cookies in ways {
        let told = cookies.clone();
        let server = Folio::start(move |asked, n| match asked.path() {
            "/authn/login-with-expiry" => Some(cookies.iter().fold(
                // An expiration in the past, of a clock that is wrong, and none for the other.
                Reply::new(
                    201,
                    "application/json",
                    r#"{"accessTokenExpiration":"2001-01-01T00:00:00Z"}"#,
                ),
                |reply, cookie| reply.with("set-cookie", cookie),
            )),
            _ => users(asked, n),
        })
        .await;
        server.accept("good");
        let folio = server.connect().await;
        get(&folio).await.unwrap();
        get(&folio).await.unwrap();
        assert_eq!(server.logins(), 1, "{told:?}");
    }
}
