//! Retries that need more than a status: creation with a client-generated id, a transient 403, the
//! budget of a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sdk::{ErrorKind, FolioClient, Method, RetryPolicy};
use folio_test_support::clock::{Clock, settle};
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply, nowhere, quick};

const ID: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";

/// A module that stores records of `/groups` by id, as RMB does, and loses the response to the
/// first POST.
struct Groups {
    stored: Arc<Mutex<Vec<Value>>>,
    /// Its report that the record already exists.
    duplicate: Reply,
    /// Whether the first POST is carried out.
    first_works: bool,
}

impl Groups {
    fn new(duplicate: Reply) -> Self {
        Self {
            stored: Arc::default(),
            duplicate,
            first_works: true,
        }
    }

    async fn serve(self) -> Folio {
        let Self {
            stored,
            duplicate,
            first_works,
        } = self;
        Folio::start(move |asked, n| {
            let mut stored = stored.lock().unwrap();
            if asked.method == "POST" && asked.path() == "/groups" {
                if n == 0 && !first_works {
                    return Some(Reply::Drop);
                }
                let mut record: Value = serde_json::from_str(&asked.body).unwrap();
                if stored.iter().any(|other| other["id"] == record["id"]) {
                    return Some(duplicate.clone());
                }
                record["metadata"] = json!({"createdDate": "2026-01-01T00:00:00.000+00:00"});
                stored.push(record.clone());
                return Some(if n == 0 {
                    Reply::Drop
                } else {
                    Reply::new(201, "application/json", record.to_string())
                });
            }
            let id = asked.path().strip_prefix("/groups/")?;
            Some(match stored.iter().find(|record| record["id"] == id) {
                Some(record) if asked.method == "GET" => Reply::json(record.clone()),
                _ => Reply::text(404, "Not found"),
            })
        })
        .await
    }
}

fn duplicates() -> Vec<Reply> {
    vec![
        Reply::new(422, "application/json", json!({"errors": [{"message": "id value already exists in table groups: 6964", "type": "1", "code": "-1",
            "parameters": [{"key": "id", "value": ID}]}]}).to_string()),
        Reply::text(400, "duplicate key value violates unique constraint \"groups_pkey\""),
        Reply::text(409, "exists"),
        Reply::text(500, "duplicate key"),
    ]
}

#[tokio::test]
async fn a_record_with_an_id_of_the_callers_is_created_once_though_the_answer_was_lost() {
    for duplicate in duplicates() {
        let server = Groups::new(duplicate).serve().await;
        let folio = server.connect().await;
        let group = json!({"id": ID, "group": "staff", "expiry": "2027-01-01"});
        let created = folio.folio_post("/groups", &group).await.unwrap();
        assert_eq!(created["group"], "staff");
        assert!(
            created["metadata"].is_object(),
            "as the server stored it: {created}"
        );
        let asked: Vec<_> = server
            .log()
            .iter()
            .skip(1)
            .map(|asked| asked.method.clone())
            .collect();
        assert_eq!(asked, ["POST", "POST", "GET"]);
    }
}

#[tokio::test]
async fn a_creation_that_never_arrived_is_made_by_the_repetition() {
    let groups = Groups {
        first_works: false,
        ..Groups::new(Reply::empty(422))
    };
    let server = groups.serve().await;
    let folio = server.connect().await;
    folio
        .folio_post("/groups", &json!({"id": ID, "group": "staff"}))
        .await
        .unwrap();
    assert_eq!(
        (
            server.asked("/groups").len(),
            server.asked(&format!("/groups/{ID}")).len()
        ),
        (2, 0)
    );
}

#[tokio::test]
async fn a_record_of_somebody_else_is_not_taken_for_the_one_that_was_created() {
    let sent = json!({"id": ID, "group": "staff", "limit": 3, "tags": ["a"], "contact": {"name": "Ann", "phones": [{"number": "1"}]}});
    for (pointer, other) in [
        ("/group", json!("students")),
        ("/limit", json!(4)),
        ("/tags", json!(["b"])),
        ("/contact/name", json!("Bob")),
        ("/contact/phones/0/number", json!("2")),
        ("/contact", json!({})),
    ] {
        let groups = Groups {
            first_works: false,
            ..Groups::new(duplicates().remove(0))
        };
        let mut stored = sent.clone();
        *stored.pointer_mut(pointer).unwrap() = other;
        groups.stored.lock().unwrap().push(stored);
        let server = groups.serve().await;
        let folio = server.connect().await;
        let error = folio.folio_post("/groups", &sent).await.unwrap_err();
        assert!(error.is_validation(), "{pointer}: {error:#}");
        assert!(
            format!("{error:#}").contains("differs from the one that was sent"),
            "{pointer}: {error:#}"
        );
    }
}

