//! What is told to those who watch a program: everything but secrets. All events of this process are caught, at TRACE, also those of the
//! libraries below.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[allow(dead_code, reason = "other tests use more of it")]
mod support;
#[cfg(feature = "rustls")]
#[allow(dead_code, reason = "other tests use more of it")]
mod tls_support;

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use folio_sdk::{Credentials, FolioClient, Method, Password, Request};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::{Folio, PASSWORD, Reply};

/// All that was told since the process began. The tests of this file take turns at it, so that each sees its own.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> Turn {
        static LOG: OnceLock<Log> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let log = LOG.get_or_init(|| {
            let log = Log::default();
            // This also takes what is told by the crate `log`: reqwest and rustls do.
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_span_events(FmtSpan::CLOSE)
                .with_ansi(false)
                .with_writer(log.clone())
                .init();
            log
        });
        log.0.lock().unwrap().clear();
        Turn {
            log: log.clone(),
            _turn: turn,
        }
    }
}

struct Turn {
    log: Log,
    _turn: std::sync::MutexGuard<'static, ()>,
}

impl Turn {
    fn text(&self) -> String {
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// The line that a span of a request ends with.
    fn closed(&self, path: &str) -> String {
        let text = self.text();
        let line = text
            .lines()
            .rfind(|line| line.contains(": close") && line.contains(&format!("path=\"{path}\"")));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_that_is_logged_or_shown_has_a_secret_in_it() {
    let log = Log::start();
    let server = Folio::start(|asked, n| match (asked.path(), n) {
        ("/authn/login-with-expiry", 1) => {
            Some(Reply::new(500, "application/json", asked.body.clone()))
        }
        ("/users", 0) => Some(Reply::Drop),
        ("/users", 1) => Some(Reply::text(503, "busy")),
        ("/users", _) => Some(Reply::json(json!({"users": [{"id": 1}]}))),
        ("/authn/token", _) => Some(Reply::new(
            201,
            "application/json",
            format!("{{\"okapiToken\":\"{}\",", PASSWORD),
        )),
        _ => None,
    })
    .await;
    let mut shown = String::new();
    let builder = server.builder();
    shown += &format!("{builder:?}");
    let folio = builder.connect().await.unwrap();
    shown += &format!("{folio:?} {:?}", folio.for_tenant("x"));
    let users: Vec<Value> = folio.folio_get("/users", "users").await.unwrap();
    assert_eq!(users.len(), 1);
    server.expire();
    folio.folio_get::<Value>("/users", "users").await.unwrap();
    // A login that fails with the password in its answer.
    server.expire();
    server.revoke();
    shown += &format!(
        "{0} {0:#} {0:?}",
        folio
            .folio_get::<Value>("/users", "users")
            .await
            .unwrap_err()
    );
    folio.folio_get::<Value>("/users", "users").await.unwrap();
    let error = folio
        .folio_get::<Value>("/authn/token?code=auth-code-7&redirect-uri=x", None)
        .await
        .unwrap_err();
    shown += &format!("{error} {error:#} {error:?}");
    let token = server.secrets()[0].clone();
    let request = Request::to(Method::POST, "/x?apikey=key-8")
        .header("x-okapi-token", &token)
        .header("Authorization", &token)
        .json(PASSWORD);
    shown += &format!("{request:?}");
    let error = folio.execute(request).await.unwrap_err();
    shown += &format!("{error} {error:#} {error:?}");
    let response = folio
        .request(Method::POST, "/authn/login-with-expiry")
        .json(&json!({"username": "ann", "password": PASSWORD}))
        .send()
        .await
        .unwrap();
    shown += &format!("{response:?}");
    shown += &format!(
        "{:?} {:?}",
        Credentials::password("ann", PASSWORD),
        Password::from(PASSWORD)
    );
    shown += &format!(
        "{:?}",
        folio
            .folio_get_all::<Value>("/users?token=key-9", "users")
            .stream()
    );
    let wrong = FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials("ann", "wrong-password")
        .connect()
        .await
        .unwrap_err();
    shown += &format!("{wrong} {wrong:#} {wrong:?}");
    folio.close().await.unwrap();
    drop(folio);

    let log = log.text();
    assert!(
        log.contains("logged in")
            && log.contains("token renewed")
            && log.contains("again")
            && log.contains("logged out"),
        "{log}"
    );
    let secrets = server.secrets();
    assert!(secrets.len() > 4);
    for secret in secrets.iter().map(String::as_str).chain([
        "wrong-password",
        "auth-code-7",
        "key-8",
        "key-9",
    ]) {
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
        for line in log.lines() {
            assert!(!line.contains(secret), "{secret} is logged: {line}");
        }
    }
}

/// TLS, HTTP/2, a proxy and a certificate of the client tell nothing either.
#[cfg(all(feature = "rustls", feature = "http2"))]
#[tokio::test]
async fn no_secret_is_told_by_what_is_below() {
    use crate::tls_support::{Authority, Gateway, Tunnel};

    let log = Log::start();
    let authority = Authority::new();
    let gateway = Gateway::start(&authority, "folio.invalid", &["h2"], Some(&authority)).await;
    let proxy = Tunnel::start().await;
    let (certificate, key) = authority.certificate("ann");
    let folio = gateway
        .builder("folio.invalid")
        .only_root_certificates(authority.pem.clone())
        .client_certificate(format!("{certificate}\n{key}"))
        .proxy(format!("http://user:word-of-the-proxy@{}", proxy.address))
        .connect()
        .await
        .unwrap();
    let version: String = folio
        .folio_get("/x?apikey=key-of-edge", "version")
        .await
        .unwrap();
    assert_eq!(version, "HTTP/2.0");
    let text = log.text();
    assert!(
        text.contains(" h2::") && text.contains("hyper") && text.contains("reqwest"),
        "{text}"
    );
    let key = key.lines().nth(1).unwrap();
    for secret in [
        "word-of-the-proxy",
        "dXNlcjp3b3JkLW9mLXRoZS1wcm94eQ",
        "key-of-edge",
        "secret-of-ann",
        "access.of.ann",
        key,
    ] {
        for line in text.lines() {
            assert!(!line.contains(secret), "{secret} is told: {line}");
        }
    }
}

#[tokio::test]
async fn a_span_tells_all_of_a_request_when_it_ends() {
    let log = Log::start();
    let server = Folio::start(|asked, n| match (asked.path(), n) {
        ("/groups", 0) => Some(Reply::text(503, "busy")),
        ("/groups", _) => Some(Reply::json(json!({"usergroups": [], "totalRecords": 0}))),
        ("/gone", _) => Some(Reply::text(404, "Not found")),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    folio
        .for_tenant("college")
        .folio_get::<Value>("/groups?limit=7", None)
        .await
        .unwrap();
    folio
        .folio_post("/gone", &json!({"a": 1}))
        .await
        .unwrap_err();
    let line = log.closed("/groups");
    for field in [
        "method=GET",
        "tenant=\"college\"",
        "sent_bytes=0",
        "status=200",
        "attempts=2",
        "received_bytes=34",
        "elapsed_ms=",
    ] {
        assert!(line.contains(field), "{field}: {line}");
    }
    let line = log.closed("/gone");
    for field in [
        "method=POST",
        "tenant=\"diku\"",
        "sent_bytes=7",
        "status=404",
        "attempts=1",
        "error=Status",
    ] {
        assert!(line.contains(field), "{field}: {line}");
    }
    #[cfg(feature = "users")]
    {
        folio.users().get_user("7").send().await.unwrap_err();
        let line = log.closed("/users/{userId}");
        assert!(
            line.contains("operation=\"get_user\"") && line.contains("module=\"mod-users\""),
            "{line}"
        );
    }
}

#[tokio::test]
async fn login_renewal_repetition_and_giving_up_are_told() {
    let log = Log::start();
    let server = Folio::start(|asked, _| match asked.path() {
        "/well" => Some(Reply::json(json!({}))),
        "/busy" => Some(Reply::text(503, "busy")),
        _ => None,
    })
    .await;
    let folio = server
        .builder()
        .retry(crate::support::quick().max_attempts(2))
        .connect()
        .await
        .unwrap();
    server.expire();
    folio.folio_get::<Value>("/well", None).await.unwrap();
    folio.folio_get::<Value>("/busy", None).await.unwrap_err();
    let text = log.text();
    for event in [
        "logged in",
        "the token was refused",
        "token renewed",
        " again ",
        "given up",
    ] {
        assert!(text.contains(event), "{event}: {text}");
    }
}

#[tokio::test]
async fn a_client_that_is_dropped_without_closing_says_so_at_debug_level() {
    let log = Log::start();
    let server = Folio::start(|_, _| None).await;
    let folio = server.connect().await;
    drop(folio.clone());
    assert!(!log.text().contains("dropped without"));
    drop(folio);
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while !log.text().contains("dropped without") {
        assert!(tokio::time::Instant::now() < until, "{}", log.text());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains("dropped without"))
        .unwrap();
    assert!(line.contains("DEBUG"), "{line}");
    assert!(server.asked("/authn/logout").is_empty());
}
