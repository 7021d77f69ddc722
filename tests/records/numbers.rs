//! Numbers, unknown fields and lists with `null` come back as the server wrote them, character by
//! character.

#![cfg(all(feature = "inventory-storage", feature = "users"))]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use folio_sdk::common::Metadata;
use folio_sdk::inventory_storage::{Instance, Item};
use folio_sdk::users::User;
use folio_sdk::{AdditionalFields, Id, Json, Number};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Numbers that a double does not keep, and some that it does.
const HARD: [&str; 14] = [
    "24.990000000000002",
    "10.10",
    "1.0",
    "0",
    "-0",
    "-0.0",
    "1234567890123456789012345678901234567890",
    "0.1234567890123456789012345678901234567890",
    "1e400",
    "-1E+400",
    "1e-400",
    "18446744073709551616",
    "9007199254740993",
    "1.10e2",
];

/// A number in any form of JSON.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?",
        proptest::sample::select(&HARD[..]).prop_map(str::to_owned),
        // Sums of prices.
        (0_u32..100_000, 0_u32..100_000).prop_map(|(one, other)| {
            (f64::from(one) / 100.0 + f64::from(other) / 100.0).to_string()
        }),
    ]
}

fn user(number: &str) -> String {
    format!(
        r#"{{"id":"7212ba6a-8dcf-45a1-be9a-ffaa847c4423","username":"ann","customFields":{{"amount":{number}}},"fee":{number},"nested":{{"list":[{number},{{"x":{number}}}]}}}}"#
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_number_comes_back_digit_for_digit(text in number()) {
        let number: Number = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(number.as_str(), &text);
        prop_assert_eq!(number.to_string(), text.clone());
        prop_assert_eq!(serde_json::to_string(&number).unwrap(), text.clone());
        prop_assert_eq!(number.to_f64_lossy(), text.parse::<f64>().unwrap());
        prop_assert_eq!(text.parse::<Number>().unwrap(), number);
        let json: Json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&json).unwrap(), text.clone());
    }

    #[test]
    fn unknown_fields_of_a_record_come_back_digit_for_digit(text in number()) {
        let sent = user(&text);
        let mut user: User = serde_json::from_str(&sent).unwrap();
        user.username = Some("bob".to_owned());
        let written = serde_json::to_string(&user).unwrap();
        let (mut before, mut after) = (parts(&sent), parts(&written));
        prop_assert_eq!(after.remove("username").unwrap(), "\"bob\"");
        before.remove("username");
        prop_assert_eq!(after, before);
    }

    #[test]
    fn numbers_are_equal_when_their_values_are(digits in "[1-9][0-9]{0,30}", zeros in 0_usize..5, point in 0_usize..6) {
        // The same value with more zeros, and with an exponent.
        let padded = format!("{digits}.{}0", "0".repeat(zeros));
        let exponent = format!("{digits}{}e-{point}", "0".repeat(point));
        let read = |text: &str| text.parse::<Number>().unwrap();
        let hash = |number: &Number| {
            let mut hasher = DefaultHasher::new();
            number.hash(&mut hasher);
            hasher.finish()
        };
        for other in [&padded, &exponent] {
            prop_assert_eq!(read(&digits), read(other));
            prop_assert_eq!(hash(&read(&digits)), hash(&read(other)));
            prop_assert_eq!(read(&digits).as_i64(), read(other).as_i64());
        }
        prop_assert_ne!(read(&digits), read(&format!("{digits}.{}1", "0".repeat(zeros))));
        prop_assert_ne!(read(&digits), read(&format!("-{digits}")));
    }
}

/// The members of an object, each as its text.
fn parts(json: &str) -> HashMap<String, String> {
    let raw: HashMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(json).unwrap();
    raw.into_iter()
        .map(|(key, value)| (key, value.get().to_owned()))
        .collect()
}

#[test]
fn what_is_no_number_is_none() {
    for text in [
        "", " 1", "1 ", "01", "+1", "1.", ".5", "NaN", "Infinity", "1e", "\"1\"", "null", "0x10",
        "1,5",
    ] {
        assert!(text.parse::<Number>().is_err(), "{text}");
    }
    for text in ["\"1\"", "null", "[]", "{}", "true"] {
        let error = serde_json::from_str::<Number>(text).unwrap_err();
        assert!(
            error.to_string().contains("expected a number"),
            "{text}: {error}"
        );
    }
    let three: Number = "3.0".parse().unwrap();
    assert_eq!(three.as_i64(), Some(3));
    assert_eq!(three, Number::from(3));
    assert_eq!("3.5".parse::<Number>().unwrap().as_i64(), None);
    assert_eq!(
        "9223372036854775807.0".parse::<Number>().unwrap().as_i64(),
        Some(i64::MAX)
    );
    assert_eq!(
        "-9.223372036854775808e18"
            .parse::<Number>()
            .unwrap()
            .as_i64(),
        Some(i64::MIN)
    );
    assert_eq!(
        "1e99999999999999999999".parse::<Number>().unwrap().as_i64(),
        None
    );
    assert_eq!("-0".parse::<Number>().unwrap(), Number::default());
}