#[tokio::test]
async fn a_duplicate_id_at_the_first_attempt_is_an_error() {
    let groups = Groups::new(duplicates().remove(0));
    groups
        .stored
        .lock()
        .unwrap()
        .push(json!({"id": ID, "group": "staff"}));
    let server = groups.serve().await;
    let folio = server.connect().await;
    let error = folio
        .folio_post("/groups", &json!({"id": ID, "group": "staff"}))
        .await
        .unwrap_err();
    assert!(error.is_validation());
    assert_eq!((error.attempts(), server.log().len()), (1, 2));
}

#[tokio::test]
async fn what_is_done_to_a_record_or_has_no_uuid_is_no_creation() {
    let server = Folio::start(|asked, _| {
        (asked.method == "POST" && !asked.path().contains("authn")).then_some(Reply::Drop)
    })
    .await;
    let folio = server.connect().await;
    for (path, body) in [
        ("/groups".to_owned(), json!({"id": 7})),
        ("/groups".to_owned(), json!({"id": "seven"})),
        ("/groups".to_owned(), json!([{"id": ID}])),
        ("/groups".to_owned(), json!({"group": "x"})),
        (format!("/orders/{ID}/reopen"), json!({"id": ID})),
    ] {
        let error = folio.folio_post(&path, &body).await.unwrap_err();
        assert_eq!(error.attempts(), 1, "{path} {body}");
    }
}

fn masked() -> Reply {
    Reply::new(403, "application/json", json!({"errors": [{"type": "ForbiddenException", "code": "authorization_error", "message": "Access Denied"}], "total_records": 1}).to_string())
}

fn forbidding(times: usize, reply: Reply) -> impl Future<Output = Folio> {
    Folio::start(move |asked, n| {
        (!asked.path().contains("authn")).then(|| {
            if n < times {
                reply.clone()
            } else {
                Reply::json(json!({"a": 1}))
            }
        })
    })
}

fn soon() -> RetryPolicy {
    quick().forbidden_delay(Duration::from_millis(5))
}

#[tokio::test]
async fn a_403_of_eureka_is_tried_once_more_and_one_of_okapi_is_not() {
    let kong = Reply::text(403, "no").with("server", "kong/3.9");
    for reply in [masked(), kong] {
        let server = forbidding(1, reply.clone()).await;
        let folio = server.builder().retry(soon()).connect().await.unwrap();
        folio.folio_get::<Value>("/x", None).await.unwrap();
        let server = forbidding(9, reply).await;
        let folio = server.builder().retry(soon()).connect().await.unwrap();
        let error = folio.folio_get::<Value>("/x", None).await.unwrap_err();
        assert!(error.is_forbidden());
        assert_eq!((error.attempts(), server.asked("/x").len()), (2, 2));
        // It may have come from behind the module: a write is not sent again.
        let error = folio.folio_post("/y", &json!({})).await.unwrap_err();
        assert_eq!((error.is_forbidden(), error.attempts()), (true, 1));
    }
    let okapi = Reply::text(
        403,
        "Access for user 'ann' (9c) requires permission: users.collection.get",
    );
    let server = forbidding(1, okapi.clone()).await;
    let folio = server.builder().retry(soon()).connect().await.unwrap();
    assert_eq!(
        folio
            .folio_get::<Value>("/x", None)
            .await
            .unwrap_err()
            .attempts(),
        1
    );
    // Unless it is requested.
    let server = forbidding(3, okapi).await;
    let folio = server
        .builder()
        .retry(soon().forbidden_retries(3))
        .connect()
        .await
        .unwrap();
    folio.folio_get::<Value>("/x", None).await.unwrap();
    let none = folio
        .folio_get::<Value>("/x", None)
        .retry(RetryPolicy::none())
        .await;
    none.unwrap();
}

