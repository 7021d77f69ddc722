//! Writes with an unknown outcome: retries, determination by reading, and reports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sdk::{
    Collection, Creates, Deletes, Error, ErrorKind, Facts, FolioClient, Method, Operation, Request,
    RetryPolicy,
};
use folio_test_support::clock::settle;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply, quick};

const ID: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";

fn is_unknown(error: &Error) -> bool {
    let shown = format!("{error}");
    assert_eq!(
        shown.contains("outcome unknown"),
        error.is_outcome_unknown(),
        "{shown}"
    );
    error.is_outcome_unknown()
}

/// A server that treats all requests but logins so.
async fn always(reply: Reply) -> Folio {
    Folio::start(move |asked, _| (!asked.path().contains("authn")).then(|| reply.clone())).await
}

async fn sent(
    operation: &'static Operation,
    request: impl Fn(Request) -> Request,
) -> (usize, Error) {
    let server = always(Reply::Drop).await;
    let folio = server.connect().await;
    let request = request(Request::new(operation, &[]));
    let error = folio.execute(request).await.unwrap_err();
    (server.asked(operation.path).len(), error)
}

#[tokio::test]
async fn a_post_is_repeated_only_where_the_operation_stores_the_record_under_its_id() {
    // The names claim something else: they have no influence.
    static EMAIL: Operation = Operation::new("create_email", Method::POST, "/email");
    static BADGE: Operation = Operation::new("make_badge", Method::POST, "/badges")
        .with_facts(Facts::unknown().creates(Creates::Record));
    static NOTE: Operation = Operation::new("create_note", Method::POST, "/my-notes")
        .with_facts(Facts::unknown().creates(Creates::RecordWithNewId));
    let record = json!({"id": ID, "text": "x"});
    for (operation, attempts) in [(&EMAIL, 1), (&BADGE, 5), (&NOTE, 1)] {
        let (count, error) = sent(operation, |request| request.json(&record)).await;
        assert_eq!(count, attempts, "{}", operation.name);
        assert!(is_unknown(&error), "{error:#}");
        // The caller may know better.
        for (idempotent, attempts) in [(true, 5), (false, 1)] {
            let (count, error) = sent(operation, |request| {
                request.json(&record).idempotent(idempotent)
            })
            .await;
            assert_eq!(count, attempts, "{} {idempotent}", operation.name);
            assert!(is_unknown(&error), "{error:#}");
        }
    }
    // Without a UUID there is nothing that the server would recognize.
    let (count, _) = sent(&BADGE, |request| request.json(&json!({"id": "seven"}))).await;
    assert_eq!(count, 1);
}

#[tokio::test]
async fn calls_by_path_go_by_the_facts_of_the_described_operation() {
    let record = json!({"id": ID, "text": "x"});
    for (method, path, attempts) in [
        (Method::POST, "/users", 5),
        (Method::POST, "/item-storage/items", 5),
        (Method::POST, "/perms/users", 5),
        (Method::POST, "/email", 1),
        (Method::POST, "/message-delivery", 1),
        (Method::POST, "/notes", 1),
        (Method::POST, "/note-types", 1),
        (Method::POST, "/tags", 1),
        (Method::POST, "/calendar/calendars", 1),
        (Method::POST, "/circulation/check-out-by-barcode", 1),
        (Method::POST, "/not/described", 1),
        (Method::GET, "/orders-storage/po-number", 1),
        (Method::GET, "/invoice-storage/invoice-number", 1),
        (Method::GET, "/voucher-storage/voucher-number", 1),
        (Method::GET, "/users", 5),
        (Method::GET, "/not/described", 5),
    ] {
        let server = always(Reply::Drop).await;
        let folio = server.connect().await;
        let request = Request::to(method.clone(), path);
        let request = match method {
            Method::POST => request.json(&record),
            _ => request,
        };
        let error = folio.execute(request).await.unwrap_err();
        assert_eq!(server.asked(path).len(), attempts, "{method} {path}");
        let is_write = method == Method::POST || attempts == 1;
        assert_eq!(is_unknown(&error), is_write, "{error:#}");
    }
}

