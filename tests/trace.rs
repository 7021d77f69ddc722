//! The log output of a program: everything but secrets. All events of this process
//! are caught, at TRACE, also those of the libraries below.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::sync::{Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use folio_sdk::{Credentials, FolioClient, Method, Password, Request};
use folio_test_support::log::Log;
use folio_test_support::patience::within;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use folio_test_support::server::{Folio, PASSWORD, Reply};

/// All that was logged since the process began. The tests of this file take turns at it, so that
/// each sees its own.
fn start() -> Turn {
    static LOG: OnceLock<Log> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        // This also takes what is logged by the crate `log`.
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(log.clone())
            .init();
        log
    });
    log.clear();
    Turn {
        log: log.clone(),
        _turn: turn,
    }
}

struct Turn {
    log: Log,
    _turn: std::sync::MutexGuard<'static, ()>,
}

impl Turn {
    fn text(&self) -> String {
        self.log.text()
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

#[tokio::test]
async fn nothing_that_is_logged_or_shown_has_a_secret_in_it() {
    let log = start();
    let server = Folio::start(|asked, n| match (asked.path(), n) {
        // As often as the policy sends it.
        ("/authn/login-with-expiry", 1..=5) => {
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
            && log.contains("retrying")
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

/// A secret with all that encodings change. What must appear nowhere are its parts that no encoding
/// changes.
const CANARY: &str = "Kanarie8-\"q/\\é<&>+%-Vogel9";
const PARTS: [&str; 2] = ["Kanarie8", "Vogel9"];

/// The canary as servers repeat it, in every encoding and in encodings of encodings.
fn forms() -> Vec<String> {
    let json = |text: &str| {
        let text = Value::from(text).to_string();
        text[1..text.len() - 1].to_owned()
    };
    let percent: String = CANARY
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let html = |text: &str| {
        let text = text.replace('&', "&amp;").replace('"', "&quot;");
        text.replace('<', "&lt;").replace('>', "&gt;")
    };
    let numeric: String = CANARY
        .chars()
        .map(|letter| format!("&#{};", u32::from(letter)))
        .collect();
    let unicode: String = CANARY
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    let all_percent: String = CANARY.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = STANDARD.encode(CANARY);
    let mut forms = vec![
        CANARY.to_owned(),
        json(CANARY),
        json(&json(CANARY)),
        json(CANARY).replace('/', "\\/"),
        unicode.clone(),
        json(&unicode),
        percent.clone(),
        percent.replace('%', "%25"),
        all_percent,
        html(CANARY),
        html(&html(CANARY)),
        json(&html(CANARY)),
        html(&json(CANARY)),
        html(CANARY).replace('é', "&eacute;"),
        numeric,
        hex,
        base64.clone(),
        base64
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D"),
        STANDARD.encode(format!("ann:{CANARY}")),
        STANDARD.encode(format!("{{\"x\":\"{}\"}}", json(CANARY))),
        STANDARD.encode(&base64),
    ];
    // Next to letters.
    forms.extend(forms.clone().iter().map(|form| format!("x{form}y")));
    forms
}

/// Everywhere in a response where a server may put text. `within` writes it into a string of JSON.
fn places(form: &str) -> Vec<Reply> {
    let within = |text: &str| Value::from(text).to_string();
    let json = |status, body: String| Reply::new(status, "application/json", body);
    let text = within(form);
    let message = within(&format!("cannot do: {form}!"));
    let inner = within(&format!("{{\"a\":{{\"b\":{text}}}}}"));
    vec![
        Reply::text(400, form),
        Reply::text(401, form),
        Reply::text(403, &format!("Access for {form}")),
        Reply::text(500, &format!("java.lang.Exception: {form}\n\tat x({form})")),
        Reply::new(
            502,
            "text/html",
            format!("<html><title>{form}</title><body a=\"{form}\">{form}</body></html>"),
        ),
        json(
            422,
            format!(
                "{{\"errors\":[{{\"message\":{message},\"code\":{text},\"type\":{text},\"parameters\":[{{\"key\":{text},\"value\":{text}}},{{\"key\":\"q\",\"value\":{inner}}}]}}]}}"
            ),
        ),
        json(400, format!("{{\"message\":{inner},\"detail\":[{text}]}}")),
        json(400, format!("{{\"errors\":{{{text}:{text}}}}}")),
        json(409, format!("[{text},{inner}]")),
        json(500, format!("{{\"error\":{text},\"path\":{text}")),
        json(500, text.clone()),
        Reply::empty(302).with(
            "location",
            &format!("https://other/{}?key={}", url_part(form), url_part(form)),
        ),
        Reply::empty(301).with(
            "location",
            &format!("https://ann:{}@other/", url_part(form)),
        ),
        json(200, format!("{{\"users\":{text}}}")),
        json(
            200,
            format!(
                "{{\"users\":[{{\"id\":1,\"n\":{text}}},{{\"id\":{inner},\"n\":7}}],\"x\":{text}}}"
            ),
        ),
        json(200, format!("{{\"a\":{text},\"b\":{text}, {text}")),
        json(200, text.clone()),
        Reply::text(200, form),
        json(
            200,
            format!(
                "{{\"users\":[{{\"id\":\"1\"}}],\"totalRecords\":9,\"resultInfo\":{{\"diagnostics\":[{{\"message\":{message},\"code\":{text}}}]}}}}"
            ),
        ),
        json(200, "{}".to_owned())
            .with("x-okapi-trace", &url_part(form))
            .with("set-cookie", &format!("a={}", url_part(form))),
    ]
}

/// As a header can have it.
fn url_part(form: &str) -> String {
    form.bytes()
        .map(|byte| match byte {
            0x21..=0x7e => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// All that an error shows, and whoever prints what it gives.
fn all_of(error: &folio_sdk::Error) -> String {
    let mut shown = format!(
        "{error}\n{error:#}\n{error:?}\n{error:#?}\n{:?}\n",
        error.url()
    );
    shown += &format!(
        "{:?} {:?} {:?} {:?}\n",
        error.server_message(),
        error.body_excerpt(),
        error.record_json(),
        error.record_id()
    );
    for (text, one) in [
        (error.server_message(), "message"),
        (error.body_excerpt(), "excerpt"),
        (error.record_json(), "record"),
    ] {
        shown += &format!("{one} {}\n", text.unwrap_or_default());
    }
    for one in error.validation_errors() {
        shown += &format!("{one} {one:?} {one:#?}\n");
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown += &format!("{cause} {cause:?}\n");
        source = cause.source();
    }
    shown
}

#[derive(Debug, serde::Deserialize)]
struct Numbered {
    #[allow(dead_code, reason = "only read")]
    id: String,
    #[allow(dead_code, reason = "only read")]
    n: u32,
}

/// A request that carries the canary, by each of the ways in which secrets are sent.
fn carriers(folio: &FolioClient, place: &str) -> Vec<Request> {
    let to = |method, path: &str| Request::to(method, path).header("x-place", place);
    let _ = folio;
    let basic = format!("Basic {}", STANDARD.encode(format!("ann:{CANARY}")));
    vec![
        to(Method::POST, "/smtp-configuration").json(&json!({"host": "h", "password": CANARY})),
        to(Method::POST, "/anything").json(&json!({"a": [{"apiKey": {"value": CANARY}}]})),
        to(Method::PUT, "/anything").form([("client_secret", CANARY), ("a", "b")]),
        to(Method::GET, "/anything").param("apikey", CANARY),
        to(Method::GET, "/anything").header("authorization", &basic),
        to(Method::GET, "/anything")
            .header("x-api-key", "Kanarie8-Vogel9")
            .param("token", CANARY),
    ]
}

#[tokio::test]
async fn a_canary_that_was_sent_is_shown_nowhere_in_no_encoding() {
    let log = start();
    let replies: Vec<Reply> = forms().iter().flat_map(|form| places(form)).collect();
    let script = replies.clone();
    let server = Folio::start(move |asked, _| {
        let place: usize = asked.header("x-place").parse().ok()?;
        Some(script[place].clone())
    })
    .await;
    let folio = server
        .builder()
        .retry(folio_sdk::RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    let mut shown = String::new();
    let mut failed = 0;
    for (place, reply) in replies.iter().enumerate() {
        for (carrier, request) in carriers(&folio, &place.to_string()).into_iter().enumerate() {
            // All ways to carry it in the places of the first forms, and then by turns.
            if place >= 60 && carrier != place % 6 {
                continue;
            }
            shown += &format!("{request:?} {request:#?}\n");
            let before = shown.len();
            match folio.execute(request.clone()).await {
                Err(error) => {
                    failed += 1;
                    shown += &all_of(&error);
                }
                Ok(response) => {
                    shown += &format!("{response:?} {response:#?} {}\n", response.url());
                    if let Err(error) = response.json::<Vec<Numbered>>() {
                        shown += &all_of(&error);
                    }
                }
            }
            if carrier >= 3 {
                let list = folio.folio_get_all::<Numbered>("/anything?a=b", "users");
                let list = list
                    .header("x-place", &place.to_string())
                    .param("apikey", CANARY)
                    .stream();
                shown += &format!("{list:?}\n");
                let records: Vec<_> = futures_util::StreamExt::collect(list).await;
                for error in records.into_iter().filter_map(Result::err) {
                    shown += &all_of(&error);
                }
            }
            for part in PARTS {
                assert!(
                    !shown[before..].contains(part),
                    "{part} of {:?} by carrier {carrier} in {}",
                    reply,
                    &shown[before..]
                );
            }
        }
    }
    assert!(failed > 500, "{failed}");
    let log = log.text();
    for form in forms() {
        assert!(!shown.contains(&form), "{form} is shown");
        assert!(!log.contains(&form), "{form} is logged");
    }
    for part in PARTS {
        for text in [&shown, &log] {
            let line = text.lines().find(|line| line.contains(part));
            assert_eq!(line, None, "{part}");
        }
    }
    // What is no secret is still there.
    assert!(shown.contains("cannot do: ") && shown.contains("REDACTED"));
}

/// The password of the login and the tokens of the session, which no caller sends.
#[tokio::test]
async fn a_canary_of_the_session_is_shown_nowhere_in_no_encoding() {
    let log = start();
    let replies: Vec<Reply> = forms().iter().flat_map(|form| places(form)).collect();
    let mut shown = String::new();
    // The server repeats the password of the login.
    for reply in replies.iter().step_by(7) {
        let script = reply.clone();
        let server = Folio::start(move |_, _| Some(script.clone())).await;
        let builder = FolioClient::builder(&server.url)
            .tenant("diku")
            .credentials("ann", CANARY);
        let builder = builder.retry(folio_sdk::RetryPolicy::none());
        shown += &format!("{builder:?} {builder:#?}");
        shown += &all_of(&builder.connect().await.unwrap_err());
    }
    // The server repeats the token.
    let token = "Kanarie8.Zangvogel.Vogel9";
    let mut folio = None;
    for place in 0..3_usize {
        let server = Folio::start(move |asked, _| match asked.path() {
            "/authn/login-with-expiry" => Some(
                Reply::new(201, "application/json", "{}")
                    .with("set-cookie", &format!("folioAccessToken={token}; Path=/"))
                    .with(
                        "set-cookie",
                        "folioRefreshToken=Kanarie8-Vogel9; Path=/authn",
                    ),
            ),
            "/users" => Some(match place {
                0 => Reply::text(
                    500,
                    &format!("bad token {token} and {}", STANDARD.encode(token)),
                ),
                1 => Reply::json(json!({"users": token, "note": token})),
                _ => Reply::json(
                    json!({"users": [{"id": "7", "n": token, "m": STANDARD.encode(token)}]}),
                ),
            }),
            "/authn/logout" => Some(Reply::text(500, "no logout for Kanarie8-Vogel9")),
            _ => None,
        })
        .await;
        server.accept(token);
        let client = server.builder().connect().await.unwrap();
        let users = client.folio_get::<Vec<Numbered>>("/users", "users").await;
        shown += &all_of(&users.unwrap_err());
        let list = client.folio_get_all::<Numbered>("/users", "users").stream();
        let records: Vec<_> = futures_util::StreamExt::collect(list).await;
        for error in records.into_iter().filter_map(Result::err) {
            shown += &all_of(&error);
        }
        shown += &format!("{:?}", client.folio_headers().await.unwrap());
        shown += &all_of(&client.close().await.unwrap_err());
        folio = Some(client);
    }
    shown += &format!("{folio:?}");
    let log = log.text();
    for part in PARTS {
        for text in [&shown, &log] {
            let line = text.lines().find(|line| line.contains(part));
            assert_eq!(line, None, "{part}");
        }
    }
    for form in forms() {
        assert!(!shown.contains(&form), "{form} is shown");
        assert!(!log.contains(&form), "{form} is logged");
    }
}

/// TLS, HTTP/2, a proxy and a certificate of the client tell nothing either.
#[cfg(all(feature = "rustls", feature = "http2"))]
#[tokio::test]
async fn no_secret_is_told_by_what_is_below() {
    use folio_test_support::tls::{Authority, Gateway, Tunnel};

    let log = start();
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
        text.contains(" h2::") && text.contains("hyper_util::"),
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
    let log = start();
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
    let log = start();
    let server = Folio::start(|asked, _| match asked.path() {
        "/well" => Some(Reply::json(json!({}))),
        "/busy" => Some(Reply::text(503, "busy")),
        _ => None,
    })
    .await;
    let folio = server
        .builder()
        .retry(folio_test_support::server::quick().max_attempts(2))
        .connect()
        .await
        .unwrap();
    server.expire();
    folio.folio_get::<Value>("/well", None).await.unwrap();
    folio.folio_get::<Value>("/busy", None).await.unwrap_err();
    let text = log.text();
    for event in [
        "logged in",
        "the token was rejected",
        "token renewed",
        "retrying",
        "gave up",
    ] {
        assert!(text.contains(event), "{event}: {text}");
    }
}

#[tokio::test]
async fn a_client_that_is_dropped_without_closing_says_so_at_debug_level() {
    let log = start();
    let server = Folio::start(|_, _| None).await;
    let folio = server.connect().await;
    drop(folio.clone());
    assert!(!log.text().contains("dropped without"));
    drop(folio);
    let dropped = async {
        while !log.text().contains("dropped without") {
            tokio::task::yield_now().await;
        }
    };
    within("the log of the drop", dropped).await;
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains("dropped without"))
        .unwrap();
    assert!(line.contains("DEBUG"), "{line}");
    assert!(server.asked("/authn/logout").is_empty());
}
