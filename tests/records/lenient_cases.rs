//! Records that FOLIO's modules are known to send otherwise than they describe them, by their own
//! code and test data.
//!
//! What is reported of each may become less, as descriptions are corrected; what is read and
//! written may not.

#![allow(
    dead_code,
    unused_imports,
    reason = "each module has a feature of its own"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use folio_sdk::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

const ID: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";

/// Reads JSON; it comes back as it was, and nothing else than stated is missing or mistyped.
fn case<T: Record + DeserializeOwned + Serialize + Debug>(sent: &Value, odd: &[&str]) -> T {
    let record: T = serde_json::from_value(sent.clone()).unwrap();
    let mut found = record.missing();
    found.extend(record.mistyped().into_iter().map(|it| it.path));
    let is_stated = |path: &String| odd.contains(&&**path);
    assert!(found.iter().all(is_stated), "{found:?} in {record:?}");
    assert_eq!(&serde_json::to_value(&record).unwrap(), sent);
    let exact: T = folio_sdk::read_json(sent.to_string().as_bytes()).unwrap();
    assert!(exact == record);
    // Within a page nothing of it touches the others.
    let list = json!([sent, sent, 7]);
    let list: folio_sdk::Received<Vec<T>> = serde_json::from_value(list).unwrap();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|other| *other == record));
    assert_eq!(
        list.mistyped().last().map(|it| it.path.starts_with('[')),
        Some(true)
    );
    record
}

#[cfg(feature = "mod-inventory")]
#[test]
fn versions_of_mod_inventory_are_text() {
    use folio_sdk::inventory::{Instance, Item};
    let item = json!({"id": ID, "_version": "20", "status": {"name": "Available"}, "materialType": {"id": ID}, "permanentLoanType": {"id": ID}, "holdingsRecordId": ID});
    let mut item: Item = case(
        &item,
        &["_version", "materialType.name", "permanentLoanType.name"],
    );
    assert_eq!(item.version, Some(20));
    item.version = Some(21);
    assert_eq!(serde_json::to_value(&item).unwrap()["_version"], 21);
    let instance =
        json!({"id": ID, "_version": "20", "source": "MARC", "title": "T", "instanceTypeId": ID});
    let instance: Instance = case(&instance, &["_version"]);
    assert_eq!(instance.version, Some(20));
}

#[cfg(feature = "mod-data-export")]
#[test]
fn an_error_log_has_no_affected_record() {
    use folio_sdk::data_export::ErrorLog;
    let log = json!({"id": ID, "createdDate": "2020-01-01T00:00:00.000+00:00", "logLevel": "ERROR", "errorMessageValues": ["a"]});
    let _: ErrorLog = case(&log, &["affectedRecord"]);
}

#[cfg(feature = "batch-print")]
#[test]
fn an_entry_in_a_list_has_no_content() {
    use folio_sdk::batch_print::Entry;
    let entry =
        json!({"id": ID, "created": "2020-01-01T00:00:00Z", "type": "SINGLE", "sortingField": "a"});
    let entry: Entry = case(&entry, &["content"]);
    assert_eq!(entry.id, ID);
}

#[cfg(feature = "rtac")]
#[test]
fn a_holding_has_no_call_number() {
    use folio_sdk::rtac::RtactHolding;
    let holding = json!({"id": ID, "location": "Main", "status": "Available"});
    let mut holding: RtactHolding = case(&holding, &["callNumber"]);
    holding.location = "Annex".to_owned();
    assert!(
        serde_json::to_value(&holding)
            .unwrap()
            .get("callNumber")
            .is_none()
    );
}

#[cfg(feature = "kb-ebsco-java")]
#[test]
fn a_cost_per_use_is_infinite() {
    use folio_sdk::kb_ebsco_java::{AnalysisCostAttributes, TitleCostPerUse};
    let _: TitleCostPerUse = case(
        &json!({"type": "titleCostPerUse", "titleId": "7"}),
        &["attributes"],
    );
    let cost = json!({"cost": 10.5, "costPerUse": "Infinity", "usage": 0});
    let cost: AnalysisCostAttributes = case(&cost, &["costPerUse"]);
    assert_eq!(cost.cost_per_use, None);
    assert_eq!(cost.mistyped()[0].json, "Infinity");
}

