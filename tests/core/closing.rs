//! Every wait ends when the client is closed, and a call that waits for a login at its timeout.
//! Closing ends the session at the server.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sdk::{
    Collection, Credentials, CredentialsProvider, Error, FolioClient, FolioClientBuilder, Result,
};
use folio_test_support::clock::{Clock, settle};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use folio_test_support::server::{Asked, Folio, PASSWORD, Reply, quick};

/// A vault that never responds, after so many times.
#[derive(Debug, Default)]
struct Hangs(AtomicUsize, usize);

impl CredentialsProvider for Hangs {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        if self.0.fetch_add(1, Ordering::SeqCst) >= self.1 {
            pending::<()>().await;
        }
        Ok(Credentials::password("ann", PASSWORD))
    }
}

/// A server on which everything but the first login takes for ever, each path in its own way.
fn slow(asked: &Asked, before: usize) -> Option<Reply> {
    let job = json!({"id": "7", "query": "x", "entityType": "INSTANCE", "status": "IN_PROGRESS"});
    match (&*asked.method, asked.path()) {
        ("POST", "/authn/login-with-expiry") if before > 0 => Some(Reply::Stall),
        (_, "/busy") => Some(Reply::text(503, "busy").with("retry-after", "3000")),
        (_, "/stalls") => Some(Reply::Stall),
        (_, "/forbidden") => Some(Reply::text(403, "not yet").with("server", "kong")),
        (_, "/well") => Some(Reply::json(json!({"users": []}))),
        ("POST", "/search/resources/jobs") | ("GET", "/search/resources/jobs/7") => {
            Some(Reply::json(job))
        }
        ("GET", "/search/instances") => {
            let (first, size) = (asked.number("offset"), asked.number("limit"));
            let page: Vec<Value> = (first..20_000)
                .take(size)
                .map(|number| json!({"id": uuid(number)}))
                .collect();
            Some(Reply::json(
                json!({"instances": page, "totalRecords": 20_000}),
            ))
        }
        ("POST", "/batch") | ("GET", "/batch") => {
            Some(Reply::text(503, "busy").with("retry-after", "3000"))
        }
        _ => None,
    }
}

async fn get(folio: FolioClient, path: &'static str) -> Result<()> {
    folio.folio_get::<Value>(path, None).await.map(drop)
}

/// Waits until the server was asked for a path `times` times and each response that it gave was
/// read.
async fn asked(server: &Folio, path: &str, times: usize) {
    server.wait_for(path, times).await;
    settle().await;
}

/// The client is closed while `waiting` waits: it ends at once, by the clock of the runtime, and
/// says why.
async fn ends(what: &str, folio: &FolioClient, waiting: JoinHandle<Result<()>>) {
    assert!(!waiting.is_finished(), "{what} did not wait");
    tokio::time::pause();
    let start = Instant::now();
    let closing = tokio::spawn({
        let folio = folio.clone();
        async move { folio.close().await }
    });
    let outcome = tokio::time::timeout(Duration::from_secs(3600), waiting).await;
    let took = start.elapsed();
    let error = outcome
        .unwrap_or_else(|_| panic!("{what} waits on"))
        .unwrap()
        .unwrap_err();
    assert!(error.is_closed(), "{what}: {error:#}");
    assert!(took < Duration::from_millis(50), "{what}: {took:?}");
    // Closing itself has an end, too.
    let _ = closing.await.unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(45),
        "{what}: {:?}",
        start.elapsed()
    );
    tokio::time::resume();
}

#[tokio::test]
async fn a_wait_for_a_permit_or_the_rate_ends() {
    let server = Folio::start(slow).await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let _first = tokio::spawn(get(folio.clone(), "/stalls"));
    asked(&server, "/stalls", 1).await;
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    settle().await;
    ends("the permit", &folio, waiting).await;

    let server = Folio::start(slow).await;
    let patient = server.builder().queue_timeout(Duration::from_secs(3000));
    let folio = patient.max_in_flight(1).connect().await.unwrap();
    let _first = tokio::spawn(get(folio.clone(), "/stalls"));
    asked(&server, "/stalls", 1).await;
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    settle().await;
    ends("the permit with a queue timeout", &folio, waiting).await;

    let server = Folio::start(slow).await;
    let folio = server
        .builder()
        .rate_limit(0.001, 1)
        .connect()
        .await
        .unwrap();
    get(folio.clone(), "/well").await.unwrap();
    let _first = tokio::spawn(get(folio.clone(), "/well"));
    settle().await;
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    settle().await;
    ends("the queue of the rate", &folio, waiting).await;
}

