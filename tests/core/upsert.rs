//! Upsert against servers that behave as recorded ones do: mod-inventory-storage numbers records,
//! takes a batch whole or not at all and rejects an outdated `_version`; mod-users sets dates with
//! every PUT; Spring modules replace ids; request lines have 4,096 bytes at most.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sdk::{
    Collection, FolioClient, MissingFields, RetryPolicy, Upsert, UpsertReport, WriteResult,
};
use folio_test_support::clock::run_alone;
use folio_test_support::sandbox::id;
use serde_json::{Map, Value, json};

use folio_test_support::server::{Asked, Folio, Reply, quick};

const INSTANCES: &str = "/instance-storage/instances";
const BATCH: &str = "/instance-storage/batch/synchronous";
const RETRIEVE: &str = "/instance-storage/instances/retrieve";

/// A module that stores the records of one collection.
#[derive(Clone, Default)]
struct Module {
    path: &'static str,
    /// The key of the records in lists.
    items: &'static str,
    batch: Option<&'static str>,
    retrieve: Option<&'static str>,
    /// It numbers records, and checks their version.
    is_inventory: bool,
    /// It assigns its own ids to new records.
    new_ids: bool,
    /// Fields that it sets with every write, by their paths.
    sets: &'static [&'static str],
    /// What it adds where it is left out.
    adds: Value,
    /// A field whose values are unique.
    unique: &'static str,
    /// How accents are folded in a search: it ignores them.
    ignores_accents: bool,
    /// Longest request line, and most records without a number, that it takes.
    max_line: usize,
    max_unnumbered: usize,
}

#[derive(Default)]
struct Stored {
    records: Vec<Value>,
    numbers: usize,
    writes: Vec<String>,
    too_long: usize,
    too_many: usize,
}

impl Stored {
    fn at(&self, field: &str, value: &str) -> &Value {
        let mut found = self.records.iter().filter(|record| record[field] == value);
        let record = found.next().unwrap();
        assert!(found.next().is_none());
        record
    }
}

type Shared = Arc<Mutex<Stored>>;

fn module(path: &'static str, items: &'static str) -> Module {
    Module {
        path,
        items,
        max_line: 4_096,
        max_unnumbered: 1_663,
        ..Module::default()
    }
}

fn inventory() -> Module {
    Module {
        batch: Some(BATCH),
        is_inventory: true,
        sets: &["statusUpdatedDate"],
        adds: json!({"discoverySuppress": false, "staffSuppress": false, "holdingsRecords2": [], "natureOfContentTermIds": []}),
        ..module(INSTANCES, "instances")
    }
}

fn tags() -> Module {
    Module {
        new_ids: true,
        ..module("/tags", "tags")
    }
}

/// The values that a query of one field looks for, and the field.
fn terms(query: &str) -> (String, Vec<String>) {
    let (field, rest) = query.split_once("==").unwrap();
    let mut values = Vec::new();
    let mut characters = rest.chars();
    while characters.any(|character| character == '"') {
        let mut value = String::new();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next()),
                other => value.push(other),
            }
        }
        values.push(value);
    }
    (field.to_owned(), values)
}

fn value_at<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    path.split('.')
        .try_fold(record, |value, name| value.get(name))?
        .as_str()
}

impl Module {
    fn collection(&self) -> Collection {
        let mut collection = Collection::new(self.path, self.items);
        if let Some(path) = self.batch {
            collection = collection.batch(path, self.items);
        }
        if let Some(path) = self.retrieve {
            collection = collection.retrieve(path);
        }
        if self.new_ids {
            collection.server_assigns_ids()
        } else {
            collection.keeps_ids()
        }
    }

    fn fold(&self, text: &str) -> String {
        let text = text.to_lowercase();
        if self.ignores_accents {
            text.replace('ü', "u")
        } else {
            text
        }
    }

    fn find(&self, stored: &Stored, query: &str, limit: usize) -> Reply {
        let (field, values) = terms(query);
        let wanted: Vec<String> = values.iter().map(|value| self.fold(value)).collect();
        let found: Vec<&Value> = stored
            .records
            .iter()
            .filter(|record| {
                value_at(record, &field).is_some_and(|value| wanted.contains(&self.fold(value)))
            })
            .take(limit)
            .collect();
        if self.new_ids && found.is_empty() {
            // mod-tags leaves the key out.
            return Reply::json(json!({"totalRecords": 0}));
        }
        Reply::json(json!({self.items: found, "totalRecords": found.len()}))
    }

    /// What is stored of a record. `old` is what it replaces.
    fn made(&self, stored: &mut Stored, sent: &Value, old: Option<&Value>) -> Value {
        let mut record = sent.clone();
        for (name, value) in self.adds.as_object().unwrap_or(&Map::new()) {
            if record.get(name).is_none_or(Value::is_null) {
                record[name] = value.clone();
            }
        }
        stored.numbers += 1;
        for path in self.sets {
            let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
            let pointer = if above.is_empty() {
                String::new()
            } else {
                format!("/{above}")
            };
            if let Some(Value::Object(at)) = record.pointer_mut(&pointer) {
                at.insert(
                    name.to_owned(),
                    format!("2026-01-01T00:00:00.{:03}+00:00", stored.numbers % 1000).into(),
                );
            }
        }
        record["metadata"] = json!({"createdDate": "2026-01-01T00:00:00.000+00:00", "updatedDate": format!("n{}", stored.numbers)});
        if self.is_inventory {
            if record.get("hrid").is_none_or(Value::is_null) {
                record["hrid"] = format!("in{:011}", stored.numbers).into();
            }
            let version = old.map_or(0, |old| old["_version"].as_i64().unwrap());
            record["_version"] = (version + 1).into();
        }
        record
    }

    fn conflict(&self, sent: &Value, old: &Value) -> Option<Reply> {
        let (sent, old) = (&sent["_version"], &old["_version"]);
        (self.is_inventory && sent != old).then(|| {
            Reply::text(409, &format!("ERROR: Cannot update record because it has been changed (optimistic locking): Stored _version is {old}, _version of request is {sent} (23F09)"))
        })
    }