#[cfg(feature = "patron")]
#[test]
fn a_hold_has_no_pickup_location() {
    use folio_sdk::patron::Hold;
    let hold = json!({"requestId": ID, "requestDate": "2020-01-01T00:00:00.000+00:00", "status": "Open - Not yet filled"});
    let _: Hold = case(&hold, &["pickupLocationId"]);
}

#[cfg(feature = "inventory-update")]
#[test]
fn the_status_of_an_error_is_a_number() {
    use folio_sdk::inventory_update::ErrorResponse;
    let error = json!({"category": "STORAGE", "statusCode": 422, "message": {"errors": [{"message": "m"}]}});
    let error: ErrorResponse = case(&error, &["statusCode"]);
    assert_eq!(error.status_code.as_deref(), Some("422"));
}

#[cfg(feature = "audit")]
#[test]
fn a_value_that_was_added_has_no_old_one() {
    use folio_sdk::audit::Diff;
    let diff = json!({
        "fieldChanges": [{"changeType": "ADDED", "fieldName": "a", "fullPath": "a", "newValue": 7}],
        "collectionChanges": [{"collectionName": "c", "itemChanges": [{"changeType": "ADDED", "newValue": {"x": [1, null]}}]}],
    });
    let odd = [
        "fieldChanges[0].oldValue",
        "fieldChanges[0].newValue",
        "collectionChanges[0].itemChanges[0].oldValue",
        "collectionChanges[0].itemChanges[0].newValue",
    ];
    let _: Diff = case(&diff, &odd);
}

#[cfg(feature = "dcb")]
#[test]
fn a_setting_has_any_value_or_none() {
    use folio_sdk::dcb::Setting;
    for value in [
        json!("x"),
        json!(7),
        json!({"a": [1]}),
        json!([true]),
        json!(null),
    ] {
        let setting = json!({"id": ID, "key": "k", "scope": "s", "value": value});
        let _: Setting = case(&setting, &["value"]);
    }
    let _: Setting = case(&json!({"id": ID, "key": "k", "scope": "s"}), &["value"]);
}

#[cfg(feature = "source-record-storage")]
#[test]
fn a_source_record_has_no_raw_record_and_any_content() {
    use folio_sdk::source_record_storage::{ParsedRecord, Record as SourceRecord};
    for content in [
        json!("{}"),
        json!({"leader": "x", "fields": [{"001": "a"}]}),
    ] {
        let _: ParsedRecord = case(&json!({"id": ID, "content": content}), &["content"]);
        let record = json!({"id": ID, "snapshotId": ID, "matchedId": ID, "recordType": "MARC_BIB", "parsedRecord": {"id": ID, "content": content}});
        let _: SourceRecord = case(&record, &["rawRecord", "parsedRecord.content"]);
    }
}

#[cfg(feature = "tags")]
#[test]
fn a_tag_has_no_label_and_metadata_no_date() {
    use folio_sdk::tags::TagDto;
    let tag = json!({"id": ID, "description": "d", "metadata": {"createdByUserId": ID}});
    let _: TagDto = case(&tag, &["label", "metadata.createdDate"]);
}

#[test]
fn metadata_has_no_user_and_no_date() {
    use folio_sdk::users::User;
    let user = json!({"id": ID, "username": "ann", "metadata": {"updatedDate": "2020-01-01"}});
    let mut user: User = case(&user, &["metadata.createdDate", "metadata.createdByUserId"]);
    user.username = Some("ann2".to_owned());
    let written = serde_json::to_value(&user).unwrap();
    assert_eq!(written["metadata"], json!({"updatedDate": "2020-01-01"}));
}