#[test]
fn any_other_json_in_a_record_changes_only_where_it_is_changed() {
    let sent = r#"{"id":"7212ba6a-8dcf-45a1-be9a-ffaa847c4423","customFields":{"a":10.10,"b":{"c":1e400, "d":[1.0]}},"x":{"price": 24.990000000000002,"n":1}}"#;
    let mut user: User = serde_json::from_str(sent).unwrap();
    user.custom_fields.as_mut().unwrap().get_mut("b").unwrap()["d"] = json!("changed");
    user.additional_fields.get_mut("x").unwrap()["n"] = json!(2);
    let written = parts(&serde_json::to_string(&user).unwrap());
    assert_eq!(
        written["customFields"],
        r#"{"a":10.10,"b":{"c":1e400,"d":"changed"}}"#
    );
    assert_eq!(written["x"], r#"{"price":24.990000000000002,"n":2}"#);
}

#[test]
fn records_go_through_what_serde_buffers() {
    // A flattened value has no text any more: its numbers are those that serde retained, and
    // nothing fails.
    #[derive(Deserialize, Serialize)]
    struct Wrapped {
        mark: u8,
        #[serde(flatten)]
        user: User,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(Number),
        Json(Json),
    }
    let sent = r#"{"mark":1,"username":"ann","fee":12.5,"customFields":{"a":[1,{"b":-3}]},"big":18446744073709551615}"#;
    let wrapped: Wrapped = serde_json::from_str(sent).unwrap();
    assert_eq!(wrapped.mark, 1);
    let written: Value = serde_json::to_value(&wrapped).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(sent).unwrap());
    let read = |text: &str| serde_json::from_str::<Either>(text).unwrap();
    assert!(matches!(read("2.5"), Either::Number(number) if number == "2.5".parse().unwrap()));
    assert!(
        matches!(read("{\"a\":[null,true,\"x\"]}"), Either::Json(json) if json == json!({"a": [null, true, "x"]}))
    );
    // A `Value` as the source, and as the target.
    let value = json!({"username": "ann", "fee": 0.1, "list": [1, null]});
    let user: User = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&user).unwrap(), value);
}

