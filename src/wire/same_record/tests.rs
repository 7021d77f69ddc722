//! Unit tests.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;

use serde_json::Value;

use super::fields::other_id;
use super::scalar::StoredInstant;
use super::*;
use crate::value::time::TimeForm;

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other}"),
    }
}

fn is_unchanged(path: &str, stored: Value, sent: Value) -> bool {
    Kind::at(path).is_unchanged(&fields(stored), &fields(sent))
}

/// The records that modules stored for the records that they received: recorded from Quesnelia and
/// Ramsons.
fn recorded() -> Vec<(String, String, Fields, Fields)> {
    let text = include_str!("../../../tests/recorded/stored-records.jsonl");
    let rows = text.lines().map(|line| {
        let mut row = fields(serde_json::from_str(line).unwrap());
        let text = |row: &Fields, key: &str| row[key].as_str().unwrap().to_owned();
        let (name, collection) = (text(&row, "name"), text(&row, "collection"));
        let mut record = |key| fields(row.remove(key).unwrap());
        (name, collection, record("sent"), record("stored"))
    });
    rows.collect()
}

/// Changes by servers that are too large to ignore, so that they count as a difference: an integer
/// loses its fraction, an empty text in a number field is dropped, unknown fields are dropped, HTML
/// is sanitized, names of days become upper case.
fn is_lossy(name: &str) -> bool {
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
}

#[test]
fn what_a_server_makes_of_a_record_is_that_record() {
    let rows = recorded();
    assert!(rows.len() > 400, "{}", rows.len());
    let mut wrong = Vec::new();
    let mut lossy = 0;
    for (name, collection, sent, stored) in &rows {
        let kind = Kind::at(collection);
        let answers = (
            kind.is_created(stored, sent),
            kind.holds(stored, sent),
            kind.is_unchanged(stored, sent),
        );
        if answers == (true, true, true) {
            continue;
        }
        if is_lossy(name) {
            lossy += 1;
        } else {
            wrong.push(format!(
                "{name}: {answers:?}\n  {}\n  {}",
                Value::Object(sent.clone()),
                Value::Object(stored.clone())
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} of {}",
        wrong.join("\n"),
        wrong.len(),
        rows.len()
    );
    assert!(lossy > 0);
}

#[test]
fn every_changed_value_of_a_recorded_record_is_a_difference() {
    let mut changes = 0;
    let mut overlooked = Vec::new();
    for (name, collection, sent, stored) in recorded() {
        let kind = Kind::at(&collection);
        if is_lossy(&name) {
            continue;
        }
        for (path, changed) in every_change(&Value::Object(sent.clone())) {
            let at = path
                .trim_start_matches('/')
                .split('/')
                .filter(|part| part.parse::<usize>().is_err())
                .collect::<Vec<_>>()
                .join(".");
            let top = at.split('.').next().unwrap();
            // The server counts the usage of a note type and ignores the sent value.
            if matches!(top, "id" | "_version" | "metadata" | "usage")
                || [&at[..], top]
                    .iter()
                    .any(|at| kind.rules.server_made.contains(at))
            {
                continue;
            }
            changes += 1;
            let changed = fields(changed);
            if kind.is_unchanged(&stored, &changed)
                || kind.holds(&stored, &changed)
                || kind.is_created(&stored, &changed)
            {
                overlooked.push(format!("{name}: {path}"));
            }
        }
    }
    assert!(overlooked.is_empty(), "{overlooked:#?}");
    assert!(changes > 500, "{changes}");
}

/// The value with each of its scalars changed in turn, and its path.
fn every_change(value: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    scalars(value, String::new(), &mut pointers);
    let changed = pointers.into_iter().map(|pointer| {
        let mut changed = value.clone();
        let place = changed.pointer_mut(&pointer).unwrap();
        *place = match &*place {
            Value::Bool(value) => json!(!value),
            Value::Number(number) => json!(number.as_f64().unwrap() * 1.5 + 1.0),
            Value::String(text) => match StoredInstant::of(text) {
                Some(_) => json!(format!(
                    "{}{}",
                    if text.starts_with("2") { "1" } else { "2" },
                    &text[1..]
                )),
                None => json!(format!("{text} x")),
            },
            other => panic!("{other}"),
        };
        (pointer, changed)
    });
    changed.collect()
}

fn scalars(value: &Value, pointer: String, found: &mut Vec<String>) {
    let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, value)| scalars(value, below(key), found)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(index, value)| scalars(value, below(&index.to_string()), found)),
        Value::Null => {}
        _ => found.push(pointer),
    }
}

