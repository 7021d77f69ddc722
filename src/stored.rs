//! Whether a stored record is the one that was sent: servers write records in their own way, and add to them.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

/// Members that the server fills in, whatever was sent: `_version` and `metadata` by RMB, those of status by the modules of inventory.
const OF_THE_SERVER: [&str; 5] = [
    "_version",
    "metadata",
    "date",
    "statusUpdatedDate",
    "createdDate",
];

fn is_of_the_server(key: &str) -> bool {
    // `effectiveLocationId`, `effectiveCallNumberComponents`, …
    OF_THE_SERVER.contains(&key) || key.starts_with("effective") || key.starts_with("updated")
}

/// Whether all that was sent is in the stored record. What is stored besides was added by the server.
pub(crate) fn holds(stored: &Map<String, Value>, sent: &Map<String, Value>) -> bool {
    sent.iter()
        .filter(|(key, _)| !is_of_the_server(key))
        .all(|(key, sent)| match stored.get(key) {
            Some(stored) => agree(sent, stored),
            // What says nothing is not always kept.
            None => is_nothing(sent),
        })
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(elements) => elements.iter().all(is_nothing),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn agree(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        // The server makes what the caller left to it, `hrid` for one.
        (Value::Null, _) => true,
        (_, Value::Null) => is_nothing(sent),
        (Value::Bool(sent), Value::Bool(stored)) => sent == stored,
        (Value::Number(sent), Value::Number(stored)) => {
            sent == stored || sent.as_f64() == stored.as_f64()
        }
        (Value::String(sent), Value::String(stored)) => are_alike(sent, stored),
        (Value::Array(sent), Value::Array(stored)) => {
            sent.len() == stored.len()
                && sent
                    .iter()
                    .zip(stored)
                    .all(|(sent, stored)| agree(sent, stored))
                || are_the_same_set(sent, stored)
        }
        (Value::Object(sent), Value::Object(stored)) => holds(stored, sent),
        // Some modules write numbers as text, and the other way round.
        (Value::String(text), Value::Number(number))
        | (Value::Number(number), Value::String(text)) => {
            text.trim().parse::<f64>().ok() == number.as_f64()
        }
        _ => false,
    }
}

/// RMB keeps some arrays as sets: in another order, and without what stands twice.
fn are_the_same_set(sent: &[Value], stored: &[Value]) -> bool {
    // What is larger is not looked at in every order.
    const MOST: usize = 1000;
    let sent: Vec<&Value> = sent.iter().filter(|sent| !sent.is_null()).collect();
    sent.len() <= MOST
        && stored.len() <= sent.len()
        && sent
            .iter()
            .all(|sent| stored.iter().any(|stored| agree(sent, stored)))
        && stored
            .iter()
            .all(|stored| sent.iter().any(|sent| agree(sent, stored)))
}

fn are_alike(sent: &str, stored: &str) -> bool {
    let (sent, stored) = (sent.trim(), stored.trim());
    // UUIDs are written in either case, and user names are stored in lower case by some.
    sent.eq_ignore_ascii_case(stored)
        || match (instant(sent), instant(stored)) {
            (Some(sent), Some(stored)) => {
                let apart = sent
                    .duration_since(stored)
                    .unwrap_or_else(|error| error.duration());
                // Not every module keeps what is below a second.
                apart < Duration::from_secs(1)
            }
            _ => false,
        }
}

/// A date, or a date and a time with or without a zone, as FOLIO writes them: `2027-01-01`, `2027-01-01T00:00:00.000+00:00`, `…+0000`, `…Z`.
fn instant(text: &str) -> Option<SystemTime> {
    let date = text.get(..10)?;
    let Some(time) = text.get(10..).filter(|time| !time.is_empty()) else {
        return humantime::parse_rfc3339_weak(&format!("{date}T00:00:00")).ok();
    };
    let time = time.strip_prefix(['T', ' '])?;
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let local = humantime::parse_rfc3339_weak(&format!("{date}T{time}")).ok()?;
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: u64 = digits
        .get(..2)
        .map_or(Some(0), |hours| hours.parse().ok())?;
    let minutes: u64 = digits
        .get(2..4)
        .map_or(Some(0), |minutes| minutes.parse().ok())?;
    let offset = Duration::from_secs(hours * 3600 + minutes * 60);
    if zone.starts_with('-') {
        local.checked_add(offset)
    } else {
        local.checked_sub(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_stored_as(sent: Value, stored: Value) -> bool {
        match (sent, stored) {
            (Value::Object(sent), Value::Object(stored)) => holds(&stored, &sent),
            _ => false,
        }
    }

    #[test]
    fn what_the_server_adds_or_writes_otherwise_is_no_difference() {
        let sent = json!({
            "id": "69640328-788E-43FC-9C3C-AF39E243F3B7", "hrid": null, "title": " Ulysses ", "tags": {"tagList": []}, "discoverySuppress": false,
            "expiry": "2027-01-01", "due": "2026-03-01T01:00:00+01:00", "price": 10, "year": 1922, "_version": 3,
            "status": {"name": "Available", "date": "2026-01-01T00:00:00.000+00:00"},
            "notes": [{"note": "b"}, {"note": "a"}, {"note": "a"}], "metadata": {"createdByUserId": "x"}, "effectiveLocationId": "y",
        });
        let stored = json!({
            "id": "69640328-788e-43fc-9c3c-af39e243f3b7", "hrid": "in0001", "title": "Ulysses", "_version": 1, "price": 10.0, "year": "1922",
            "expiry": "2027-01-01T00:00:00.000+00:00", "due": "2026-03-01T00:00:00.000+0000",
            "status": {"name": "Available", "date": "2026-05-05T00:00:00.000+00:00"},
            "notes": [{"note": "a", "staffOnly": false}, {"note": "b", "staffOnly": false}], "metadata": {"createdByUserId": "z"},
        });
        assert!(is_stored_as(sent, stored));
    }

    #[test]
    fn what_was_sent_and_is_not_so_is_a_difference() {
        let stored = json!({
            "id": "i", "title": "t", "price": 10, "active": true, "expiry": "2027-01-01T00:00:00.000+00:00", "personal": {"lastName": "Bloom"},
            "notes": [{"note": "a", "type": {"name": "x"}}], "codes": ["p", "q"], "count": null,
        });
        assert!(is_stored_as(stored.clone(), stored.clone()));
        for (pointer, other) in [
            ("/title", json!("u")),
            ("/price", json!(11)),
            ("/active", json!(false)),
            ("/expiry", json!("2027-01-02")),
            ("/personal/lastName", json!("Dedalus")),
            ("/notes/0/type/name", json!("y")),
            ("/notes", json!([])),
            ("/notes", json!([{"note": "a"}, {"note": "b"}])),
            ("/codes", json!(["p"])),
            ("/codes", json!(["p", "r"])),
            ("/personal", json!("Bloom")),
            ("/count", json!(1)),
        ] {
            let mut sent = stored.clone();
            *sent.pointer_mut(pointer).unwrap() = other.clone();
            assert!(!is_stored_as(sent, stored.clone()), "{pointer} {other}");
        }
        let mut sent = stored.clone();
        sent["barcode"] = json!("31");
        assert!(!is_stored_as(sent, stored));
    }

    #[test]
    fn no_text_that_looks_like_a_date_makes_it_panic() {
        for text in [
            "2027-01-01",
            "2027-99-99T",
            "ääääääääää",
            "2027-01-01T00:00:00+9999999999",
            "-000000001",
            "2027-01-01Té",
        ] {
            let _ = are_alike(text, "2027-01-01T00:00:00Z");
        }
    }
}
