//! Exports of lists of the in-process FOLIO to files: nothing is lost, and nothing remains of an
//! export that failed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use folio_arrow::files::{ExportError, ExportOptions, FileErrorKind, FileOptions, Summary, export};
use folio_arrow::{LayoutOptions, Limits, Release, ScanOptions, Table, Uuids, restore};
use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{FolioClient, Number, RetryPolicy};
use folio_test_support::sandbox::{TENANT, admin, id, quiet};
use folio_test_support::server::{Folio, Reply};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::order::declared_columns;
use crate::peers::python;

const INSTANCES: &str = "/instance-storage/instances";
const USERS: &str = "/users";
const ORDERS: &str = "/orders-storage/po-lines";

/// Records that are different from their description in many ways.
fn odd_users() -> Vec<Value> {
    (0..400)
        .map(|n| {
            let mut user = json!({
                "id": id(n * 7 % 400), "username": format!("user, \"{n}\""), "active": n % 2 == 0, "type": "patron",
                "expirationDate": format!("2026-01-{:02}T00:00:00.000+00:00", 1 + n % 28),
                "personal": {"lastName": format!("Läst\n{n}"), "email": "", "addresses": [{"countryId": "DE", "primaryAddress": n % 3 == 0}]},
                "departments": [], "proxyFor": ["x"], "unknownField": {"n": n, "list": [null, 1.50, "ü"]},
                "metadata": {"createdDate": "2025-05-01T02:00:17.887498Z", "createdByUserId": "0A1B2C3D-4E5F-4071-8293-A4B5C6D7E8F9"},
            });
            match n % 5 {
                0 => user["active"] = json!("yes"),
                1 => user["personal"] = Value::Null,
                2 => user["expirationDate"] = json!("sometime"),
                3 => user["personal"]["dateOfBirth"] = json!("1999-02-30"),
                _ => {}
            }
            user
        })
        .collect()
}

fn lines() -> Vec<Value> {
    let price = |n: usize| {
        [
            "10.10",
            "0.30000000000000004",
            "-5",
            "12345678901234567890.1234",
            "1e2",
        ][n % 5]
    };
    (0..50)
        .map(|n| {
            let price: Value = serde_json::from_str(price(n)).unwrap();
            json!({"id": id(n), "purchaseOrderId": id(1), "titleOrPackage": "t", "source": "User", "orderFormat": "Physical Resource",
                "cost": {"currency": "USD", "listUnitPrice": price, "quantityPhysical": n}})
        })
        .collect()
}

async fn folio() -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder()
        .tenant(TENANT)
        .user("diku_admin", "admin")
        .generated(1_500)
        .start()
        .await
        .unwrap();
    sandbox.load(TENANT, USERS, odd_users()).unwrap();
    sandbox.load(TENANT, ORDERS, lines()).unwrap();
    let folio = admin(&sandbox)
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    (sandbox, folio)
}

fn table(path: &str) -> Table {
    Table::at(Release::default(), path).unwrap()
}

/// Small pages and batches, so that there are several.
fn small(path: &str, layout: &LayoutOptions) -> ScanOptions {
    let limits = Limits {
        rows: 130,
        ..Limits::default()
    };
    ScanOptions::new(table(path).layout(layout))
        .page_size(100)
        .parallel(4)
        .limits(limits)
}

async fn run(folio: &FolioClient, path: &str, file: &Path) -> Summary {
    let options = ExportOptions::default().scan(small(path, &LayoutOptions::default()));
    export(folio, &table(path), options, file).await.unwrap()
}

/// Whether two values are the same; numbers by their value.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let number =
                |number: &serde_json::Number| number.to_string().parse::<Number>().unwrap();
            number(one) == number(other)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let mut members = one.iter();
            one.len() == other.len()
                && members
                    .all(|(name, one)| other.get(name).is_some_and(|other| is_same(one, other)))
        }
        _ => one == other,
    }
}

fn by_id(records: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
    records
        .into_iter()
        .map(|record| (record["id"].as_str().unwrap().to_owned(), record))
        .collect()
}

