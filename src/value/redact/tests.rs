//! Unit tests.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::encodings::SHORT;
use super::*;

fn lossy(body: &[u8], _: bool) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

fn knowing(secrets: &[&str]) -> Secrets {
    let mut known = Secrets::default();
    secrets.iter().for_each(|secret| known.add(secret));
    known
}

#[test]
fn a_known_secret_is_found_in_every_encoding() {
    let secret = "a\"b\\c/ü&é<7>\u{1F511} x+%";
    let known = knowing(&[secret]);
    let json = |text: &str| {
        let text = Value::from(text).to_string();
        text.get(1..text.len() - 1).unwrap().to_owned()
    };
    let utf16 = |text: &str| -> String {
        text.encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect()
    };
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
        .to_string();
    let html = |text: &str| {
        text.replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let numeric: String = secret
        .chars()
        .map(|letter| format!("&#{};", u32::from(letter)))
        .collect();
    let hexadecimal: String = secret
        .chars()
        .map(|letter| format!("&#x0{:x};", u32::from(letter)))
        .collect();
    let base64 = STANDARD.encode(secret);
    let mut forms = vec![
        secret.to_owned(),
        json(secret),
        json(&json(secret)),
        json(&json(&json(secret))),
        utf16(secret),
        json(&utf16(secret)),
        json(secret).replace('/', "\\/"),
        percent.clone(),
        percent.to_lowercase(),
        percent.replace('%', "%25"),
        percent.replace('%', "%2525"),
        percent.replace("%20", "+"),
        html(secret),
        html(&html(secret)),
        json(&html(secret)),
        html(&json(secret)),
        html(&json(secret)).replace('\\', "&#92;"),
        json(&percent).replace('%', "\\u0025"),
        percent.replace('%', "&percnt;"),
        html(secret).replace('&', "%26").replace(';', "%3b"),
        html(secret).replace('ü', "&uuml;").replace('é', "&eacute;"),
        numeric,
        hexadecimal,
        base64.clone(),
        base64.replace('=', "%3D").replace('+', "%2B"),
        json(&base64).replace('/', "\\/"),
        URL_SAFE_NO_PAD.encode(secret),
        STANDARD.encode(format!("user:{secret}")),
        STANDARD.encode(format!("{{\"password\":\"{}\"}}", json(secret))),
        STANDARD.encode(&base64),
        hex_of(secret, false),
        hex_of(secret, true),
    ];
    forms.sort();
    for form in forms {
        for text in [
            form.clone(),
            format!("x{form}y"),
            format!("…ü{form}é…"),
            format!("<b>{form}</b>"),
        ] {
            let shown = known.shown(&text);
            assert!(shown.contains(REDACTED), "{text} -> {shown}");
            assert!(!shown.contains(&form), "{text} -> {shown}");
            assert!(
                shown.chars().count() <= REDACTED.len() + 16,
                "{text} -> {shown}"
            );
        }
    }
}

fn hex_of(text: &str, upper: bool) -> String {
    text.bytes()
        .map(|byte| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        })
        .collect()
}

#[test]
fn short_secrets_are_redacted_where_they_stand_alone() {
    assert_eq!(knowing(&["a"]).redact("aXa aa a"), "aXa aa REDACTED");
    assert_eq!(
        knowing(&["admin"]).redact("user diku_admin / admin"),
        "user diku_REDACTED / REDACTED"
    );
    assert_eq!(knowing(&[]).redact("nothing"), "nothing");
    assert_eq!(knowing(&["x"]).redact(""), "");
    // The longer secret goes as a whole.
    assert_eq!(
        knowing(&["abcd", "abcdefgh"]).redact("abcdefgh abcd"),
        "REDACTED REDACTED"
    );
}