#[tokio::test]
async fn a_get_that_has_an_effect_is_sent_once() {
    static NUMBER: Operation = Operation::new("get_number", Method::GET, "/numbers/next")
        .with_facts(Facts::unknown().has_effect());
    static READ: Operation = Operation::new("get_number", Method::GET, "/numbers/last");
    let (count, error) = sent(&NUMBER, |request| request).await;
    assert_eq!(count, 1);
    assert!(is_unknown(&error), "{error:#}");
    let (count, error) = sent(&READ, |request| request).await;
    assert_eq!(count, 5);
    assert!(!is_unknown(&error), "{error:#}");
}

#[tokio::test]
async fn a_delete_is_repeated_only_where_it_deletes_one_record() {
    static BADGE: Operation = Operation::new("delete_badge", Method::DELETE, "/badges/{id}")
        .with_facts(Facts::unknown().deletes(Deletes::Record));
    static BADGES: Operation = Operation::new("remove_badges", Method::DELETE, "/badges/{id}");
    for (operation, attempts) in [(&BADGE, 5), (&BADGES, 1)] {
        let server = always(Reply::Drop).await;
        let folio = server.connect().await;
        let request = Request::new(operation, &["7"]);
        let error = folio.execute(request).await.unwrap_err();
        assert!(is_unknown(&error), "{error:#}");
        assert_eq!(server.asked("/badges/7").len(), attempts);
    }
}

#[tokio::test]
async fn every_failure_that_leaves_a_write_open_is_reported_so() {
    let okapi = "proxyClient failure: mod-x-1.0.0 http://mod-x:8081: finishConnect(..) failed: Connection refused: mod-x/10.0.0.7:8081: POST /x";
    let dropped =
        "proxyClient failure: mod-x-1.0.0 http://mod-x:8081: Connection was closed: POST /x";
    for (reply, unknown) in [
        (Reply::Drop, true),
        (
            Reply::Break("{\"ok\": true, \"padding\": \"............\"}".to_owned()),
            true,
        ),
        (Reply::Stall, true),
        (Reply::text(408, "read timeout"), true),
        (Reply::text(500, "null response from handler"), true),
        (Reply::text(500, dropped), true),
        (Reply::text(502, "bad gateway"), true),
        (Reply::text(503, "down"), true),
        (Reply::text(504, "gateway timeout"), true),
        // The module was not reached, or states the error of the request.
        (Reply::text(500, okapi), false),
        (Reply::text(501, "no"), false),
        (Reply::text(400, "no"), false),
        (Reply::text(403, "no"), false),
        (Reply::text(404, "no"), false),
        (Reply::text(409, "no"), false),
        (Reply::text(413, "no"), false),
        (Reply::text(422, "no"), false),
        (Reply::text(301, "no"), false),
    ] {
        let server = always(reply.clone()).await;
        let folio = server
            .builder()
            .timeout(Duration::from_millis(150))
            .connect()
            .await
            .unwrap();
        let call = folio.request(Method::POST, "/x/act").json(&json!({}));
        let error = call.send().await.unwrap_err();
        assert_eq!(is_unknown(&error), unknown, "{reply:?}: {error:#}");
        assert_eq!(server.asked("/x/act").len(), 1);
        let error = folio
            .request(Method::GET, "/x")
            .retry(RetryPolicy::none())
            .send()
            .await
            .unwrap_err();
        assert!(!is_unknown(&error), "{reply:?}: {error:#}");
    }
    // Nothing was sent.
    let folio = FolioClient::builder("http://127.0.0.1:1")
        .tenant("diku")
        .credentials("ann", "x")
        .retry(quick())
        .build()
        .unwrap();
    let call = folio
        .request(Method::POST, "/x")
        .header("x-okapi-token", "t")
        .json(&json!({}));
    let error = call.send().await.unwrap_err();
    assert_eq!(
        (error.kind(), is_unknown(&error)),
        (ErrorKind::Connect, false)
    );
}

#[tokio::test]
async fn no_other_help_hides_that_the_outcome_is_unknown() {
    let server = always(Reply::text(503, "down")).await;
    let folio = server
        .builder()
        .retry(quick().budget(0.0, 1))
        .connect()
        .await
        .unwrap();
    let put = || folio.folio_put(format!("/x/{ID}"), &json!({"id": ID, "_version": 3}));
    put().await.unwrap_err();
    let error = put().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        is_unknown(&error) && shown.contains("outcome unknown"),
        "{shown}"
    );
    assert!(shown.contains("budget"), "{shown}");
}

