//! The contents of errors.

use folio_sdk::{Error, ErrorKind, FolioClient, Method, Request, RetryPolicy};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use folio_test_support::server::{Folio, Reply};

/// The formatted error, without parts that vary between runs.
fn shown(server: &Folio, error: &Error) -> String {
    let mut text =
        format!("{:?}\n{error}\n{error:#}", error.kind()).replace(&server.url, "http://folio");
    while let Some(at) = text.find(" in 0.").map(|at| at + 4) {
        text.replace_range(at..at + 3, "TIME");
    }
    text
}

async fn of(reply: Reply) -> (Folio, Error) {
    let server =
        Folio::start(move |asked, _| (asked.path() == "/users/1").then(|| reply.clone())).await;
    let folio = server
        .builder()
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    let error = folio
        .folio_get::<Value>("/users/1", None)
        .await
        .unwrap_err();
    (server, error)
}

#[tokio::test]
async fn every_kind_of_error_reads_well() {
    let json = |status, body: &str| Reply::new(status, "application/json", body);
    let cases = [
        (
            "conflict_in_json",
            json(
                409,
                r#"{"errors":[{"message":"Cannot update record 1 because it has been changed (optimistic locking): Stored _version is 4, _version of request is <NULL>","type":"1","code":"23F09","parameters":[]}],"total_records":1}"#,
            ),
        ),
        (
            "sidecar",
            json(
                403,
                r#"{"errors":[{"type":"ForbiddenException","code":"authorization_error","message":"Access Denied"}],"total_records":1}"#,
            ),
        ),
        (
            "consortia_keycloak",
            json(
                422,
                r#"{"errors":[{"message":"User with id [7] doesn't have affiliation","code":"VALIDATION_ERROR","type":"-1","parameters":[{"key":"userId","value":"7"}]}]}"#,
            ),
        ),
        (
            "vertx",
            Reply::new(
                422,
                "application/json; charset=utf-8",
                r#"{"errors":[{"message":"Item is already checked out","parameters":[{"key":"itemBarcode","value":"90"}],"code":"ITEM_ALREADY_CHECKED_OUT"}]}"#,
            ),
        ),
        (
            "old_spring",
            json(
                500,
                r#"{"timestamp":"2025-01-01T00:00:00.000+00:00","status":500,"error":"Internal Server Error","message":"boom","path":"/users/1"}"#,
            ),
        ),
        (
            "grails",
            json(
                422,
                r#"{"message":"Validation failed","errors":[{"object":"org.olf.erm.SubscriptionAgreement","field":"name","rejected-value":null,"message":"cannot be null"}],"total":1}"#,
            ),
        ),
        ("not_found", Reply::text(404, "Not found")),
        (
            "forbidden",
            Reply::text(
                403,
                "Access for user 'ann' requires permission: users.item.get",
            ),
        ),
        (
            "conflict",
            Reply::text(
                409,
                "ERROR: Cannot update record 1 because it has been changed (optimistic locking): Stored _version is 4, _version of request is 3 (23F09)",
            ),
        ),
        (
            "validation",
            json(
                422,
                r#"{"errors":[{"message":"may not be null","type":"1","code":"-1","parameters":[{"key":"username","value":"null"}]},{"message":"too long","code":"size","parameters":[]}]}"#,
            ),
        ),
        (
            "spring_validation",
            json(
                400,
                r#"{"errors":[{"message":"limit must be positive","type":"ConstraintViolationException","code":"validation_error"}],"total_records":1}"#,
            ),
        ),
        (
            "kong",
            json(404, r#"{"message":"no Route matched with those values"}"#),
        ),
        (
            "html",
            Reply::new(
                502,
                "text/html",
                "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>",
            ),
        ),
        ("empty", Reply::empty(500)),
        ("dropped", Reply::Drop),
        ("decode", json(200, r#"{"id": "1", "username": }"#)),
    ];
    for (name, reply) in cases {
        let (server, error) = of(reply).await;
        assert!(!error.to_string().contains('\n'));
        insta::assert_snapshot!(name, shown(&server, &error));
    }
}

#[tokio::test]
async fn predicates_say_what_it_is() {
    let json = |status, body: &str| Reply::new(status, "application/json", body);
    let is = |error: &Error| {
        [
            error.is_not_found(),
            error.is_conflict(),
            error.is_validation(),
            error.is_unauthenticated(),
            error.is_forbidden(),
            error.is_timeout(),
            error.is_closed(),
            error.is_retryable(),
        ]
        .map(u8::from)
    };
    for (reply, expected) in [
        (Reply::text(404, "Not found"), [1, 0, 0, 0, 0, 0, 0, 0]),
        (Reply::text(409, "version"), [0, 1, 0, 0, 0, 0, 0, 0]),
        (json(422, r#"{"errors":[]}"#), [0, 0, 1, 0, 0, 0, 0, 0]),
        (
            json(
                400,
                r#"{"errors":[{"code":"validation_error","message":"m"}]}"#,
            ),
            [0, 0, 1, 0, 0, 0, 0, 0],
        ),
        (Reply::text(400, "bad query"), [0, 0, 0, 0, 0, 0, 0, 0]),
        (Reply::text(401, "Invalid token"), [0, 0, 0, 1, 0, 0, 0, 0]),
        (Reply::text(403, "no"), [0, 0, 0, 0, 1, 0, 0, 0]),
        (Reply::text(408, "slow"), [0, 0, 0, 0, 0, 1, 0, 1]),
        (Reply::text(504, "slow"), [0, 0, 0, 0, 0, 1, 0, 1]),
        (Reply::text(503, "busy"), [0, 0, 0, 0, 0, 0, 0, 1]),
        (Reply::text(500, "fault"), [0, 0, 0, 0, 0, 0, 0, 0]),
        (Reply::Drop, [0, 0, 0, 0, 0, 0, 0, 1]),
    ] {
        let (_server, error) = of(reply.clone()).await;
        assert_eq!(is(&error), expected, "{reply:?}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read")]
struct User {
    personal: Personal,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read")]
struct Personal {
    last_name: String,
}

#[tokio::test]
async fn a_decoding_error_leads_to_the_value_and_shows_what_stands_around_it() {
    let long = "x".repeat(10_000);
    let body = format!(
        r#"{{"padding":"{long}","users":[{{"personal":{{"lastName":"a"}}}},{{"personal":{{"lastName":17}}}}],"more":"{long}"}}"#
    );
    let server = Folio::start(move |asked, _| {
        (asked.path() == "/users").then(|| Reply::new(200, "application/json", body.clone()))
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .folio_get::<Vec<User>>("/users", "users")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error.to_string().contains(
            "at `users[1].personal.lastName`: invalid type: integer `17`, expected a string"
        ),
        "{error}"
    );
    let excerpt = error.body_excerpt().unwrap();
    assert!(
        excerpt.contains(r#""lastName":17"#) && excerpt.len() < 2100,
        "{}",
        excerpt.len()
    );
}

#[tokio::test]
async fn an_error_tells_everything_about_its_call() {
    let (server, error) = of(Reply::text(404, "Not found")).await;
    assert_eq!(error.method(), Some(&Method::GET));
    assert_eq!(
        error.url(),
        Some(format!("{}/users/1", server.url).as_str())
    );
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(error.server_message(), Some("Not found"));
    assert_eq!(error.body_excerpt(), Some("Not found"));
    assert_eq!(error.attempts(), 1);
    assert!(error.operation().is_none());
    assert!(error.validation_errors().is_empty());
}

#[tokio::test]
async fn a_conflict_tells_both_versions_as_numbers() {
    let (_server, error) = of(Reply::text(
        409,
        "Cannot update record 1 because it has been changed (optimistic locking): Stored _version is 4, _version of request is 3",
    ))
    .await;
    let conflict = error.version_conflict().unwrap();
    assert_eq!((conflict.stored, conflict.sent), (4, Some(3)));
    let (_server, error) = of(Reply::text(
        400,
        "Stored _version is 4, _version of request is 3",
    ))
    .await;
    assert_eq!(error.version_conflict(), None);
}

#[tokio::test]
async fn validation_errors_name_their_fields() {
    let (_server, error) = of(Reply::new(
        422,
        "application/json",
        r#"{"errors":[{"message":"may not be null","type":"1","code":"-1","parameters":[{"key":"username","value":"null"}]},{"message":"other"}]}"#,
    ))
    .await;
    let fields: Vec<_> = error
        .validation_errors()
        .iter()
        .map(|error| error.field())
        .collect();
    assert_eq!(fields, [Some("username"), None]);
}

#[tokio::test]
async fn a_token_that_is_refused_by_400_or_404_is_unauthenticated_and_not_missing() {
    for reply in [
        Reply::text(
            400,
            "Unable to authorize: Token missing, access requires permission: x",
        ),
        Reply::new(
            404,
            "application/json",
            r#"{"message":"Token in cookie and header does not match"}"#,
        ),
    ] {
        let (_server, error) = of(reply).await;
        assert!(
            error.is_unauthenticated() && !error.is_not_found() && !error.is_validation(),
            "{error:#}"
        );
        assert_eq!(error.attempts(), 2, "once more with a new token");
    }
}

#[tokio::test]
async fn an_error_in_another_encoding_is_read_as_far_as_it_can_be() {
    let address = raw(
        b"HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\ncontent-length: 16\r\n\r\n",
        b"\xfcml\xe4ut not here!",
    )
    .await;
    let error = ask(&address, "/x").await;
    assert!(
        error
            .server_message()
            .is_some_and(|message| message.ends_with("ut not here!")),
        "{error:#}"
    );
}

/// A server that answers with these bytes, and then with the others again and again, as long as
/// they are taken.
async fn raw(head: &'static [u8], forever: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    sent = stream.write_all(forever).await;
                }
            });
        }
    });
    address
}

async fn ask(address: &str, path: &str) -> Error {
    let folio = FolioClient::builder(address)
        .tenant("diku")
        .token("own")
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    folio.folio_get::<Value>(path, None).await.unwrap_err()
}

#[tokio::test]
async fn an_error_without_end_is_read_to_a_limit() {
    let address = raw(
        b"HTTP/1.1 500 Fault\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n",
        b"10\r\nwords and words \r\n",
    )
    .await;
    let error = ask(&address, "/x").await;
    assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
    assert!(error.body_excerpt().unwrap().len() < 2100);
}

#[tokio::test]
async fn an_error_that_dawdles_keeps_no_download() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head =
            b"HTTP/1.1 500 Fault\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n";
        let mut sent = stream.write_all(head).await;
        while sent.is_ok() {
            sent = stream.write_all(b"slow ").await;
            // By the test's clock.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    let folio = FolioClient::builder(address)
        .tenant("diku")
        .token("own")
        .timeout(std::time::Duration::from_millis(200))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let clock = folio_test_support::clock::Clock::stop();
    let open = folio.open(Request::to(Method::GET, "/x"));
    let step = std::time::Duration::from_millis(1);
    let error = clock.run(step, open).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
    assert!(error.to_string().contains("slow slow"), "{error}");
}

#[tokio::test]
async fn the_one_line_is_short_whatever_the_url_is() {
    let (_server, folio) = {
        let server = Folio::start(|asked, _| {
            (asked.path() == "/users").then(|| Reply::text(414, "URI too long"))
        })
        .await;
        let folio = server.connect().await;
        (server, folio)
    };
    let query = format!("id==({})", "x or ".repeat(1000));
    let error = folio
        .folio_get::<Value>("/users", None)
        .param("query", &query)
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 500, "{error}");
    assert!(format!("{error:#}").len() > 5000);
}

#[tokio::test]
async fn a_large_error_body_is_cut() {
    let (_server, error) = of(Reply::text(500, &"words and ".repeat(100_000))).await;
    assert!(error.body_excerpt().unwrap().len() < 2100);
    assert!(error.to_string().len() < 700, "{}", error.to_string().len());
}

#[tokio::test]
async fn a_gateway_that_is_not_there_says_so() {
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .credentials("ann", "x")
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = folio.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().starts_with("login: POST http://127.0.0.1:1/authn/login-with-expiry: the gateway cannot be reached: "), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}