#[tokio::test]
async fn a_server_that_is_down_is_not_hammered() {
    let server = Folio::start(|asked, _| {
        (!asked.path().contains("authn")).then(|| Reply::text(503, "down"))
    })
    .await;
    let policy = quick().budget(0.1, 10);
    let folio = server
        .builder()
        .retry(policy.clone())
        .connect()
        .await
        .unwrap();
    let mut last = None;
    for _ in 0..100 {
        last = Some(folio.folio_get::<Value>("/x", None).await.unwrap_err());
    }
    let sent = server.asked("/x").len();
    // 100 calls, 10 at once, 10 for the calls, and one a second.
    assert!((110..=140).contains(&sent), "{sent}");
    let shown = format!("{:#}", last.unwrap());
    assert!(shown.contains("budget"), "{shown}");
    // A policy without a budget for one request is not held back.
    let error = folio
        .folio_get::<Value>("/x", None)
        .retry(policy.without_budget())
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 5);
}

#[tokio::test]
async fn no_more_requests_are_sent_in_a_second_than_allowed() {
    let server =
        Folio::start(|asked, _| (asked.path() == "/x").then(|| Reply::json(json!({})))).await;
    let folio = server
        .builder()
        .rate_limit(50.0, 5)
        .connect()
        .await
        .unwrap();
    let clock = Clock::stop();
    let tasks: Vec<_> = (0..25)
        .map(|_| {
            let folio = folio.clone();
            tokio::spawn(async move { folio.folio_get::<Value>("/x", None).await })
        })
        .collect();
    // Cancelled callers release their slots.
    for _ in 0..25 {
        let folio = folio.clone();
        let task = tokio::spawn(async move { folio.folio_get::<Value>("/y", None).await });
        tokio::task::yield_now().await;
        task.abort();
    }
    let all = async {
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    };
    let ((), took) = clock.time(Duration::from_millis(1), all).await;
    // 5 at once (the login was one of them), 20 at 50 a second.
    assert!((395..500).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn who_waits_for_the_rate_is_woken_when_the_client_is_closed() {
    let server =
        Folio::start(|asked, _| (asked.path() == "/x").then(|| Reply::json(json!({})))).await;
    let folio = server
        .builder()
        .rate_limit(0.01, 1)
        .connect()
        .await
        .unwrap();
    folio.folio_get::<Value>("/x", None).await.unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let folio = folio.clone();
            tokio::spawn(async move { folio.folio_get::<Value>("/x", None).await })
        })
        .collect();
    settle().await;
    folio.close().await.unwrap();
    for task in waiting {
        assert!(task.await.unwrap().unwrap_err().is_closed());
    }
    assert_eq!(server.asked("/x").len(), 1);
}

#[tokio::test]
async fn who_does_not_get_a_turn_in_time_is_told_so() {
    let server = Folio::start(|asked, _| (asked.path() == "/x").then_some(Reply::Stall)).await;
    let folio = server
        .builder()
        .max_in_flight(1)
        .queue_timeout(Duration::from_millis(30))
        .connect()
        .await
        .unwrap();
    let stalled = tokio::spawn({
        let folio = folio.clone();
        async move { folio.folio_get::<Value>("/x", None).await }
    });
    server.wait_for("/x", 1).await;
    let clock = Clock::stop();
    let call = folio.folio_get::<Value>("/y", None).into_future();
    let (outcome, waited) = clock.time(Duration::from_millis(1), call).await;
    let error = outcome.unwrap_err();
    assert!((30..60).contains(&waited.as_millis()), "{waited:?}");
    assert!(error.is_timeout() && error.kind() == ErrorKind::Timeout);
    assert_eq!(error.attempts(), 0);
    assert!(server.asked("/y").is_empty());
    stalled.abort();
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_counts_against_the_budget_too() {
    let address = nowhere().await;
    let folio = FolioClient::builder(format!("http://{address}"))
        .tenant("diku")
        .credentials("ann", "x")
        .retry(quick().budget(0.0, 2))
        .build()
        .unwrap();
    let send = || {
        folio
            .request(Method::POST, "/x")
            .header("x-okapi-token", "own")
            .json(&json!({}))
            .send()
    };
    assert_eq!(send().await.unwrap_err().attempts(), 3);
    assert_eq!(send().await.unwrap_err().attempts(), 1);
}
