//! What becomes of single values: in their column, in `_extra`, or in both.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use folio_arrow::{Decoder, LayoutOptions, Limits, Release, Table, Uuids, restore};

use crate::compare::is_same;
use crate::{decoded, layout};

fn extra(batch: &RecordBatch, row: usize) -> Option<String> {
    let column = batch.column_by_name("_extra").unwrap().as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn is_null(batch: &RecordBatch, column: &str, row: usize) -> bool {
    batch.column_by_name(column).unwrap().is_null(row)
}

/// The record, whether the column is null, and `_extra`.
fn check(path: &str, column: &str, cases: &[(&str, bool, Option<&str>)]) {
    let layout = layout(path);
    for (record, null, expected) in cases {
        let (batch, decoder) = decoded(&layout, &[record]);
        assert_eq!(is_null(&batch, column, 0), *null, "{record}");
        assert_eq!(extra(&batch, 0).as_deref(), *expected, "{record}");
        let restored = restore(&batch, 0).unwrap();
        assert!(is_same(record, restored.get()), "{record}: {restored}");
        let counted = !decoder.misfits().is_empty();
        let is_null_only = expected
            .is_some_and(|text| text.ends_with(":null}") && text.matches("\":").count() == 1);
        assert_eq!(counted, expected.is_some() && !is_null_only, "{record}");
    }
}

const ID: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

#[test]
fn uuids() {
    let upper = ID.to_uppercase();
    let [plain, upper, none, null, number] = [
        format!(r#"{{"id":"{ID}"}}"#),
        format!(r#"{{"id":"{upper}"}}"#),
        r#"{"id":"not-a-uuid"}"#.to_owned(),
        r#"{"id":null}"#.to_owned(),
        r#"{"id":7}"#.to_owned(),
    ];
    check(
        "/users",
        "id",
        &[
            (&plain, false, None),
            (
                &upper,
                false,
                Some(&format!(r#"{{"/id":"{}"}}"#, ID.to_uppercase())),
            ),
            (&none, true, Some(r#"{"/id":"not-a-uuid"}"#)),
            (&null, true, Some(r#"{"/id":null}"#)),
            (&number, true, Some(r#"{"/id":7}"#)),
        ],
    );
    // As text, any text fits.
    let options = LayoutOptions {
        uuids: Uuids::Text,
        ..LayoutOptions::default()
    };
    let layout = Table::at(Release::default(), "/users")
        .unwrap()
        .layout(&options);
    let (batch, _) = decoded(&layout, &[&none]);
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "not-a-uuid");
    assert_eq!(extra(&batch, 0), None);
}

#[test]
fn points_in_time() {
    check(
        "/users",
        "expirationDate",
        &[
            (
                r#"{"expirationDate":"2025-05-01T02:00:17.887+00:00"}"#,
                false,
                None,
            ),
            (
                r#"{"expirationDate":"2025-05-01T02:00:17Z"}"#,
                false,
                Some(r#"{"/expirationDate":"2025-05-01T02:00:17Z"}"#),
            ),
            (
                r#"{"expirationDate":"2025-05-01"}"#,
                false,
                Some(r#"{"/expirationDate":"2025-05-01"}"#),
            ),
            (
                r#"{"expirationDate":"2025-05-01T02:00:17.887+0000"}"#,
                false,
                Some(r#"{"/expirationDate":"2025-05-01T02:00:17.887+0000"}"#),
            ),
            (
                r#"{"expirationDate":"soon"}"#,
                true,
                Some(r#"{"/expirationDate":"soon"}"#),
            ),
            (
                r#"{"expirationDate":1746064817887}"#,
                true,
                Some(r#"{"/expirationDate":1746064817887}"#),
            ),
        ],
    );
    let (batch, decoder) = decoded(
        &layout("/users"),
        &[r#"{"expirationDate":"2025-05-01T04:00:17.887+0200"}"#],
    );
    let column = batch.column_by_name("expirationDate").unwrap();
    let column = column.as_primitive::<TimestampMicrosecondType>();
    assert_eq!(column.value(0), 1_746_064_817_887_000);
    let counts = decoder.misfits();
    assert_eq!((counts[0].rewritten, counts[0].misfits), (1, 0));
}

#[test]
fn money() {
    check(
        "/accounts",
        "amount",
        &[
            (r#"{"amount":10.10}"#, false, None),
            (r#"{"amount":-0.0001}"#, false, None),
            (r#"{"amount":1e3}"#, false, None),
            (
                r#"{"amount":0.30000000000000004}"#,
                true,
                Some(r#"{"/amount":0.30000000000000004}"#),
            ),
            (
                r#"{"amount":123456789012345678901234567890.12345}"#,
                true,
                Some(r#"{"/amount":123456789012345678901234567890.12345}"#),
            ),
            (
                r#"{"amount":"10.10"}"#,
                true,
                Some(r#"{"/amount":"10.10"}"#),
            ),
        ],
    );
    let (batch, _) = decoded(&layout("/accounts"), &[r#"{"amount":10.10}"#]);
    let amount = batch.column_by_name("amount").unwrap();
    assert_eq!(amount.as_primitive::<Decimal128Type>().value(0), 101_000);
}

#[test]
fn numbers_and_booleans() {
    check(
        "/invoice/invoices",
        "exchangeRate",
        &[
            (r#"{"exchangeRate":1.5}"#, false, None),
            (r#"{"exchangeRate":0.30000000000000004}"#, false, None),
            (
                r#"{"exchangeRate":0.333333333333333333333333333333}"#,
                true,
                Some(r#"{"/exchangeRate":0.333333333333333333333333333333}"#),
            ),
            (
                r#"{"exchangeRate":1e400}"#,
                true,
                Some(r#"{"/exchangeRate":1e400}"#),
            ),
        ],
    );
    check(
        "/instance-storage/instances",
        "_version",
        &[
            (r#"{"_version":3}"#, false, None),
            (r#"{"_version":3.0}"#, false, None),
            (r#"{"_version":3.5}"#, true, Some(r#"{"/_version":3.5}"#)),
            (
                r#"{"_version":9223372036854775808}"#,
                true,
                Some(r#"{"/_version":9223372036854775808}"#),
            ),
        ],
    );
    check(
        "/users",
        "active",
        &[
            (r#"{"active":true}"#, false, None),
            (r#"{"active":"true"}"#, true, Some(r#"{"/active":"true"}"#)),
            (r#"{"active":1}"#, true, Some(r#"{"/active":1}"#)),
        ],
    );
}

#[test]
fn texts() {
    check(
        "/users",
        "username",
        &[
            (r#"{"username":""}"#, false, None),
            (r#"{"username":"a\"\\\/\n\u00e9\ud83d\ude00"}"#, false, None),
            (
                r#"{"username":"half \ud83d"}"#,
                true,
                Some(r#"{"/username":"half \ud83d"}"#),
            ),
            (
                r#"{"username":["a"]}"#,
                true,
                Some(r#"{"/username":["a"]}"#),
            ),
        ],
    );
    // The name of the member, written with an escape.
    check(
        "/users",
        "username",
        &[(r#"{"user\u006eame":"x"}"#, false, None)],
    );
}

#[test]
fn values_of_an_enumeration_are_in_a_dictionary() {
    let layout = layout("/item-storage/items");
    let (batch, mut decoder) = decoded(
        &layout,
        &[
            r#"{"status":{"name":"Available"}}"#,
            r#"{"status":{"name":"Eaten by a goat"}}"#,
            r#"{"status":{"name":7}}"#,
            r#"{"status":{"name":"Available"}}"#,
        ],
    );
    let status = batch.column_by_name("status").unwrap().as_struct();
    let names = status
        .column_by_name("name")
        .unwrap()
        .as_dictionary::<Int32Type>();
    let values = names.values().as_string::<i32>();
    let value = |row: usize| values.value(names.keys().value(row) as usize);
    assert_eq!(
        (value(0), value(1), value(3)),
        ("Available", "Eaten by a goat", "Available")
    );
    assert!(names.is_null(2));
    assert_eq!(extra(&batch, 2).as_deref(), Some(r#"{"/status/name":7}"#));
    // The dictionary begins with the described values, and only grows.
    let before: Vec<_> = values.iter().map(|it| it.unwrap().to_owned()).collect();
    decoder
        .push_bytes(br#"{"status":{"name":"On order"}}"#)
        .unwrap();
    let batch = decoder.flush().unwrap().unwrap();
    let status = batch.column_by_name("status").unwrap().as_struct();
    let names = status
        .column_by_name("name")
        .unwrap()
        .as_dictionary::<Int32Type>();
    let after: Vec<_> = names
        .values()
        .as_string::<i32>()
        .iter()
        .map(|it| it.unwrap().to_owned())
        .collect();
    assert_eq!(after, before);
}

#[test]
fn lists_and_records() {
    check(
        "/instance-storage/instances",
        "contributors",
        &[
            (r#"{"contributors":[]}"#, false, None),
            (r#"{"contributors":[{"name":"A"},null,{}]}"#, false, None),
            (
                r#"{"contributors":null}"#,
                true,
                Some(r#"{"/contributors":null}"#),
            ),
            (
                r#"{"contributors":{"name":"A"}}"#,
                true,
                Some(r#"{"/contributors":{"name":"A"}}"#),
            ),
            (
                r#"{"contributors":[{"name":"A"},{"name":7,"rôle/~x":[1, 2]},"B",{"primary":null}]}"#,
                false,
                Some(
                    r#"{"/contributors/1/name":7,"/contributors/1/rôle~1~0x":[1,2],"/contributors/2":"B","/contributors/3/primary":null}"#,
                ),
            ),
        ],
    );
    check(
        "/users",
        "personal",
        &[
            (r#"{"personal":{}}"#, false, None),
            (
                r#"{"personal":{"lastName":"L","addresses":[{"city":"C"}]}}"#,
                false,
                None,
            ),
            (r#"{"personal":"L"}"#, true, Some(r#"{"/personal":"L"}"#)),
            (
                r#"{"personal":{"lastName":"L","shoeSize":38.50}}"#,
                false,
                Some(r#"{"/personal/shoeSize":38.50}"#),
            ),
        ],
    );
}

#[test]
fn of_members_with_one_name_the_last_counts_and_the_record_is_kept() {
    let layout = layout("/users");
    for (record, username) in [
        (r#"{"username":"a","active":true,"username":"b"}"#, "b"),
        (r#"{"username":"a","user\u006eame":"b"}"#, "b"),
        (
            r#"{"personal":{"lastName":"x","lastName":"y"},"username":"c"}"#,
            "c",
        ),
        (r#"{"username":{"x":1},"username":"d"}"#, "d"),
    ] {
        let (batch, decoder) = decoded(
            &layout,
            &[r#"{"username":"first"}"#, record, r#"{"username":"last"}"#],
        );
        let names = batch.column_by_name("username").unwrap().as_string::<i32>();
        let found: Vec<_> = names.iter().map(Option::unwrap).collect();
        assert_eq!(found, ["first", username, "last"]);
        assert_eq!(extra(&batch, 1), Some(format!(r#"{{"":{record}}}"#)));
        assert_eq!(restore(&batch, 1).unwrap().get(), record);
        let counts = decoder.misfits();
        assert_eq!(
            (counts.len(), counts[0].column.as_str(), counts[0].misfits),
            (1, "_extra", 1)
        );
    }
}

#[test]
fn a_name_that_no_text_can_have_is_kept_with_its_record() {
    let record = r#"{"username":"a","\ud800":1}"#;
    let (batch, _) = decoded(&layout("/users"), &[record]);
    assert_eq!(restore(&batch, 0).unwrap().get(), record);
}

#[test]
fn only_the_columns_of_the_layout_are_decoded() {
    let full = layout("/users");
    let schema = full.schema();
    let username = schema.index_of("username").unwrap();
    let extra_at = schema.index_of("_extra").unwrap();
    let record = r#"{"username":"a","active":"x","new":1}"#;
    // Without `_extra` nothing else is looked at.
    let (batch, decoder) = decoded(&full.project(&[username]), &[record]);
    assert_eq!(batch.num_columns(), 1);
    assert_eq!(
        decoder.misfits().iter().filter(|it| it.misfits > 0).count(),
        0
    );
    // `_extra` is the same with and without the other columns.
    let (whole, _) = decoded(&full, &[record]);
    let (some, _) = decoded(&full.project(&[extra_at, username]), &[record]);
    assert_eq!(extra(&whole, 0), extra(&some, 0));
    // No columns, but rows: `count(*)`.
    let (batch, _) = decoded(&full.project(&[]), &[record, "{}"]);
    assert_eq!((batch.num_columns(), batch.num_rows()), (0, 2));
}

#[test]
fn raw_records_are_a_column() {
    let options = LayoutOptions {
        raw: true,
        ..LayoutOptions::default()
    };
    let layout = Table::at(Release::default(), "/users")
        .unwrap()
        .layout(&options);
    let (batch, _) = decoded(&layout, &["{ \"username\" : \"a b\" ,\n\"x\": 1.50 }"]);
    let json = batch.column_by_name("_json").unwrap().as_string::<i32>();
    assert_eq!(json.value(0), r#"{"username":"a b","x":1.50}"#);
}

#[test]
fn a_record_that_is_none_is_an_error_and_others_continue() {
    let mut decoder = Decoder::new(&layout("/users"), Limits::default());
    decoder.push_bytes(br#"{"username":"a"}"#).unwrap();
    for (bad, message) in [
        ("[1]", "expected an object, found [1]"),
        ("7", "expected an object, found 7"),
        ("{\"username\":", "EOF while parsing"),
        ("", "EOF while parsing"),
        ("{} {}", "trailing characters"),
    ] {
        let error = decoder.push_bytes(bad.as_bytes()).unwrap_err();
        assert!(error.is_of_record());
        assert!(error.to_string().contains(message), "{error}");
    }
    assert!(decoder.push_bytes(b"{\"username\":\"\xff\"}").is_err());
    decoder.push_bytes(br#"{"username":"b"}"#).unwrap();
    let batch = decoder.flush().unwrap().unwrap();
    let names = batch.column_by_name("username").unwrap().as_string::<i32>();
    assert_eq!(
        names.iter().map(Option::unwrap).collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn batches_are_limited_by_records_and_by_bytes() {
    let layout = layout("/users");
    let mut decoder = Decoder::new(
        &layout,
        Limits {
            rows: 3,
            bytes: usize::MAX,
        },
    );
    let mut sizes = Vec::new();
    for _ in 0..7 {
        decoder.push_bytes(br#"{"username":"a"}"#).unwrap();
        if decoder.is_full() {
            sizes.push(decoder.flush().unwrap().unwrap().num_rows());
        }
    }
    sizes.push(decoder.flush().unwrap().unwrap().num_rows());
    assert_eq!(sizes, [3, 3, 1]);
    assert!(decoder.flush().unwrap().is_none());

    let mut decoder = Decoder::new(
        &layout,
        Limits {
            rows: usize::MAX,
            bytes: 100_000,
        },
    );
    let record = format!(r#"{{"username":"{}"}}"#, "x".repeat(30_000));
    let mut pushed = 0;
    while !decoder.is_full() {
        decoder.push_bytes(record.as_bytes()).unwrap();
        pushed += 1;
    }
    assert_eq!(pushed, 4);
}

#[test]
fn records_that_are_no_objects_are_a_column() {
    let newest = Release::default();
    let path = "/oai/request-metadata/1/failed-instances";
    let table = Table::at(newest, path).unwrap();
    let layout = table.layout(&LayoutOptions::default());
    let quoted = format!(r#""{ID}""#);
    let records = [&*quoted, "\"x\"", "null", "{\"a\": 1}"];
    let (batch, _) = decoded(&layout, &records);
    assert_eq!(batch.schema().field(0).name(), "value");
    for (row, record) in records.iter().enumerate() {
        let restored = restore(&batch, row).unwrap();
        assert!(is_same(record, restored.get()), "{record} {restored}");
    }
}
