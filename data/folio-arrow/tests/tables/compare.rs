//! Whether two texts are the same JSON, exactly.

use folio_sdk::Json;

/// Whether two texts are the same JSON: the order of members does not count, of several members with
/// one name the last one counts, and numbers are compared digit by digit. Text that no value can
/// have (halves of surrogate pairs in names) has to be the same text.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| text.parse::<Json>().ok();
    compact(one) == compact(other)
        || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// The text without white space outside strings.
fn compact(text: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let mut kept = text.to_owned();
    kept.retain(|character| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_text = !is_text,
            _ => {}
        }
        is_text || !matches!(character, ' ' | '\n' | '\r' | '\t')
    });
    kept
}

#[test]
fn comparison_is_exact() {
    for (one, other, expected) in [
        (
            r#"{"a":1,"b":[null]}"#,
            r#"{ "b": [null], "a": 1.0 }"#,
            true,
        ),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
        (r#"{"a":null}"#, "{}", false),
        (r#"{"a":[]}"#, r#"{"a":[null]}"#, false),
        (
            r#"{"a":0.30000000000000004}"#,
            r#"{"a":0.3000000000000000444}"#,
            false,
        ),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, true),
        (r#"{"a":1,"a":2}"#, r#"{"a":1}"#, false),
        (r#"{"a":"\u0041"}"#, r#"{"a":"A"}"#, true),
    ] {
        assert_eq!(is_same(one, other), expected, "{one} {other}");
    }
}
