//! The body of an error response as a type.

use folio_sdk::{Error, ErrorKind, FolioClient, RetryPolicy};
use folio_test_support::recordings::{rows, text};
use serde::Deserialize;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, PASSWORD, Reply};

#[derive(Deserialize)]
struct Problems {
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    message: String,
    overridable_block: Option<Block>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    name: String,
    missing_permissions: Vec<String>,
}

async fn post(folio: &FolioClient, path: &str, body: &Value) -> Error {
    let call = folio.folio_post(path, body).retry(RetryPolicy::none());
    call.await.unwrap_err()
}

/// mod-circulation's blocks (recorded: circulation.jsonl): the name of the block and the
/// permissions that override it are in no field that FOLIO's other errors have.
#[tokio::test]
async fn recorded_blocks_of_circulation_are_read_as_a_type() {
    let rows: Vec<Value> = rows("circulation")
        .into_iter()
        .filter(|row| row["status"] == 422 && text(row, "text").contains("overridableBlock"))
        .collect();
    assert!(rows.len() > 4, "{}", rows.len());
    let played = rows.clone();
    let server = Folio::start(move |asked, _| {
        let row = played.iter().find(|row| {
            serde_json::from_str(&asked.body).is_ok_and(|name: Value| name == row["name"])
        })?;
        Some(Reply::new(422, text(row, "type"), text(row, "text")))
    })
    .await;
    let folio = server.connect().await;
    let mut names = std::collections::BTreeSet::new();
    for row in &rows {
        let error = post(&folio, text(row, "path"), &row["name"]).await;
        assert!(error.is_validation());
        let problems: Problems = error.body_json().unwrap();
        let problem = &problems.errors[0];
        let block = problem.overridable_block.as_ref().unwrap();
        assert_eq!(error.validation_errors()[0].message, problem.message);
        // None is missing where the user could override it.
        let permissions = &block.missing_permissions;
        assert!(
            permissions
                .iter()
                .all(|name| name.starts_with("circulation.override-"))
        );
        names.insert(block.name.clone());
        // As it was sent, for what no type has.
        let body: Value = serde_json::from_str(text(row, "text")).unwrap();
        assert_eq!(error.body_json::<Value>().unwrap(), body);
    }
    assert!(
        names.contains("patronBlock") && names.contains("renewalBlock"),
        "{names:?}"
    );
}

#[tokio::test]
async fn secrets_of_a_body_are_redacted_and_the_rest_is_still_json() {
    let secret = "correct horse \\ \"battery\"";
    let server = Folio::start(move |asked, _| {
        if asked.path() != "/users" {
            return None;
        }
        let sent: Value = serde_json::from_str(&asked.body).ok()?;
        // Modules repeat what they reject: as fields, as parameters, and within texts.
        Some(Reply::new(422, "application/json", json!({
            "errors": [{"message": format!("rejected: {}", asked.body), "parameters": [{"key": "password", "value": sent["password"]}]}],
            "record": sent, "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl", "count": 12.50,
        }).to_string()))
    })
    .await;
    let folio = server.connect().await;
    let sent = json!({"password": secret, "pin": 1234567, "name": "ann"});
    let error = post(&folio, "/users", &sent).await;
    let body: Value = error.body_json().unwrap();
    let shown = body.to_string();
    assert!(
        !shown.contains("battery") && !shown.contains("eyJhb"),
        "{shown}"
    );
    assert!(!shown.contains(PASSWORD));
    assert_eq!(body["record"]["name"], "ann");
    assert_eq!(body["record"]["password"], "REDACTED");
    assert_eq!(body["count"], 12.5);
}

#[tokio::test]
async fn what_is_no_json_too_long_or_of_another_type_is_said() {
    let long = json!({"errors": [], "padding": "x".repeat(70_000)}).to_string();
    let cases: Vec<(Reply, &str)> = vec![
        (
            Reply::text(400, "bad"),
            "the body of the error response is not JSON",
        ),
        (
            Reply::new(400, "text/html", "<html>bad</html>"),
            "is not JSON",
        ),
        (Reply::empty(400), "is not JSON"),
        (
            Reply::new(400, "application/json", "{\"errors\": ["),
            "is not JSON",
        ),
        (
            Reply::new(400, "application/json", long),
            "more than the 65536",
        ),
        (
            Reply::new(400, "application/json", json!({"error": 1}).to_string()),
            "is not what was expected: missing field `errors`",
        ),
    ];
    for (reply, expected) in cases {
        let server =
            Folio::start(move |asked, _| (asked.path() == "/x").then(|| reply.clone())).await;
        let folio = server.connect().await;
        let error = post(&folio, "/x", &json!({})).await;
        let problem = error.body_json::<Problems>().err().unwrap();
        assert_eq!(problem.kind(), ErrorKind::Decode);
        assert_eq!(problem.status().unwrap().as_u16(), 400);
        assert!(problem.to_string().contains(expected), "{problem}");
        assert!(problem.url().unwrap().ends_with("/x"));
    }
    // JSON is JSON, whatever its media type; and a byte order mark is no part of it.
    let body = "\u{feff}{\"errors\": []}";
    let server = Folio::start(move |asked, _| {
        (asked.path() == "/x").then(|| Reply::new(400, "text/plain", body))
    })
    .await;
    let folio = server.connect().await;
    let error = post(&folio, "/x", &json!({})).await;
    assert!(error.body_json::<Problems>().unwrap().errors.is_empty());
    let closed = {
        folio.close().await.unwrap();
        post(&folio, "/x", &json!({})).await
    };
    assert!(
        closed
            .body_json::<Value>()
            .unwrap_err()
            .to_string()
            .contains("no body of a response")
    );
}
