//! Writing many records, changing one, and deleting by query, over a real socket.

#![cfg(all(feature = "inventory-storage", feature = "users"))]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sandbox::{Builder, Effect, Fault, Sandbox};
use folio_sdk::inventory_storage::{Instance, Item};
use folio_sdk::users::Usergroup;
use folio_sdk::{
    Collection, Deletion, ErrorKind, FolioClient, Method, MissingFields, RetryPolicy, UpsertReport,
    WriteResult, cql,
};
use folio_test_support::clock::{Clock, run_alone};
use folio_test_support::sandbox::{admin, id};
use futures_util::stream;
use proptest::prelude::*;
use serde_json::{Value, json};

const INSTANCES: &str = "/instance-storage/instances";
const BATCH: &str = "/instance-storage/batch/synchronous";
const TYPE: &str = "30fffe0e-e985-4144-b2e2-1e8179bdb41f";

async fn start(sandbox: Builder) -> (Arc<Sandbox>, FolioClient) {
    let sandbox = sandbox.start().await.unwrap();
    // A server rejects records with references to missing records.
    let kind = json!({"id": TYPE, "name": "unspecified", "code": "zzz", "source": "rdacontent"});
    sandbox.load("diku", "/instance-types", vec![kind]).unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (Arc::new(sandbox), folio)
}

fn instance(number: usize, title: &str) -> Instance {
    Instance {
        id: Some(id(number).into()),
        ..Instance::builder()
            .source("FOLIO")
            .title(title)
            .instance_type_id(TYPE)
            .build()
    }
}

/// An instance that the server rejects: its identifier has no type.
fn bad(number: usize) -> Value {
    json!({"id": id(number), "source": "FOLIO", "title": "bad", "instanceTypeId": TYPE, "identifiers": [{"value": "1"}]})
}

fn value(instance: &Instance) -> Value {
    serde_json::to_value(instance).unwrap()
}

fn instances() -> Collection {
    Collection::new(INSTANCES, "instances")
        .batch(BATCH, "instances")
        .retrieve("/instance-storage/instances/retrieve")
}

fn stored(sandbox: &Sandbox, path: &str) -> BTreeMap<String, Value> {
    let records = sandbox.records("diku", path).unwrap();
    let count = records.len();
    let by_id: BTreeMap<String, Value> = records
        .into_iter()
        .map(|record| (record["id"].as_str().unwrap().to_owned(), record))
        .collect();
    assert_eq!(by_id.len(), count);
    by_id
}

/// How many requests of a method went to a path.
fn sent(sandbox: &Sandbox, method: &str, path: &str) -> usize {
    let exchanges = sandbox.exchanges();
    exchanges
        .iter()
        .filter(|exchange| exchange.method == method && exchange.path == path)
        .count()
}

fn figures(report: &UpsertReport) -> [u64; 4] {
    [
        report.created,
        report.updated,
        report.unchanged,
        report.failed,
    ]
}