fn check(batches: impl Iterator<Item = RecordBatch>, expected: &[Value]) {
    let rows = batches.flat_map(|batch| {
        let rows = (0..batch.num_rows()).map(move |row| restore(&batch, row).unwrap());
        rows.map(|record| serde_json::from_str::<Value>(record.get()).unwrap())
            .collect::<Vec<_>>()
    });
    let found = by_id(rows);
    let expected = by_id(expected.iter().cloned());
    assert_eq!(found.len(), expected.len());
    for (id, record) in expected {
        let found = &found[&id];
        assert!(is_same(found, &record), "{id}: {found} {record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_every_record_without_a_loss() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    for path in [INSTANCES, USERS, ORDERS] {
        let source = sandbox.records(TENANT, path).unwrap();
        let file = folder.path().join(format!("{}.parquet", path.len()));
        let summary = run(&folio, path, &file).await;
        assert_eq!(summary.records, source.len() as u64);
        assert_eq!(summary.file.bytes, file.metadata().unwrap().len());
        assert!(summary.file.is_ordered && summary.elapsed > Duration::ZERO);
        assert_eq!((summary.unreadable, summary.errors.len()), (0, 0));
        assert_eq!(declared_columns(&file), ["id"]);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
        check(reader.build().unwrap().map(Result::unwrap), &source);

        let file = file.with_extension("arrow");
        assert_eq!(run(&folio, path, &file).await.records, source.len() as u64);
        let reader = FileReader::try_new(File::open(&file).unwrap(), None).unwrap();
        check(reader.map(Result::unwrap), &source);

        let file = file.with_extension("csv");
        assert_eq!(run(&folio, path, &file).await.records, source.len() as u64);
        let text = std::fs::read_to_string(&file).unwrap();
        for record in &source {
            assert!(text.contains(&format!("\n{},", record["id"].as_str().unwrap())));
        }
    }
    let users = run(&folio, USERS, &folder.path().join("users.parquet")).await;
    let count = |column: &str| {
        users
            .misfits
            .iter()
            .find(|count| count.column == column)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(count("active").misfits, 80);
    assert_eq!(count("expirationDate").misfits, 80);
    assert_eq!(count("unknownField").unknown, 400);
    assert_eq!(
        count("metadata.createdByUserId").misfits + count("metadata.createdByUserId").rewritten,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_read_what_the_server_sent() {
    let Some(python) = python() else { return };
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.jsonl");
    for path in [INSTANCES, USERS, ORDERS] {
        let records = sandbox.records(TENANT, path).unwrap();
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        std::fs::write(&source, lines).unwrap();
        for name in ["x.parquet", "x.arrow"] {
            let file = folder.path().join(name);
            run(&folio, path, &file).await;
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/restore.py");
            let output = Command::new(&python)
                .arg(script)
                .args([&file, &source])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{path} {name}: {text}");
            assert!(
                text.contains(&format!("{} records are equal", records.len())),
                "{text}"
            );
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_uuids_and_raw_records_are_columns_of_choice() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let layout = LayoutOptions {
        uuids: Uuids::Text,
        raw: true,
        ..LayoutOptions::default()
    };
    let options = ExportOptions::default().scan(small(USERS, &layout));
    let summary = export(&folio, &table(USERS), options, &file).await.unwrap();
    assert!(summary.file.is_ordered);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
    assert!(reader.schema().column_with_name("_json").is_some());
    check(
        reader.build().unwrap().map(Result::unwrap),
        &sandbox.records(TENANT, USERS).unwrap(),
    );
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The requests for records.
fn requests(sandbox: &Sandbox) -> usize {
    let exchanges = sandbox.exchanges();
    exchanges
        .iter()
        .filter(|exchange| exchange.path.starts_with(USERS))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_export_leaves_nothing() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    sandbox.fault(
        Fault::new(Effect::status(500, "a defect"))
            .method("GET")
            .path(USERS)
            .after(2),
    );
    let options = ExportOptions::default().scan(small(USERS, &LayoutOptions::default()));
    let error = export(&folio, &table(USERS), options.clone(), &file)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ExportError::Read { .. }), "{text}");
    assert!(
        text.contains("/users cannot be exported to ")
            && text.contains("x.parquet")
            && text.contains("a defect"),
        "{text}"
    );
    assert!(names(folder.path()).is_empty());

    // An earlier file is as it was.
    std::fs::write(&file, "before").unwrap();
    let replace = options.file(FileOptions::default().overwrite(true));
    export(&folio, &table(USERS), replace.clone(), &file)
        .await
        .unwrap_err();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before");
    assert_eq!(names(folder.path()), ["x.parquet"]);
    sandbox.clear_faults();
    let summary = export(&folio, &table(USERS), replace, &file).await.unwrap();
    assert_eq!(summary.records, 400);
    assert_eq!(names(folder.path()), ["x.parquet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_costs_no_request() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    std::fs::write(&file, "before").unwrap();
    for (file, kind) in [
        (file, FileErrorKind::Exists),
        (
            folder.path().join("missing/x.parquet"),
            FileErrorKind::NotWritable,
        ),
        (folder.path().join("x.xlsx"), FileErrorKind::UnknownFormat),
    ] {
        let error = export(&folio, &table(USERS), ExportOptions::default(), &file)
            .await
            .unwrap_err();
        let ExportError::File(error) = error else {
            panic!("{error}")
        };
        assert_eq!((error.kind(), error.path()), (kind, &*file));
    }
    assert_eq!(requests(&sandbox), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_at_the_end_is_that_of_the_file() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_millis(500)))
            .method("GET")
            .path(USERS)
            .times(1),
    );
    let options = ExportOptions::default().scan(small(USERS, &LayoutOptions::default()));
    let users = table(USERS);
    let export = export(&folio, &users, options, &file);
    let other = async {
        while requests(&sandbox) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::fs::write(&file, "of another program").unwrap();
    };
    let (outcome, ()) = tokio::join!(export, other);
    let ExportError::File(error) = outcome.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.kind(), FileErrorKind::Exists);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "of another program"
    );
    assert_eq!(names(folder.path()), ["x.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_export_ends_and_leaves_nothing() {
    let (sandbox, folio) = folio().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_millis(100)))
            .method("GET")
            .path(USERS),
    );
    let options = ExportOptions::default().scan(
        small(USERS, &LayoutOptions::default())
            .page_size(10)
            .parallel(1),
    );
    let users = table(USERS);
    let waited = tokio::time::timeout(
        Duration::from_millis(450),
        export(&folio, &users, options, &file),
    )
    .await;
    assert!(waited.is_err());
    quiet(&sandbox).await;
    let sent = requests(&sandbox);
    assert!((1..20).contains(&sent), "{sent} requests");
    assert!(names(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_records_are_an_error_or_counted() {
    let server = Folio::start(|asked, _| {
        let is_first = !asked.param("query").unwrap_or_default().contains("id>");
        let users = match (asked.path(), is_first) {
            (USERS, true) => json!([{"id": id(1)}, "no object", {"id": id(2)}]),
            (USERS, false) => json!([]),
            _ => return None,
        };
        Some(Reply::json(json!({"users": users, "totalRecords": 3})))
    })
    .await;
    let folio = server.connect().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let options = ExportOptions::default().ordered(false);
    let error = export(&folio, &table(USERS), options.clone(), &file)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`skip_unreadable`")
            && text.contains("expected a record, which is an object"),
        "{text}"
    );
    assert!(names(folder.path()).is_empty());
    let summary = export(&folio, &table(USERS), options.skip_unreadable(true), &file)
        .await
        .unwrap();
    assert_eq!(
        (summary.records, summary.unreadable, summary.errors.len()),
        (2, 1, 1)
    );
    assert!(
        summary.errors[0].contains("expected a record"),
        "{:?}",
        summary.errors
    );
}