#[test]
fn a_json_is_used_as_a_value() {
    let mut json: Json = r#"{"a": 1.10, "b": [1, 2], "c": "x"}"#.parse().unwrap();
    assert_eq!(json["c"], "x");
    assert_eq!(json["b"].as_array().unwrap().len(), 2);
    assert_eq!(json.text(), r#"{"a": 1.10, "b": [1, 2], "c": "x"}"#);
    assert_eq!(json, json!({"a": 1.1, "b": [1, 2], "c": "x"}));
    assert_eq!(
        json,
        r#"{"c":"\u0078","b":[1.0,2],"a":1.1}"#.parse::<Json>().unwrap()
    );
    assert_ne!(
        json,
        r#"{"c":"x","b":[2,1],"a":1.1}"#.parse::<Json>().unwrap()
    );
    let other = json.clone();
    json["b"].as_array_mut().unwrap().push(json!(3));
    assert_ne!(json, other);
    assert_eq!(json.to_string(), r#"{"a":1.10,"b":[1,2,3],"c":"x"}"#);
    assert_eq!(
        json.into_value(),
        json!({"a": 1.1, "b": [1, 2, 3], "c": "x"})
    );
    assert_eq!(Json::from("x"), "x");
    assert!(Json::default().is_null());
    assert_eq!(Json::from("1.50".parse::<Number>().unwrap()).text(), "1.50");
    // What does not fit a `Value` is text there, and stays as it is.
    let deep = format!("{}1e400{}", "[".repeat(200), "]".repeat(200));
    let mut json: Json = format!(r#"{{"deep":{deep},"huge":-1e400,"n":1}}"#)
        .parse()
        .unwrap();
    assert_eq!(json["huge"], "-1e400");
    json["n"] = json!(2);
    assert_eq!(
        json.text(),
        format!(r#"{{"deep":{deep},"huge":-1e400,"n":2}}"#)
    );
    let mut extra = AdditionalFields::default();
    extra.insert("n", "10.10".parse::<Number>().unwrap());
    assert_eq!(extra.get("n").unwrap().text(), "10.10");
}

#[test]
fn null_stays_in_its_place_in_a_list_that_is_not_changed() {
    let sent = r#"{"id":"69640328-788e-43fc-9c3c-af39e243f3b7","title":"T","source":"S","instanceTypeId":"6312d172-f0cf-40f6-b27d-9fa8feaf332f","editions":[null,"a",null,null,"b"],"identifiers":[{"value":"1","identifierTypeId":"x"},null],"contributors":[{"name":"n","contributorNameTypeId":"y","primary":null}]}"#;
    let mut instance: Instance = serde_json::from_str(sent).unwrap();
    let editions = instance.editions.clone();
    assert_eq!(editions, ["a", "b"]);
    assert!(instance.additional_fields.is_empty());
    instance.title = "U".to_owned();
    let written = parts(&serde_json::to_string(&instance).unwrap());
    assert_eq!(written["editions"], r#"[null,"a",null,null,"b"]"#);
    let identifiers: Value = serde_json::from_str(&written["identifiers"]).unwrap();
    assert_eq!(
        identifiers,
        json!([{"value": "1", "identifierTypeId": "x"}, null])
    );
    assert_eq!(written["title"], "\"U\"");
    // A copy keeps it, and a list without it is another record.
    assert!(instance == instance.clone());
    let without: Instance =
        serde_json::from_str(&sent.replace("null,", "").replace(",null]", "]")).unwrap();
    let mut with = instance.clone();
    with.title = "T".to_owned();
    assert!(with != without);
    // A list that was changed is what it was changed to.
    instance.editions = vec!["c".to_owned()].into();
    let written = parts(&serde_json::to_string(&instance).unwrap());
    assert_eq!(written["editions"], r#"["c"]"#);
    assert!(written["identifiers"].ends_with(",null]"));
    // Within a list of records each record keeps its own.
    let item = |list: &str| {
        format!(
            r#"{{"holdingsRecordId":"1","materialTypeId":"2","permanentLoanTypeId":"3","status":{{"name":"Available"}},"yearCaption":{list}}}"#
        )
    };
    let lists = [r#"[null,"1"]"#, r#"["2"]"#, r#"["3",null]"#];
    let items = format!("[{}]", lists.map(item).join(","));
    let read: Vec<Item> = serde_json::from_str(&items).unwrap();
    let written = |item: &Item| parts(&serde_json::to_string(item).unwrap())["yearCaption"].clone();
    assert_eq!(read.iter().map(written).collect::<Vec<_>>(), lists);
    // Nothing of one record gets into another, also where reading fails in the middle.
    assert!(serde_json::from_str::<Item>(&item("[null,7}")).is_err());
    let item: Item = serde_json::from_str(&item(r#"["1"]"#)).unwrap();
    assert_eq!(written(&item), r#"["1"]"#);
}

#[test]
fn null_within_what_has_no_description_is_a_value() {
    let sent = r#"{"username":"ann","customFields":{"a":null,"b":[null,1]},"x":[null]}"#;
    let user: User = serde_json::from_str(sent).unwrap();
    let written = parts(&serde_json::to_string(&user).unwrap());
    assert_eq!(written["customFields"], r#"{"a":null,"b":[null,1]}"#);
    assert_eq!(written["x"], "[null]");
}

#[test]
fn a_record_is_shown_whatever_its_numbers_are() {
    let metadata: Metadata =
        serde_json::from_str(r#"{"createdDate":"2020-01-01","createdByUserId":"u","x":10.10}"#)
            .unwrap();
    let shown = format!("{metadata:?}");
    assert!(shown.contains("10.1"), "{shown}");
    assert_eq!(Id::from("u"), metadata.created_by_user_id.unwrap());
}

#[cfg(feature = "eusage-reports")]
#[test]
fn a_month_without_a_value_keeps_its_place() {
    use folio_sdk::eusage_reports::ReportCost;

    let sent = r#"{"costByPeriod":[null,10.10,null],"titleCountByPeriod":[1,null,3]}"#;
    let mut report: ReportCost = serde_json::from_str(sent).unwrap();
    let counts = &mut report.title_count_by_period;
    assert_eq!(*counts, [Some(1), None, Some(3)]);
    counts[1] = Some(2);
    let written = parts(&serde_json::to_string(&report).unwrap());
    assert_eq!(written["costByPeriod"], "[null,10.10,null]");
    assert_eq!(written["titleCountByPeriod"], "[1,2,3]");
}