#[tokio::test]
async fn records_are_created_replaced_by_their_version_or_left_alone() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let mut old = value(&instance(1, "old"));
    old["editions"] = json!(["first"]);
    old["_version"] = json!(7);
    sandbox
        .load("diku", INSTANCES, vec![old, value(&instance(2, "same"))])
        .unwrap();

    let records = [
        instance(1, "new"),
        instance(2, "same"),
        instance(3, "created"),
    ];
    let mut upsert = folio.upsert(records);
    let mut what = BTreeMap::new();
    while let Some(outcome) = upsert.next().await {
        what.insert(outcome.index, (outcome.id, outcome.result));
    }
    assert!(
        matches!(&what[&0], (one, WriteResult::Updated { dropped }) if *one == id(1) && dropped == &["editions"])
    );
    assert!(matches!(what[&1].1, WriteResult::Unchanged));
    assert!(matches!(what[&2].1, WriteResult::Created));

    let stored = stored(&sandbox, INSTANCES);
    assert_eq!(stored[&id(1)]["title"], "new");
    assert_eq!(stored[&id(1)]["_version"], 8);
    assert_eq!(stored[&id(2)]["_version"], 1);
    assert_eq!(stored[&id(3)]["title"], "created");
    let batch = sandbox
        .exchanges()
        .into_iter()
        .find(|exchange| exchange.path == BATCH)
        .unwrap();
    assert_eq!(batch.query, [("upsert".to_owned(), "true".to_owned())]);
    let body: Value = serde_json::from_slice(&batch.body).unwrap();
    assert_eq!(body["instances"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_run_sends_nothing() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records = || (0..50).map(|n| instance(n, &format!("title {n}")));
    let first = folio.upsert(records()).max_records(20).run().await;
    assert_eq!(
        first.to_string(),
        "50 created, 0 updated, 0 unchanged, 0 failed"
    );
    let batches = sent(&sandbox, "POST", BATCH);
    assert_eq!(batches, 3);
    let second = folio.upsert_stream(stream::iter(records())).run().await;
    assert_eq!(figures(&second), [0, 0, 50, 0]);
    assert_eq!(sent(&sandbox, "POST", BATCH), batches);
    second.ok().unwrap();
}

#[tokio::test]
async fn bad_records_are_found_and_the_good_ones_land() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records = (0..100).map(|n| match n {
        17 | 18 | 83 => bad(n),
        n => value(&instance(n, "good")),
    });
    let report = folio
        .upsert_at(instances(), records.collect::<Vec<_>>())
        .run()
        .await;
    assert_eq!(figures(&report), [97, 0, 0, 3]);
    assert_eq!(stored(&sandbox, INSTANCES).len(), 97);
    let mut failures = report.failures;
    failures.sort_by_key(|failure| failure.index);
    let places: Vec<u64> = failures.iter().map(|failure| failure.index).collect();
    assert_eq!(places, [17, 18, 83]);
    let failure = &failures[2];
    assert_eq!(failure.id, id(83));
    assert_eq!(failure.record["title"], "bad");
    assert!(failure.error.is_validation(), "{:?}", failure.error);
    assert!(
        failure.error.to_string().contains("identifierTypeId"),
        "{}",
        failure.error
    );
}

#[tokio::test]
async fn a_gateway_that_takes_less_is_found_out_once() {
    let (sandbox, folio) = start(Sandbox::builder().max_body(20_000)).await;
    let title = "long ".repeat(100);
    let records: Vec<_> = (0..400).map(|n| instance(n, &title)).collect();
    let report = folio.upsert(records).concurrency(1).run().await;
    assert_eq!(figures(&report), [400, 0, 0, 0]);
    let too_large = sandbox
        .exchanges()
        .iter()
        .filter(|exchange| exchange.status == Some(413))
        .count();
    assert!(too_large <= 8, "{too_large}");

    // One that is too large alone is said to be.
    let report = folio
        .upsert([instance(1000, &"x".repeat(30_000)), instance(1001, "y")])
        .run()
        .await;
    assert_eq!(figures(&report), [1, 0, 0, 1]);
    assert_eq!(report.failures[0].error.status().unwrap(), 413);
}

#[tokio::test]
async fn more_records_than_the_server_takes_at_once_are_divided() {
    let (sandbox, folio) = start(Sandbox::builder().max_batch(30)).await;
    let records: Vec<_> = (0..100).map(|n| instance(n, "t")).collect();
    let report = folio.upsert(records).run().await;
    assert_eq!(figures(&report), [100, 0, 0, 0]);
    assert_eq!(stored(&sandbox, INSTANCES).len(), 100);
}

#[tokio::test]
async fn what_landed_without_an_answer_is_not_sent_again() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox
        .load("diku", INSTANCES, vec![value(&instance(0, "old"))])
        .unwrap();
    sandbox.fault(Fault::new(Effect::DropAnswer).path(BATCH).times(1));
    let records: Vec<_> = (0..10).map(|n| instance(n, "new")).collect();
    let report = folio.upsert(records).run().await;
    assert_eq!(figures(&report), [9, 1, 0, 0]);
    assert_eq!(sent(&sandbox, "POST", BATCH), 1);
    let stored = stored(&sandbox, INSTANCES);
    assert_eq!(stored[&id(0)]["_version"], 2);
    assert_eq!(stored[&id(5)]["_version"], 1);
}