#[test]
fn secrets_are_those_of_headers_and_of_the_body() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (
            "cookie",
            "folioAccessToken=aaaa.a.a; folioRefreshToken=rrrr.r.r",
        ),
        ("authorization", "Bearer bbbb.b.b"),
        ("proxy-authorization", "Basic YW5uOmh1bnRlcjI="),
        ("x-api-key", "kkkkkk"),
        ("x-okapi-tenant", "diku"),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let body = Bytes::from_static(
        br#"{"username":"anna","password":"pwpw","all":[{"newPassword":"new one"}],"token":{"a":[123456,"deep"]},"note":"none"}"#,
    );
    let known = Secrets::of(&headers, Some(&body), false);
    let text =
        "aaaa.a.a rrrr.r.r bbbb.b.b hunter2 kkkkkk pwpw <new one> 123456 deep anna none diku";
    assert_eq!(
        known.redact(text),
        "REDACTED REDACTED REDACTED REDACTED REDACTED REDACTED <REDACTED> REDACTED REDACTED anna none diku"
    );
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    let body = Bytes::from_static(b"user=anna&client_secret=s%26t+uv&x=y");
    let known = Secrets::of(&headers, Some(&body), false);
    assert_eq!(known.redact("anna: s&t uv"), "anna: REDACTED");
    headers.insert(
        "content-type",
        HeaderValue::from_static("multipart/form-data; boundary=b"),
    );
    let body = Bytes::from_static(
        b"--b\r\nContent-Disposition: form-data; name=\"pin\"\r\n\r\n99887\r\n--b--\r\n",
    );
    let known = Secrets::of(&headers, Some(&body), false);
    assert_eq!(known.redact("99887"), "REDACTED");
}

