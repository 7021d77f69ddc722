//! Generated records are plausible, and equal for equal seeds.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::HashSet;

use serde_json::Value;

use crate::generate::collections;
use crate::value::json::text_at;

#[test]
fn records_are_made_the_same_each_time_and_as_values_are_written() {
    for (path, maker, count) in collections(7, 500) {
        for number in 0..count {
            let text = maker.text(number);
            assert_eq!(text, maker.text(number));
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value.to_string(), text, "{path} {number}");
            assert_eq!(value["id"], maker.id(number).to_string());
            for field in [
                "id",
                "title",
                "hrid",
                "matchKey",
                "instanceId",
                "barcode",
                "holdingsRecordId",
            ] {
                if let Some(known) = maker.field(number, field) {
                    assert_eq!(known, text_at(&value, field), "{path} {number} {field}");
                }
            }
        }
    }
    let of = |seed: u64| {
        collections(seed, 1)
            .into_iter()
            .map(|(_, maker, _)| maker.text(0))
    };
    assert!(of(7).zip(of(8)).all(|(a, b)| a != b));
}

#[test]
fn records_are_linked_and_differ_as_those_of_a_catalogue_do() {
    let records: Vec<Vec<Value>> = collections(1, 2_000)
        .into_iter()
        .map(|(_, maker, count)| {
            (0..count)
                .map(|n| serde_json::from_str(&maker.text(n)).unwrap())
                .collect()
        })
        .collect();
    let ids = |of: &[Value]| -> HashSet<String> {
        of.iter()
            .filter_map(|record| text_at(record, "id"))
            .collect()
    };
    let [instances, holdings, items] = &records[..] else {
        unreachable!()
    };
    for (list, field, above) in [
        (holdings, "instanceId", instances),
        (items, "holdingsRecordId", holdings),
    ] {
        let above = ids(above);
        assert!(
            list.iter()
                .all(|record| above.contains(&text_at(record, field).unwrap()))
        );
    }
    for list in &records {
        assert_eq!(ids(list).len(), list.len());
        let hrids: HashSet<_> = list
            .iter()
            .filter_map(|record| text_at(record, "hrid"))
            .collect();
        assert_eq!(hrids.len(), list.len());
    }
    let texts = |of: &[Value], field: &str| -> HashSet<String> {
        of.iter()
            .filter_map(|record| text_at(record, field))
            .collect()
    };
    assert!(texts(instances, "title").len() > 1_700);
    assert!(texts(instances, "languages").len() >= 12);
    let scripts = ['т', 'ה', 'ا', '史', 'の', 'ß', 'ł'];
    let titles: String = texts(instances, "title").into_iter().collect();
    assert!(scripts.iter().all(|letter| titles.contains(*letter)));
    // Optional fields are missing in some, and some notes are long.
    let notes = instances
        .iter()
        .map(|instance| instance["notes"].to_string().len());
    assert!(notes.max() > Some(3_000));
    for field in [
        "catalogedDate",
        "statusId",
        "indexTitle",
        "modeOfIssuanceId",
    ] {
        let with = instances
            .iter()
            .filter(|instance| instance.get(field).is_some())
            .count();
        assert!(with > 500 && with < 1_900, "{field} {with}");
    }
}
