//! Lists of a server as tables: complete, in order, resumed, with errors.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use folio_arrow::{Error, LayoutOptions, Limits, Release, Scan, ScanOptions, Table, read, restore};
use folio_sandbox::Sandbox;
use folio_sdk::{Cql, FolioClient, cql};
use folio_test_support::sandbox::{admin, id};
use folio_test_support::server::{Folio, Reply};
use serde_json::json;

const INSTANCES: &str = "/instance-storage/instances";

async fn instances(count: u32) -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder()
        .demo_data()
        .generated(count)
        .start()
        .await;
    let sandbox = sandbox.unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (sandbox, folio)
}

fn options(path: &str) -> (Table, ScanOptions) {
    let table = Table::at(Release::default(), path).unwrap();
    let layout = table.layout(&LayoutOptions::default());
    (table, ScanOptions::new(layout))
}

fn ids(batch: &RecordBatch) -> Vec<Vec<u8>> {
    let ids = batch.column_by_name("id").unwrap().as_fixed_size_binary();
    (0..ids.len())
        .map(|row| ids.value(row).to_owned())
        .collect()
}

async fn all(mut scan: Scan) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    while let Some(batch) = scan.next().await {
        batches.push(batch.unwrap());
    }
    assert!(scan.next().await.is_none());
    assert!(scan.checkpoint().is_finished());
    batches
}

#[tokio::test]
async fn a_list_is_read_once_and_completely() {
    let (_sandbox, folio) = instances(2_500).await;
    let expected: BTreeSet<String> = {
        let mut list = folio.folio_get_all::<serde_json::Value>(INSTANCES, "instances");
        let mut found = BTreeSet::new();
        while let Some(instance) = list.next().await {
            found.insert(instance.unwrap().to_string());
        }
        found
    };
    let (table, options) = options(INSTANCES);
    let limits = Limits {
        rows: 300,
        ..Limits::default()
    };
    let options = options.limits(limits).parallel(4).page_size(100);
    let batches = all(read(&folio, &table, options.clone())).await;
    assert!(batches.iter().all(|batch| batch.num_rows() <= 300));
    let rows = batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    let found: Vec<String> = rows
        .map(|(batch, row)| {
            let record = restore(batch, row).unwrap();
            serde_json::from_str::<serde_json::Value>(record.get())
                .unwrap()
                .to_string()
        })
        .collect();
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);

    // In the order of their ids.
    let ordered = all(read(&folio, &table, options.ordered())).await;
    let found: Vec<_> = ordered.iter().flat_map(ids).collect();
    assert!(found.is_sorted() && found.len() == expected.len());
}

#[tokio::test]
async fn an_interrupted_scan_is_resumed_after_its_last_batch() {
    let (_sandbox, folio) = instances(1_000).await;
    let (table, options) = options(INSTANCES);
    let limits = Limits {
        rows: 64,
        ..Limits::default()
    };
    let options = options.limits(limits).page_size(50);
    let total = all(read(&folio, &table, options.clone())).await;
    let total: usize = total.iter().map(RecordBatch::num_rows).sum();
    let mut found = Vec::new();
    let mut checkpoint = None;
    let mut runs = 0;
    loop {
        let mut options = options.clone();
        if let Some(checkpoint) = checkpoint.take() {
            options = options.resume(checkpoint);
        }
        let mut scan = read(&folio, &table, options);
        for _ in 0..3 {
            let Some(batch) = scan.next().await else {
                break;
            };
            found.extend(ids(&batch.unwrap()));
        }
        // Records that were decoded after the batch are read again.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(1), scan.next()).await;
        runs += 1;
        let rest = scan.checkpoint();
        if rest.is_finished() {
            break;
        }
        // As a program that was killed: through text. What the timeout took is lost, unless it was
        // complete.
        let text = serde_json::to_string(&rest).unwrap();
        checkpoint = Some(serde_json::from_str(&text).unwrap());
        if found.len() >= total {
            break;
        }
        assert!(runs < 100);
    }
    let distinct: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(found.len(), distinct.len(), "a record came twice");
    assert!(runs > 3);
}

#[tokio::test]
async fn a_query_selects_and_parts_of_a_plan_are_the_whole() {
    let (_sandbox, folio) = instances(400).await;
    let (table, options) = options(INSTANCES);
    let total: usize = all(read(&folio, &table, options.clone()))
        .await
        .iter()
        .map(RecordBatch::num_rows)
        .sum();
    let plan = read(&folio, &table, options.clone()).checkpoint().split(3);
    assert_eq!(plan.len(), 3);
    let mut found = BTreeSet::new();
    let mut sum = 0;
    for part in plan {
        let batches = all(read(&folio, &table, options.clone().resume(part))).await;
        sum += batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        found.extend(batches.iter().flat_map(ids));
    }
    assert_eq!((sum, found.len()), (total, total));

    let (table, options) = self::options("/users");
    let whole = all(read(&folio, &table, options.clone())).await;
    let names = whole[0]
        .column_by_name("username")
        .unwrap()
        .as_string::<i32>();
    let query: Cql = cql::field("username").eq(names.value(0));
    let batches = all(read(&folio, &table, options.query(query))).await;
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    let found = batches[0]
        .column_by_name("username")
        .unwrap()
        .as_string::<i32>();
    assert_eq!(found.value(0), names.value(0));
}

