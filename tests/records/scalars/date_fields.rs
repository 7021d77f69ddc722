//! Fields that are dates by evidence instead of a described format: whatever the server has comes
//! back byte for byte.

use folio_sdk::DateTime;
use folio_sdk::inventory_storage::{Instance, Item};
use serde_json::{Value, json};

/// Texts in date fields: the forms of FOLIO, and text that denotes no instant.
const TEXTS: [&str; 13] = [
    "2024-05-01",
    "2024-05-01T02:00:17.887+0000",
    "2024-05-01T02:00",
    "2024-05-01 02:00",
    "2024-05-01 02:00:17.887498+00",
    "1714528817887",
    "2024",
    "c1999",
    "[2004?]",
    "6/30/26, 4:15 PM",
    "Thu Nov 26 06:34:21 UTC 2026",
    "",
    "ein Datum — ünïcode, länger als jede Zeitangabe, die ein Modul schreibt",
];

fn instance(date: &Value) -> String {
    json!({"catalogedDate": date, "instanceTypeId": "x", "source": "FOLIO", "statusUpdatedDate": date, "title": "t"}).to_string()
}

#[test]
fn any_text_in_a_date_field_is_read_and_written_as_it_is() {
    for text in TEXTS {
        let json = instance(&text.into());
        let record: Instance = serde_json::from_str(&json).unwrap();
        let date: &DateTime = record.cataloged_date.as_ref().unwrap();
        assert_eq!(date.as_str(), text);
        let written = serde_json::to_value(&record).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(&json).unwrap());
        assert!(
            serde_json::to_string(&record)
                .unwrap()
                .contains(&json!(text).to_string())
        );
    }
}

#[test]
fn what_is_no_text_in_a_date_field_is_neither_an_error_nor_lost() {
    for value in [
        json!(1_714_528_817_887_u64),
        json!(2024.50),
        json!({"year": 2024}),
        json!([2024, 5, 1]),
        json!(true),
    ] {
        let json = instance(&value);
        let record: Instance = serde_json::from_str(&json).unwrap();
        assert_eq!(record.title, "t");
        let written = serde_json::to_value(&record).unwrap();
        assert_eq!(
            written,
            serde_json::from_str::<Value>(&json).unwrap(),
            "{json}"
        );
    }
}

#[test]
fn a_date_in_another_form_is_a_change_of_the_record() {
    let mut record: Instance = serde_json::from_str(&instance(&"2024-05-01".into())).unwrap();
    let before = serde_json::to_value(&record).unwrap();
    record.cataloged_date = Some("2024-05-01T00:00:00Z".into());
    let after = serde_json::to_value(&record).unwrap();
    assert_ne!(before, after);
    assert_eq!(after["catalogedDate"], "2024-05-01T00:00:00Z");
}

#[test]
fn dates_of_items_are_compared_as_instants() {
    let item: Item = serde_json::from_value(json!({
        "holdingsRecordId": "h", "itemDamagedStatusDate": "2024-05-01T02:00:00+0200",
        "materialTypeId": "m", "missingPiecesDate": "2024-05-01", "permanentLoanTypeId": "l", "status": {"name": "Available"},
    }))
    .unwrap();
    let damaged = item.item_damaged_status_date.unwrap();
    assert_eq!(damaged, "2024-05-01T00:00:00Z");
    assert_eq!(item.missing_pieces_date.unwrap(), damaged);
}
