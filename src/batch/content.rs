//! Whether two records say the same, and what one would lose in favour of the other.
//!
//! FOLIO's servers do not give back what they were sent to the letter: lists that were left out come as empty ones, dates get another zone
//! or milliseconds, read-only fields are made anew.

use serde_json::{Map, Value};

use crate::collection::Collection;

type Fields = Map<String, Value>;

/// Whether replacing `stored` by `sent` would change nothing.
pub(crate) fn is_unchanged(collection: &Collection, stored: &Fields, sent: &Fields) -> bool {
    let matters = |key: &&String| *key != "id" && !collection.kind().is_server_made(key);
    sent.keys()
        .chain(stored.keys())
        .filter(matters)
        .all(|key| same(value(stored, key), value(sent, key)))
}

/// Whether `stored` is what the server made of `sent`: it has all that was sent, and maybe more.
pub(crate) fn has_landed(collection: &Collection, stored: &Fields, sent: &Fields) -> bool {
    sent.iter()
        .filter(|(key, _)| *key != "id" && !collection.kind().is_server_made(key))
        .all(|(key, sent)| contains(value(stored, key), sent))
}

/// The fields of `stored` that are not in `sent`, `personal.middleName`: a PUT takes them away.
pub(crate) fn dropped(collection: &Collection, stored: &Fields, sent: &Fields) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in stored {
        if !collection.kind().is_server_made(key) {
            missing(key, value, sent.get(key), &mut paths);
        }
    }
    paths
}

fn missing(path: &str, stored: &Value, sent: Option<&Value>, paths: &mut Vec<String>) {
    match (stored, sent) {
        (stored, _) if is_absent(stored) => {}
        (_, None | Some(Value::Null)) => paths.push(path.to_owned()),
        (Value::Object(stored), Some(Value::Object(sent))) => {
            for (key, value) in stored {
                missing(&format!("{path}.{key}"), value, sent.get(key), paths);
            }
        }
        _ => {}
    }
}

/// Puts into `sent` what only `stored` has, in objects within objects too. Lists are taken as wholes.
pub(crate) fn keep(stored: &Fields, sent: &mut Fields) {
    for (key, stored) in stored {
        match (stored, sent.get_mut(key)) {
            (stored, None | Some(Value::Null)) => _ = sent.insert(key.clone(), stored.clone()),
            (Value::Object(stored), Some(Value::Object(sent))) => keep(stored, sent),
            _ => {}
        }
    }
}

static NULL: Value = Value::Null;

fn value<'a>(fields: &'a Fields, key: &str) -> &'a Value {
    fields.get(key).unwrap_or(&NULL)
}

/// RMB writes lists that are not there as empty ones, and leaves out what is null.
fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether two values mean the same.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        _ if is_absent(a) || is_absent(b) => is_absent(a) && is_absent(b),
        (Value::Object(a), Value::Object(b)) => a
            .keys()
            .chain(b.keys())
            .all(|key| same(value(a, key), value(b, key))),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => same_scalar(a, b),
    }
}

fn contains(stored: &Value, sent: &Value) -> bool {
    match (stored, sent) {
        (_, sent) if is_absent(sent) => true,
        (Value::Object(stored), Value::Object(sent)) => sent
            .iter()
            .all(|(key, sent)| contains(value(stored, key), sent)),
        (Value::Array(stored), Value::Array(sent)) => {
            stored.len() == sent.len()
                && stored
                    .iter()
                    .zip(sent)
                    .all(|(stored, sent)| contains(stored, sent))
        }
        _ => same_scalar(stored, sent),
    }
}

fn same_scalar(a: &Value, b: &Value) -> bool {
    a == b
        || match (a, b) {
            (Value::String(a), Value::String(b)) => {
                instant(a).is_some_and(|a| instant(b) == Some(a))
            }
            (Value::Number(a), Value::Number(b)) => {
                (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
            }
            _ => false,
        }
}

/// A point in time of universal time, as seconds and a fraction: FOLIO writes one in four ways.
fn instant(text: &str) -> Option<(&str, &str)> {
    let (seconds, rest) = text.split_at_checked(19)?;
    let is_time = seconds
        .bytes()
        .zip(b"0000-00-00T00:00:00")
        .all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == *form,
        });
    let zone = ["Z", "+00:00", "+0000"]
        .iter()
        .find_map(|zone| rest.strip_suffix(zone))
        .unwrap_or(rest);
    let fraction = zone.strip_prefix('.').unwrap_or(zone);
    (is_time && fraction.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| (seconds, fraction.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_servers_write_differently_is_the_same() {
        for (a, b) in [
            (json!([]), json!(null)),
            (json!(1), json!(1.0)),
            (
                json!("2025-05-01T02:00:17.887+00:00"),
                json!("2025-05-01T02:00:17.887Z"),
            ),
            (
                json!("2021-01-01T00:00:00.000+0000"),
                json!("2021-01-01T00:00:00"),
            ),
            (json!({"a": null, "b": [1]}), json!({"b": [1], "c": []})),
        ] {
            assert!(same(&a, &b), "{a} {b}");
        }
        for (a, b) in [
            (json!(["a", "b"]), json!(["b", "a"])),
            (
                json!("2025-05-01T02:00:17.887Z"),
                json!("2025-05-01T02:00:17.888Z"),
            ),
            (
                json!("2025-05-01T02:00:17+02:00"),
                json!("2025-05-01T02:00:17Z"),
            ),
            (json!({"a": {}}), json!({})),
            (json!(false), json!(null)),
        ] {
            assert!(!same(&a, &b), "{a} {b}");
        }
    }

    #[test]
    fn what_would_be_lost_is_named_and_can_be_kept() {
        let collection = Collection::new("/users", "users");
        let stored = fields(
            json!({"id": "1", "metadata": {}, "_version": 3, "barcode": "7", "tags": [],
            "personal": {"lastName": "A", "middleName": "B"}}),
        );
        let mut sent = fields(json!({"id": "1", "personal": {"lastName": "C"}}));
        assert_eq!(
            dropped(&collection, &stored, &sent),
            ["barcode", "personal.middleName"]
        );
        keep(&stored, &mut sent);
        assert_eq!(dropped(&collection, &stored, &sent), Vec::<String>::new());
        assert_eq!(
            sent["personal"],
            json!({"lastName": "C", "middleName": "B"})
        );
        assert!(has_landed(
            &collection,
            &stored,
            &fields(json!({"barcode": "7"}))
        ));
        assert!(!is_unchanged(
            &collection,
            &stored,
            &fields(json!({"barcode": "7"}))
        ));
    }
}