#[tokio::test]
async fn a_wait_for_the_next_attempt_ends() {
    for path in ["/busy", "/forbidden"] {
        let server = Folio::start(slow).await;
        let patient = quick()
            .max_retry_after(Duration::from_secs(4000))
            .deadline(Duration::from_secs(9000))
            .forbidden_retries(3)
            .forbidden_delay(Duration::from_secs(4000));
        let folio = server.builder().retry(patient).connect().await.unwrap();
        let waiting = tokio::spawn(get(folio.clone(), path));
        asked(&server, path, 1).await;
        ends(path, &folio, waiting).await;
    }
}

#[tokio::test]
async fn a_wait_for_a_login_ends() {
    // A login and a renewal are in flight, a login waits for its retry, the credentials provider
    // does not return.
    let server = Folio::start(slow).await;
    let folio = server.connect().await;
    server.expire();
    server.revoke();
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    asked(&server, "/authn/login-with-expiry", 2).await;
    ends("the login", &folio, waiting).await;

    let server = Folio::start(|asked, before| match asked.path() {
        "/authn/refresh" => Some(Reply::Stall),
        _ => slow(asked, before),
    })
    .await;
    let folio = server.connect().await;
    server.expire();
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    asked(&server, "/authn/refresh", 1).await;
    ends("the renewal", &folio, waiting).await;

    let server = Folio::start(|asked, _| match asked.path() {
        "/authn/login-with-expiry" => Some(Reply::text(503, "busy").with("retry-after", "3000")),
        _ => None,
    })
    .await;
    let patient = quick()
        .max_retry_after(Duration::from_secs(4000))
        .deadline(Duration::from_secs(9000));
    let folio = server
        .builder()
        .retry(patient)
        .timeout(Duration::from_secs(9000))
        .build()
        .unwrap();
    let waiting = tokio::spawn(get(folio.clone(), "/well"));
    asked(&server, "/authn/login-with-expiry", 1).await;
    ends("the next login", &folio, waiting).await;

    for what in ["connect", "call", "headers", "user"] {
        let server = Folio::start(slow).await;
        let folio = source(&server, Hangs::default()).build().unwrap();
        let waiting = tokio::spawn({
            let folio = folio.clone();
            async move {
                match what {
                    "connect" => folio.connect().await,
                    "call" => get(folio, "/well").await,
                    "headers" => folio.folio_headers().await.map(drop),
                    _ => folio.current_user_id().await.map(drop),
                }
            }
        });
        settle().await;
        ends(what, &folio, waiting).await;
    }
}

fn source(server: &Folio, source: impl CredentialsProvider) -> FolioClientBuilder {
    FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials_provider(source)
        .retry(quick())
}

#[tokio::test]
async fn lists_jobs_and_batches_end() {
    let patient = quick()
        .max_retry_after(Duration::from_secs(4000))
        .deadline(Duration::from_secs(9000));
    // A job of mod-search that does not complete.
    let server = Folio::start(slow).await;
    let folio = server.connect().await;
    let waiting = tokio::spawn({
        let mut list = folio
            .folio_get_all::<Value>("/search/instances", "instances")
            .query("title=a")
            .stream();
        async move {
            while let Some(record) = list.next().await {
                record?;
            }
            Ok(())
        }
    });
    let clock = Clock::stop();
    let polled = server.wait_for("/search/resources/jobs/7", 5);
    clock.run(Duration::from_millis(10), polled).await;
    drop(clock);
    settle().await;
    ends("the job", &folio, waiting).await;

    // A batch that waits to be sent again.
    let server = Folio::start(slow).await;
    let folio = server
        .builder()
        .retry(patient.clone())
        .connect()
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let folio = folio.clone();
        async move {
            let records = (0..3).map(|number| json!({"id": uuid(number), "name": number}));
            let collection = Collection::new("/batch", "records");
            folio.upsert_at(collection, records).run().await.ok()
        }
    });
    asked(&server, "/batch", 1).await;
    ends("the batch", &folio, waiting).await;

    // The segments of a harvest.
    let server = Folio::start(slow).await;
    let folio = server.builder().retry(patient).connect().await.unwrap();
    let waiting = tokio::spawn({
        let list = folio.folio_get_all::<Value>("/busy", "records");
        let mut list = folio.harvest(list).stream();
        async move {
            while let Some(record) = list.next().await {
                record?;
            }
            Ok(())
        }
    });
    asked(&server, "/busy", 1).await;
    ends("the harvest", &folio, waiting).await;
}

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[tokio::test]
async fn a_call_waits_for_a_login_no_longer_than_its_timeout() {
    let server = Folio::start(slow).await;
    let folio = source(&server, Hangs(AtomicUsize::new(0), 0))
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    tokio::time::pause();
    let start = Instant::now();
    let error = folio
        .folio_get::<Value>("/well", None)
        .timeout(Duration::from_secs(3))
        .await
        .unwrap_err();
    let took = start.elapsed();
    assert!(error.is_timeout() && error.attempts() == 0, "{error:#}");
    assert!((3000..3100).contains(&took.as_millis()), "{took:?}");
    let shown = format!("{error:#}");
    assert!(
        shown.contains("/well") && shown.contains("longer than 3 s") && shown.contains("not sent"),
        "{shown}"
    );
    // The client's timeout, and that of `connect`; a provider that does not return is called again.
    for call in [true, false] {
        let start = Instant::now();
        let error = match call {
            true => get(folio.clone(), "/well").await.unwrap_err(),
            false => folio.connect().await.unwrap_err(),
        };
        assert!(error.is_timeout(), "{error:#}");
        assert!(
            start.elapsed() <= Duration::from_millis(20_100),
            "{:?}",
            start.elapsed()
        );
    }
    tokio::time::resume();
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn a_source_that_said_nothing_once_is_asked_again() {
    #[derive(Debug, Default)]
    struct HangsOnce(AtomicUsize);
    impl CredentialsProvider for HangsOnce {
        async fn credentials(
            &self,
        ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
            if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
                pending::<()>().await;
            }
            Ok(Credentials::password("ann", PASSWORD))
        }
    }
    let server = Folio::start(slow).await;
    let folio = source(&server, HangsOnce::default()).build().unwrap();
    tokio::time::pause();
    assert!(folio.connect().await.unwrap_err().is_timeout());
    tokio::time::resume();
    folio.connect().await.unwrap();
}