    fn duplicate(&self, stored: &Stored, sent: &Value) -> Option<Reply> {
        let of = |record: &Value| {
            (!self.unique.is_empty())
                .then(|| value_at(record, self.unique).map(|value| self.fold(value)))
                .flatten()
        };
        let is_there = stored.records.iter().any(|record| {
            record["id"] == sent["id"] || of(sent).is_some() && of(record) == of(sent)
        });
        is_there.then(|| {
            Reply::new(422, "application/json", json!({"errors": [{"message": "value already exists in table", "type": "1", "code": "-1", "parameters": []}]}).to_string())
        })
    }

    fn answer(&self, stored: &mut Stored, asked: &Asked) -> Option<Reply> {
        let line = format!("{} {} HTTP/1.1", asked.method, asked.target);
        if asked.path().contains("/authn/") {
            return None;
        }
        if line.len() > self.max_line {
            stored.too_long += 1;
            return Some(Reply::empty(414));
        }
        let body = || serde_json::from_str::<Value>(&asked.body).unwrap();
        let path = asked.path();
        let id = path
            .strip_prefix(self.path)
            .and_then(|rest| rest.strip_prefix('/'));
        match (asked.method.as_str(), id) {
            ("POST", _) if Some(path) == self.retrieve => {
                let body = body();
                let limit = usize::try_from(body["limit"].as_u64().unwrap()).unwrap();
                Some(self.find(stored, body["query"].as_str().unwrap(), limit))
            }
            ("POST", _) if Some(path) == self.batch => {
                stored.writes.push(asked.body.clone());
                Some(self.batch(stored, &body()))
            }
            ("GET", None) if path == self.path => Some(self.find(
                stored,
                &asked.param("query").unwrap(),
                asked.number("limit"),
            )),
            ("POST", None) if path == self.path => {
                stored.writes.push(asked.body.clone());
                let mut sent = body();
                if self.new_ids {
                    sent["id"] = format!("ffffffff-0000-4000-8000-{:012}", stored.numbers).into();
                }
                if let Some(reply) = self.duplicate(stored, &sent) {
                    return Some(reply);
                }
                let record = self.made(stored, &sent, None);
                stored.records.push(record.clone());
                Some(Reply::new(201, "application/json", record.to_string()))
            }
            (method, Some(id)) => {
                let at = stored.records.iter().position(|record| record["id"] == id);
                let Some(at) = at else {
                    return Some(Reply::text(404, "Not found"));
                };
                if method == "GET" {
                    return Some(Reply::json(stored.records[at].clone()));
                }
                stored.writes.push(asked.body.clone());
                let (sent, old) = (body(), stored.records[at].clone());
                if self.is_inventory && sent["hrid"] != old["hrid"] {
                    return Some(Reply::text(
                        400,
                        "The hrid field cannot be changed: new=null",
                    ));
                }
                if let Some(reply) = self.conflict(&sent, &old) {
                    return Some(reply);
                }
                stored.records[at] = self.made(stored, &sent, Some(&old));
                Some(Reply::empty(204))
            }
            _ => None,
        }
    }

    /// All or none.
    fn batch(&self, stored: &mut Stored, body: &Value) -> Reply {
        let sent = body[self.items].as_array().unwrap();
        let unnumbered = sent
            .iter()
            .filter(|record| record["hrid"].is_null())
            .count();
        if unnumbered > self.max_unnumbered {
            stored.too_many += 1;
            return Reply::text(500, "target lists can have at most 1664 entries (54011)");
        }
        if sent.len() > 10_000 {
            return Reply::text(
                413,
                "Expected a maximum of 10000 records to prevent out of memory but got more",
            );
        }
        let mut places = Vec::new();
        for record in sent {
            let at = stored
                .records
                .iter()
                .position(|old| old["id"] == record["id"]);
            if let Some(reply) = at.and_then(|at| self.conflict(record, &stored.records[at])) {
                return reply;
            }
            places.push(at);
        }
        for (record, at) in sent.iter().zip(places) {
            let old = at.map(|at| stored.records[at].clone());
            let record = self.made(stored, record, old.as_ref());
            match at {
                Some(at) => stored.records[at] = record,
                None => stored.records.push(record),
            }
        }
        Reply::empty(201)
    }

    async fn start(self) -> (Folio, FolioClient, Shared) {
        self.start_with(|_, _| None).await
    }

    /// `first` may answer instead, after the module has done its work or before: it is asked twice.
    async fn start_with(
        self,
        first: impl Fn(&Asked, usize) -> Option<Lost> + Send + Sync + 'static,
    ) -> (Folio, FolioClient, Shared) {
        let stored = Shared::default();
        let shared = Arc::clone(&stored);
        let server = Folio::start(move |asked, n| {
            let mut stored = shared.lock().unwrap();
            match first(asked, n) {
                Some(Lost::Request(reply)) => {
                    if asked.method != "GET" {
                        stored.writes.push(asked.body.clone());
                    }
                    return Some(reply);
                }
                Some(Lost::Response) => {
                    self.answer(&mut stored, asked);
                    return Some(Reply::Drop);
                }
                None => {}
            }
            self.answer(&mut stored, asked)
        })
        .await;
        let folio = server.connect().await;
        (server, folio, stored)
    }
}

enum Lost {
    /// It is not carried out.
    Request(Reply),
    /// It is.
    Response,
}

fn instance(number: usize) -> Value {
    json!({"id": id(number), "source": "FOLIO", "title": format!("title {number}"), "instanceTypeId": id(0)})
}

fn figures(report: &UpsertReport) -> [u64; 4] {
    [
        report.created,
        report.updated,
        report.unchanged,
        report.failed,
    ]
}

fn writes(stored: &Shared) -> usize {
    stored.lock().unwrap().writes.len()
}