#[tokio::test]
async fn a_client_that_is_closed_while_a_write_waits_to_be_repeated_reports_it() {
    let server = always(Reply::text(503, "down")).await;
    let folio = server
        .builder()
        .retry(
            RetryPolicy::default()
                .initial_backoff(Duration::from_secs(60))
                .max_backoff(Duration::from_secs(60)),
        )
        .connect()
        .await
        .unwrap();
    let path = format!("/users/{ID}");
    let waiting = tokio::spawn({
        let (folio, path) = (folio.clone(), path.clone());
        async move { folio.folio_delete(&path).await }
    });
    server.wait_for(&path, 1).await;
    settle().await;
    folio.close().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.is_closed() && is_unknown(&error), "{error:#}");
    assert!(error.url().unwrap().ends_with(&path));
}

/// The records of a collection, as mod-inventory-storage stores them: with a `_version`, by which
/// it rejects a PUT.
#[derive(Clone, Default)]
struct Store {
    records: Arc<Mutex<BTreeMap<String, Value>>>,
    /// Without versions, as mod-users.
    unversioned: bool,
}

impl Store {
    fn with(record: Value) -> Self {
        let store = Self {
            unversioned: record["_version"].is_null(),
            ..Self::default()
        };
        let id = record["id"].as_str().unwrap().to_owned();
        store.records.lock().unwrap().insert(id, record);
        store
    }

    fn record(&self) -> Value {
        self.records
            .lock()
            .unwrap()
            .values()
            .next()
            .cloned()
            .unwrap_or_default()
    }

    /// The actions of another client.
    fn write(&self, change: impl FnOnce(&mut Value)) {
        let mut records = self.records.lock().unwrap();
        let record = records.values_mut().next().unwrap();
        change(record);
        if let Some(version) = record["_version"].as_i64() {
            record["_version"] = (version + 1).into();
        }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let mut records = self.records.lock().unwrap();
        let id = asked.path().rsplit('/').next().unwrap().to_owned();
        match (asked.method.as_str(), records.get_mut(&id)) {
            ("GET", Some(record)) => Reply::json(record.clone()),
            ("PUT", Some(record)) => {
                let mut sent: Value = serde_json::from_str(&asked.body).unwrap();
                if !self.unversioned {
                    let (stored, version) = (
                        record["_version"].as_i64().unwrap(),
                        sent["_version"].as_i64(),
                    );
                    if version != Some(stored) {
                        let version = version.unwrap_or_default();
                        return Reply::text(
                            409,
                            &format!(
                                "ERROR: Cannot update record {id} because it has been changed (optimistic locking): Stored _version is {stored}, _version of request is {version} (23F09)"
                            ),
                        );
                    }
                    sent["_version"] = (stored + 1).into();
                }
                // As RMB does.
                sent["metadata"] = json!({"updatedDate": "2026-11-26T06:47:18.549+00:00"});
                sent["languages"] = sent.get("languages").cloned().unwrap_or(json!([]));
                *record = sent;
                Reply::empty(204)
            }
            ("DELETE", Some(_)) => {
                records.remove(&id);
                Reply::empty(204)
            }
            _ => Reply::text(404, "Not found"),
        }
    }
}

/// A server over a store, where `meddle` may do something else with a request: the `n`-th of its
/// method and path.
async fn over(
    store: &Store,
    meddle: impl Fn(&Store, &Asked, usize) -> Option<Reply> + Send + Sync + 'static,
) -> Folio {
    let store = store.clone();
    Folio::start(move |asked, n| {
        if asked.path().contains("authn") {
            return None;
        }
        Some(meddle(&store, asked, n).unwrap_or_else(|| store.answer(asked)))
    })
    .await
}

fn instance() -> Value {
    json!({"id": ID, "_version": 3, "title": "old", "hrid": "in1", "count": 5, "notes": [{"note": "first"}]})
}

fn path() -> String {
    format!("/instance-storage/instances/{ID}")
}

fn count(server: &Folio, method: &str) -> usize {
    server
        .log()
        .iter()
        .filter(|asked| asked.method == method && !asked.path().contains("authn"))
        .count()
}

