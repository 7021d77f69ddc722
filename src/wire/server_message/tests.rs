//! Unit tests.

use crate::value::redact::Secrets;

use super::text::LONGEST;
use super::*;

fn message(body: &str) -> Option<String> {
    parse(None, body.as_bytes(), &Secrets::default()).message
}

#[test]
fn every_form_that_servers_use_gives_its_words() {
    insta::assert_debug_snapshot!(
        [
            "",
            "  \n ",
            "Not found",
            "\"a JSON string\"",
            "ERROR: Stored _version is 4,\n  _version of request is 3 (23F09)",
            r#"{"errors":[{"message":"must not be null","type":"1","code":"-1","parameters":[{"key":"personal","value":"null"}]}]}"#,
            r#"{"errors":[{"message":"Item is checked out","parameters":[{"key":"itemId","value":"7"}]},{"message":"second"}],"total_records":2}"#,
            r#"{"errors":[{"type":"NotFoundException","code":"not_found_error","message":"no tenant","parameters":[]}],"total_records":1}"#,
            r#"{"message":"no Route matched with those values","request_id":"abc"}"#,
            r#"{"timestamp":"2025-01-01T00:00:00Z","status":404,"error":"Not Found","path":"/x"}"#,
            r#"{"timestamp":"2025-01-01","status":500,"error":"Internal Server Error","message":"boom"}"#,
            r#"{"errorMessage":"old Spring"}"#,
            r#"{"error":{"message":"nested"}}"#,
            r#"{"message":"Validation failed","errors":[{"object":"Sas","field":"name","rejected-value":null,"message":"cannot be null"}],"total":1}"#,
            r#"{"errors":{"name":"is required"}}"#,
            r#"{"errors":{"name":["is required","is short"],"code":{"message":"is taken"}}}"#,
            r#"{"errors":{"errors":[{"message":"wrapped","type":"1"}],"total_records":1}}"#,
            r#"{"total":1,"_embedded":{"errors":[{"message":"Property [name] cannot be null","path":"/licenses"}]}}"#,
            r#"{"timestamp":"2026-11-26T07:42:11Z","status":400,"errors":[{"code":"invalidParameter","message":"wrong type","_parameters":{"limit":"abc"},"_trace":["a.b"]}]}"#,
            r#"{"errors":[{"message":"tag 1 not found","type":"-1","code":"not_found_error"}]}"#,
            r#"["one","two"]"#,
            r#"{"unknown":1}"#,
            "{ broken",
            "<html><head><title>502 Bad Gateway</title><style>a{}</style></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
            "<!DOCTYPE html><HTML><SCRIPT>var x = '<';</SCRIPT><body>Service &amp; more<!-- no --></body>",
            "<",
        ]
        .map(|body| (body, message(body)))
    );
}

#[test]
fn errors_tell_the_field_they_concern() {
    let parsed = parse(
        Some("application/json"),
        br#"{"errors":[{"message":"may not be null","type":"1","code":"-1","parameters":[{"key":"username","value":"null"}]}]}"#,
        &Secrets::default(),
    );
    let [error] = &parsed.errors[..] else {
        panic!("{parsed:?}")
    };
    assert_eq!(error.field(), Some("username"));
    assert_eq!(error.code, None);
    assert!(parsed.is_validation());
}

#[test]
fn versions_in_conflict_are_numbers() {
    let of =
        |message| VersionConflict::of(message).map(|conflict| (conflict.stored, conflict.sent));
    for (message, expected) in [
        (
            "Stored _version is 4, _version of request is 3",
            Some((4, Some(3))),
        ),
        (
            "ERROR: Cannot update record 7 because it has been changed (optimistic locking): Stored _version is 12, _version of request is -1 (23F09)",
            Some((12, Some(-1))),
        ),
        (
            "Stored _version is 1, _version of request is <NULL>",
            Some((1, None)),
        ),
        ("Stored _version is <NULL>, _version of request is 3", None),
        (
            "Stored _version is 99999999999999999999, _version of request is 3",
            None,
        ),
        ("Stored _version is", None),
        ("another conflict", None),
    ] {
        assert_eq!(of(message), expected, "{message}");
    }
}

#[test]
fn a_message_has_an_end() {
    let long = "word ".repeat(10_000);
    let message = message(&long).unwrap_or_default();
    assert!(message.len() < LONGEST + 20 && message.ends_with('…'));
    let wide = "ü".repeat(10_000);
    assert!(
        super::parse(None, wide.as_bytes(), &Secrets::default())
            .message
            .unwrap_or_default()
            .len()
            < LONGEST + 20
    );
}

#[test]
fn no_bytes_make_it_fail() {
    for body in [
        &b"\xff\xfe"[..],
        b"<\xc3",
        b"<style",
        b"<script>",
        b"<!--",
        b"{\"errors\":[null,1,[]]}",
        b"[[]]",
        b"\0\0",
    ] {
        let _ = parse(None, body, &Secrets::default());
    }
}