#[tokio::test]
async fn what_did_not_land_is_sent_again() {
    for effect in [
        Effect::Drop,
        Effect::status(503, "busy"),
        Effect::status(500, "oops"),
        Effect::status(504, "timeout"),
        Effect::status(429, "slow down"),
    ] {
        let (sandbox, folio) = start(Sandbox::builder()).await;
        sandbox.fault(Fault::new(effect).path(BATCH).times(2));
        let records: Vec<_> = (0..10).map(|n| instance(n, "new")).collect();
        let report = folio.upsert(records).run().await;
        assert_eq!(figures(&report), [10, 0, 0, 0]);
        assert_eq!(stored(&sandbox, INSTANCES).len(), 10);
    }
}

#[tokio::test]
async fn a_record_at_which_the_server_breaks_down_is_found() {
    // The sandbox breaks down at two records of one id in a request; ids of different case are one.
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox.fault(Fault::new(Effect::status(500, "broken")).path(BATCH));
    let report = folio
        .upsert([instance(1, "a"), instance(2, "b")])
        .run()
        .await;
    assert_eq!(figures(&report), [0, 0, 0, 2]);
    let error = &report.failures[0].error;
    assert_eq!(error.status().unwrap(), 500);
    assert!(error.to_string().contains("broken"), "{error}");
    assert!(stored(&sandbox, INSTANCES).is_empty());
}

#[tokio::test]
async fn another_writer_in_between_is_no_failure_and_is_not_overwritten() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records: Vec<_> = (0..6).map(|n| value(&instance(n, "old"))).collect();
    sandbox.load("diku", INSTANCES, records).unwrap();
    let (writer, calls) = (Arc::clone(&sandbox), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&calls);
    let report = folio
        .upsert((0..6).map(|n| instance(n, "new")))
        .merge(move |existing, incoming| {
            if seen.fetch_add(1, Ordering::SeqCst) == 3 {
                let mut other = value(&instance(2, "old"));
                other["editions"] = json!(["by another"]);
                other["_version"] = json!(2);
                writer.load("diku", INSTANCES, vec![other]).unwrap();
            }
            incoming.editions = existing.editions.clone();
        })
        .run()
        .await;
    assert_eq!(figures(&report), [0, 6, 0, 0]);
    let stored = stored(&sandbox, INSTANCES);
    assert_eq!(stored[&id(2)]["title"], "new");
    assert_eq!(stored[&id(2)]["editions"], json!(["by another"]));
    assert_eq!(stored[&id(2)]["_version"], 3);
    assert_eq!(stored[&id(1)]["_version"], 2);
    assert!(calls.load(Ordering::SeqCst) >= 12);
}

#[tokio::test]
async fn a_record_that_was_read_before_somebody_changed_it_is_a_conflict() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let mut newer = value(&instance(1, "of others"));
    newer["_version"] = json!(5);
    sandbox.load("diku", INSTANCES, vec![newer]).unwrap();
    let mut mine = instance(1, "mine");
    mine.version = Some(4);
    let report = folio
        .upsert([mine.clone(), instance(2, "another")])
        .run()
        .await;
    assert_eq!(figures(&report), [1, 0, 0, 1]);
    let failure = &report.failures[0];
    assert!(failure.error.is_conflict());
    assert_eq!(failure.record["_version"], 4);
    insta::assert_snapshot!(failure.error.to_string().replace(sandbox.url(), ""), @"PUT /instance-storage/instances/00000001-0000-4000-8000-000000000000: the record was changed since it was read: its `_version` was 4, and now is 5");
    assert_eq!(stored(&sandbox, INSTANCES)[&id(1)]["title"], "of others");

    let report = folio.upsert([mine]).overwrite(true).run().await;
    assert_eq!(figures(&report), [0, 1, 0, 0]);
    assert_eq!(stored(&sandbox, INSTANCES)[&id(1)]["title"], "mine");
}

