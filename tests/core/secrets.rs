//! No password, token or cookie is ever shown.

use std::io::Write;
use std::sync::{Arc, Mutex};

use folio_sdk::{Credentials, FolioClient, Method, Password, Request};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Folio, PASSWORD, Reply};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    // One thread: everything of this test is under its subscriber.
    let _guard = tracing::subscriber::set_default(subscriber);

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

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