fn hrids(stored: &Shared) -> BTreeMap<String, String> {
    let stored = stored.lock().unwrap();
    let of = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
    stored
        .records
        .iter()
        .map(|record| (of(record, "id"), of(record, "hrid")))
        .collect()
}

async fn failures(upsert: Upsert<Value>) -> Vec<(u64, String)> {
    let report = upsert.run().await;
    let mut failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| (failure.index, failure.error.to_string()))
        .collect();
    failures.sort();
    failures
}

// --- a rerun changes nothing

#[tokio::test]
async fn a_second_and_a_third_run_of_records_without_hrid_write_nothing_and_replace_no_hrid() {
    for batch in [Some(BATCH), None] {
        let module = Module {
            batch,
            ..inventory()
        };
        let collection = module.collection();
        let (_server, folio, stored) = module.start().await;
        let records = || (1..=300).map(instance);
        let report = folio.upsert_at(collection.clone(), records()).run().await;
        assert_eq!(figures(&report), [300, 0, 0, 0]);
        let (before, sent) = (hrids(&stored), writes(&stored));
        for _ in 0..2 {
            let report = folio.upsert_at(collection.clone(), records()).run().await;
            assert_eq!(figures(&report), [0, 0, 300, 0]);
        }
        assert_eq!((hrids(&stored), writes(&stored)), (before, sent));
    }
}

#[tokio::test]
async fn a_changed_record_without_hrid_keeps_its_number() {
    for batch in [Some(BATCH), None] {
        let module = Module {
            batch,
            ..inventory()
        };
        let collection = module.collection();
        let (_server, folio, stored) = module.start().await;
        let report = folio
            .upsert_at(collection.clone(), (1..=5).map(instance))
            .run()
            .await;
        assert_eq!(figures(&report), [5, 0, 0, 0]);
        let before = hrids(&stored);
        let changed = (1..=5).map(|n| {
            let mut record = instance(n);
            record["title"] = format!("changed {n}").into();
            record
        });
        let report = folio.upsert_at(collection, changed).run().await;
        assert_eq!(figures(&report), [0, 5, 0, 0]);
        // A number is not among what was dropped.
        assert!(report.dropped.is_empty(), "{:?}", report.dropped);
        assert_eq!(hrids(&stored), before);
        assert_eq!(
            stored.lock().unwrap().at("id", &id(3))["title"],
            "changed 3"
        );
    }
}

#[tokio::test]
async fn what_servers_set_with_every_write_makes_no_second_run_write() {
    let holdings = Module {
        is_inventory: true,
        sets: &["effectiveLocationId"],
        ..module("/holdings-storage/holdings", "holdingsRecords")
    };
    let items = Module {
        is_inventory: true,
        sets: &[
            "status.date",
            "effectiveLocationId",
            "effectiveShelvingOrder",
        ],
        ..module("/item-storage/items", "items")
    };
    let users = Module {
        sets: &["createdDate", "updatedDate"],
        ..module("/users", "users")
    };
    for (module, record) in [
        (
            holdings,
            json!({"instanceId": id(0), "permanentLocationId": id(0)}),
        ),
        (
            items,
            json!({"holdingsRecordId": id(0), "status": {"name": "Available", "date": "2020-01-01T00:00:00.000+00:00"}}),
        ),
        (
            users,
            json!({"username": "ann", "createdDate": "2020-01-01T00:00:00.000+00:00", "personal": {"lastName": "A"}}),
        ),
    ] {
        let mut record = record;
        record["id"] = id(1).into();
        let collection = module.collection();
        let path = module.path;
        let (_server, folio, stored) = module.start().await;
        for run in 0..3 {
            let report = folio
                .upsert_at(collection.clone(), [record.clone()])
                .run()
                .await;
            let expected = if run == 0 { [1, 0, 0, 0] } else { [0, 0, 1, 0] };
            assert_eq!(figures(&report), expected, "{path}, run {run}");
        }
        assert_eq!(writes(&stored), 1, "{path}");
    }
}

/// What recorded servers made of records, 429 of 58 collections: organizations, funds, budgets,
/// orders, lines, pieces, invoices and vouchers among them.
#[tokio::test]
async fn a_second_run_of_any_recorded_record_writes_nothing() {
    // The server stored something else than was sent: an integer without its fraction, no unknown
    // field, sanitized HTML.
    let is_lossy = |name: &str| {
        [
            "=12.5 (number int)",
            "=\"\" (number int)",
            "unknown field",
            "note post full",
            "bad html",
            "lower case day",
        ]
        .iter()
        .any(|part| name.contains(part))
    };
    let mut sent: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut stored: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for line in include_str!("../recorded/stored-records.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let (path, name) = (text("collection"), text("name"));
        if is_lossy(&name) {
            continue;
        }
        let of = |key: &str, number: usize| {
            let mut record = row[key].clone();
            record["id"] = id(number).into();
            record
        };
        let sent = sent.entry(path.clone()).or_default();
        let mut record = of("sent", sent.len());
        // A caller's own version would claim that no other client has changed the record since.
        record.as_object_mut().unwrap().remove("_version");
        names.insert((path.clone(), id(sent.len())), name);
        stored
            .entry(path)
            .or_default()
            .push(of("stored", sent.len()));
        sent.push(record);
    }
    assert!(sent.len() > 50 && names.len() > 400);
    let server = Folio::start(move |asked, _| {
        let records = stored.get(asked.path()).filter(|_| asked.method == "GET")?;
        Some(Reply::json(
            json!({"records": records, "totalRecords": records.len()}),
        ))
    })
    .await;
    let folio = server.connect().await;
    for (path, records) in sent {
        let mut upsert = folio.upsert_at(Collection::new(path.clone(), "records"), records);
        while let Some(outcome) = upsert.next().await {
            let name = &names[&(path.clone(), outcome.id)];
            assert!(
                matches!(outcome.result, WriteResult::Unchanged),
                "{path}: {name}: {:?}",
                outcome.result
            );
        }
    }
}