#[tokio::test]
async fn fields_that_are_not_given_can_be_kept_or_be_a_reason_not_to_write() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let mut old = value(&instance(1, "old"));
    old["editions"] = json!(["first"]);
    old["hrid"] = json!("in1");
    sandbox.load("diku", INSTANCES, vec![old]).unwrap();

    let refused = folio
        .upsert([instance(1, "new")])
        .missing_fields(MissingFields::Reject)
        .run()
        .await;
    let error = refused.ok().unwrap_err();
    // Not the `hrid`: it is taken from the stored record.
    assert!(
        error.to_string().ends_with("its values of `editions`"),
        "{error}"
    );
    let kept = folio
        .upsert([instance(1, "new")])
        .missing_fields(MissingFields::Keep)
        .run()
        .await;
    assert_eq!(figures(&kept), [0, 1, 0, 0]);
    let stored = &stored(&sandbox, INSTANCES)[&id(1)];
    assert_eq!(
        (&stored["title"], &stored["hrid"], &stored["editions"]),
        (&json!("new"), &json!("in1"), &json!(["first"]))
    );
}

#[tokio::test]
async fn of_several_records_of_one_id_the_last_one_wins() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records = (0..30).map(|n| {
        let mut record = instance(n % 3, &format!("title {n}"));
        if n % 2 == 0 {
            record.id = Some(id(n % 3).to_uppercase().into());
        }
        record
    });
    let report = folio
        .upsert(records.collect::<Vec<_>>())
        .max_records(2)
        .run()
        .await;
    assert_eq!(figures(&report), [3, 27, 0, 0]);
    for (n, (_, record)) in stored(&sandbox, INSTANCES).iter().enumerate() {
        assert_eq!(record["title"], format!("title {}", 27 + n));
        assert_eq!(record["_version"], 10);
    }
}

#[tokio::test]
async fn where_there_is_no_batch_endpoint_each_record_goes_alone() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let group = |name: &str| Usergroup::builder().group(name).build();
    let names = ["a", "b", "c"];
    let groups = || names.map(group);
    let key = |group: &Usergroup| group.group.clone();
    sandbox.fault(
        Fault::new(Effect::DropAnswer)
            .method("POST")
            .path("/groups")
            .times(1),
    );
    sandbox.fault(
        Fault::new(Effect::status(503, "busy"))
            .method("POST")
            .path("/groups")
            .after(1)
            .times(1),
    );
    let report = folio.upsert(groups()).id_from_key(key).run().await;
    assert_eq!(figures(&report), [3, 0, 0, 0]);
    assert_eq!(stored(&sandbox, "/groups").len(), 3);
    // The same keys are the same records.
    let report = folio.upsert(groups()).id_from_key(key).run().await;
    assert_eq!(figures(&report), [0, 0, 3, 0]);
    let renamed = groups().map(|group| Usergroup {
        desc: Some("described".into()),
        ..group
    });
    sandbox.fault(Fault::new(Effect::DropAnswer).method("PUT").times(1));
    let report = folio.upsert(renamed).id_from_key(key).run().await;
    assert_eq!(figures(&report), [0, 3, 0, 0]);
    assert_eq!(
        sandbox
            .exchanges()
            .iter()
            .filter(|exchange| exchange.method == "PUT")
            .count(),
        3
    );
    assert!(
        stored(&sandbox, "/groups")
            .values()
            .all(|group| group["desc"] == "described")
    );
}

#[tokio::test]
async fn a_batch_endpoint_that_is_not_there_is_done_without() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let collection =
        Collection::new(INSTANCES, "instances").batch("/instance-storage/batch/none", "instances");
    let records = (0..5).map(|n| instance(n, "t")).collect::<Vec<_>>();
    let report = folio.upsert_at(collection, records).run().await;
    assert_eq!(figures(&report), [5, 0, 0, 0]);
    assert_eq!(stored(&sandbox, INSTANCES).len(), 5);
    assert_eq!(sent(&sandbox, "POST", INSTANCES), 5);
}

