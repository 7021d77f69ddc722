//! The readable difference of two values.

use serde_json::Value;

use super::redaction::REDACTED;

/// The maximum length of a displayed value.
const SHOWN: usize = 200;

/// Whether a text equals a recorded one; a redacted one matches any text.
pub(super) fn fits(recorded: &str, sent: &str) -> bool {
    if !recorded.contains(REDACTED) {
        return recorded == sent;
    }
    let mut parts = recorded.split(REDACTED);
    let Some(mut rest) = parts.next().and_then(|first| sent.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty()
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// One line for each difference between two values.
pub(super) fn differences(place: &str, recorded: &Value, sent: &Value, out: &mut Vec<String>) {
    match (recorded, sent) {
        (Value::String(a), Value::String(b)) if fits(a, b) => {}
        (Value::Object(a), Value::Object(b)) => {
            let names = a
                .keys()
                .chain(b.keys().filter(|name| !a.contains_key(*name)));
            for name in names {
                one(&format!("{place}.{name}"), a.get(name), b.get(name), out);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                one(
                    &format!("{place}[{index}]"),
                    a.get(index),
                    b.get(index),
                    out,
                );
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(line(place, Some(a), Some(b))),
    }
}

fn one(place: &str, recorded: Option<&Value>, sent: Option<&Value>, out: &mut Vec<String>) {
    match (recorded, sent) {
        (Some(recorded), Some(sent)) => differences(place, recorded, sent, out),
        (recorded, sent) => out.push(line(place, recorded, sent)),
    }
}

fn line(place: &str, recorded: Option<&Value>, sent: Option<&Value>) -> String {
    format!(
        "  {place}: recorded {}, sent {}",
        shown(recorded),
        shown(sent)
    )
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn what_is_redacted_may_be_anything() {
        for (recorded, sent, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("REDACTED", "anything", true),
            ("barcode==REDACTED", "barcode==123", true),
            ("barcode==REDACTED", "name==123", false),
            ("a REDACTED b REDACTED c", "a 1 b 2 c", true),
            ("a REDACTED b REDACTED c", "a 1 c", false),
            ("aREDACTEDa", "a", false),
        ] {
            assert_eq!(fits(recorded, sent), expected, "{recorded} {sent}");
        }
    }
}