/// In a notation that a server might use: dates in UTC, integers unchanged, empty lists and `false`
/// for absent values.
fn as_stored(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut stored: Fields = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), as_stored(value)))
                .collect();
            stored.insert("addedList".to_owned(), json!([]));
            stored.insert("addedFlag".to_owned(), json!(false));
            Value::Object(stored)
        }
        Value::Array(elements) => elements
            .iter()
            .map(|value| {
                if value.is_null() {
                    Value::Null
                } else {
                    as_stored(value)
                }
            })
            .collect(),
        Value::String(text) => match StoredInstant::of(text) {
            Some(instant) => {
                let text = TimeForm::RMB.write(instant.at).unwrap();
                // With all digits, as modules on Spring write.
                let (start, _) = text.split_at(19);
                json!(format!("{start}.{:09}+00:00", instant.at.nanos))
            }
            None if uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 => {
                json!(text.to_lowercase())
            }
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// The samples of FOLIO's modules: see `tests/records/roundtrip.rs`.
fn samples() -> Vec<(PathBuf, Fields)> {
    let folder = std::env::var_os("FOLIO_SAMPLES")
        .map_or_else(|| PathBuf::from("../shared/folio-samples"), PathBuf::from);
    let Ok(index) = std::fs::read_to_string(folder.join("index.jsonl")) else {
        return Vec::new();
    };
    let mut samples = Vec::new();
    for line in index.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let path = folder
            .join(entry["module"].as_str().unwrap())
            .join(entry["path"].as_str().unwrap());
        if let Ok(text) = std::fs::read_to_string(&path)
            && let Ok(Value::Object(sample)) = serde_json::from_str(&text)
        {
            samples.push((path, sample));
        }
    }
    assert!(samples.len() > 100, "{}", samples.len());
    samples
}

#[test]
fn dates_before_1970_are_the_same_in_another_form() {
    let kind = Kind::at("/any");
    let of = |date: &str| fields(json!({"personal": {"dateOfBirth": date}}));
    let stored = of("1960-02-29T00:00:00.000+00:00");
    for date in [
        "1960-02-29",
        "1960-02-29T00:00:00Z",
        "1960-02-29T01:00:00+0100",
    ] {
        assert!(kind.holds(&stored, &of(date)), "{date}");
        assert!(kind.is_unchanged(&stored, &of(date)), "{date}");
    }
    for date in ["1960-03-01", "1960-02-29T00:00:00-01:00", "1960-02-30"] {
        assert!(!kind.holds(&stored, &of(date)), "{date}");
    }
}

#[test]
fn every_sample_is_itself_and_no_other() {
    let kind = Kind::at("/any");
    for (path, sample) in samples() {
        let path = path.display();
        let stored = fields(as_stored(&Value::Object(sample.clone())));
        for (stored, sent) in [(&sample, &sample), (&stored, &sample), (&sample, &stored)] {
            assert!(kind.is_unchanged(stored, sent), "{path}");
            assert!(kind.holds(stored, sent), "{path}");
            assert_eq!(kind.landing(stored, sent, None), Landing::Yes, "{path}");
            assert_eq!(kind.removed(stored, sent), Vec::<String>::new(), "{path}");
        }
        if sample.len() > 200 {
            continue;
        }
        for (pointer, changed) in every_change(&Value::Object(sample.clone()))
            .into_iter()
            .take(60)
        {
            if matches!(
                pointer.split('/').nth(1),
                Some("id" | "metadata" | "_version")
            ) {
                continue;
            }
            let changed = fields(changed);
            assert!(!kind.is_unchanged(&stored, &changed), "{path} {pointer}");
            assert!(!kind.holds(&stored, &changed), "{path} {pointer}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        "[a-c0-9 :.-]{0,12}".prop_map(Value::from),
        "20[0-9]{2}-[01][0-9]-[0-2][0-9](T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|\\+00:00|-0230|\\+02:00)?)?".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-e]", inner, 0..5)
                .prop_map(|members| members.into_iter().collect::<Fields>().into()),
        ]
    })
}