#[tokio::test]
async fn it_stops_where_the_user_may_not_write_and_says_what_was_not_written() {
    let sandbox = Sandbox::builder().user_with_permissions(
        "reader",
        "secret",
        ["inventory-storage.instances.retrieve.collection.post"],
    );
    let sandbox = sandbox.start().await.unwrap();
    let folio = FolioClient::builder(sandbox.url())
        .tenant("diku")
        .credentials("reader", "secret")
        .build()
        .unwrap();
    let records = (0..1_000_000).map(|n| instance(n, "t"));
    let report = folio.upsert(records).max_records(10).run().await;
    assert!(report.stopped.as_ref().unwrap().is_forbidden());
    assert!(
        report.failed > 0 && report.failed <= 50,
        "{}",
        report.failed
    );
    assert_eq!(figures(&report)[..3], [0, 0, 0]);
    let error = report.ok().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("inventory-storage.instances.batch.synchronous.post"),
        "{error}"
    );
}

#[tokio::test]
async fn a_403_that_passes_stops_nothing() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let fault = Fault::new(Effect::status(403, "Access Denied"));
    sandbox.fault(fault.path(BATCH).times(2));
    let report = folio.upsert((0..5).map(|n| instance(n, "t"))).run().await;
    assert_eq!(figures(&report), [5, 0, 0, 0]);
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_waited_for() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let busy = Effect::Answer {
        status: 503,
        headers: vec![("retry-after".into(), "1".into())],
        body: "busy".into(),
    };
    sandbox.fault(Fault::new(busy.clone()).path(BATCH).times(1));
    let clock = Clock::stop();
    let upsert = folio.upsert([instance(1, "t")]).run();
    let (report, took) = clock.time(Duration::from_millis(1), upsert).await;
    assert_eq!(figures(&report), [1, 0, 0, 0]);
    assert!(took >= Duration::from_secs(1), "{took:?}");
    // The client paces its requests after a rejection: that takes time as well.
    drop(clock);

    sandbox.fault(Fault::new(busy).path("/groups").times(1));
    let call = folio.folio_get::<Value>("/groups", None);
    let error = call.retry(RetryPolicy::none()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn what_is_no_record_is_said_of_each() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records = [
        json!("text"),
        json!({"id": 7}),
        json!({"id": "no uuid", "title": "t"}),
        value(&instance(1, "t")),
    ];
    let report = folio.upsert_at(instances(), records).run().await;
    assert_eq!(figures(&report), [1, 0, 0, 3]);
    assert_eq!(report.failures[0].error.kind(), ErrorKind::Request);
    assert!(stored(&sandbox, INSTANCES).contains_key(&id(1)));
}

#[tokio::test]
async fn records_are_taken_only_as_they_are_needed() {
    let (_sandbox, folio) = start(Sandbox::builder()).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let records = (0..).map(move |n| {
        count.fetch_add(1, Ordering::SeqCst);
        instance(n, "t")
    });
    let mut upsert = folio.upsert(records).max_records(10).concurrency(2);
    assert_eq!(taken.load(Ordering::SeqCst), 0);
    for _ in 0..100 {
        upsert.next().await.unwrap();
    }
    assert!(taken.load(Ordering::SeqCst) <= 150);
}

#[derive(Clone, Debug)]
enum Kind {
    New,
    Same,
    Changed,
    Bad,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![4 => Just(Kind::New), 2 => Just(Kind::Same), 4 => Just(Kind::Changed), 1 => Just(Kind::Bad)];
    proptest::collection::vec(kind, 1..40)
}

/// The kind of fault, the number of preceding requests, and its count.
type Strikes = Vec<(Effect, usize, usize)>;

