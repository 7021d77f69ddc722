//! Each way in which a secret was shown, by itself. (That none is shown in any encoding at any
//! place is tested by `tests/trace.rs`.)

use folio_sdk::{Environment, Error, ErrorKind, FolioClient, Method, Operation, Request};
use folio_test_support::patience::thread_time;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

/// All that an error shows.
fn all(error: &Error) -> String {
    format!(
        "{error}\n{error:#}\n{error:?}\n{error:#?}\n{:?}{:?}{:?}{:?}{:?}",
        error.server_message(),
        error.validation_errors(),
        error.body_excerpt(),
        error.record_json(),
        error.url(),
    )
}

async fn failing(reply: Reply) -> (Folio, FolioClient) {
    let server = Folio::start(move |_, _| Some(reply.clone())).await;
    let folio = FolioClient::builder(&server.url)
        .tenant("diku")
        .token("t")
        .retry(folio_sdk::RetryPolicy::none())
        .build()
        .unwrap();
    server.accept("t");
    (server, folio)
}

#[tokio::test]
async fn the_target_of_a_redirect_is_shown_without_its_key_and_user() {
    for (location, shown) in [
        (
            "https://edge.example.edu/x?apikey=hunter2&a=b",
            "https://edge.example.edu/x?…",
        ),
        (
            "https://edge.example.edu/x?key=hunter2",
            "https://edge.example.edu/x?…",
        ),
        (
            "https://edge.example.edu/x#token=hunter2",
            "https://edge.example.edu/x?…",
        ),
        (
            "https://ann:hunter2@edge.example.edu/x",
            "edge.example.edu/x",
        ),
    ] {
        let (_server, folio) = failing(Reply::empty(302).with("location", location)).await;
        let error = folio.folio_get::<Value>("/x", None).await.unwrap_err();
        let text = all(&error);
        assert!(
            !text.contains("hunter2") && text.contains(&format!("redirects to {shown}")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_password_in_a_body_of_any_path_is_recognized_by_its_field() {
    let settings = json!({"host": "mail", "username": "ann", "password": "hunter2-\"x", "nested": {"apiKey": "key-77"}});
    for reply in [
        Reply::new(422, "application/json", settings.to_string()),
        Reply::text(400, &format!("cannot use {settings}")),
        Reply::text(500, "SmtpConfig(host=mail, password=hunter2-\"x): key-77"),
        Reply::new(
            400,
            "application/json",
            json!({"errors": [{"message": "weak", "parameters": [
            {"key": "password", "value": "hunter2-\"x"}, {"key": "host", "value": "mail"}]}]})
            .to_string(),
        ),
    ] {
        let (_server, folio) = failing(reply).await;
        let error = folio
            .request(Method::POST, "/smtp-configuration")
            .json(&settings)
            .send()
            .await
            .unwrap_err();
        let text = all(&error);
        assert!(
            !text.contains("hunter2") && !text.contains("key-77"),
            "{text}"
        );
        assert!(text.contains("mail") && text.contains("REDACTED"), "{text}");
    }
}

#[tokio::test]
async fn the_name_in_a_validation_error_is_shown_and_the_value_of_a_secret_one_is_not() {
    let body = json!({"errors": [{"message": "invalid", "code": "validation_error", "parameters": [
        {"key": "barcode", "value": "4711"}, {"key": "pin", "value": 1234}, {"key": "personal.newPassword", "value": "hunter2"}]}]});
    let (_server, folio) = failing(Reply::new(422, "application/json", body.to_string())).await;
    let error = folio.folio_post("/users", &json!({})).await.unwrap_err();
    assert_eq!(error.validation_errors()[0].field(), Some("barcode"));
    let text = all(&error);
    for shown in [
        "barcode = 4711",
        "pin = REDACTED",
        "personal.newPassword = REDACTED",
    ] {
        assert!(text.contains(shown), "{text}");
    }
    assert!(
        !text.contains("1234") && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test]
async fn what_a_list_was_broken_off_for_has_no_secret() {
    let body = json!({"users": [], "totalRecords": 1, "resultInfo": {"diagnostics": [
        {"code": "500", "message": "jdbc:postgresql://folio:hunter2@db/x?password=hunter3 token key-77"}]}});
    let (_server, folio) = failing(Reply::json(body)).await;
    let error = folio
        .folio_get::<Value>("/users", "users")
        .param("apikey", "key-77")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    let text = all(&error);
    assert!(
        !text.contains("hunter") && !text.contains("key-77") && text.contains("jdbc:postgresql"),
        "{text}"
    );
}

#[derive(Debug, serde::Deserialize)]
struct Account {
    #[allow(dead_code, reason = "only read")]
    id: String,
    #[allow(dead_code, reason = "only read")]
    password: u32,
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_shown_without_secrets() {
    let record = json!({"id": "a", "password": "hunter2", "pin": 4711, "token": {"v": ["hunter3"]}, "secret": true, "name": "Ann", "note": "{\"apiKey\":\"hunter4\"}"});
    let (_server, folio) = failing(Reply::json(json!({"accounts": [record]}))).await;
    let whole = folio
        .folio_get::<Vec<Account>>("/accounts", "accounts")
        .await
        .unwrap_err();
    let mut list = folio
        .folio_get_all::<Account>("/accounts", "accounts")
        .stream();
    let one = list.next().await.unwrap().unwrap_err();
    assert_eq!(
        (whole.kind(), one.kind()),
        (ErrorKind::Decode, ErrorKind::Record)
    );
    for error in [&whole, &one] {
        let text = all(error);
        assert!(
            !text.contains("hunter") && !text.contains("4711") && text.contains("Ann"),
            "{text}"
        );
        assert!(text.contains("password"), "{text}");
    }
    // It is still JSON.
    let record: Value = serde_json::from_str(one.record_json().unwrap()).unwrap();
    assert_eq!(
        (&record["pin"], &record["name"]),
        (&json!("REDACTED"), &json!("Ann"))
    );
}

#[tokio::test]
async fn the_values_of_secret_headers_and_parameters_are_known() {
    static OF_EDGE: Operation = Operation::new("get_records", Method::GET, "/oai/{apiKeyPath}");
    let (_server, folio) = failing(Reply::text(400, "no: hunter2 in aHVudGVyMg== x")).await;
    let requests = [
        Request::to(Method::GET, "/x").header("x-api-key", "hunter2"),
        Request::to(Method::GET, "/x").header("apikey", "hunter2"),
        Request::to(Method::GET, "/x").header("authorization", "Basic YW5uOmh1bnRlcjI="),
        Request::to(Method::GET, "/x").header("authorization", "Bearer hunter2"),
        Request::to(Method::GET, "/x?client_secret=hunter2"),
        Request::to(Method::GET, "/x?refresh_token=hunter2"),
        Request::to(Method::GET, "/x?code=hunter2"),
        Request::new(&OF_EDGE, &["hunter2"]),
    ];
    for request in requests {
        let shown = format!("{request:?} {request:#?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("aHVudGVyM"),
            "{shown}"
        );
        let error = folio.execute(request).await.unwrap_err();
        let text = all(&error);
        assert!(
            !text.contains("hunter2") && !text.contains("aHVudGVyM"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_address_with_a_password_or_a_token_is_shown_without_it() {
    for url in [
        "https://ann:hunter2@folio.example.edu",
        "https://folio.example.edu?token=hunter2",
        "https://folio.example.edu/#hunter2",
        "https://ann:hun?hunter2@folio.example.edu",
        "ann:hunter2@folio.example.edu",
        "ftp://folio.example.edu?apikey=hunter2",
    ] {
        let builder = FolioClient::builder(url).tenant("diku").token("t");
        let mut text = format!("{builder:?} {builder:#?}");
        text += &all(&builder.build().unwrap_err());
        let proxied = FolioClient::builder("http://localhost")
            .tenant("diku")
            .token("t")
            .proxy(url);
        text += &format!("{proxied:?}");
        if let Err(error) = proxied.build() {
            text += &all(&error);
        }
        let variables = Environment::from_iter([("FOLIOCLIENT_HTTP_TIMEOUT", url)]);
        text += &format!("{variables:?}");
        let builder = FolioClient::builder("http://localhost")
            .tenant("diku")
            .token("t");
        text += &all(&builder.environment(variables).build().unwrap_err());
        assert!(!text.contains("hunter2"), "{url}: {text}");
    }
}

#[tokio::test]
async fn control_characters_of_the_server_are_escaped_wherever_they_are_shown() {
    const BAD: &str = "a\u{1b}[2Jb\u{202e}c\u{2066}d\u{9b}e\rf";
    let is_bad = |text: &str| text.contains(['\u{1b}', '\u{202e}', '\u{2066}', '\u{9b}', '\r']);
    let replies = [
        Reply::text(400, BAD),
        Reply::new(422, "application/json", json!({"errors": [{"message": BAD, "code": BAD, "parameters": [{"key": BAD, "value": BAD}]}]}).to_string()),
        Reply::new(500, "text/html", format!("<html>{BAD}</html>")),
        Reply::json(json!({"users": BAD})),
        Reply::json(json!({"users": [{"id": BAD, "n": BAD}], BAD: 1})),
        Reply::json(json!({"users": [], "resultInfo": {"diagnostics": [{"message": BAD}]}})),
    ];
    for reply in replies {
        let (_server, folio) = failing(reply.clone()).await;
        let mut text = String::new();
        if let Err(error) = folio.folio_get::<Vec<Account>>("/users", "users").await {
            text += &all(&error);
            text += &format!(
                "{} {}",
                error.server_message().unwrap_or_default(),
                error.body_excerpt().unwrap_or_default()
            );
            for one in error.validation_errors() {
                text += &one.to_string();
            }
        }
        let mut list = folio.folio_get_all::<Account>("/users", "users").stream();
        if let Some(Err(error)) = list.next().await {
            text += &all(&error);
            text += error.record_json().unwrap_or_default();
            text += error.record_id().unwrap_or_default();
        }
        assert!(!is_bad(&text), "{reply:?}: {}", text.escape_debug());
        assert!(text.contains("\\u202e"), "{reply:?}: {text}");
    }
}

#[cfg(feature = "users")]
#[test]
fn records_are_shown_without_secrets_whatever_their_type_and_so_are_their_unknown_fields() {
    let user: folio_sdk::users::User = serde_json::from_value(json!({
        "username": "ann", "pin": 4711, "apiKey": {"v": "hunter2"}, "credentials": ["hunter2"],
        "customFields": {"patronPin": "hunter2", "color": "red\u{202e}", "key": "hunter2"},
        "tags": {"tagList": ["{\"password\":\"hunter2\"}"]},
    }))
    .unwrap();
    for text in [
        format!("{user:?}"),
        format!("{user:#?}"),
        format!("{:?}", user.additional_fields),
        format!("{:#?}", user.additional_fields),
    ] {
        assert!(
            !text.contains("hunter2") && !text.contains("4711") && !text.contains('\u{202e}'),
            "{text}"
        );
    }
    assert!(format!("{user:?}").contains("ann"));
    // Only what is shown changes.
    assert_eq!(serde_json::to_value(&user).unwrap()["pin"], 4711);
    let redacted = folio_sdk::testing::redacted(&user);
    assert_eq!(
        (
            &redacted["pin"],
            &redacted["customFields"]["patronPin"],
            &redacted["username"]
        ),
        (&json!("REDACTED"), &json!("REDACTED"), &json!("ann"))
    );
}

#[tokio::test]
async fn redaction_of_a_long_error_takes_no_time() {
    let long = "\\\"%25&amp;\\u0041".repeat(60_000);
    let (_server, folio) = failing(Reply::text(500, &long)).await;
    let before = thread_time();
    let error = folio
        .request(Method::POST, "/x")
        .json(&json!({"password": "\\\"%25&amp;\\u0041\\\"%25&amp;\\u0042"}))
        .send()
        .await
        .unwrap_err();
    assert!(error.body_excerpt().is_some());
    // Time of the processor: with a cost that grows with the square of the length it would be
    // minutes.
    let took = thread_time() - before;
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}