fn any_record() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[a-h]", any_json(), 0..8)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn any_record_is_itself(record in any_record()) {
        let kind = Kind::at("/item-storage/items");
        prop_assert!(kind.is_unchanged(&record, &record));
        prop_assert!(kind.holds(&record, &record));
        prop_assert!(kind.is_created(&record, &record));
        prop_assert!(kind.removed(&record, &record).is_empty());
        let stored = fields(as_stored(&Value::Object(record.clone())));
        prop_assert!(kind.is_unchanged(&stored, &record));
    }

    #[test]
    fn any_changed_value_is_found(record in any_record()) {
        let kind = Kind::at("/any");
        for (pointer, changed) in every_change(&Value::Object(record.clone())) {
            prop_assert!(!kind.is_unchanged(&record, &fields(changed.clone())), "{pointer}");
            prop_assert!(!kind.holds(&record, &fields(changed)), "{pointer}");
        }
    }

    #[test]
    fn what_is_removed_is_a_difference(stored in any_record(), sent in any_record()) {
        let kind = Kind::at("/any");
        if !kind.removed(&stored, &sent).is_empty() {
            prop_assert!(!kind.is_unchanged(&stored, &sent));
        }
        let mut kept = sent.clone();
        keep(&stored, &mut kept);
        prop_assert!(kind.removed(&stored, &kept).is_empty());
    }

    #[test]
    fn no_text_makes_it_panic(a in any::<String>(), b in "[0-9TZ:.+-]{0,30}") {
        let (a, b) = (fields(json!({"a": a, "b": b})), fields(json!({"a": b, "b": a})));
        let _ = Kind::at("/calendar/calendars").is_unchanged(&a, &b);
    }
}

#[test]
fn what_is_removed_and_is_no_default_is_a_difference() {
    let users = "/users";
    for (path, stored, sent, same) in [
        (users, json!({"barcode": "7"}), json!({}), false),
        (
            users,
            json!({"barcode": "7"}),
            json!({"barcode": null}),
            false,
        ),
        (
            users,
            json!({"personal": {"middleName": "M", "lastName": "A"}}),
            json!({"personal": {"lastName": "A"}}),
            false,
        ),
        (users, json!({"expiry": 0}), json!({}), false),
        (users, json!({"flag": true}), json!({}), false),
        (
            users,
            json!({"flag": false, "list": [], "tags": {"tagList": []}}),
            json!({}),
            true,
        ),
        (
            users,
            json!({"createdDate": "x", "updatedDate": "y"}),
            json!({}),
            true,
        ),
        ("/any", json!({"createdDate": "x"}), json!({}), false),
        (
            "/staff-slips-storage/staff-slips",
            json!({"active": true}),
            json!({}),
            true,
        ),
        (
            "/staff-slips-storage/staff-slips",
            json!({"active": false}),
            json!({}),
            false,
        ),
        (
            "/item-storage/items",
            json!({"hrid": "it1"}),
            json!({}),
            true,
        ),
        (
            "/item-storage/items",
            json!({"hrid": "it1"}),
            json!({"hrid": "it2"}),
            false,
        ),
        (
            "/item-storage/items",
            json!({"status": {"name": "Available", "date": "x"}}),
            json!({"status": {"name": "Available"}}),
            true,
        ),
        (
            "/item-storage/items",
            json!({"status": {"name": "Available"}}),
            json!({}),
            false,
        ),
        (
            "/loans",
            json!({"status": {"name": "Open", "date": "x"}}),
            json!({"status": {"name": "Open"}}),
            false,
        ),
    ] {
        assert_eq!(
            is_unchanged(path, stored.clone(), sent.clone()),
            same,
            "{path} {stored} {sent}"
        );
        let removed = Kind::at(path).removed(&fields(stored.clone()), &fields(sent.clone()));
        assert!(
            same == removed.is_empty() || sent["hrid"].is_string(),
            "{path} {stored} {sent}: {removed:?}"
        );
    }
}

#[test]
fn a_landing_is_proved_by_the_version_or_by_the_whole_record() {
    let kind = Kind::at("/instance-storage/instances");
    let sent = fields(json!({"title": "new", "_version": 3}));
    let stored = |title: &str, version: Option<i64>| {
        fields(json!({"title": title, "_version": version, "hrid": "in1"}))
    };
    for (title, now, before, landing) in [
        ("new", Some(3), Some(3), Landing::No),
        ("new", Some(4), Some(3), Landing::Yes),
        ("old", Some(4), Some(3), Landing::Unknown),
        ("new", Some(6), Some(3), Landing::Yes),
        ("other", Some(6), Some(3), Landing::Unknown),
        ("new", None, None, Landing::Yes),
        ("old", None, None, Landing::Unknown),
    ] {
        assert_eq!(
            kind.landing(&stored(title, now), &sent, before),
            landing,
            "{title} {now:?} {before:?}"
        );
    }
    // Without versions, a field that should have been removed and still exists shows that it is not
    // the record that was sent.
    let kind = Kind::at("/users");
    assert_eq!(
        kind.landing(&fields(json!({"barcode": "7"})), &fields(json!({})), None),
        Landing::Unknown
    );
}

