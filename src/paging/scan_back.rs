//! Finds the last record of a response without parsing all of it: backwards, from its end.

use std::ops::Range;

/// The position of the last record of a response, and `totalRecords` if it follows the records: the
/// last element of the last array that is a property of the response, or of the response that is an
/// array.
///
/// Scans backwards from the end, which is unambiguous in JSON: outside of strings a quotation mark
/// ends one, and the mark that starts it has no backslash before it. For a response that is not
/// JSON the result is meaningless; for others it may refer to the wrong array. So it is only an
/// estimate, which is compared with the result of parsing the page.
pub(super) fn last_record(body: &[u8]) -> Option<(Range<usize>, Option<u64>)> {
    let mut total = None;
    let mut end = blank_back(body, body.len());
    match body.get(end.checked_sub(1)?)? {
        b']' => {}
        b'}' => {
            end -= 1;
            loop {
                end = blank_back(body, end);
                if body.get(end.checked_sub(1)?)? == &b']' {
                    break;
                }
                let value = value_back(body, end)?;
                let colon = blank_back(body, value).checked_sub(1)?;
                (body.get(colon) == Some(&b':')).then_some(())?;
                let name_end = blank_back(body, colon);
                let name = value_back(body, name_end)?;
                if body.get(name..name_end) == Some(b"\"totalRecords\"") {
                    total = serde_json::from_slice(body.get(value..end)?).ok();
                }
                let comma = blank_back(body, name).checked_sub(1)?;
                (body.get(comma) == Some(&b',')).then_some(())?;
                end = comma;
            }
        }
        _ => return None,
    }
    let end = blank_back(body, end - 1);
    let start = value_back(body, end)?;
    Some((start..end, total))
}

/// The start of the value that ends before `end`.
fn value_back(body: &[u8], end: usize) -> Option<usize> {
    let last = end.checked_sub(1)?;
    match body.get(last)? {
        b'"' => string_back(body, last),
        b'}' | b']' => {
            let mut depth = 0_usize;
            let mut at = last;
            loop {
                match body.get(at)? {
                    b'}' | b']' => depth += 1,
                    b'{' | b'[' => {
                        depth = depth.checked_sub(1)?;
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    b'"' => at = string_back(body, at)?,
                    _ => {}
                }
                at = at.checked_sub(1)?;
            }
        }
        _ => {
            let scalar =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            let length = body
                .get(..end)?
                .iter()
                .rev()
                .take_while(|byte| scalar(byte))
                .count();
            (length > 0).then(|| end - length)
        }
    }
}

/// The start of the string whose closing mark is at `close`.
fn string_back(body: &[u8], close: usize) -> Option<usize> {
    let mut end = close;
    loop {
        let open = memchr::memrchr(b'"', body.get(..end)?)?;
        if open == 0 || body.get(open - 1) != Some(&b'\\') {
            return Some(open);
        }
        end = open;
    }
}

/// The start of the white space before `end`.
fn blank_back(body: &[u8], mut end: usize) -> usize {
    while end > 0 && matches!(body.get(end - 1), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\"\\\\\\[\\]{},: a\u{2028}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\\\:]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_last_record_is_found_from_the_end(
            records in prop::collection::vec(values(), 1..5),
            after in prop::collection::vec(values().prop_filter("arrays are taken for the list", |value| !value.is_array()), 0..3),
            pretty: bool,
        ) {
            let mut page = json!({"0before": 1, "1things": records});
            for (index, value) in after.into_iter().enumerate() {
                page[format!("2after{index}")] = value;
            }
            for (value, last) in [(page.clone(), records.last()), (json!(records), records.last())] {
                let body = if pretty { format!("{value:#}\n") } else { value.to_string() };
                let (span, _) = last_record(body.as_bytes()).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Value>(&body[span]).unwrap(), last.unwrap());
            }
        }

        #[test]
        fn anything_is_read_from_the_end_without_harm(body in "[\"\\\\\\[\\]{},:a1 \n]{0,30}") {
            let _ = last_record(body.as_bytes());
        }
    }
}