#[tokio::test]
async fn an_error_of_the_list_comes_after_the_records_before_it() {
    let (sandbox, folio) = instances(10).await;
    let (table, options) = options("/instance-storage/instances");
    drop(sandbox);
    let mut scan = read(&folio, &table, options.clone());
    let error = scan.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Folio(_)) && !error.is_of_record(),
        "{error}"
    );
    assert!(scan.next().await.is_none());
    assert!(!scan.checkpoint().is_finished());

    // A path with parameters, before any request.
    let template = Table::at(Release::default(), "/audit-data/acquisition/order/{id}").unwrap();
    let error = read(&folio, &template, options)
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("has parameters"), "{error}");
}

/// A server with these users, in the order of their ids. A record without an id follows the one
/// before it.
async fn users(records: &[&str]) -> Folio {
    let mut last = String::new();
    let keyed: Vec<(String, String)> = records
        .iter()
        .map(|text| {
            let record: serde_json::Value = serde_json::from_str(text).unwrap();
            if let Some(id) = record["id"].as_str() {
                last = id.to_owned();
            }
            (last.clone(), (*text).to_owned())
        })
        .collect();
    Folio::start(move |asked, _| {
        let query = asked.param("query").unwrap_or_default();
        let bound = |sign: &str| {
            let (_, rest) = query.split_once(&format!("id{sign}\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        let (after, until) = (bound(">"), bound("<="));
        let found: Vec<&str> = keyed
            .iter()
            .filter(|(id, _)| {
                after.as_ref().is_none_or(|after| id > after)
                    && until.as_ref().is_none_or(|until| id <= until)
            })
            .map(|(_, text)| text.as_str())
            .collect();
        let body = format!(
            r#"{{"users":[{}],"totalRecords":{}}}"#,
            found.join(","),
            found.len()
        );
        (asked.path() == "/users").then(|| Reply::new(200, "application/json", body))
    })
    .await
}

#[tokio::test]
async fn a_record_that_is_none_is_an_error_that_names_it_and_others_continue() {
    let server = users(&[
        r#"{"id":"00000001-0000-4000-8000-000000000000","username":"a"}"#,
        "7",
        "null",
        r#"["x"]"#,
        r#"{"id":"00000002-0000-4000-8000-000000000000","username":"b"}"#,
    ])
    .await;
    let folio = server.connect().await;
    let (table, options) = options("/users");
    let mut scan = read(&folio, &table, options);
    let (mut errors, mut names) = (Vec::new(), Vec::new());
    while let Some(batch) = scan.next().await {
        match batch {
            Ok(batch) => {
                let column = batch.column_by_name("username").unwrap().as_string::<i32>();
                names.extend(column.iter().flatten().map(str::to_owned));
            }
            Err(error) => {
                assert!(error.is_of_record(), "{error}");
                errors.push(error.to_string());
            }
        }
    }
    assert_eq!(names, ["a", "b"]);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].contains("expected a record, which is an object"),
        "{errors:?}"
    );
    assert!(errors[0].contains("record 1"), "{errors:?}");
}

#[tokio::test]
async fn what_does_not_fit_is_counted_over_all_batches() {
    let records: Vec<String> = (1..=9)
        .map(|number: usize| {
            let is_third = number.is_multiple_of(3);
            let active = if is_third { json!("yes") } else { json!(true) };
            json!({"id": id(number), "active": active, "new": number}).to_string()
        })
        .collect();
    let texts: Vec<&str> = records.iter().map(String::as_str).collect();
    let server = users(&texts).await;
    let folio = server.connect().await;
    let (table, options) = options("/users");
    let limits = Limits {
        rows: 2,
        ..Limits::default()
    };
    let mut scan = read(&folio, &table, options.limits(limits));
    let mut rows = 0;
    while let Some(batch) = scan.next().await {
        rows += batch.unwrap().num_rows();
    }
    assert_eq!(rows, 9);
    let counts = scan.misfits();
    let found: Vec<_> = counts
        .iter()
        .map(|it| (it.column.as_str(), it.misfits, it.unknown))
        .collect();
    assert_eq!(found, [("active", 3, 0), ("new", 0, 9)]);
}

#[tokio::test]
async fn scans_can_be_sent_to_other_tasks() {
    let (_sandbox, folio) = instances(10).await;
    let (table, options) = options("/users");
    let scan = read(&folio, &table, options);
    let batches = tokio::spawn(all(scan)).await.unwrap();
    assert!(!batches.is_empty());
}
