//! Responses that do not fit their descriptions are read, reported and written back as they were.

use std::collections::BTreeMap;

use folio_sdk::inventory_storage::{HoldingsRecord, Instance, Instances, Item};
use folio_sdk::users::User;
use folio_sdk::{Mistyped, Record};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The members of an object, each as its text.
fn parts(json: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
    let text = |(key, value): (String, Box<RawValue>)| (key, value.get().to_owned());
    members.into_iter().map(text).collect()
}

fn written(record: &impl serde::Serialize) -> BTreeMap<String, String> {
    parts(&serde_json::to_string(record).unwrap())
}

fn paths(mistyped: &[Mistyped]) -> Vec<&str> {
    mistyped.iter().map(|it| &*it.path).collect()
}

const INSTANCE: &str = r#"{"id":"69640328-788e-43fc-9c3c-af39e243f3b7","_version":"20","title":"T","source":"S","instanceTypeId":"6312d172-f0cf-40f6-b27d-9fa8feaf332f"}"#;

#[test]
fn a_version_in_text_is_a_number_and_is_written_as_text() {
    let mut instance: Instance = serde_json::from_str(INSTANCE).unwrap();
    assert_eq!(instance.version, Some(20));
    let mistyped = instance.mistyped();
    assert_eq!(paths(&mistyped), ["_version"]);
    assert_eq!(mistyped[0].json, "20");
    assert!(instance.missing().is_empty());
    assert_eq!(written(&instance), parts(INSTANCE));
    instance.title = "U".to_owned();
    assert_eq!(written(&instance)["_version"], r#""20""#);
    instance.version = Some(21);
    assert_eq!(written(&instance)["_version"], "21");
    assert!(instance.mistyped().is_empty());
    instance.version = None;
    assert_eq!(written(&instance).get("_version"), None);
}

#[test]
fn a_holding_without_a_source_is_read_and_written_without_one() {
    let sent = r#"{"id":"a","_version":1,"instanceId":"b","permanentLocationId":"c"}"#;
    let mut holding: HoldingsRecord = serde_json::from_str(sent).unwrap();
    assert_eq!(holding.missing(), ["sourceId"]);
    holding.call_number = Some("QA".to_owned());
    let mut expected = parts(sent);
    expected.insert("callNumber".to_owned(), "\"QA\"".to_owned());
    assert_eq!(written(&holding), expected);
    holding.source_id = "d".into();
    assert!(holding.missing().is_empty());
    assert_eq!(written(&holding)["sourceId"], "\"d\"");
}

#[test]
fn digits_are_written_as_they_were_received() {
    for (field, value) in [
        ("hrid", r#"{"a":1.10,"b":[12345678901234567890123,-0]}"#),
        ("hrid", "[1.10,true,null]"),
        ("_version", "12345678901234567890"),
        ("_version", "1.10"),
        ("discoverySuppress", r#""maybe""#),
        ("metadata", r#""x""#),
        ("metadata", "[1.10]"),
        ("editions", r#"{"a":1.10}"#),
        ("dates", "false"),
    ] {
        let sent = format!(
            r#"{{"title":"T","source":"S","instanceTypeId":"6312d172-f0cf-40f6-b27d-9fa8feaf332f","{field}":{value}}}"#
        );
        let instance: Instance = serde_json::from_str(&sent).unwrap();
        assert_eq!(written(&instance), parts(&sent));
        let mistyped = instance.mistyped();
        assert_eq!(paths(&mistyped), [field], "{value}");
        assert_eq!(mistyped[0].json.text(), value);
        assert_eq!(instance.title, "T");
        assert!(instance == instance.clone());
    }
}

#[test]
fn a_page_shows_the_other_records() {
    let page = format!(
        r#"{{"instances":[{INSTANCE},null,"x",{INSTANCE},7,{{"id":"z"}}],"totalRecords":"6"}}"#
    );
    let read: Instances = serde_json::from_str(&page).unwrap();
    assert_eq!(read.instances.len(), 3);
    let mistyped = read.mistyped();
    assert_eq!(
        paths(&mistyped),
        [
            "instances[1]",
            "instances[2]",
            "instances[4]",
            "instances[0]._version",
            "instances[3]._version",
            "totalRecords"
        ]
    );
    assert_eq!(
        read.missing(),
        [
            "instances[5].instanceTypeId",
            "instances[5].source",
            "instances[5].title"
        ]
    );
    let back: Value = serde_json::to_value(&read).unwrap();
    assert_eq!(back, serde_json::from_str::<Value>(&page).unwrap());
}

#[test]
fn elements_keep_their_places() {
    let sent = format!(
        r#"{},"editions":["a",5,{{"b":1.10}},"c",null]}}"#,
        INSTANCE.trim_end_matches('}')
    );
    let mut instance: Instance = serde_json::from_str(&sent).unwrap();
    let editions = &mut instance.editions;
    assert_eq!(*editions, ["a", "5", "", "c"]);
    editions[3] = "d".to_owned();
    editions.remove(0);
    assert_eq!(written(&instance)["editions"], r#"[5,{"b":1.10},"d"]"#);
}

#[test]
fn a_record_that_is_made_requires_its_fields() {
    let item: Item = serde_json::from_value(json!({})).unwrap();
    assert_eq!(item.missing().len(), Item::REQUIRED.len());
    assert_eq!(serde_json::to_string(&item).unwrap(), "{}");
    assert!(serde_json::from_str::<User>("[]").is_err());
    assert!(serde_json::from_str::<User>("\"x\"").is_err());
    assert!(serde_json::from_str::<User>("null").is_err());
    assert!(serde_json::from_str::<User>("1.5").is_err());
}
