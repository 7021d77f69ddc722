//! Construction of records: every record is started by `builder()`, whose required fields are set
//! in any order.

#![cfg(all(feature = "inventory-storage", feature = "users"))]

use folio_sdk::inventory_storage::{HoldingsRecord, Instance};
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{Id, Record};
use serde_json::{Value, json};

const TYPE: &str = "6312d172-f0cf-40f6-b27d-9fa8feaf332f";

fn written(record: &impl serde::Serialize) -> Value {
    serde_json::to_value(record).unwrap()
}

#[test]
fn required_fields_are_set_in_any_order_and_nothing_else_is_sent() {
    let one = Instance::builder()
        .title("A title")
        .source("FOLIO")
        .instance_type_id(TYPE)
        .build();
    let two = Instance::builder()
        .instance_type_id(Id::from(TYPE))
        .source("FOLIO".to_owned())
        .title(String::from("A title"))
        .build();
    let sent = json!({"title": "A title", "source": "FOLIO", "instanceTypeId": TYPE});
    for instance in [one, two] {
        assert_eq!(written(&instance), sent);
        assert!(instance.missing().is_empty() && instance.mistyped().is_empty());
    }
}

#[test]
fn a_required_field_with_a_blank_value_is_sent() {
    let group = Usergroup::builder().group("").build();
    assert_eq!(written(&group), json!({"group": ""}));
    assert!(group.missing().is_empty());
}

#[test]
fn a_record_without_required_fields_is_constructed_in_the_same_way() {
    let user = User::builder().build();
    assert_eq!(user, User::default());
    assert_eq!(written(&user), json!({}));
    let user = User {
        username: Some("ann".to_owned()),
        ..User::builder().build()
    };
    assert_eq!(written(&user), json!({"username": "ann"}));
}

#[test]
fn a_builder_shows_no_value() {
    let builder = HoldingsRecord::builder().instance_id(TYPE);
    assert_eq!(format!("{builder:?}"), "RecordBuilder(HoldingsRecord)");
}