#[tokio::test]
async fn what_a_write_takes_away_is_reported_by_record_and_in_sum() {
    let module = Module {
        is_inventory: true,
        ..module("/item-storage/items", "items")
    };
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    for n in 1..=3 {
        stored.lock().unwrap().records.push(json!({"id": id(n), "_version": 1, "hrid": format!("it{n}"), "barcode": "b", "status": {"name": "Available", "date": "x"},
            "effectiveLocationId": id(0), "metadata": {}, "holdingsRecordId": id(0)}));
    }
    let records = (1..=3).map(|n| json!({"id": id(n), "holdingsRecordId": id(0), "status": {}}));
    let records: Vec<Value> = records.collect();
    let mut upsert = folio.upsert_at(collection.clone(), vec![records[0].clone()]);
    let outcome = upsert.next().await.unwrap();
    assert!(
        matches!(&outcome.result, WriteResult::Updated { dropped } if *dropped == ["barcode", "status.name"]),
        "{outcome:?}"
    );
    let refused = folio
        .upsert_at(collection.clone(), vec![records[1].clone()])
        .missing_fields(MissingFields::Reject);
    let refused = failures(refused).await;
    assert!(
        refused[0].1.contains("`barcode`, `status.name`"),
        "{refused:?}"
    );
    let report = folio.upsert_at(collection, records).run().await;
    let dropped: Vec<_> = report
        .dropped
        .iter()
        .map(|(field, n)| (field.as_str(), *n))
        .collect();
    assert_eq!(dropped, [("barcode", 2), ("status.name", 2)]);
    assert!(
        report
            .to_string()
            .ends_with("; dropped: `barcode` of 2, `status.name` of 2"),
        "{report}"
    );
}

#[tokio::test]
async fn a_record_of_a_list_is_written_back_without_what_only_lists_show() {
    let module = Module {
        is_inventory: true,
        ..module("/holdings-storage/holdings", "holdingsRecords")
    };
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    let holding = json!({"id": id(1), "_version": 1, "hrid": "ho1", "instanceId": id(0), "holdingsItems": [{"id": id(7)}], "bareHoldingsItems": [{"id": id(7)}]});
    stored.lock().unwrap().records.push(holding.clone());
    let mut changed = holding.clone();
    changed["callNumber"] = "QA 1".into();
    let report = folio.upsert_at(collection.clone(), [holding]).run().await;
    assert_eq!(figures(&report), [0, 0, 1, 0]);
    let report = folio
        .upsert_at(collection, [changed])
        .missing_fields(MissingFields::Keep)
        .run()
        .await;
    assert_eq!(figures(&report), [0, 1, 0, 0]);
    let sent: Value = serde_json::from_str(&stored.lock().unwrap().writes[0]).unwrap();
    assert!(sent.get("holdingsItems").is_none() && sent.get("bareHoldingsItems").is_none());
}

// --- sizes

#[tokio::test]
async fn lookups_of_many_records_are_within_the_request_line() {
    for max_line in [4_096, 1_000] {
        let module = Module {
            max_line,
            ..module("/users", "users")
        };
        let collection = module.collection();
        let (server, folio, stored) = module.start().await;
        let users = || (0..1_000).map(|n| json!({"id": id(n), "username": format!("user{n}")}));
        stored.lock().unwrap().records.extend(users());
        let report = folio.upsert_at(collection.clone(), users()).run().await;
        assert_eq!(figures(&report), [0, 0, 1_000, 0]);
        // Concurrent requests may all detect it; no later one.
        let too_long = stored.lock().unwrap().too_long;
        assert!(
            if max_line == 4_096 {
                too_long == 0
            } else {
                too_long <= 12
            },
            "{too_long}"
        );
        let report = folio
            .upsert_at(collection, users())
            .match_on("username")
            .run()
            .await;
        assert_eq!(figures(&report), [0, 0, 1_000, 0]);
        assert!(
            stored.lock().unwrap().too_long <= too_long + if max_line == 4_096 { 0 } else { 4 }
        );
        assert!(server.log().len() < 300, "{}", server.log().len());
    }
}

#[tokio::test]
async fn a_retrieve_endpoint_that_is_absent_is_asked_once() {
    let module = Module {
        retrieve: Some(RETRIEVE),
        ..inventory()
    };
    let collection = module.collection();
    // This release has none.
    let (server, folio, stored) = Module {
        retrieve: None,
        ..module
    }
    .start()
    .await;
    let records = || (1..=600).map(instance);
    for run in 0..2 {
        let report = folio
            .upsert_at(collection.clone(), records())
            .concurrency(1)
            .run()
            .await;
        let expected = if run == 0 {
            [600, 0, 0, 0]
        } else {
            [0, 0, 600, 0]
        };
        assert_eq!(figures(&report), expected);
    }
    assert_eq!(stored.lock().unwrap().too_long, 0);
    assert_eq!(server.asked(RETRIEVE).len(), 1);
}

#[tokio::test]
async fn batches_of_records_without_hrid_are_as_small_as_the_server_needs_them() {
    let module = inventory();
    let collection = module.collection();
    let (server, folio, stored) = module.start().await;
    let report = folio
        .upsert_at(collection.clone(), (1..=3_400).map(instance))
        .max_records(10_000)
        .max_bytes(100_000_000)
        .run()
        .await;
    assert_eq!(figures(&report), [3_400, 0, 0, 0]);
    assert_eq!(
        (stored.lock().unwrap().too_many, server.asked(BATCH).len()),
        (0, 3)
    );
    // Those that have a number go together.
    let numbered = (5_001..=6_700).map(|n| {
        let mut record = instance(n);
        record["hrid"] = format!("x{n}").into();
        record
    });
    let report = folio
        .upsert_at(collection, numbered)
        .max_records(10_000)
        .max_bytes(100_000_000)
        .run()
        .await;
    assert_eq!(figures(&report), [1_700, 0, 0, 0]);
    assert_eq!(server.asked(BATCH).len(), 4);
}

