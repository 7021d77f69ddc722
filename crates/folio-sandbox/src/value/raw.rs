//! Compact JSON, read and written as text without intermediate values: a page of a thousand records
//! is mostly copied.

use std::borrow::Cow;

use serde_json::Value;

use crate::value::json;

/// Where a string ends that begins here with its quote.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where a value ends that begins here.
fn value_end(bytes: &[u8], from: usize) -> usize {
    match bytes.get(from) {
        Some(b'"') => string_end(bytes, from),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (from, 0_usize);
            while let Some(byte) = bytes.get(at) {
                match byte {
                    b'"' => {
                        at = string_end(bytes, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            bytes.len()
        }
        _ => {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']'))
                .unwrap_or(rest.len())
        }
    }
}

/// The fields of an object: the name as it is written, without quotes, and the value.
pub(crate) fn members(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'{'));
    let is_object = at == 1;
    std::iter::from_fn(move || {
        if !is_object || bytes.get(at) != Some(&b'"') {
            return None;
        }
        let name_end = string_end(bytes, at);
        let name = text.get(at + 1..name_end - 1)?;
        let value_at = name_end + 1;
        let end = value_end(bytes, value_at);
        let value = text.get(value_at..end)?;
        at = end + 1;
        Some((name, value))
    })
}

/// The elements of a list.
pub(crate) fn elements(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let is_list = bytes.first() == Some(&b'[');
    let mut at = 1;
    std::iter::from_fn(move || {
        if !is_list || matches!(bytes.get(at), None | Some(b']')) {
            return None;
        }
        let end = value_end(bytes, at);
        let value = text.get(at..end)?;
        at = end + 1;
        Some(value)
    })
}

/// The text of a name or string between its quotes.
fn unescaped(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_str(&format!("\"{inner}\"")) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(inner),
    }
}

/// The field of a record, as [`json::field`] finds it; none where it is null.
pub(crate) fn at<'a>(record: &'a str, path: &str) -> Option<&'a str> {
    path.split('.')
        .try_fold(record, |value, name| {
            members(value)
                .find(|(known, _)| unescaped(known) == name)
                .map(|(_, value)| value)
        })
        .filter(|value| *value != "null")
}

/// The text of a value, as [`json::text_of`] gives it.
pub(crate) fn text_of(value: &str) -> Cow<'_, str> {
    match value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => unescaped(inner),
        None if value.starts_with(['{', '[']) => {
            let value: Value = serde_json::from_str(value).unwrap_or_default();
            Cow::Owned(json::text_of(&value))
        }
        None => Cow::Borrowed(value),
    }
}

/// The text of a field, as [`json::text_at`] finds it.
pub(crate) fn text_at<'a>(record: &'a str, path: &str) -> Option<Cow<'a, str>> {
    at(record, path).map(text_of)
}

/// The fields of an object: those of the order first, then the others.
fn in_order<'a>(record: &'a str, order: &[String]) -> Vec<(&'a str, &'a str)> {
    let mut list: Vec<(usize, &str, &str)> = members(record)
        .map(|(name, value)| {
            let known = unescaped(name);
            let place = order.iter().position(|own| *own == known);
            (place.unwrap_or(usize::MAX), name, value)
        })
        .collect();
    list.sort_by_key(|(place, ..)| *place);
    list.into_iter()
        .map(|(_, name, value)| (name, value))
        .collect()
}

/// On one line, the fields of the outermost object in an order that is known.
pub(crate) fn compact(record: &str, order: &[String], out: &mut String) {
    if !record.starts_with('{') || order.is_empty() {
        return out.push_str(record);
    }
    out.push('{');
    for (index, (name, value)) in in_order(record, order).into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        out.push_str(value);
    }
    out.push('}');
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Over several lines, as Jackson prints it.
pub(crate) fn pretty(value: &str, order: &[String], depth: usize, out: &mut String) {
    match value.as_bytes() {
        b"{}" => out.push_str("{ }"),
        b"[]" => out.push_str("[ ]"),
        [b'{', ..] => {
            out.push('{');
            let mut first = true;
            let mut field = |name: &str, value: &str| {
                out.push_str(if first { "\n" } else { ",\n" });
                first = false;
                indent(depth + 1, out);
                out.push('"');
                out.push_str(name);
                out.push_str("\" : ");
                pretty(value, &[], depth + 1, out);
            };
            if order.is_empty() {
                members(value).for_each(|(name, value)| field(name, value));
            } else {
                in_order(value, order)
                    .into_iter()
                    .for_each(|(name, value)| field(name, value));
            }
            out.push('\n');
            indent(depth, out);
            out.push('}');
        }
        [b'[', ..] => {
            out.push_str("[ ");
            for (index, element) in elements(value).enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                pretty(element, order, depth, out);
            }
            out.push_str(" ]");
        }
        _ => out.push_str(value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{at, compact, pretty, text_at};
    use crate::value::json;
    use crate::wire::rmb;

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<i16>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
            "[a-c\"\\\\{}\\[\\],:é\n ]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-d\"\\\\.]{1,2}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn text_is_read_and_written_as_values_are(value in json_value(), path in "[a-d]{1,2}(\\.[a-d]{1,2})?") {
            let text = value.to_string();
            let order = ["d", "b", "\"", "c"].map(str::to_owned);
            let mut out = String::new();
            compact(&text, &order, &mut out);
            prop_assert_eq!(&out, &rmb::compact(&value, &order));
            out.clear();
            pretty(&text, &order, 0, &mut out);
            prop_assert_eq!(&out, &rmb::pretty(&value, &order));
            let found = json::field(&value, &path);
            prop_assert_eq!(at(&text, &path).map(|raw| serde_json::from_str::<Value>(raw).unwrap()), found.cloned());
            prop_assert_eq!(text_at(&text, &path).map(|text| text.into_owned()), json::text_at(&value, &path));
        }
    }

    #[test]
    fn a_field_is_found_by_its_path() {
        let record = json!({"a": {"b": "x\"y"}, "c": null, "n": 1.50}).to_string();
        assert_eq!(text_at(&record, "a.b").as_deref(), Some("x\"y"));
        assert_eq!(text_at(&record, "c"), None);
        assert_eq!(text_at(&record, "a.b.c"), None);
        assert_eq!(text_at(&record, "n").as_deref(), Some("1.5"));
    }
}