#[test]
fn fields_are_secret_by_their_name_whatever_their_type() {
    for (text, expected) in [
        (r#"{"password":"p"}"#, r#"{"password":"REDACTED"}"#),
        (r#"{"pin": 1234, "a": 1}"#, r#"{"pin": "REDACTED", "a": 1}"#),
        (
            r#"{"apiKey":{"v":[1]},"a":1}"#,
            r#"{"apiKey":"REDACTED","a":1}"#,
        ),
        (
            r#"{"secret":true,"token":["x","y"]}"#,
            r#"{"secret":"REDACTED","token":"REDACTED"}"#,
        ),
        (
            r#"{"credentials":[{"hash":"h"}]}"#,
            r#"{"credentials":"REDACTED"}"#,
        ),
        (
            r#"[{"client_secret":"x"},{"X-Okapi-Token":"y"}]"#,
            r#"[{"client_secret":"REDACTED"},{"X-Okapi-Token":"REDACTED"}]"#,
        ),
        // Text that only refers to a secret.
        (
            r#"{"isTokenNeeded":true,"passwordExists":false,"accessTokenExpiration":"2026","token":null}"#,
            "",
        ),
        (
            r#"{"credentialsId":"7","token_type":"x","pinned":"x","opinion":"y","spin":"z","keyword":"w","sortKey":"k"}"#,
            "",
        ),
        // The name of a pair is shown, and so is its value unless the name is a secret one.
        (r#"{"key":"k1"}"#, r#"{"key":"REDACTED"}"#),
        (r#"{"key":"barcode","value":"7"}"#, ""),
        (
            r#"{"value":"hunter2","key":"password"}"#,
            r#"{"value":"REDACTED","key":"password"}"#,
        ),
        (r#"{"key":"barcode","value":null}"#, ""),
        (
            r#"{"code":"EMAIL_PASSWORD","value":"hunter2"}"#,
            r#"{"code":"EMAIL_PASSWORD","value":"REDACTED"}"#,
        ),
        (
            r#"{"field":"pin","rejected-value":12}"#,
            r#"{"field":"pin","rejected-value":"REDACTED"}"#,
        ),
        (r#"{"name":"color","value":"red"}"#, ""),
        // Truncated, broken, or embedded in other text.
        (
            r#"{"a":[{"password":"hunt"#,
            r#"{"a":[{"password":"REDACTED""#,
        ),
        (
            r#"failed: {"password":"hunter2"} of x"#,
            r#"failed: {"password":"REDACTED"} of x"#,
        ),
        (
            r#"{"m":"{\"password\":\"hunter2\"}"}"#,
            r#"{"m":"{\"password\":\"REDACTED\"}"}"#,
        ),
        (
            r#""{\"pin\":\"{\\\"x\\\":1}\"}""#,
            r#""{\"pin\":\"REDACTED\"}""#,
        ),
        (
            r#"User{name="x", password="hunter2"}"#,
            r#"User{name="x", password="REDACTED"}"#,
        ),
        (
            r#"User{password=hunter2, name=x}"#,
            r#"User{password=REDACTED, name=x}"#,
        ),
        (
            r#"{'password': 'hunter2', 'a': 1}"#,
            r#"{'password': 'REDACTED', 'a': 1}"#,
        ),
        // A secret in one place of a text is redacted in the others, too.
        (
            r#"{"password":"hunter-22","message":"hunter-22 is weak"}"#,
            r#"{"password":"REDACTED","message":"REDACTED is weak"}"#,
        ),
    ] {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(Secrets::default().redact(text), expected);
    }
}

#[test]
fn prose_of_folio_is_left_as_it_is() {
    for text in [
        "Invalid token",
        "Invalid token: User with id 7f3 does not exist",
        "Token missing, access requires permission: users.collection.get",
        "Unable to authorize: Token missing, access requires permission: users.item.get",
        "Different tokens in Authentication and X-Okapi-Token. Use only one of them",
        "Access for user 'name' (7f3) requires permission: users.item.get",
        "Key (id)=(7f3) already exists.",
        "password: must not be blank",
        "No suitable module found for path and tenant",
        "Basic authentication required; bearer token expected",
        "https://folio.example.edu:9130/users?query=email==a@b.edu",
        "Stored _version is 4, _version of request is 3",
        "lower(f_unaccent(jsonb ->> 'name'::text)) value already exists in table groups: 7",
        "key=barcode",
    ] {
        assert_eq!(Secrets::default().redact(text), text);
    }
}

#[test]
fn secrets_are_known_by_their_form() {
    for (text, expected) in [
        ("password=hunter2 x", "password=REDACTED x"),
        ("password: hunter2, x", "password: REDACTED, x"),
        ("X-Okapi-Token: opaque", "X-Okapi-Token: REDACTED"),
        ("Cookie: a=b; c=d\nx", "Cookie: REDACTED\nx"),
        ("Authorization: Digest q\nx", "Authorization: REDACTED\nx"),
        (
            "sent Basic YW5uOmh1bnRlcjI= there",
            "sent Basic REDACTED there",
        ),
        (
            "sent bearer 0123456789abcdef0123 there",
            "sent bearer REDACTED there",
        ),
        ("is eyJhbGciOiJI.eyJzdWIiOiJ4.c2ln.", "is REDACTED."),
        ("GET /x?apikey=k1&a=b", "GET /x?apikey=REDACTED&a=b"),
        ("GET /x?a=b&key=k1", "GET /x?a=b&key=REDACTED"),
        (
            "next=%2Fx%3Fkey%3Dk1%26a%3Db",
            "next=%2Fx%3Fkey%3DREDACTED%26a%3Db",
        ),
        ("https://ann:pw@host/x", "https://REDACTED@host/x"),
        ("http://ann:p/w@host:80/x", "http://REDACTED@host:80/x"),
        (
            "&quot;password&quot;:&quot;hunter2&quot;",
            "&quot;password&quot;:&quot;REDACTED&quot;",
        ),
        (
            "Key (pin)=(1234) already exists",
            "Key (pin)=(REDACTED) already exists",
        ),
        (
            "<input name=password value=x> apikey: k",
            "<input name=password value=x> apikey: REDACTED",
        ),
    ] {
        assert_eq!(Secrets::default().redact(text), expected);
    }
}

#[test]
fn an_excerpt_cuts_no_secret_and_knows_what_stands_before_it() {
    let known = knowing(&["correct-horse"]);
    let body = format!("{}correct-horse{}", "a".repeat(95), "b".repeat(200));
    for most in 90..120 {
        let shown = known.excerpt(body.as_bytes(), 0, most, lossy).unwrap();
        assert!(
            !shown.contains("cor") && !shown.contains("rse"),
            "{most}: {shown}"
        );
    }
    for at in 60..200 {
        let shown = known.excerpt(body.as_bytes(), at, 40, lossy).unwrap();
        assert!(
            !shown.contains("cor") && !shown.contains("rse"),
            "{at}: {shown}"
        );
    }
    let long = format!(
        r#"{{"credentials":{{"a":["{}","needle-in-hay",{}]}},"b":7}}"#,
        "x".repeat(90_000),
        "1,".repeat(90_000)
    );
    for at in [90_020, 100_000, 200_000, long.len()] {
        let shown = known.excerpt(long.as_bytes(), at, 2048, lossy).unwrap();
        assert!(
            !shown.contains("needle") && !shown.contains("1,1") && !shown.contains("xx"),
            "{at}: {shown}"
        );
    }
    assert!(
        known
            .excerpt(long.as_bytes(), long.len(), 2048, lossy)
            .unwrap()
            .ends_with(r#"REDACTED","b":7}"#)
    );
    assert_eq!(known.excerpt(b"", 0, 10, lossy), None);
    assert_eq!(known.excerpt("añb".as_bytes(), 0, 2, lossy).unwrap(), "a …");
}

#[test]
fn addresses_are_shown_without_what_may_be_secret() {
    for (text, expected) in [
        ("https://h/okapi", "https://h/okapi"),
        ("https://u:secret@h/x", "h/x"),
        ("u:secret@", "…@"),
        ("https://h?token=secret", "https://h?…"),
        ("https://h#secret", "https://h?…"),
        ("https://u:pa?secret@h", "…"),
        ("https://h?x=secret@secret", "…"),
        ("https://h/token=secret", "https://h/token=REDACTED"),
    ] {
        assert_eq!(url(text), expected);
    }
}

#[test]
fn what_moves_the_cursor_or_turns_the_text_is_escaped() {
    assert_eq!(
        escaped("a\u{1b}[2Jb\r\nc\rd\u{202e}e\u{9b}f\tg\u{2066}"),
        "a\\u001b[2Jb\nc\\u000dd\\u202ee\\u009bf\tg\\u2066"
    );
    assert!(matches!(escaped("plain ü\n"), Cow::Borrowed(_)));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_fail(text in ".{0,200}", at in 0..300_usize, most in 0..100_usize, secret in ".{0,12}") {
        let known = knowing(&[&secret]);
        let once = known.redact(&text).into_owned();
        let _ = known.excerpt(text.as_bytes(), at, most, lossy);
        let _ = url(&text);
        if secret.len() >= SHORT && !REDACTED.contains(&secret) {
            proptest::prop_assert!(!once.contains(&secret), "{once}");
        }
    }

    #[test]
    fn no_part_of_json_makes_it_fail(text in r#"([{}\[\]:,"\\ =a1]|"key"|"value"|"pin"|&#34;|%22|eyJ|://|Basic ){0,60}"#, at in 0..80_usize, most in 0..40_usize) {
        let known = knowing(&["a1a1"]);
        let _ = known.redact(&text);
        let _ = known.excerpt(text.as_bytes(), at, most, lossy);
    }

    #[test]
    fn json_stays_json(text in ".{0,20}", pin in proptest::num::i64::ANY, key in "[a-z]{1,4}|key|value|pin|token|name") {
        let value = serde_json::json!({key: {"pin": pin, "t": text, "list": [text, {"password": [text]}]}});
        let mut redacted = value.clone();
        Secrets::default().redact_value(&mut redacted);
        proptest::prop_assert!(redacted.is_object());
    }
}