#[tokio::test]
async fn a_batch_that_is_too_many_for_the_server_is_halved_and_the_number_remembered() {
    let module = Module {
        max_unnumbered: 100,
        ..inventory()
    };
    let collection = module.collection();
    let (server, folio, stored) = module.start().await;
    let report = folio
        .upsert_at(collection, (1..=2_000).map(instance))
        .concurrency(1)
        .run()
        .await;
    assert_eq!(figures(&report), [2_000, 0, 0, 0]);
    assert_eq!(stored.lock().unwrap().records.len(), 2_000);
    // 500, 250, 125 are too many: the later chunks do not try them.
    let (too_many, batches) = (stored.lock().unwrap().too_many, server.asked(BATCH).len());
    assert!(too_many <= 8 && batches <= 50, "{too_many} of {batches}");
}

// --- ids and keys

#[tokio::test]
async fn of_different_records_of_one_key_the_first_is_written_and_the_others_fail() {
    let module = module("/groups", "usergroups");
    let collection = module.collection();
    for max_records in [1, 500] {
        let (_server, folio, stored) = module.clone().start().await;
        let records = [
            json!({"group": "a", "desc": "1"}),
            json!({"group": "b"}),
            json!({"group": "a", "desc": "2"}),
            json!({"group": "a", "desc": "1"}),
            json!({"group": " "}),
            json!({"desc": "none"}),
        ];
        let upsert = folio
            .upsert_at(collection.clone(), records)
            .max_records(max_records)
            .id_from_key(|group| group["group"].as_str().map(str::to_owned));
        let report = upsert.run().await;
        assert_eq!(figures(&report), [2, 0, 1, 3]);
        assert_eq!(report.repeated, 2);
        let mut failures = report.failures;
        failures.sort_by_key(|failure| failure.index);
        let errors: Vec<String> = failures
            .iter()
            .map(|failure| failure.error.to_string())
            .collect();
        assert_eq!(
            failures
                .iter()
                .map(|failure| failure.index)
                .collect::<Vec<_>>(),
            [2, 4, 5]
        );
        assert!(
            errors[0].ends_with("record 2 has the same key \"a\" as record 0 (counted from 0), but other content: only the first of them is written"),
            "{}",
            errors[0]
        );
        assert!(
            errors[1].contains("no key") && errors[2].contains("no key"),
            "{errors:?}"
        );
        assert_eq!(failures[0].record["desc"], "2");
        let stored = stored.lock().unwrap();
        assert_eq!((stored.records.len(), stored.writes.len()), (2, 2));
        assert_eq!(stored.at("group", "a")["desc"], "1");
    }
}

#[tokio::test]
async fn of_records_of_one_id_the_last_wins_and_the_earlier_is_named() {
    let module = module("/groups", "usergroups");
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    let records = [
        json!({"id": id(1), "group": "a"}),
        json!({"id": id(2), "group": "b"}),
        json!({"id": id(1).to_uppercase(), "group": "c"}),
        json!({"id": id(2), "group": "b"}),
    ];
    let mut upsert = folio.upsert_at(collection, records);
    let mut outcomes = BTreeMap::new();
    while let Some(outcome) = upsert.next().await {
        let what = match outcome.result {
            WriteResult::Created => "created",
            WriteResult::Updated { .. } => "updated",
            WriteResult::Unchanged => "unchanged",
            _ => "failed",
        };
        outcomes.insert(outcome.index, (what, outcome.repeats));
    }
    assert_eq!(
        outcomes.into_values().collect::<Vec<_>>(),
        [
            ("created", None),
            ("created", None),
            ("updated", Some(0)),
            ("unchanged", Some(1))
        ]
    );
    assert_eq!(stored.lock().unwrap().at("id", &id(1))["group"], "c");
}

#[tokio::test]
async fn records_that_exist_under_other_ids_are_matched_on_a_field_and_updated() {
    let module = Module {
        unique: "externalSystemId",
        ..module("/users", "users")
    };
    let collection = module.collection();
    let (server, folio, stored) = module.start().await;
    for n in 0..200 {
        let user = json!({"id": id(n), "externalSystemId": format!("EXT-{n}"), "active": true, "personal": {"lastName": "A"}});
        stored.lock().unwrap().records.push(user);
    }
    // Their case differs, and 50 are new.
    let users = || {
        (0..250).map(|n| json!({"externalSystemId": format!("ext-{n}"), "active": true, "personal": {"lastName": "B"}}))
    };
    let report = folio
        .upsert_at(collection.clone(), users())
        .match_on("externalSystemId")
        .run()
        .await;
    assert_eq!(figures(&report), [50, 200, 0, 0], "{:?}", report.failures);
    assert_eq!(stored.lock().unwrap().records.len(), 250);
    assert_eq!(
        stored.lock().unwrap().at("id", &id(7))["personal"]["lastName"],
        "B"
    );
    let requests = server.log().len();
    let report = folio
        .upsert_at(collection, users())
        .match_on("externalSystemId")
        .run()
        .await;
    assert_eq!(figures(&report), [0, 0, 250, 0]);
    // They are looked up in batches.
    assert!(
        server.log().len() - requests < 10,
        "{}",
        server.log().len() - requests
    );
}