fn faults() -> impl Strategy<Value = Strikes> {
    let effect = prop_oneof![
        1 => Just(Effect::Drop),
        3 => Just(Effect::DropAnswer),
        1 => Just(Effect::BreakBody),
        1 => Just(Effect::status(503, "busy")),
        1 => Just(Effect::status(408, "late")),
    ];
    // A lookup is tried three times where the server itself fails: two faults of one response each.
    let broken = (
        Just(Effect::status(500, "broken")),
        0_usize..4,
        Just(1_usize),
    );
    let fault = prop_oneof![7 => (effect, 0_usize..4, 1_usize..3), 1 => broken];
    proptest::collection::vec(fault, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_each_good_record_is_there_once_and_the_report_says_so(
        kinds in kinds(), on_write in faults(), on_read in faults(), max_records in 1_usize..12, max_bytes in 100_usize..4000, concurrency in 1_usize..4,
        batch in any::<bool>(),
    ) {
        run_alone(Duration::from_millis(1), async {
            let (sandbox, folio) = start(Sandbox::builder()).await;
            let collection = if batch { instances() } else { Collection::new(INSTANCES, "instances") };
            let mut before = Vec::new();
            let mut records = Vec::new();
            let mut expected = [0; 4];
            for (n, kind) in kinds.iter().enumerate() {
                let new = value(&instance(n, &format!("title {n}")));
                match kind {
                    Kind::New => expected[0] += 1,
                    Kind::Changed => { expected[1] += 1; before.push(value(&instance(n, "before"))); }
                    Kind::Same => { expected[2] += 1; before.push(new.clone()); }
                    Kind::Bad => expected[3] += 1,
                }
                records.push(if matches!(kind, Kind::Bad) { bad(n) } else { new });
            }
            sandbox.load("diku", INSTANCES, before).unwrap();
            let strikes: &[(&str, &str, &Strikes)] = if batch {
                &[("POST", BATCH, &on_write), ("POST", "/instance-storage/instances/retrieve", &on_read)]
            } else {
                &[("POST", INSTANCES, &on_write), ("PUT", INSTANCES, &on_write), ("GET", INSTANCES, &on_read)]
            };
            for (method, path, faults) in strikes {
                for (effect, after, times) in *faults {
                    sandbox.fault(Fault::new(effect.clone()).method(method).path(path).after(*after).times(*times));
                }
            }
            let report = folio.upsert_at(collection, records).max_records(max_records).max_bytes(max_bytes).concurrency(concurrency).run().await;
            prop_assert_eq!(figures(&report), expected, "{}", report.failures.iter().map(|f| format!("{:#}\n", f.error)).collect::<String>());
            let stored = stored(&sandbox, INSTANCES);
            for (n, kind) in kinds.iter().enumerate() {
                let record = stored.get(&id(n));
                match kind {
                    Kind::Bad => prop_assert!(record.is_none()),
                    _ => {
                        let title = format!("title {n}");
                        prop_assert_eq!(record.and_then(|record| record["title"].as_str()), Some(title.as_str()));
                        let version = if matches!(kind, Kind::Changed) { 2 } else { 1 };
                        prop_assert_eq!(&record.unwrap()["_version"], version);
                    }
                }
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Another client changes the same records concurrently, sequentially by their `_version`. By
    /// the rule of `merge`, the result contains its writes and those of this client.
    #[test]
    fn whoever_else_writes_at_the_same_time_nothing_of_either_is_lost(
        kinds in kinds(), on_write in faults(), max_records in 1_usize..12, concurrency in 1_usize..4, batch in any::<bool>(),
        changes in proptest::collection::vec(0_usize..40, 1..40),
    ) {
        run_alone(Duration::from_millis(1), async {
            let (sandbox, folio) = start(Sandbox::builder()).await;
            let collection = if batch { instances() } else { Collection::new(INSTANCES, "instances") };
            let good = |(_, kind): &(usize, &Kind)| !matches!(kind, Kind::Bad);
            let good: Vec<usize> = kinds.iter().enumerate().filter(good).map(|(n, _)| n).collect();
            let is_new = |n: &usize| matches!(kinds[*n], Kind::New);
            let before = good.iter().filter(|n| !is_new(n)).map(|n| value(&instance(*n, "before")));
            sandbox.load("diku", INSTANCES, before.collect()).unwrap();
            let (method, path) = if batch { ("POST", BATCH) } else { ("PUT", INSTANCES) };
            for (effect, after, times) in &on_write {
                sandbox.fault(Fault::new(effect.clone()).method(method).path(path).after(*after).times(*times));
            }
            let other = folio.clone();
            let others = tokio::spawn(async move {
                let mut made = Vec::new();
                for (n, target) in changes.into_iter().enumerate() {
                    let mark = format!("edition {n}");
                    let change = other.update_with(id(target), |instance: &mut Instance| {
                        let editions = &mut instance.editions;
                        if !editions.contains(&mark) {
                            editions.push(mark.clone());
                        }
                    });
                    // Some are not there, or not yet.
                    if change.await.is_ok() {
                        made.push((target, mark));
                    }
                }
                made
            });
            let records: Vec<Instance> = good.iter().map(|n| instance(*n, &format!("title {n}"))).collect();
            let report = folio
                .upsert_at(collection, records)
                .merge(|existing, incoming| incoming.editions = existing.editions.clone())
                .max_records(max_records)
                .concurrency(concurrency)
                .run()
                .await;
            let made = others.await.unwrap();
            prop_assert_eq!(report.failed, 0, "{}", report.failures.iter().map(|f| format!("{:#}\n", f.error)).collect::<String>());
            let stored = stored(&sandbox, INSTANCES);
            for n in good {
                prop_assert_eq!(&stored[&id(n)]["title"], &json!(format!("title {n}")));
            }
            for (n, mark) in made {
                let editions = stored[&id(n)]["editions"].as_array().cloned().unwrap_or_default();
                prop_assert!(editions.contains(&json!(mark)), "{} of {} is lost: {:?}", mark, n, editions);
            }
            Ok(())
        })?;
    }
}

// ---------------------------------------------------------------- one record

#[tokio::test]
async fn a_change_is_made_again_if_somebody_was_faster() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox
        .load("diku", INSTANCES, vec![value(&instance(1, "old"))])
        .unwrap();
    let mut calls = 0;
    let update = folio
        .update_with(id(1), |instance: &mut Instance| {
            calls += 1;
            if calls == 1 {
                let mut other = value(instance);
                other["editions"] = json!(["by another"]);
                other["_version"] = json!(2);
                sandbox.load("diku", INSTANCES, vec![other]).unwrap();
            }
            instance.title = "new".into();
        })
        .await
        .unwrap();
    assert!(update.written);
    assert_eq!(update.attempts, 2);
    let stored = &stored(&sandbox, INSTANCES)[&id(1)];
    assert_eq!(
        (&stored["title"], &stored["editions"]),
        (&json!("new"), &json!(["by another"]))
    );
    assert_eq!(stored["_version"], 3);
}

#[tokio::test]
async fn a_change_without_an_answer_is_made_once() {
    for effect in [
        Effect::DropAnswer,
        Effect::Drop,
        Effect::status(503, "busy"),
    ] {
        let (sandbox, folio) = start(Sandbox::builder()).await;
        let mut counter = value(&instance(1, "old"));
        counter["editions"] = json!([]);
        sandbox.load("diku", INSTANCES, vec![counter]).unwrap();
        sandbox.fault(Fault::new(effect).method("PUT").times(1));
        let update = folio
            .update_at(format!("{INSTANCES}/{}", id(1)), |instance: &mut Value| {
                let editions = instance["editions"].as_array_mut().unwrap();
                editions.push("one more".into());
            })
            .await
            .unwrap();
        assert!(update.written);
        assert_eq!(
            stored(&sandbox, INSTANCES)[&id(1)]["editions"],
            json!(["one more"])
        );
        assert_eq!(stored(&sandbox, INSTANCES)[&id(1)]["_version"], 2);
    }
}

#[tokio::test]
async fn no_change_is_not_written() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox
        .load("diku", INSTANCES, vec![value(&instance(1, "old"))])
        .unwrap();
    let update = folio
        .update_with(id(1), |instance: &mut Instance| {
            instance.title = "old".into()
        })
        .await
        .unwrap();
    assert!(!update.written);
    assert!(
        !sandbox
            .exchanges()
            .iter()
            .any(|exchange| exchange.method == "PUT")
    );
}

#[tokio::test]
async fn a_conflict_without_end_is_given_up() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox
        .load("diku", INSTANCES, vec![value(&instance(1, "old"))])
        .unwrap();
    sandbox.fault(Fault::new(Effect::status(409, "Cannot update record")).method("PUT"));
    let error = folio
        .update_with(id(1), |instance: &mut Instance| {
            instance.title = "new".into()
        })
        .await
        .unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(
        sandbox
            .exchanges()
            .iter()
            .filter(|exchange| exchange.method == "PUT")
            .count(),
        8
    );
    let missing = folio
        .update_with(id(2), |_: &mut Item| {})
        .await
        .unwrap_err();
    assert!(missing.is_not_found());
    let empty = folio.update_with("", |_: &mut Item| {}).await.unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::Request);
}

#[tokio::test]
async fn a_type_that_would_erase_fields_is_refused() {
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct Narrow {
        id: String,
        title: String,
    }
    let (sandbox, folio) = start(Sandbox::builder()).await;
    sandbox
        .load("diku", INSTANCES, vec![value(&instance(1, "old"))])
        .unwrap();
    let error = folio
        .update_at(format!("{INSTANCES}/{}", id(1)), |instance: &mut Narrow| {
            instance.title = "new".into()
        })
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("would erase `instanceTypeId`, `source`"),
        "{error}"
    );
    assert_eq!(stored(&sandbox, INSTANCES)[&id(1)]["title"], "old");
}