/// The order of the requests to `/authn`, with the cookies.
fn sessions(server: &Folio) -> Vec<(String, String)> {
    let asked = server.log().into_iter();
    asked
        .filter(|asked| asked.path().starts_with("/authn/"))
        .map(|asked| (asked.path().to_owned(), asked.header("cookie").to_owned()))
        .collect()
}

/// Ends a session as Eureka does: only for a user whom a good access token names. (Okapi rejects an
/// expired token as well.)
fn eureka(asked: &Asked, good: &str) -> Option<Reply> {
    let names_user = asked
        .header("cookie")
        .contains(&format!("folioAccessToken={good};"));
    (asked.path() == "/authn/logout" && !names_user).then(|| Reply::text(401, "Invalid token"))
}

#[tokio::test]
async fn an_expired_token_is_renewed_before_the_logout() {
    for says_when in [true, false] {
        let server =
            Folio::start(|asked, _| eureka(asked, "eyJhbGciOiJIUzI1NiJ9.access-2.x")).await;
        server.lifetime(says_when.then_some(600));
        let folio = server.connect().await;
        server.expire();
        if says_when {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(700)).await;
            tokio::time::resume();
        }
        folio.close().await.unwrap();
        let all = server.secrets();
        let [access_1, refresh_1, access_2, refresh_2, _] = &all[..] else {
            panic!("{all:?}")
        };
        let mut expected = vec![
            ("/authn/login-with-expiry".to_owned(), String::new()),
            (
                "/authn/refresh".to_owned(),
                format!("folioRefreshToken={refresh_1}"),
            ),
            (
                "/authn/logout".to_owned(),
                format!("folioAccessToken={access_2}; folioRefreshToken={refresh_2}"),
            ),
        ];
        if !says_when {
            // What the client cannot know, the server tells it.
            let first = format!("folioAccessToken={access_1}; folioRefreshToken={refresh_1}");
            expected.insert(1, ("/authn/logout".to_owned(), first));
        }
        assert_eq!(sessions(&server), expected);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_is_over_or_the_error_says_so() {
    // The server knows the refresh token no longer.
    let server = Folio::start(|asked, _| eureka(asked, "none")).await;
    let folio = server.connect().await;
    server.revoke();
    folio.close().await.unwrap();
    assert_eq!(
        (server.refreshes(), server.asked("/authn/logout").len()),
        (1, 1)
    );

    // It does not respond: the refresh token alone is tried, and closing ends.
    let server = Folio::start(|asked, _| match asked.path() {
        "/authn/refresh" => Some(Reply::Stall),
        _ => eureka(asked, "none"),
    })
    .await;
    let folio = server.connect().await;
    tokio::time::pause();
    let start = Instant::now();
    folio.close().await.unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(31),
        "{:?}",
        start.elapsed()
    );
    tokio::time::resume();
    assert_eq!(server.asked("/authn/logout").len(), 2);
    assert_eq!(server.replays(), 0);
}