#[tokio::test]
async fn records_of_inventory_are_matched_on_their_number_with_the_stored_version() {
    for retrieve in [None, Some(RETRIEVE)] {
        let module = Module {
            retrieve,
            ..inventory()
        };
        let collection = module.collection();
        let (_server, folio, stored) = module.start().await;
        let report = folio
            .upsert_at(collection.clone(), (1..=150).map(instance))
            .run()
            .await;
        assert_eq!(report.created, 150);
        let before = hrids(&stored);
        let records: Vec<Value> = before
            .values()
            .map(|hrid| json!({"hrid": hrid, "source": "FOLIO", "title": "new", "instanceTypeId": id(0)}))
            .collect();
        let mut upsert = folio
            .upsert_at(collection.clone(), records.clone())
            .match_on("hrid");
        while let Some(outcome) = upsert.next().await {
            assert!(
                matches!(outcome.result, WriteResult::Updated { .. }),
                "{outcome:?}"
            );
            assert!(before.contains_key(&outcome.id));
        }
        assert_eq!(hrids(&stored), before);
        assert_eq!(stored.lock().unwrap().at("id", &id(9))["_version"], 2);
        let report = folio
            .upsert_at(collection, records)
            .match_on("hrid")
            .run()
            .await;
        assert_eq!(figures(&report), [0, 0, 150, 0]);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_matched_fails_and_says_why() {
    let module = module("/users", "users");
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    for (n, barcode) in [(1, "b1"), (2, "b2"), (3, "twice"), (4, "TWICE"), (5, "b5")] {
        stored
            .lock()
            .unwrap()
            .records
            .push(json!({"id": id(n), "barcode": barcode, "active": true}));
    }
    let records = vec![
        json!({"barcode": "", "n": 0}),
        json!({"n": 1}),
        json!({"barcode": ["b1"], "n": 2}),
        json!({"barcode": "twice", "n": 3}),
        json!({"barcode": "b1", "id": id(2), "n": 4}),
        json!({"barcode": "new", "id": id(5), "n": 5}),
        json!({"barcode": "b2", "n": 6}),
        json!({"barcode": "b2", "n": 7}),
        json!({"barcode": "B2", "n": 8}),
        json!({"barcode": "b2", "n": 6}),
    ];
    let errors = failures(
        folio
            .upsert_at(collection.clone(), records)
            .match_on("barcode"),
    )
    .await;
    let expected = [
        "the record's `barcode` is blank; stored records are matched by it",
        "the record has no `barcode`; stored records are matched by it",
        "the record's `barcode` is not a single value; stored records are matched by it",
        "2 or more stored records have the barcode \"twice\": the match is ambiguous",
        "and the stored record with the barcode \"b1\" has the id 00000001-0000-4000-8000-000000000000: remove the `id`, or correct one of them",
        "no stored record has the barcode \"new\", and the stored record with the `id` 00000005-0000-4000-8000-000000000000 has \"b5\": remove the `id`, or match on it",
        "record 7 has the same barcode \"b2\" as record 6 (counted from 0), but other content: only the first of them is written",
        "not written: it matches the stored record 00000002-0000-4000-8000-000000000000, as does record 6 of this run (counted from 0), which has other content",
    ];
    for ((index, error), (at, expected)) in errors
        .iter()
        .zip([0, 1, 2, 3, 4, 5, 7, 8].iter().zip(expected))
    {
        assert_eq!(index, at);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(errors.len(), expected.len());
    let stored = stored.lock().unwrap();
    assert_eq!((stored.records.len(), stored.writes.len()), (5, 1));
    assert_eq!(stored.at("id", &id(2))["n"], 6);
}

#[tokio::test]
async fn what_a_match_is_is_the_servers_decision_where_accents_are_folded() {
    let module = Module {
        unique: "username",
        ignores_accents: true,
        ..module("/users", "users")
    };
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    stored
        .lock()
        .unwrap()
        .records
        .push(json!({"id": id(1), "username": "müller", "n": 0}));
    let records =
        ["aa", "muller", "bb", "cc", "grüße"].map(|name| json!({"username": name, "n": 1}));
    let report = folio
        .upsert_at(collection.clone(), records.clone())
        .match_on("username")
        .run()
        .await;
    assert_eq!(figures(&report), [4, 1, 0, 0], "{:?}", report.failures);
    assert_eq!(stored.lock().unwrap().at("id", &id(1))["n"], 1);
    let report = folio
        .upsert_at(collection, records)
        .match_on("username")
        .run()
        .await;
    assert_eq!(figures(&report), [0, 0, 5, 0]);
}

#[tokio::test]
async fn a_server_that_ignores_the_query_makes_no_other_record_the_match() {
    let other = json!({"id": id(1), "username": "somebody", "active": true});
    let answer = other.clone();
    let server = Folio::start(move |asked, _| {
        (asked.method == "GET" && asked.path() == "/users")
            .then(|| Reply::json(json!({"users": [answer.clone()], "totalRecords": 1})))
    })
    .await;
    let folio = server.connect().await;
    let upsert = folio
        .upsert_at(
            Collection::new("/users", "users"),
            [json!({"username": "ann"}), json!({"username": "bob"})],
        )
        .match_on("username");
    let errors = failures(upsert).await;
    assert_eq!(errors.len(), 2);
    assert!(
        errors[0]
            .1
            .contains("the server returned a record with the username \"somebody\""),
        "{errors:?}"
    );
    assert!(
        server
            .log()
            .iter()
            .all(|asked| asked.method == "GET" || asked.path().contains("authn"))
    );
}

#[tokio::test]
async fn a_record_that_others_create_meanwhile_is_found_by_its_key() {
    // Another client creates it between the lookup and the POST.
    let module = Module {
        unique: "username",
        ..module("/users", "users")
    };
    let collection = module.collection();
    let other = Shared::default();
    let (stored, shared) = (Arc::clone(&other), Arc::clone(&other));
    let server = Folio::start(move |asked, n| {
        let mut stored = shared.lock().unwrap();
        if asked.method == "POST" && asked.path() == "/users" && n == 0 {
            stored
                .records
                .push(json!({"id": id(9), "username": "Ann", "active": false}));
        }
        module.answer(&mut stored, asked)
    })
    .await;
    let folio = server.connect().await;
    let report = folio
        .upsert_at(collection, [json!({"username": "ann", "active": true})])
        .match_on("username")
        .run()
        .await;
    assert_eq!(figures(&report), [0, 1, 0, 0], "{:?}", report.failures);
    let stored = stored.lock().unwrap();
    assert_eq!(stored.records.len(), 1);
    assert_eq!(stored.at("id", &id(9))["active"], true);
}

#[tokio::test]
async fn a_lost_response_to_a_creation_by_key_creates_no_second_record() {
    let module = module("/users", "users");
    let collection = module.collection();
    let (_server, folio, stored) = module
        .start_with(|asked, n| {
            (asked.method == "POST" && asked.path() == "/users" && n == 0).then_some(Lost::Response)
        })
        .await;
    let records = ["a", "b"].map(|name| json!({"username": name}));
    let report = folio
        .upsert_at(collection, records)
        .match_on("username")
        .run()
        .await;
    assert_eq!(figures(&report), [2, 0, 0, 0], "{:?}", report.failures);
    let stored = stored.lock().unwrap();
    assert_eq!((stored.records.len(), stored.writes.len()), (2, 2));
}

// --- modules that replace ids

#[tokio::test]
async fn where_the_module_replaces_ids_records_need_a_field_to_match_on() {
    let module = tags();
    let collection = module.collection();
    let (server, folio, stored) = module.start().await;
    stored
        .lock()
        .unwrap()
        .records
        .push(json!({"id": id(1), "label": "old"}));
    let records = [
        json!({"id": id(1), "label": "new"}),
        json!({"id": id(2), "label": "b"}),
        json!({"label": "c"}),
    ];
    let report = folio
        .upsert_at(collection.clone(), records.clone())
        .run()
        .await;
    // What is there under its id can be replaced; nothing else is sent.
    assert_eq!(figures(&report), [0, 1, 0, 2]);
    for failure in &report.failures {
        let error = format!("{:#}", failure.error);
        assert!(
            error.contains("assigns its own ids to new records")
                && error.contains(".match_on(\"label\")"),
            "{error}"
        );
    }
    assert!(
        server
            .log()
            .iter()
            .all(|asked| asked.method != "POST" || asked.path().contains("authn"))
    );

    let records = ["new", "b", "c"].map(|label| json!({"label": label, "description": "d"}));
    let mut upsert = folio
        .upsert_at(collection.clone(), records.clone())
        .match_on("label");
    let mut ids = BTreeMap::new();
    while let Some(outcome) = upsert.next().await {
        assert!(
            !matches!(outcome.result, WriteResult::Failed { .. }),
            "{outcome:?}"
        );
        ids.insert(outcome.index, outcome.id);
    }
    // The ids are those of the server.
    for (index, label) in [(0, "new"), (1, "b"), (2, "c")] {
        assert_eq!(
            stored.lock().unwrap().at("label", label)["id"],
            ids[&index].as_str()
        );
    }
    let sent = writes(&stored);
    let report = folio
        .upsert_at(collection, records)
        .match_on("label")
        .run()
        .await;
    assert_eq!(figures(&report), [0, 0, 3, 0]);
    assert_eq!(
        (writes(&stored), stored.lock().unwrap().records.len()),
        (sent, 3)
    );
}

#[tokio::test]
async fn where_the_module_replaces_ids_no_post_is_sent_twice() {
    for (is_carried_out, expected) in [(true, [2, 0, 0, 0]), (false, [1, 0, 0, 1])] {
        let module = tags();
        let collection = module.collection();
        let (server, folio, stored) = module
            .start_with(move |asked, n| {
                let is_first = asked.method == "POST" && asked.path() == "/tags" && n == 0;
                let lost = if is_carried_out {
                    Lost::Response
                } else {
                    Lost::Request(Reply::Drop)
                };
                is_first.then_some(lost)
            })
            .await;
        let records = ["a", "b"].map(|label| json!({"label": label}));
        let report = folio
            .upsert_at(collection, records)
            .match_on("label")
            .run()
            .await;
        assert_eq!(figures(&report), expected, "{:?}", report.failures);
        assert_eq!(
            server
                .asked("/tags")
                .iter()
                .filter(|asked| asked.method == "POST")
                .count(),
            2
        );
        assert_eq!(
            stored.lock().unwrap().records.len(),
            if is_carried_out { 2 } else { 1 }
        );
        for failure in &report.failures {
            assert!(failure.error.is_outcome_unknown(), "{:#}", failure.error);
        }
    }
}

#[tokio::test]
async fn that_notes_tags_and_calendars_get_other_ids_is_known() {
    for (path, items) in [
        ("/notes", "notes"),
        ("/note-types", "noteTypes"),
        ("/tags", "tags"),
        ("/calendar/calendars", "calendars"),
    ] {
        let server = Folio::start(move |asked, _| {
            let lists = asked.method == "GET" && asked.path() == path;
            lists.then(|| Reply::json(json!({"totalRecords": 0})))
        })
        .await;
        let folio = server.connect().await;
        let records = [json!({"name": "a"}), json!({"id": id(1), "name": "b"})];
        let report = folio
            .upsert_at(Collection::new(path, items), records)
            .run()
            .await;
        assert_eq!(figures(&report), [0, 0, 0, 2], "{path}");
        for failure in &report.failures {
            let error = format!("{:#}", failure.error);
            assert!(error.contains("its own ids"), "{error}");
        }
        let posts = server
            .log()
            .into_iter()
            .filter(|asked| asked.method == "POST");
        assert_eq!(posts.filter(|asked| asked.path() == path).count(), 0);
    }
}

#[tokio::test]
async fn a_module_that_turns_out_to_replace_ids_ends_the_run_and_its_id_is_reported() {
    let module = Module {
        new_ids: true,
        ..module("/badges", "badges")
    };
    let (_server, folio, stored) = module.start().await;
    // Nothing is known of this collection.
    let records = (0..50).map(|n| json!({"id": id(n), "label": format!("l{n}")}));
    let mut upsert = folio
        .upsert_at(Collection::new("/badges", "badges"), records)
        .concurrency(1);
    let first = upsert.next().await.unwrap();
    assert!(matches!(first.result, WriteResult::Created));
    assert_eq!(stored.lock().unwrap().records[0]["id"], first.id.as_str());
    let report = upsert.run().await;
    assert_eq!(figures(&report), [0, 0, 0, 49]);
    let stopped = format!("{:#}", report.stopped.as_ref().unwrap());
    assert!(
        stopped.contains("a second run would create it again") && stopped.contains(".match_on("),
        "{stopped}"
    );
    assert_eq!(writes(&stored), 1);
}

// --- servers that fail

#[test]
fn a_server_that_fails_for_all_ends_the_run_after_few_requests() {
    run_alone(Duration::from_millis(1), async {
        for (batch, status, most) in [
            (None, 503, 24),
            // To look 500 records up takes six requests.
            (Some(BATCH), 503, 120),
            (None, 500, 220),
            (Some(BATCH), 500, 700),
        ] {
            let module = Module {
                batch,
                ..inventory()
            };
            let collection = module.collection();
            let (server, folio, stored) = module
                .start_with(move |asked, _| {
                    (asked.method != "GET" && !asked.path().contains("authn"))
                        .then(|| Lost::Request(Reply::text(status, "no")))
                })
                .await;
            let mut records = (1..=5_000).map(instance);
            let report = folio
                .upsert_at(collection, records.by_ref().collect::<Vec<_>>())
                .concurrency(1)
                .run()
                .await;
            assert_eq!((report.created, report.updated), (0, 0));
            assert_eq!(report.total(), report.failed);
            let stopped = format!("{:#}", report.stopped.as_ref().unwrap());
            assert!(stopped.contains("consecutive failures"), "{stopped}");
            let requests = server.log().len();
            // A chunk of 500 records was taken: fewer than two requests per record, and none for
            // most.
            assert!(requests <= most, "{batch:?} {status}: {requests} requests");
            assert!(stored.lock().unwrap().records.is_empty());
        }
    });
}

#[test]
fn without_a_retry_budget_each_record_is_sent_once() {
    run_alone(Duration::from_millis(1), async {
        for policy in [RetryPolicy::none(), quick().budget(0.0, 0)] {
            let module = module("/groups", "usergroups");
            let collection = module.collection();
            let (server, _, stored) = module
                .start_with(|asked, _| {
                    (asked.method == "POST" && asked.path() == "/groups")
                        .then(|| Lost::Request(Reply::text(503, "no")))
                })
                .await;
            let folio = server.builder().retry(policy).connect().await.unwrap();
            let before = server.log().len();
            let records = (0..8).map(|n| json!({"id": id(n), "group": n.to_string()}));
            let report = folio.upsert_at(collection, records).run().await;
            assert_eq!(figures(&report), [0, 0, 0, 8]);
            assert!(
                report
                    .failures
                    .iter()
                    .all(|failure| failure.error.is_outcome_unknown())
            );
            assert_eq!(writes(&stored), 8);
            // One look at all before, and one at each after its write.
            assert!(
                server.log().len() - before <= 8 + 9 + 1,
                "{}",
                server.log().len() - before
            );
        }
    });
}

#[test]
fn a_server_that_fails_for_a_while_ends_nothing() {
    run_alone(Duration::from_millis(1), async {
        let module = module("/groups", "usergroups");
        let collection = module.collection();
        let (_server, folio, stored) = module
            .start_with(|asked, n| {
                (asked.method == "POST" && asked.path() == "/groups" && n % 4 != 3)
                    .then(|| Lost::Request(Reply::text(503, "no")))
            })
            .await;
        let records = (0..20).map(|n| json!({"id": id(n), "group": n.to_string()}));
        let report = folio.upsert_at(collection, records).run().await;
        assert_eq!(figures(&report), [20, 0, 0, 0], "{:?}", report.failures);
        assert_eq!(stored.lock().unwrap().records.len(), 20);
    });
}

// --- others

#[tokio::test]
async fn a_replacement_that_the_server_ignores_creates_the_record_again() {
    // The holding is deleted between the look and the PUT, which is 204 all the same (recorded).
    let module = Module {
        is_inventory: true,
        ..module("/holdings-storage/holdings", "holdingsRecords")
    };
    let collection = module.collection();
    let stored = Shared::default();
    let shared = Arc::clone(&stored);
    stored
        .lock()
        .unwrap()
        .records
        .push(json!({"id": id(1), "_version": 1, "hrid": "ho1", "instanceId": id(0)}));
    let server = Folio::start(move |asked, n| {
        let mut stored = shared.lock().unwrap();
        if asked.method == "PUT" && n == 0 {
            stored.records.clear();
            return Some(Reply::empty(204));
        }
        module.answer(&mut stored, asked)
    })
    .await;
    let folio = server.connect().await;
    let record = json!({"id": id(1), "instanceId": id(0), "callNumber": "QA 1"});
    let report = folio.upsert_at(collection, [record]).run().await;
    assert_eq!(figures(&report), [1, 0, 0, 0], "{:?}", report.failures);
    assert_eq!(
        stored.lock().unwrap().at("id", &id(1))["callNumber"],
        "QA 1"
    );
}

#[tokio::test]
async fn numbers_are_sent_digit_for_digit() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Price {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        _version: Option<i64>,
        price: Box<serde_json::value::RawValue>,
    }
    let module = module("/prices", "prices");
    let collection = module.collection();
    let (_server, folio, stored) = module.start().await;
    stored
        .lock()
        .unwrap()
        .records
        .push(json!({"id": id(1), "price": 1}));
    let digits = [
        "10.10",
        "1234567890123456789012345678901234567890",
        "24.990000000000002",
    ];
    let records: Vec<Price> = digits
        .iter()
        .enumerate()
        .map(|(n, digits)| Price {
            id: id(n),
            _version: Some(1),
            price: serde_json::value::RawValue::from_string((*digits).to_owned()).unwrap(),
        })
        .collect();
    let report = folio
        .upsert_at(collection, records)
        .overwrite(true)
        .run()
        .await;
    assert_eq!(figures(&report), [2, 1, 0, 0], "{:?}", report.failures);
    let mut sent = stored.lock().unwrap().writes.clone();
    sent.sort();
    for (n, digits) in digits.iter().enumerate() {
        assert!(
            sent[n].contains(digits) && !sent[n].contains("_version"),
            "{}",
            sent[n]
        );
    }
}
