//! Takes out of an answer what was sent in secret: some servers repeat the request in their errors.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// What stands for a secret wherever something is shown.
pub(crate) const REDACTED: &str = "REDACTED";

/// What of a request must not be shown: sensitive headers, and the passwords and tokens of a body that may have some.
pub(crate) fn secrets(headers: &HeaderMap, body: Option<&Bytes>) -> Vec<String> {
    let mut secrets: Vec<String> = headers
        .values()
        .filter(|value| value.is_sensitive())
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([';', ' ']))
        .map(|part| part.split_once('=').map_or(part, |(_, value)| value))
        .filter(|part| !part.eq_ignore_ascii_case("bearer"))
        .map(str::to_owned)
        .collect();
    if let Some(value) = body.and_then(|body| serde_json::from_slice(body).ok()) {
        collect(&value, &mut secrets);
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

/// Whether the text in a field of this name is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "token", "secret", "credential"]
        .iter()
        .any(|word| name.contains(word))
}

/// Puts something else in place of the secrets of a record that is to be shown.
pub(crate) fn conceal(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) => *text = REDACTED.to_owned(),
                    other => conceal(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(conceal),
        _ => {}
    }
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) => secrets.push(text.clone()),
                    other => collect(other, secrets),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secrets)),
        _ => {}
    }
}

/// The body without the secrets. Only whole words count: the password `admin` does not hide the user `diku_admin`.
pub(crate) fn redact<'a>(body: &'a [u8], secrets: &[String]) -> Cow<'a, [u8]> {
    let mut text = Cow::Borrowed(body);
    for secret in secrets {
        let escaped = Value::from(secret.as_str()).to_string();
        let escaped = escaped.trim_matches('"');
        for form in [secret.as_str(), escaped] {
            if let Some(without) = replaced(&text, form.as_bytes()) {
                text = Cow::Owned(without);
            }
        }
    }
    text
}

fn replaced(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
    };
    let mut found: Option<Vec<u8>> = None;
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, secret) {
        let end = at + secret.len();
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if is_word(before) || is_word(text.get(end)) {
            continue;
        }
        let out = found.get_or_insert_default();
        out.extend_from_slice(text.get(done..at).unwrap_or_default());
        out.extend_from_slice(REDACTED.as_bytes());
        done = end;
    }
    if let Some(out) = &mut found {
        out.extend_from_slice(text.get(done..).unwrap_or_default());
    }
    found
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn redacted(body: &str, secrets: &[&str]) -> String {
        let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        String::from_utf8(redact(body.as_bytes(), &secrets).into_owned()).unwrap()
    }

    #[test]
    fn whole_words_are_taken_out_in_both_spellings() {
        for (body, secret, expected) in [
            ("wrong: hunter2!", "hunter2", "wrong: REDACTED!"),
            (
                "user diku_admin / admin",
                "admin",
                "user diku_admin / REDACTED",
            ),
            (r#"{"p":"a\"b\\c"}"#, "a\"b\\c", r#"{"p":"REDACTED"}"#),
            ("aXa aa a", "a", "aXa aa REDACTED"),
            ("nothing", "hunter2", "nothing"),
            ("", "x", ""),
        ] {
            assert_eq!(redacted(body, &[secret]), expected);
        }
    }

    #[test]
    fn secrets_are_those_of_headers_and_of_the_body() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cookie", "folioAccessToken=a.a.a; folioRefreshToken=r.r.r"),
            ("authorization", "Bearer b.b.b"),
        ] {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        headers.insert("x-okapi-tenant", HeaderValue::from_static("diku"));
        let body = Bytes::from_static(
            br#"{"username":"ann","password":"pw","all":[{"newPassword":"new one"}],"token":7}"#,
        );
        let mut found = secrets(&headers, Some(&body));
        found.sort_unstable();
        assert_eq!(found, ["a.a.a", "b.b.b", "new one", "pw", "r.r.r"]);
    }
}