#[tokio::test]
async fn a_login_that_is_on_its_way_is_logged_out_of_before_closing_ends() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then(|| {
            Reply::new(201, "application/json", "{}")
                .with("set-cookie", "folioAccessToken=a-1; Path=/; Max-Age=600")
                .with(
                    "set-cookie",
                    "folioRefreshToken=r-1; Path=/authn; Max-Age=6000",
                )
                .after(Duration::from_millis(300))
        })
    })
    .await;
    let folio = server.builder().build().unwrap();
    let waiting = tokio::spawn({
        let folio = folio.clone();
        async move { folio.connect().await }
    });
    asked(&server, "/authn/login-with-expiry", 1).await;
    folio.close().await.unwrap();
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    let logout = &server.asked("/authn/logout");
    assert_eq!(logout.len(), 1);
    assert_eq!(
        logout[0].header("cookie"),
        "folioAccessToken=a-1; folioRefreshToken=r-1"
    );
    assert_eq!(server.logins(), 1);
}

#[tokio::test]
async fn a_login_and_a_renewal_carry_nothing_old() {
    let server =
        Folio::start(|asked, _| (asked.path() == "/well").then(|| Reply::json(json!({})))).await;
    let folio = server.connect().await;
    // Renewed, logged in anew, and a login that the caller makes with this client, whose own token
    // is no longer good.
    server.expire();
    get(folio.clone(), "/well").await.unwrap();
    server.expire();
    server.revoke();
    get(folio.clone(), "/well").await.unwrap();
    server.expire();
    let login = json!({"username": "ann", "password": PASSWORD});
    for path in ["/authn/login-with-expiry", "/bl-users/login-with-expiry"] {
        let _ = folio
            .request(folio_sdk::Method::POST, path)
            .json(&login)
            .send()
            .await;
    }
    let mut seen = 0;
    for asked in server.log() {
        let (token, cookie) = (asked.header("x-okapi-token"), asked.header("cookie"));
        match asked.path() {
            path if path.ends_with("login-with-expiry") => {
                assert_eq!(
                    (token, cookie, asked.header("authorization")),
                    ("", "", ""),
                    "{path}"
                );
                seen += 1;
            }
            "/authn/refresh" => {
                assert_eq!(token, "");
                assert!(
                    cookie.starts_with("folioRefreshToken=") && !cookie.contains(';'),
                    "{cookie}"
                );
                seen += 1;
            }
            _ => {}
        }
    }
    assert_eq!(seen, 6, "{:?}", server.log());
}

/// Recorded with mod-login-keycloak 2.0.2: rows "login, Keycloak unreachable" and "login disabled
/// user".
fn keycloak(cause: &str) -> Reply {
    let body = json!({"errors": [{"message": "Failed to obtain a token", "type": "ServiceException", "code": "service_error",
        "parameters": [{"key": "cause", "value": cause}]}], "total_records": 1});
    Reply::new(400, "application/json", body.to_string())
}

const UNREACHABLE: &str = "Failed to connect to keycloak:8080 executing POST http://keycloak:8080/realms/diku/protocol/openid-connect/token";
const DISABLED: &str = "[400 Bad Request] during [POST] to [http://keycloak:8080/realms/diku/protocol/openid-connect/token] [KeycloakClient#callTokenEndpoint(String,Map,String,String)]: [{\"error\":\"invalid_grant\",\"error_description\":\"Account disabled\"}]";

#[tokio::test]
async fn a_keycloak_that_is_away_is_waited_for_and_rejects_no_credentials() {
    let server = Folio::start(|asked, before| {
        (asked.path() == "/authn/login-with-expiry" && before < 2).then(|| keycloak(UNREACHABLE))
    })
    .await;
    server.connect().await;
    assert_eq!(server.logins(), 3);

    // Away for longer: the next call tries again.
    let server = Folio::start(|asked, before| {
        (asked.path() == "/authn/login-with-expiry" && before < 5).then(|| keycloak(UNREACHABLE))
    })
    .await;
    let folio = server.builder().build().unwrap();
    let error: Error = folio.connect().await.unwrap_err();
    assert!(
        !format!("{error:#}").contains("does not send them again"),
        "{error:#}"
    );
    folio.connect().await.unwrap();
    assert_eq!(server.logins(), 6);

    // An account that is disabled is tried once.
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then(|| keycloak(DISABLED))
    })
    .await;
    let folio = server.builder().build().unwrap();
    for _ in 0..3 {
        let error = folio.connect().await.unwrap_err();
        assert!(error.is_unauthenticated(), "{error:#}");
    }
    assert_eq!(server.logins(), 1);
}