// ---------------------------------------------------------------- deletion

#[tokio::test]
async fn deleting_by_query_needs_a_confirmation() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records: Vec<_> = (0..5)
        .map(|n| value(&instance(n, &format!("t{n}"))))
        .collect();
    sandbox.load("diku", INSTANCES, records).unwrap();
    let api = folio.inventory_storage();
    let one = || cql::field("title").eq("t1");
    let refused = [
        api.delete_instances_by_query().query(one()).send().await,
        api.delete_instances_by_query()
            .confirm(Deletion::Matching)
            .send()
            .await,
        api.delete_instances_by_query()
            .query("")
            .confirm(Deletion::Matching)
            .send()
            .await,
        api.delete_instances_by_query()
            .query(cql::all())
            .confirm(Deletion::Matching)
            .send()
            .await,
        folio
            .request(Method::DELETE, INSTANCES)
            .query(one())
            .send()
            .await
            .map(drop),
        folio
            .folio_delete(format!("{INSTANCES}?query="))
            .confirm(Deletion::All)
            .await
            .map(drop),
    ];
    for (case, refused) in refused.into_iter().enumerate() {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Request, "{case}");
    }
    assert!(
        !sandbox
            .exchanges()
            .iter()
            .any(|exchange| exchange.method == "DELETE")
    );
    api.delete_instances_by_query()
        .query(one())
        .confirm(Deletion::Matching)
        .send()
        .await
        .unwrap();
    assert_eq!(stored(&sandbox, INSTANCES).len(), 4);
    folio
        .request(Method::DELETE, INSTANCES)
        .query(cql::all())
        .confirm(Deletion::All)
        .send()
        .await
        .unwrap();
    assert!(stored(&sandbox, INSTANCES).is_empty());
}

// ---------------------------------------------------------------- records that are not decoded

#[tokio::test]
async fn raw_records_come_as_the_server_wrote_them() {
    let (sandbox, folio) = start(Sandbox::builder()).await;
    let records: Vec<_> = (0..25).map(|n| value(&instance(n, "t"))).collect();
    sandbox.load("diku", INSTANCES, records).unwrap();
    let mut list = folio
        .inventory_storage()
        .list_instances()
        .limit(10)
        .stream()
        .raw();
    let mut ids = Vec::new();
    while let Some(record) = list.next().await {
        let record = record.unwrap();
        // One record per line, as RMB streams this list.
        assert!(record.get().starts_with('{') && !record.get().contains('\n'));
        let record: Value = serde_json::from_str(record.get()).unwrap();
        ids.push(record["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids, (0..25).map(id).collect::<Vec<_>>());
}