#[test]
fn the_effect_of_a_change_is_seen_in_what_was_changed() {
    let kind = Kind::at("/item-storage/items");
    let before = json!({"count": 5, "title": "a", "notes": [{"note": "x"}], "tags": {"tagList": ["p"]}, "due": "2024-01-01"});
    let change = |pointer: &str, value: Value| {
        let mut record = before.clone();
        *record.pointer_mut(pointer).unwrap() = value;
        record
    };
    let with = |record: &Value, pointer: &str, value: Value| {
        let mut record = record.clone();
        *record.pointer_mut(pointer).unwrap() = value;
        record
    };
    let counted = change("/count", json!(6));
    let noted = change("/notes", json!([{"note": "x"}, {"note": "y"}]));
    let added =
        json!([{"note": "x", "staffOnly": false}, {"note": "y", "id": "new", "staffOnly": false}]);
    for (after, now, effect) in [
        (&counted, counted.clone(), Effect::Held),
        (&counted, before.clone(), Effect::Absent),
        (&counted, with(&counted, "/title", json!("b")), Effect::Held),
        (
            &counted,
            with(&before, "/title", json!("b")),
            Effect::Absent,
        ),
        (&counted, with(&before, "/count", json!(7)), Effect::Unclear),
        (&noted, with(&before, "/notes", added), Effect::Held),
        (
            &noted,
            with(
                &before,
                "/notes",
                json!([{"note": "z"}, {"note": "x"}, {"note": "y"}]),
            ),
            Effect::Held,
        ),
        (
            &noted,
            with(
                &before,
                "/notes",
                json!([{"note": "x", "staffOnly": false}]),
            ),
            Effect::Absent,
        ),
        (
            &noted,
            with(&before, "/notes", json!([{"note": "x"}, {"note": "z"}])),
            Effect::Unclear,
        ),
        (
            &change("/notes", json!([])),
            change("/notes", json!([])),
            Effect::Held,
        ),
        (&change("/notes", json!([])), before.clone(), Effect::Absent),
        (
            &change("/notes", json!([{"note": "x", "staffOnly": true}])),
            before.clone(),
            Effect::Absent,
        ),
        (
            &change("/tags/tagList", json!(["p", "q"])),
            change("/tags", json!({"tagList": ["p", "q"], "more": 1})),
            Effect::Held,
        ),
        (
            &change("/due", json!("2024-01-01T00:00:00Z")),
            change("/due", json!("2024-01-01T00:00:00.000+00:00")),
            Effect::Invisible,
        ),
        (
            &change("/due", Value::Null),
            change("/due", Value::Null),
            Effect::Held,
        ),
        (&change("/due", Value::Null), before.clone(), Effect::Absent),
        (
            &with(&counted, "/title", json!("b")),
            counted.clone(),
            Effect::Unclear,
        ),
    ] {
        let [before, after, now] = [&before, after, &now].map(|it| fields(it.clone()));
        assert_eq!(
            kind.effect(&before, &after, &now),
            effect,
            "{after:?} {now:?}"
        );
    }
}

#[test]
fn an_id_of_the_servers_is_found_in_the_response() {
    for (response, other) in [
        (r#"{"id": "b", "label": "x"}"#, Some("b")),
        (r#"{"id": "A"}"#, None),
        (r#"{"label": "x"}"#, None),
        ("", None),
    ] {
        assert_eq!(
            other_id("a", response.as_bytes()).as_deref(),
            other,
            "{response}"
        );
    }
}

#[test]
fn what_the_server_generated_is_taken_from_the_stored_record() {
    let kind = Kind::at("/item-storage/items");
    let stored = fields(json!({"hrid": "it1", "barcode": "7"}));
    let mut sent = fields(json!({"hrid": null}));
    kind.take_generated(&stored, &mut sent);
    assert_eq!(sent, fields(json!({"hrid": "it1"})));
    let mut sent = fields(json!({"hrid": "mine"}));
    kind.take_generated(&stored, &mut sent);
    assert_eq!(sent, fields(json!({"hrid": "mine"})));
}