#[tokio::test]
async fn a_put_that_was_carried_out_though_its_response_was_lost_is_a_success() {
    let store = Store::with(instance());
    let server = over(&store, |store, asked, n| {
        (asked.method == "PUT" && n == 0).then(|| {
            store.answer(asked);
            Reply::Drop
        })
    })
    .await;
    let folio = server.connect().await;
    let mut record = instance();
    record["title"] = "new".into();
    folio.folio_put(path(), &record).await.unwrap();
    assert_eq!((count(&server, "PUT"), count(&server, "GET")), (2, 1));
    assert_eq!(
        (&store.record()["title"], &store.record()["_version"]),
        (&json!("new"), &json!(4))
    );
}

#[tokio::test]
async fn a_put_that_another_client_was_faster_than_stays_a_conflict_and_says_what_is_unknown() {
    // Its own was never carried out, or it was, and another client has replaced it since.
    for carried_out in [false, true] {
        let store = Store::with(instance());
        let server = over(&store, move |store, asked, n| {
            (asked.method == "PUT" && n == 0).then(|| {
                if carried_out {
                    store.answer(asked);
                }
                store.write(|record| record["title"] = "of another".into());
                Reply::Drop
            })
        })
        .await;
        let folio = server.connect().await;
        let mut record = instance();
        record["title"] = "new".into();
        let error = folio.folio_put(path(), &record).await.unwrap_err();
        assert!(error.is_conflict() && is_unknown(&error), "{error:#}");
        assert_eq!(store.record()["title"], "of another");
    }
    // Without an earlier attempt nothing is unknown.
    let store = Store::with(instance());
    let server = over(&store, |_, _, _| None).await;
    let mut record = instance();
    record["_version"] = 2.into();
    let error = server
        .connect()
        .await
        .folio_put(path(), &record)
        .await
        .unwrap_err();
    assert!(error.is_conflict() && !is_unknown(&error), "{error:#}");
}

/// An update that must be applied once: it counts, and appends a note.
async fn count_and_note(
    folio: &FolioClient,
    path: String,
) -> Result<folio_sdk::Update<Value>, Error> {
    folio
        .update_at(path, |record: &mut Value| {
            record["count"] = (record["count"].as_i64().unwrap() + 1).into();
            record["notes"]
                .as_array_mut()
                .unwrap()
                .push(json!({"note": "second"}));
        })
        .await
}

