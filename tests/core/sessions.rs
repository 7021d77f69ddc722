//! Sessions of every kind: old logins, tokens of others, other tenants, clocks that are wrong,
//! scopes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use folio_sdk::{
    Credentials, CredentialsProvider, Error, ErrorKind, FolioClient, FolioClientBuilder,
};
use folio_test_support::clock::Clock;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, PASSWORD, Reply, quick};

fn users(asked: &Asked) -> Option<Reply> {
    (asked.path() == "/users").then(|| Reply::json(json!({"users": []})))
}

async fn get(folio: &FolioClient) -> Result<Vec<Value>, Error> {
    folio.folio_get("/users", "users").await
}

/// A token with its claims: of Okapi, or of Keycloak.
fn token_of(claims: &Value) -> String {
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn without_credentials(server: &Folio) -> FolioClientBuilder {
    FolioClient::builder(&server.url)
        .tenant("diku")
        .retry(quick())
}

/// A server of before 2023: it has the old login only, which gives its token in the header or in
/// the body.
async fn old(in_header: bool, refused: Arc<AtomicBool>) -> Folio {
    let server = Folio::start(move |asked, n| match asked.path() {
        "/authn/login-with-expiry" => Some(Reply::text(404, "No suitable module found for path /authn/login-with-expiry for tenant diku")),
        "/authn/login" => {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            if body["password"] != PASSWORD {
                return Some(Reply::new(422, "application/json", r#"{"errors":[{"message":"Password does not match","code":"password.incorrect"}]}"#));
            }
            let token = format!("old-{n}");
            Some(if in_header {
                Reply::new(201, "application/json", "{}").with("x-okapi-token", &token)
            } else {
                Reply::new(201, "application/json", json!({"okapiToken": token, "refreshToken": "r"}).to_string())
            })
        }
        _ if refused.load(Ordering::SeqCst) && asked.header("x-okapi-token") == "old-0" => Some(Reply::text(401, "Invalid token")),
        _ => users(asked),
    })
    .await;
    server.accept("old-0");
    server.accept("old-1");
    server
}

#[tokio::test]
async fn where_there_is_only_the_old_login_it_is_used_and_its_token_renewed_when_it_is_refused() {
    for in_header in [true, false] {
        let refused = Arc::new(AtomicBool::new(false));
        let server = old(in_header, Arc::clone(&refused)).await;
        let folio = server.connect().await;
        for _ in 0..3 {
            get(&folio).await.unwrap();
        }
        assert_eq!(
            (server.logins(), server.asked("/authn/login").len()),
            (1, 1)
        );
        refused.store(true, Ordering::SeqCst);
        get(&folio).await.unwrap();
        let asked = server.asked("/users");
        assert_eq!(asked.last().unwrap().header("x-okapi-token"), "old-1");
        assert!(asked.iter().all(|asked| asked.header("cookie").is_empty()));
        folio.close().await.unwrap();
        // It has nothing that ends this session only.
        assert!(server.asked("/authn/logout").is_empty());
        assert_eq!(server.refreshes(), 0);
    }
}

#[tokio::test]
async fn a_wrong_password_of_the_old_login_is_tried_once() {
    let server = old(true, Arc::default()).await;
    let folio = server
        .builder()
        .credentials("ann", "wrong")
        .build()
        .unwrap();
    for _ in 0..5 {
        assert!(get(&folio).await.unwrap_err().is_unauthenticated());
    }
    assert_eq!(server.asked("/authn/login").len(), 1);
}

#[tokio::test]
async fn where_there_is_no_login_at_all_the_error_says_so() {
    let server = Folio::start(|asked, _| {
        asked.path().contains("authn").then(|| {
            Reply::new(
                404,
                "application/json",
                r#"{"message":"no Route matched with those values"}"#,
            )
        })
    })
    .await;
    let error = server.builder().connect().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        error.is_not_found()
            && shown.contains("login-with-expiry")
            && shown.contains("check the URL of the gateway"),
        "{shown}"
    );
    assert_eq!(server.log().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_handed_in_is_used_without_a_login_until_it_dies() {
    let server = Folio::start(|asked, _| users(asked)).await;
    server.accept("handed.in.token");
    let folio = without_credentials(&server)
        .token("handed.in.token")
        .connect()
        .await
        .unwrap();
    get(&folio).await.unwrap();
    assert_eq!(server.log().len(), 1);
    server.expire();
    let error = get(&folio).await.unwrap_err();
    assert!(
        error.is_unauthenticated() && error.kind() == ErrorKind::Login,
        "{error:#}"
    );
    let shown = format!("{error:#}");
    assert!(
        shown.contains("supplied token")
            && shown.contains("refresh_token")
            && !shown.contains("handed.in.token"),
        "{shown}"
    );
    // It has expired, and the server is not asked again.
    let before = server.log().len();
    get(&folio).await.unwrap_err();
    assert_eq!(server.log().len(), before);
    folio.close().await.unwrap();
    assert!(
        server.asked("/authn/logout").is_empty(),
        "the session is not this client's"
    );
}

#[tokio::test]
async fn a_token_that_is_handed_in_with_a_refresh_token_is_renewed_by_it_once() {
    for expired in [false, true] {
        let server = Folio::start(|asked, _| users(asked)).await;
        server.accept("a.b.c");
        server.accept_refresh("r.s.t");
        let mut credentials = Credentials::token("a.b.c").refresh_token("r.s.t");
        if expired {
            credentials = credentials.expires_in(Duration::ZERO);
        }
        let folio = without_credentials(&server)
            .credentials_provider(credentials)
            .build()
            .unwrap();
        get(&folio).await.unwrap();
        server.expire();
        get(&folio).await.unwrap();
        server.expire();
        get(&folio).await.unwrap();
        assert_eq!(
            (server.logins(), server.refreshes(), server.replays()),
            (0, if expired { 3 } else { 2 }, 0)
        );
        folio.close().await.unwrap();
        let logout = server.asked("/authn/logout");
        assert!(
            logout[0].header("cookie").contains("folioRefreshToken=")
                && !logout[0].header("cookie").contains("r.s.t")
        );
    }
}

#[tokio::test]
async fn a_source_that_gives_another_token_is_asked_when_one_dies() {
    #[derive(Debug)]
    struct Vault(AtomicUsize);
    impl CredentialsProvider for Vault {
        async fn credentials(
            &self,
        ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
            Ok(Credentials::token(format!(
                "vault-{}",
                self.0.fetch_add(1, Ordering::SeqCst)
            )))
        }
    }
    let server = Folio::start(|asked, _| users(asked)).await;
    server.accept("vault-0");
    let folio = without_credentials(&server)
        .credentials_provider(Vault(AtomicUsize::new(0)))
        .build()
        .unwrap();
    get(&folio).await.unwrap();
    server.expire();
    server.accept("vault-1");
    get(&folio).await.unwrap();
    assert_eq!(
        server
            .asked("/users")
            .last()
            .unwrap()
            .header("x-okapi-token"),
        "vault-1"
    );
}

#[tokio::test]
async fn the_login_goes_to_its_own_tenant_and_what_renews_and_ends_it_to_the_tenant_of_the_token() {
    for claims in [
        json!({"sub": "ann", "tenant": "college"}),
        json!({"iss": "https://kc.example/realms/college"}),
    ] {
        let token = token_of(&claims);
        let given = token.clone();
        let server = Folio::start(move |asked, _| match asked.path() {
            "/authn/login-with-expiry" | "/authn/refresh" => Some(
                Reply::new(201, "application/json", "{}")
                    .with(
                        "set-cookie",
                        &format!("folioAccessToken={given}; Path=/; HttpOnly"),
                    )
                    .with("set-cookie", "folioRefreshToken=r-1; Path=/authn; HttpOnly"),
            ),
            _ if asked.header("x-okapi-tenant") == "elsewhere" => {
                Some(Reply::text(403, "Invalid token"))
            }
            _ => users(asked),
        })
        .await;
        server.accept(&token);
        let folio = server
            .builder()
            .tenant("member")
            .login_tenant("central")
            .connect()
            .await
            .unwrap();
        get(&folio).await.unwrap();
        server.expire();
        // Only the rejected token is renewed: the script returns the same token again, which then
        // is valid.
        let waiting = tokio::spawn({
            let folio = folio.clone();
            async move { get(&folio).await }
        });
        while server.refreshes() == 0 {
            tokio::task::yield_now().await;
        }
        server.accept(&token);
        let _ = waiting.await.unwrap();
        let error = get(&folio.for_tenant("elsewhere")).await.unwrap_err();
        assert!(
            format!("{error:#}").contains(
                "the token was issued for the tenant `college`, but the request was sent to `elsewhere`"
            ),
            "{error:#}"
        );
        folio.close().await.unwrap();
        let tenants = |path| {
            server
                .asked(path)
                .first()
                .map(|asked| asked.header("x-okapi-tenant").to_owned())
                .unwrap_or_default()
        };
        assert_eq!(tenants("/authn/login-with-expiry"), "central");
        assert_eq!(tenants("/users"), "member");
        assert_eq!(tenants("/authn/refresh"), "college");
        assert_eq!(tenants("/authn/logout"), "college");
    }
}

/// A server whose clock is off by so many seconds.
async fn skewed(seconds: i64, lifetime: u64, tells_date: bool) -> Folio {
    let server = Folio::start(move |asked, n| {
        if !matches!(asked.path(), "/authn/login-with-expiry" | "/authn/refresh") {
            return users(asked);
        }
        let shift = Duration::from_secs(seconds.unsigned_abs());
        let now = if seconds < 0 { SystemTime::now() - shift } else { SystemTime::now() + shift };
        let until = |lifetime| humantime::format_rfc3339_seconds(now + Duration::from_secs(lifetime)).to_string();
        let body = json!({"accessTokenExpiration": until(lifetime), "refreshTokenExpiration": until(604_800)});
        let kind = if asked.path() == "/authn/refresh" { "renewed" } else { "first" };
        let reply = Reply::new(201, "application/json", body.to_string())
            .with("set-cookie", &format!("folioAccessToken={kind}-{n}; Path=/"))
            .with("set-cookie", &format!("folioRefreshToken={kind}-{n}; Path=/authn"));
        Some(if tells_date { reply.with("date", &httpdate::fmt_http_date(now)) } else { reply })
    })
    .await;
    for n in 0..20 {
        server.accept(&format!("first-{n}"));
        server.accept(&format!("renewed-{n}"));
    }
    server
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_changes_nothing() {
    for (seconds, tells_date) in [(3600, true), (-3600, true), (3600, false), (-3600, false)] {
        let server = skewed(seconds, 600, tells_date).await;
        let folio = server.connect().await;
        for _ in 0..5 {
            get(&folio).await.unwrap();
        }
        assert_eq!(
            (server.logins(), server.refreshes()),
            (1, 0),
            "{seconds} {tells_date}"
        );
    }
    // The life of a token is known by the server's own clock.
    for seconds in [3600, -3600] {
        let server = skewed(seconds, 2, true).await;
        let folio = server.connect().await;
        get(&folio).await.unwrap();
        let clock = Clock::stop();
        clock.advance(Duration::from_millis(2100)).await;
        get(&folio).await.unwrap();
        assert_eq!((server.logins(), server.refreshes()), (1, 1), "{seconds}");
    }
}

#[tokio::test]
async fn a_scope_is_closed_when_its_work_ends_with_a_value_or_an_error() {
    let server = Folio::start(|asked, _| users(asked)).await;
    let kept = server
        .builder()
        .scoped(async |folio| {
            get(&folio).await?;
            Ok::<_, Error>(folio)
        })
        .await
        .unwrap();
    assert!(kept.is_closed() && get(&kept).await.unwrap_err().is_closed());
    assert_eq!(server.asked("/authn/logout").len(), 1);

    // As a closure that gives a future, too.
    let folio = server.connect().await;
    let users = folio.scoped(|folio| async move { get(&folio).await }).await;
    assert!(users.unwrap().is_empty());
    // The error is the work's own.
    let outcome: Result<(), Box<dyn std::error::Error + Send + Sync>> =
        server.builder().scoped(async |_| Err("mine".into())).await;
    assert_eq!(outcome.unwrap_err().to_string(), "mine");
    assert_eq!(server.asked("/authn/logout").len(), 3);

    let outcome = server
        .builder()
        .credentials("ann", "wrong")
        .scoped(async |_| Ok::<_, Error>(()))
        .await;
    assert!(outcome.unwrap_err().is_unauthenticated());
    assert_eq!(server.asked("/authn/logout").len(), 3);
}

async fn logged_out(server: &Folio) {
    server.wait_for("/authn/logout", 1).await;
}

#[tokio::test]
async fn a_scope_is_closed_by_a_panic_and_by_whoever_gives_up_waiting() {
    let server = Folio::start(|asked, _| users(asked)).await;
    let builder = server.builder();
    let task = tokio::spawn(builder.scoped(async |folio| {
        get(&folio).await?;
        if folio.tenant() == "diku" {
            panic!("of the work");
        }
        Ok::<_, Error>(())
    }));
    assert!(task.await.unwrap_err().is_panic());
    logged_out(&server).await;

    let server = Folio::start(|asked, _| (asked.path() == "/users").then_some(Reply::Stall)).await;
    let builder = server.builder();
    let task = tokio::spawn(builder.scoped(async |folio| get(&folio).await));
    server.wait_for("/users", 1).await;
    task.abort();
    logged_out(&server).await;
    let logout = &server.asked("/authn/logout")[0];
    assert!(
        logout.header("cookie").contains("folioAccessToken=")
            && logout.header("cookie").contains("folioRefreshToken=")
    );
}

#[test]
fn to_drop_a_client_outside_of_a_runtime_is_safe() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (folio, server) = runtime.block_on(async {
        let server = Folio::start(|asked, _| users(asked)).await;
        (server.connect().await, server)
    });
    drop(runtime);
    drop(folio);
    assert_eq!(server.asked("/authn/logout").len(), 0);
}