#[tokio::test]
async fn an_update_whose_response_was_lost_is_not_applied_twice() {
    for unversioned in [false, true] {
        for server_computes in [false, true] {
            for another_writes in [false, true] {
                let mut record = instance();
                if unversioned {
                    record.as_object_mut().unwrap().remove("_version");
                }
                let store = Store::with(record);
                let server = over(&store, move |store, asked, n| {
                    (asked.method == "PUT" && n == 0).then(|| {
                        store.answer(asked);
                        if server_computes {
                            let mut records = store.records.lock().unwrap();
                            let record = records.get_mut(ID).unwrap();
                            record["indexTitle"] = "computed".into();
                            record["notes"][1]["staffOnly"] = false.into();
                        }
                        if another_writes {
                            store.write(|record| {
                                record["title"] = "of another".into();
                                record["notes"]
                                    .as_array_mut()
                                    .unwrap()
                                    .push(json!({"note": "of another"}));
                            });
                        }
                        Reply::Drop
                    })
                })
                .await;
                let update = count_and_note(&server.connect().await, path())
                    .await
                    .unwrap();
                assert!(update.written);
                assert_eq!(count(&server, "PUT"), 1);
                let stored = store.record();
                let notes = stored["notes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|note| note["note"] == "second")
                    .count();
                assert_eq!(
                    (&stored["count"], notes),
                    (&json!(6), 1),
                    "{unversioned} {server_computes} {another_writes}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_update_that_was_not_carried_out_is_applied_to_what_another_client_has_written_since() {
    for unversioned in [false, true] {
        let mut record = instance();
        if unversioned {
            record.as_object_mut().unwrap().remove("_version");
        }
        let store = Store::with(record);
        let server = over(&store, |store, asked, n| {
            (asked.method == "PUT" && n == 0).then(|| {
                store.write(|record| record["title"] = "of another".into());
                Reply::text(503, "down")
            })
        })
        .await;
        let update = count_and_note(&server.connect().await, path())
            .await
            .unwrap();
        assert_eq!(update.attempts, 2);
        let stored = store.record();
        assert_eq!(
            (&stored["count"], &stored["title"]),
            (&json!(6), &json!("of another")),
            "{unversioned}"
        );
    }
}

#[tokio::test]
async fn an_update_that_cannot_be_told_from_what_another_client_wrote_is_not_applied_again() {
    for carried_out in [false, true] {
        let store = Store::with(instance());
        let server = over(&store, move |store, asked, n| {
            (asked.method == "PUT" && n == 0).then(|| {
                if carried_out {
                    store.answer(asked);
                }
                store.write(|record| record["count"] = 70.into());
                Reply::Drop
            })
        })
        .await;
        let error = count_and_note(&server.connect().await, path())
            .await
            .unwrap_err();
        assert!(is_unknown(&error), "{error:#}");
        assert_eq!(count(&server, "PUT"), 1);
        assert_eq!(store.record()["count"], 70);
    }
}

#[tokio::test]
async fn an_update_that_a_slow_server_carries_out_later_is_not_applied_twice() {
    // The first PUT times out. The server carries it out after the record was read again, and then
    // rejects the second one.
    let store = Store::with(instance());
    let late: Arc<Mutex<Option<Asked>>> = Arc::default();
    let server = over(&store, {
        let late = Arc::clone(&late);
        move |store, asked, n| match (asked.method.as_str(), n) {
            ("PUT", 0) => {
                *late.lock().unwrap() = Some(asked.clone());
                Some(Reply::Drop)
            }
            ("PUT", 1) => {
                let first = late.lock().unwrap().take().unwrap();
                store.answer(&first);
                None
            }
            _ => None,
        }
    })
    .await;
    let update = count_and_note(&server.connect().await, path())
        .await
        .unwrap();
    assert!(update.written);
    let stored = store.record();
    assert_eq!(
        (&stored["count"], &stored["_version"]),
        (&json!(6), &json!(4))
    );
    assert_eq!(stored["notes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_update_whose_record_cannot_be_read_again_has_an_unknown_outcome() {
    for reply in [
        Reply::text(403, "no"),
        Reply::text(404, "Not found"),
        Reply::text(503, "down"),
    ] {
        let store = Store::with(instance());
        let server = over(&store, move |_, asked, n| {
            match (asked.method.as_str(), n) {
                ("PUT", _) => Some(Reply::Drop),
                ("GET", 1..) => Some(reply.clone()),
                _ => None,
            }
        })
        .await;
        let error = count_and_note(&server.connect().await, path())
            .await
            .unwrap_err();
        assert!(is_unknown(&error), "{error:#}");
        assert_eq!(count(&server, "PUT"), 1);
    }
}

#[tokio::test]
async fn an_update_sends_what_it_did_not_change_digit_for_digit() {
    let body = format!(
        r#"{{"id":"{ID}","_version":3,"price":24.990000000000002,"other":10.10,"large":1234567890123456789012345678901234567890,"zero":-0,"title":"old","count":5,"notes":[]}}"#
    );
    let server = Folio::start({
        let body = body.clone();
        move |asked, _| match asked.method.as_str() {
            "GET" => Some(Reply::new(200, "application/json", body.clone())),
            "PUT" => Some(Reply::empty(204)),
            _ => None,
        }
    })
    .await;
    let folio = server.connect().await;
    folio
        .update_at(path(), |record: &mut Value| record["title"] = "new".into())
        .await
        .unwrap();
    let sent = server.log().pop().unwrap().body;
    assert_eq!(sent, body.replace("\"old\"", "\"new\""));
}

#[tokio::test]
async fn an_update_of_a_record_that_is_deleted_meanwhile_is_reported() {
    let holding = || format!("/holdings-storage/holdings/{ID}");
    let policy = || format!("/loan-policy-storage/loan-policies/{ID}");
    // Recorded: holdings answer 204 and store nothing, loan policies create the record.
    let gone = |store: &Store, asked: &Asked| {
        store.records.lock().unwrap().clear();
        if asked.path().starts_with("/loan-policy") {
            let mut record: Value = serde_json::from_str(&asked.body).unwrap();
            record["metadata"] = json!({"createdDate": "2026-02-02T00:00:00.000+00:00"});
            store.records.lock().unwrap().insert(ID.to_owned(), record);
        }
        Reply::empty(204)
    };
    for path in [holding(), policy()] {
        let mut record = instance();
        record["metadata"] = json!({"createdDate": "2026-01-01T00:00:00.000+00:00"});
        let store = Store::with(record);
        let server = over(&store, move |store, asked, _| {
            (asked.method == "PUT").then(|| gone(store, asked))
        })
        .await;
        let error = count_and_note(&server.connect().await, path.clone())
            .await
            .unwrap_err();
        if path == holding() {
            assert!(error.is_not_found() && !is_unknown(&error), "{error:#}");
            assert!(
                error.to_string().contains("the server stored nothing"),
                "{error}"
            );
        } else {
            assert!(error.is_conflict(), "{error:#}");
            assert!(error.to_string().contains("re-created it"), "{error}");
        }
    }
    // For a user-defined collection it can be declared.
    let store = Store::with(instance());
    let server = over(&store, move |store, asked, _| {
        (asked.method == "PUT").then(|| gone(store, asked))
    })
    .await;
    let folio = server.connect().await;
    let update = folio.update_with(ID, |badge: &mut Badge| badge.0["title"] = "new".into());
    let error = update.await.unwrap_err();
    assert!(
        error.is_not_found() && count(&server, "PUT") == 1,
        "{error:#}"
    );
}

/// A record of a custom module.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Badge(Value);

impl folio_sdk::Stored for Badge {
    const COLLECTION: Collection =
        Collection::known("/badges", "badges", None, None).absent(folio_sdk::Absent::Ignored);
}

#[tokio::test]
async fn a_put_of_a_record_that_is_not_there_is_reported() {
    let server = Folio::start(|asked, _| match asked.method.as_str() {
        "PUT" => Some(Reply::empty(204)),
        "GET" => Some(Reply::text(404, "Not found")),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .folio_put(
            format!("/holdings-storage/holdings/{ID}"),
            &json!({"id": ID, "_version": 1}),
        )
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("the server stored nothing"),
        "{error}"
    );
    assert_eq!(error.method(), Some(&Method::PUT));
    assert_eq!(count(&server, "PUT"), 1);
    // It would be created: it is not sent.
    let error = folio
        .folio_put(
            format!("/loan-policy-storage/loan-policies/{ID}"),
            &json!({"id": ID}),
        )
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() && format!("{error:#}").contains("not sent"),
        "{error:#}"
    );
    assert_eq!(count(&server, "PUT"), 1);
    // A gateway that does not find the module does not show whether the record exists.
    let server = Folio::start(|asked, _| match asked.method.as_str() {
        "PUT" => Some(Reply::empty(204)),
        "GET" => Some(Reply::text(
            404,
            "No suitable module found for path and tenant",
        )),
        _ => None,
    })
    .await;
    let error = server
        .connect()
        .await
        .folio_put(
            format!("/holdings-storage/holdings/{ID}"),
            &json!({"id": ID}),
        )
        .await
        .unwrap_err();
    assert!(is_unknown(&error), "{error:#}");
}

fn gateways() -> Vec<Reply> {
    let json = |text: &str| Reply::new(404, "application/json", text);
    vec![
        Reply::text(404, "No suitable module found for path and tenant"),
        Reply::text(404, "No running module instance found for mod-users-19.3.2"),
        json(r#"{"message":"no Route matched with those values","request_id":"5"}"#),
        json(
            r#"{"errors":[{"type":"NotFoundException","code":"route_not_found_error","message":"Route is not found"}],"total_records":1}"#,
        ),
        Reply::new(
            404,
            "text/html",
            "<html><head><title>404 Not Found</title></head><body><center>nginx</center></body></html>",
        ),
    ]
}

/// The forms in which modules report a missing record (recorded: deletes.jsonl, spring.jsonl).
fn modules() -> Vec<Reply> {
    vec![
        Reply::text(404, "Not found"),
        Reply::text(404, "Record Not Found"),
        Reply::text(
            404,
            "Number of deleted items is incorrect. Expected 1 record deleted, but there was 0",
        ),
        Reply::text(404, ID),
        Reply::empty(404),
        Reply::new(
            404,
            "application/json",
            r#"{"errors":[{"message":"Tag with id was not found","type":"-1","code":"NOT_FOUND_ERROR"}]}"#,
        ),
    ]
}

/// A user that is deleted: what becomes of the DELETEs in turn, and what the GET says.
async fn delete(deletes: Vec<Reply>, get: Reply) -> (Result<Value, Error>, Folio) {
    let server = Folio::start(move |asked, n| match asked.method.as_str() {
        "DELETE" => Some(deletes[n.min(deletes.len() - 1)].clone()),
        "GET" => Some(get.clone()),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let deleted = folio.folio_delete(format!("/users/{ID}")).await;
    (deleted, server)
}

#[tokio::test]
async fn only_the_modules_own_404_means_that_a_record_was_deleted_before() {
    let lost = Reply::text(503, "down");
    for own in modules() {
        let (deleted, server) = delete(vec![lost.clone(), own.clone()], lost.clone()).await;
        deleted.unwrap();
        assert_eq!(
            (count(&server, "DELETE"), count(&server, "GET")),
            (2, 0),
            "{own:?}"
        );
    }
    for gateway in gateways() {
        // It is tried again, as long as the policy allows. Then the record is read.
        let (deleted, server) = delete(
            vec![lost.clone(), gateway.clone()],
            Reply::text(404, "Not found"),
        )
        .await;
        deleted.unwrap();
        assert_eq!(
            (count(&server, "DELETE"), count(&server, "GET")),
            (5, 1),
            "{gateway:?}"
        );

        let (deleted, _) = delete(
            vec![lost.clone(), gateway.clone(), Reply::empty(204)],
            lost.clone(),
        )
        .await;
        deleted.unwrap();

        let (deleted, _) = delete(
            vec![lost.clone(), gateway.clone()],
            Reply::json(json!({"id": ID})),
        )
        .await;
        let error = deleted.unwrap_err();
        assert!(
            is_unknown(&error) && format!("{error:#}").contains("still exists"),
            "{error:#}"
        );

        let (deleted, _) = delete(vec![lost.clone(), gateway.clone()], gateway.clone()).await;
        assert!(is_unknown(&deleted.unwrap_err()), "{gateway:?}");

        // Without an earlier attempt it is what it is.
        let (deleted, server) = delete(vec![gateway.clone()], lost.clone()).await;
        let error = deleted.unwrap_err();
        assert!(error.is_not_found() && !is_unknown(&error), "{error:#}");
        assert_eq!(count(&server, "DELETE"), 1);
    }
    // Kong's answer to tokens that do not match.
    let token = Reply::new(
        404,
        "application/json",
        r#"{"message":"Token in cookie and header do not match"}"#,
    );
    let (deleted, _) = delete(vec![lost.clone(), token], lost).await;
    assert!(is_unknown(&deleted.unwrap_err()));
}

#[tokio::test]
async fn a_creation_that_cannot_be_found_out_about_has_an_unknown_outcome() {
    static BADGE: Operation = Operation::new("make_badge", Method::POST, "/badges")
        .with_facts(Facts::unknown().creates(Creates::Record));
    let record = json!({"id": ID, "name": "x", "color": "red"});
    let is_there = Reply::text(422, "id value already exists in table badges");
    for (get, success) in [
        (
            Reply::json(json!({"id": ID, "name": "x", "color": "red", "metadata": {}})),
            true,
        ),
        (
            Reply::json(json!({"id": ID, "name": "x", "color": "blue"})),
            false,
        ),
        (Reply::text(404, "Not found"), false),
        (Reply::text(403, "no"), false),
    ] {
        let is_there = is_there.clone();
        let server = Folio::start(move |asked, n| match (asked.method.as_str(), n) {
            ("POST", _) if asked.path().contains("authn") => None,
            ("POST", 0) => Some(Reply::Drop),
            ("POST", _) => Some(is_there.clone()),
            _ => Some(get.clone()),
        })
        .await;
        let folio = server.connect().await;
        let created = folio.execute(Request::new(&BADGE, &[]).json(&record)).await;
        match created {
            Ok(_) => assert!(success),
            Err(error) => assert!(
                !success && is_unknown(&error) && error.is_validation(),
                "{error:#}"
            ),
        }
    }
}
